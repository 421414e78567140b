import type { Command } from "commander";
import type { LogLine } from "../../../proto/gen/control.ts";
import { newLogOptions } from "../../../proto/gen/control.ts";
import { taskName } from "../../../shared/model/tasks.ts";
import type { Connection } from "../../connection.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, parsed, teach, valueOption } from "../../options.ts";
import { parseWhole } from "../../parse/quantity.ts";
import { parseTimestamp } from "../../parse/time.ts";
import { palette } from "../../render/colour.ts";
import { createLogFormatter, type LogSource } from "../../render/logs.ts";

interface Options {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: number;
  readonly until?: number;
  readonly timestamps?: boolean;
  readonly raw?: boolean;
  readonly trunc?: boolean;
  readonly resolve?: boolean;
  readonly taskIds?: boolean;
}

const ALL = -1;

export function define(command: Command, context: CommandContext): void {
  const time = parsed((raw: string) => parseTimestamp(raw, context.env.wallMs()));
  command.argument("<service|task...>", "service (id, name, prefix) or task (id, prefix)");
  booleanOption(command, "-f, --follow", "go on as more is written");
  command
    .addOption(
      valueOption("-n, --tail <lines>", "so many lines from the end of each task's log, or all", (raw) =>
        raw === "all" ? ALL : parseWhole(raw),
      ),
    )
    .option("--since <time>", "only from then on: 10m (ago) or 2026-11-22T02:49:15Z", time)
    .option("--until <time>", "only up to then", time);
  booleanOption(command, "-t, --timestamps", "with the time of each line");
  booleanOption(command, "--raw", "nothing but the lines");
  booleanOption(command, "--no-trunc", "ids in full");
  booleanOption(command, "--no-resolve", "ids instead of names");
  booleanOption(command, "--no-task-ids", "without the tasks' ids");
  teach(
    command,
    [
      ["skep service logs --tail 20 -f web", "the last lines of each task, then live"],
      ["skep service logs --since 10m --raw web | grep ERROR", "search the last ten minutes"],
    ],
    "skep service ps, skep events",
  );
  command.action((refs: readonly string[], options: Options) =>
    context.action(async () => {
      const connection = await context.connect();
      const sources = createSources(connection, options);
      const formatter = createLogFormatter(
        {
          timestamps: options.timestamps === true,
          raw: options.raw === true,
          noTrunc: options.trunc === false,
          noTaskIds: options.taskIds === false,
        },
        palette(context.terminal.colour),
        sources.get,
      );
      const write = ({ stream, text }: { stream: LogLine["stream"]; text: string }): void =>
        stream === "stderr" ? context.terminal.err(text) : context.terminal.out(text);
      const request = {
        refs,
        options: newLogOptions({
          follow: options.follow === true,
          tail: options.tail ?? ALL,
          sinceMs: options.since ?? 0,
          untilMs: options.until ?? 0,
          stdout: true,
          stderr: true,
        }),
      };
      for await (const { lines, warnings } of connection.control.logs(request)) {
        for (const warning of warnings) context.terminal.err(`warning: ${warning}\n`);
        if (options.raw !== true) await sources.learn(lines);
        for (const line of lines) {
          const text = formatter.format(line);
          if (text !== undefined) write(text);
        }
      }
      formatter.flush().forEach(write);
      return 0;
    }),
  );
}

/** Names of tasks and nodes, asked for when a line comes from a task not seen before; once per task, also in vain. */
function createSources(
  connection: Connection,
  options: Options,
): {
  readonly get: (taskId: string) => LogSource | undefined;
  readonly learn: (lines: readonly LogLine[]) => Promise<void>;
} {
  const known = new Map<string, LogSource | undefined>();
  return {
    get: (taskId) => known.get(taskId),
    learn: async (lines) => {
      const fresh = lines.filter((line) => !known.has(line.taskId));
      if (fresh.length === 0) return;
      for (const line of fresh) known.set(line.taskId, undefined);
      if (options.resolve === false) return;
      const services = [...new Set(fresh.map((line) => line.serviceId))];
      const [{ tasks }, { nodes }] = await Promise.all([
        connection.control.listTasks({ filters: [{ key: "service", values: services }] }),
        connection.control.listNodes({ filters: [] }),
      ]);
      const hostnames = new Map<string, string>(nodes.map((node) => [node.id, node.description?.hostname ?? node.id]));
      for (const task of tasks) {
        known.set(task.id, { name: taskName(task), hostname: hostnames.get(task.nodeId) ?? task.nodeId });
      }
    },
  };
}
