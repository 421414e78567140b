// Binds the table of flags to a command, and gathers what was given as edits in the order in which they apply.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ServiceSpec } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { CommandContext } from "../context.ts";
import { booleanOption, listOption, parsed } from "../options.ts";
import { type EnvEntry, parseEnv, parseEnvFile } from "../parse/pairs.ts";
import { UsageError } from "../usage-error.ts";
import { container, drop, type Edit, envName, put } from "./edit.ts";
import { GROUP, type SpecFlag } from "./flag.ts";
import { SPEC_FLAGS } from "./flags.ts";
import { notThere } from "./list-flag.ts";

/** Adds every flag for `kind` to the command. */
export function addSpecOptions(command: Command, kind: "create" | "update"): void {
  for (const flag of flagsOf(kind)) addFlag(command, flag);
  const suffix = kind === "create" ? "" : "-add";
  command.addOption(
    listOption(
      kind === "create" ? "-e, --env <name=value>" : "--env-add <name=value>",
      "Environment variable; NAME alone takes yours",
      parseEnv,
    ).helpGroup(GROUP.container),
  );
  if (kind === "create") {
    command.addOption(
      listOption("--env-file <path>", "Environment variables, one NAME=value a line", (raw) => raw).helpGroup(
        GROUP.container,
      ),
    );
  } else {
    command.addOption(
      listOption("--env-rm <name>", `Remove what --env${suffix} set`, (raw) => raw).helpGroup(GROUP.container),
    );
  }
}

const flagsOf = (kind: "create" | "update"): readonly SpecFlag[] =>
  SPEC_FLAGS.filter((flag) => flag.on === "both" || flag.on === kind);

function addFlag(command: Command, flag: SpecFlag): void {
  const long = `--${flag.name}${flag.value === undefined ? "" : ` <${flag.value}>`}`;
  const flags = flag.short === undefined ? long : `-${flag.short}, ${long}`;
  if (flag.value === undefined) {
    // --no-healthcheck would be the negation of --healthcheck to commander: its value is then false.
    booleanOption(command, flags, flag.help, flag.group);
    return;
  }
  const given = parsed((raw: string): Given => ({ edit: flag.edit(raw), keys: flag.clashes?.(raw) ?? [] }));
  const option = new Option(flags, flag.help).helpGroup(flag.group);
  option.argParser((raw, previous: readonly Given[] | undefined) => {
    if (flag.repeat !== true) return [given(raw)];
    const all = [...(previous ?? []), given(raw)];
    refuseClash(all);
    return all;
  });
  command.addOption(option);
}

/** One value of a flag. */
interface Given {
  readonly edit: Edit;
  readonly keys: readonly { readonly key: string; readonly why: string }[];
}

/** Before anything is replaced by its key: what was typed twice would vanish without a word. */
function refuseClash(all: readonly Given[]): void {
  const seen = new Set<string>();
  for (const { key, why } of all.flatMap(({ keys }) => keys)) {
    if (seen.has(key)) throw new InvalidArgumentError(why);
    seen.add(key);
  }
}

/** What was given, as one edit. @throws {UsageError} for flags that exclude one another. */
export function specEdit(command: Command, kind: "create" | "update", extra: readonly Edit[]): Edit {
  const edits = flagsOf(kind).flatMap((flag) =>
    editsOf(command, flag).map((edit) => ({ edit, order: flag.first === true ? 0 : 1 })),
  );
  if (command.getOptionValue("healthcheck") === false) {
    const other = command.options.find(
      (option) =>
        option.long?.startsWith("--health-") === true && command.getOptionValue(option.attributeName()) !== undefined,
    );
    if (other !== undefined) throw new UsageError(`--no-healthcheck and ${other.long} exclude one another`);
  }
  const ordered = [...edits.filter((one) => one.order === 0), ...edits.filter((one) => one.order === 1)].map(
    (one) => one.edit,
  );
  return (spec: ServiceSpec) => [...ordered, ...extra].reduce((changed, edit) => edit(changed), spec);
}

function editsOf(command: Command, flag: SpecFlag): readonly Edit[] {
  if (flag.value === undefined) {
    const negated = flag.name.startsWith("no-");
    const value: unknown = command.getOptionValue(camel(negated ? flag.name.slice(3) : flag.name));
    if (negated) return value === false ? [flag.edit("true")] : [];
    return value === undefined ? [] : [flag.edit(String(value))];
  }
  const value: unknown = command.getOptionValue(camel(flag.name));
  return Array.isArray(value) ? (value as readonly Given[]).map(({ edit }) => edit) : [];
}

const camel = (name: string): string => name.replace(/-(.)/g, (_, char: string) => char.toUpperCase());

/** The environment's edits: removals, then files in order, then single variables, so that the more specific wins. */
export async function envEdits(command: Command, context: CommandContext): Promise<readonly Edit[]> {
  const options = command.opts<{
    env?: readonly EnvEntry[];
    envAdd?: readonly EnvEntry[];
    envFile?: readonly string[];
    envRm?: readonly string[];
  }>();
  const entries: EnvEntry[] = [];
  for (const path of options.envFile ?? []) {
    const text = await context.files.readText(path).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`--env-file ${path}: ${error.code === "ENOENT" ? "there is no such file" : error.message}`);
    });
    try {
      entries.push(...parseEnvFile(text, path));
    } catch (error) {
      throw new UsageError(`--env-file ${SkepError.from(error).message}`);
    }
  }
  entries.push(...(options.env ?? []), ...(options.envAdd ?? []));
  const removals = (options.envRm ?? []).map((name) =>
    container((of) => {
      const env = drop(of.env, name, envName);
      if (env.length === of.env.length) throw notThere(`--env-rm ${name}`, of.env.map(envName));
      return { env };
    }),
  );
  return [...removals, ...entries.flatMap((entry) => envEdit(entry, context.vars))];
}

/** A variable named without a value comes from the caller; one he does not have is left out, as Docker does. */
function envEdit(entry: EnvEntry, vars: CommandContext["vars"]): readonly Edit[] {
  const value = entry.value ?? vars[entry.name];
  if (value === undefined) return [];
  return [container((of) => ({ env: put(of.env, `${entry.name}=${value}`, envName) }))];
}
