// Small helpers around commander's options: values parsed by our pure parsers, booleans that take `=false` as Docker's do,
// and help with examples.
import { type Command, InvalidArgumentError, Option } from "commander";
import { SkepError } from "../shared/errors.ts";
import { UsageError } from "./usage-error.ts";

/** Turns a parser's complaint into commander's, which names the flag and the value before it. */
export function parsed<T>(parse: (raw: string) => T): (raw: string) => T {
  return (raw) => {
    try {
      return parse(raw);
    } catch (error) {
      if (error instanceof SkepError || error instanceof UsageError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

/** The value, when nothing is wrong with it. @throws {UsageError} with what is. */
export function checked(raw: string, problem: (raw: string) => string | undefined): string {
  const why = problem(raw);
  if (why !== undefined) throw new UsageError(sentence(why));
  return raw;
}

/** Commander says which flag and value it is about; what follows begins a sentence. */
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** An option whose value goes through `parse`; given twice, the last one counts. */
export const valueOption = <T>(flags: string, description: string, parse: (raw: string) => T): Option =>
  new Option(flags, description).argParser(parsed(parse));

/** An option that may be given again: its value is the array of all. */
export function listOption<T>(flags: string, description: string, parse: (raw: string) => T): Option {
  const one = parsed(parse);
  return new Option(flags, description).argParser((raw, previous: readonly T[] | undefined) => [
    ...(previous ?? []),
    one(raw),
  ]);
}

/** A boolean that also takes --flag=true and --flag=false: adds the hidden opposite that normalizeBooleans uses. */
export function booleanOption(command: Command, flags: string, description: string, group?: string): Command {
  const option = new Option(flags, description);
  if (group !== undefined) option.helpGroup(group);
  command.addOption(option);
  const name = option.long?.slice(2) ?? "";
  const opposite = name.startsWith("no-") ? name.slice(3) : `no-${name}`;
  return command.addOption(new Option(`--${opposite}`).hideHelp().default(undefined));
}

export const choice =
  <const T extends string>(...allowed: readonly T[]) =>
  (raw: string): T => {
    const found = allowed.find((value) => value === raw);
    if (found !== undefined) return found;
    throw new UsageError(`Allowed values: ${allowed.join(", ")}.`);
  };

/** Examples and pointers under a command's help. */
export function teach(
  command: Command,
  examples: readonly (readonly [line: string, what: string])[],
  seeAlso: string,
): Command {
  const lines = examples.map(([line, what]) => `  # ${what}\n  $ ${line}`).join("\n");
  return command.addHelpText("after", `\nExamples:\n${lines}\n\nSee also: ${seeAlso}`);
}

const passingThrough = new WeakSet<Command>();

/** Options end at the first operand after which words are another program's: `service create IMAGE cmd --its-flag`. */
export function passThrough(command: Command): Command {
  passingThrough.add(command);
  return command.passThroughOptions();
}

const TRUE = /^(true|t|1)$/i;
const FALSE = /^(false|f|0)$/i;

/**
 * Docker's users write --detach=false. Commander has no such form: --flag=true becomes --flag, --flag=false becomes
 * --no-flag, for the options of `command` that take no value, up to where a passed-through command line begins.
 */
export function normalizeBooleans(argv: readonly string[], command: Command): readonly string[] {
  const byName = new Map<string, Option>();
  for (const option of command.options) {
    if (option.long !== undefined) byName.set(option.long, option);
    if (option.short !== undefined) byName.set(option.short, option);
  }
  const depth = command.parent?.parent == null ? 1 : 2;
  const result: string[] = [];
  let seen = 0;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    // Beyond the noun, the verb and the image, the words are the container's.
    if (word === "--" || (seen > depth && passingThrough.has(command))) return [...result, ...argv.slice(i)];
    if (!word.startsWith("-")) {
      seen += 1;
      result.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const option = byName.get(equals < 0 ? word : word.slice(0, equals));
    if (equals < 0 || option === undefined || option.required || option.optional) {
      result.push(word);
      const takesNext = equals < 0 && (option?.required === true || word === "-H" || word === "--host");
      const next = argv[i + 1];
      if (takesNext && next !== undefined) {
        result.push(next);
        i += 1;
      }
      continue;
    }
    const value = word.slice(equals + 1);
    const long = option.long ?? word.slice(0, equals);
    if (TRUE.test(value)) result.push(long);
    else if (FALSE.test(value)) result.push(long.startsWith("--no-") ? `--${long.slice(5)}` : `--no-${long.slice(2)}`);
    else throw new UsageError(`${long} is a switch: write ${long}, or ${long}=false; got ${JSON.stringify(value)}`);
  }
  return result;
}
