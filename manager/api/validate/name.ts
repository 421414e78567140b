import { invalid } from "./problem.ts";

// One way only to match a text: a pattern with repeats inside repeats takes for ever to refuse a long name.
const NAME = /^[a-zA-Z0-9](?:[-_A-Za-z0-9]*[A-Za-z0-9])?$/;
const MAX_NAME_LENGTH = 63;

/** Names of services and networks: parts of DNS names. @throws {SkepError} `invalid_argument` */
export function checkName(noun: "service" | "network", name: string): void {
  if (name === "") throw invalid(noun, "the name is missing");
  if (name.length > MAX_NAME_LENGTH)
    throw invalid(`${noun} name ${name.slice(0, 20)}…`, `longer than ${MAX_NAME_LENGTH} characters`);
  if (!NAME.test(name)) {
    throw invalid(
      `${noun} name ${JSON.stringify(name)}`,
      "only letters, digits, - and _ are allowed, with a letter or digit first and last",
    );
  }
}
