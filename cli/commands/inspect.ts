// `… inspect`: Docker's JSON array, a template per object, or --pretty.
import type { Command } from "commander";
import { SkepError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/safe-text.ts";
import type { CommandContext } from "../context.ts";
import type { Json } from "../docker-json/fields.ts";
import { booleanOption } from "../options.ts";
import { compile } from "../template/template.ts";
import { UsageError } from "../usage-error.ts";

export interface Inspected {
  readonly json: Json;
  readonly pretty: () => string;
}

interface InspectOptions {
  readonly format?: string;
  readonly pretty?: boolean;
}

export function addInspectOptions(command: Command): Command {
  command.option("-f, --format <template>", 'json, pretty, or a template over the same fields: "{{.Spec.Name}}"');
  return booleanOption(command, "--pretty", "for people to read");
}

/** Shows what was found, also when some were not; then exit status 1. */
export async function inspectAll(
  refs: readonly string[],
  command: Command,
  context: CommandContext,
  get: (ref: string) => Promise<Inspected>,
): Promise<number> {
  const { format, pretty } = command.opts<InspectOptions>();
  if (pretty === true && format !== undefined) throw new UsageError("--format and --pretty exclude one another");
  const isPretty = pretty === true || format === "pretty";
  const template =
    format === undefined || format === "json" || isPretty ? undefined : compile(format, { absent: "no value" });
  const found: Inspected[] = [];
  const failures: string[] = [];
  for (const ref of refs) {
    try {
      found.push(await get(ref));
    } catch (error) {
      const known = SkepError.from(error);
      if (known.code !== "not_found") throw error;
      failures.push(known.message);
    }
  }
  const { terminal } = context;
  if (isPretty) terminal.out(found.map((one) => one.pretty()).join("\n"));
  else if (template !== undefined) terminal.out(found.map((one) => `${template(one.json)}\n`).join(""));
  else if (format === "json") terminal.out(`${JSON.stringify(found.map((one) => one.json))}\n`);
  else
    terminal.out(
      `${JSON.stringify(
        found.map((one) => one.json),
        undefined,
        4,
      )}\n`,
    );
  for (const failure of failures) terminal.err(`error: ${oneLine(failure)}\n`);
  return failures.length === 0 ? 0 : 1;
}
