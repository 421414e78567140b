import type { Command } from "commander";
import { type Event, newEventsRequest } from "../../../proto/gen/control.ts";
import { oneLine } from "../../../shared/safe-text.ts";
import type { CommandContext } from "../../context.ts";
import { listOption, parsed, teach } from "../../options.ts";
import { groupFilters, type Pair, parseFilter } from "../../parse/pairs.ts";
import { parseTimestamp } from "../../parse/time.ts";
import { eventFields, rawLine, spokenLine } from "../../render/events.ts";
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
    .option(
      "--format <format>",
      'json, raw (docker\'s lines, with ids), or a template: "{{.Time}} {{.Type}} {{.Action}} {{.Actor.ID}}"',
    );
  teach(
    command,
    [
      ["skep events", "everything, until Ctrl-C"],
      ["skep events --since 1h --until 0s", "the last hour, then end"],
      ["skep events --filter type=node --format json", "for a program"],
      ["skep events --filter node=node4 --format raw", "docker's lines of all on that node"],
    ],
    "skep status, skep service logs",
  );
  command.action((options: Options) =>
    context.action(async () => {
      const show = formatter(options.format);
      const { control } = await context.connect();
      const request = newEventsRequest({
        filters: groupFilters(options.filter ?? []),
        sinceMs: options.since ?? 0,
        untilMs: options.until ?? 0,
      });
      for await (const event of control.events(request)) {
        context.terminal.out(`${show(event)}\n`);
      }
      return 0;
    }),
  );
}

function formatter(format: string | undefined): (event: Event) => string {
  switch (format) {
    case undefined:
      return (event) => oneLine(spokenLine(event));
    case "raw":
      return (event) => oneLine(rawLine(event));
    case "json":
      return (event) => JSON.stringify(eventFields(event));
    default: {
      const template = compile(format, { absent: "no value" });
      return (event) => template(eventFields(event));
    }
  }
}
