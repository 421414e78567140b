import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { listOption, parsed, teach } from "../../options.ts";
import { groupFilters, type Pair, parseFilter } from "../../parse/pairs.ts";
import { parseTimestamp } from "../../parse/time.ts";
import { eventFields, eventLine } from "../../render/events.ts";
import { oneLine } from "../../render/table.ts";
import { compile } from "../../template/template.ts";

interface Options {
  readonly filter?: readonly Pair[];
  readonly since?: number;
  readonly until?: number;
  readonly format?: string;
}

export function define(command: Command, context: CommandContext): void {
  const time = parsed((raw: string) => parseTimestamp(raw, context.env.wallMs()));
  command
    .addOption(
      listOption("-f, --filter <key=value>", "only what matches: type, action, id, name, service, node", parseFilter),
    )
    .option("--since <time>", "what the manager remembers from then on comes first: 10m (ago)", time)
    .option("--until <time>", "stop there", time)
    .option("--format <format>", 'json, or a template: "{{.Time}} {{.Type}} {{.Action}} {{.Actor.ID}}"');
  teach(
    command,
    [
      ["skep events", "everything, until Ctrl-C"],
      ["skep events --since 1h --until 0s", "the last hour, then end"],
      ["skep events --filter type=node --format json", "for a program"],
    ],
    "skep status, skep service logs",
  );
  command.action((options: Options) =>
    context.action(async () => {
      const template =
        options.format === undefined || options.format === "json"
          ? undefined
          : compile(options.format, { absent: "no value" });
      const { control } = await context.connect();
      const request = {
        filters: groupFilters(options.filter ?? []),
        sinceMs: options.since ?? 0,
        untilMs: options.until ?? 0,
      };
      for await (const event of control.events(request)) {
        const line =
          options.format === "json"
            ? JSON.stringify(eventFields(event))
            : template === undefined
              ? oneLine(eventLine(event))
              : template(eventFields(event));
        context.terminal.out(`${line}\n`);
      }
      return 0;
    }),
  );
}
