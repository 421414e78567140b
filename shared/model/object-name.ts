// Names of services and networks, which are parts of DNS names.

// One way only to match a text: a pattern with repeats inside repeats takes for ever to refuse a long name.
const NAME = /^[a-zA-Z0-9](?:[-_A-Za-z0-9]*[A-Za-z0-9])?$/;
const MAX_NAME_LENGTH = 63;

/** Why it is no name; undefined when it is one. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "the name is missing";
  if (name.length > MAX_NAME_LENGTH)
    return `the name ${JSON.stringify(`${name.slice(0, 20)}…`)} is longer than ${MAX_NAME_LENGTH} characters`;
  return NAME.test(name)
    ? undefined
    : `name ${JSON.stringify(name)}: only letters, digits, - and _ are allowed, with a letter or digit first and last`;
}
