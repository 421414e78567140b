import type { Command } from "commander";
import { type LogLine, type LogOptions, type LogsResponse, newLogOptions } from "../../../proto/gen/control.ts";
import type { Node } from "../../../proto/gen/objects.ts";
import { isCode } from "../../../shared/errors.ts";
import { LogCursor } from "../../../shared/model/log-line.ts";
import { taskName } from "../../../shared/model/tasks.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, parsed, teach, valueOption } from "../../options.ts";
import { parseWhole } from "../../parse/quantity.ts";
import { parseTimestamp } from "../../parse/time.ts";
import { palette } from "../../render/colour.ts";
import { logDetails } from "../../render/log-details.ts";
import { createLogFormatter, type LogSource, type LogText } from "../../render/logs.ts";
import { warn } from "../warn.ts";

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
  readonly details?: boolean;
}

const ALL = -1;
const RETRY_PAUSE_MS = 500;
// As long as who waits for a service: a leader change takes a second or two.
const SILENCE_MS = 30_000;

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
  booleanOption(command, "--raw", "nothing but the lines, byte for byte, also what a terminal would obey");
  booleanOption(command, "--details", "with the labels and variables that --log-opt labels=… and env=… name");
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
      const sources = createSources(context, options);
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
      const write = ({ stream, ...line }: LogText): void =>
        context.terminal.log(stream, { ...line, raw: options.raw === true });
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
      for await (const { lines, warnings } of readOn(context, request)) {
        warn(context, warnings);
        await sources.learn(lines);
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

interface Request {
  readonly refs: readonly string[];
  readonly options: LogOptions;
}

/** The logs; with follow also past the loss of a leader or a daemon: they are read again from where each task was. */
async function* readOn(context: CommandContext, { refs, options }: Request): AsyncGenerator<LogsResponse> {
  const { env, signal } = context;
  const cursor = new LogCursor(options.tail === 0 ? env.wallMs() : options.sinceMs);
  const known = new Set<string>();
  let isResumed = false;
  let silentSinceMs: number | undefined;
  for (;;) {
    const from = isResumed ? { ...options, tail: ALL, sinceMs: cursor.sinceMs(known) } : options;
    try {
      const connection = await context.connect();
      for await (const answer of connection.control.logs({ refs, options: from })) {
        silentSinceMs = undefined;
        const lines = isResumed ? answer.lines.filter((line) => cursor.isNew(line)) : answer.lines;
        for (const line of answer.lines) {
          cursor.advance(line);
          known.add(line.taskId);
        }
        yield { ...answer, lines };
      }
      return;
    } catch (error) {
      const nowMs = env.nowMs();
      silentSinceMs ??= nowMs;
      const isLost = isCode(error, "unavailable") && options.follow && known.size > 0;
      if (!isLost || signal.aborted || nowMs - silentSinceMs > SILENCE_MS) throw error;
      isResumed = true;
      await env.sleep(RETRY_PAUSE_MS, signal);
    }
  }
}

/** Names of tasks and nodes, asked for when a line comes from a task not seen before; once per task, also in vain. */
function createSources(
  context: CommandContext,
  options: Options,
): {
  readonly get: (taskId: string) => LogSource | undefined;
  readonly learn: (lines: readonly LogLine[]) => Promise<void>;
} {
  const known = new Map<string, LogSource | undefined>();
  const isNamed = options.raw !== true && options.resolve !== false;
  const ask = async (lines: readonly LogLine[]): Promise<void> => {
    const services = [...new Set(lines.map((line) => line.serviceId))];
    const { control } = await context.connect();
    const [{ tasks }, { nodes }] = await Promise.all([
      control.listTasks({ filters: [{ key: "service", values: services }] }),
      control.listNodes({ filters: [] }),
    ]);
    const byId = new Map<string, Node>(nodes.map((node) => [node.id, node]));
    for (const line of lines) known.set(line.taskId, undefined);
    for (const task of tasks) {
      const node = byId.get(task.nodeId);
      known.set(task.id, {
        name: isNamed ? taskName(task) : undefined,
        hostname: node?.description?.hostname ?? task.nodeId,
        details: options.details === true ? logDetails(task, node, options.raw === true) : "",
      });
    }
  };
  return {
    get: (taskId) => known.get(taskId),
    learn: async (lines) => {
      if (!isNamed && options.details !== true) return;
      const fresh = lines.filter((line) => !known.has(line.taskId));
      if (fresh.length === 0) return;
      try {
        await ask(fresh);
      } catch (error) {
        // Without a leader nobody tells names. The lines need not wait for one: ids stand for the names until then.
        if (!isCode(error, "unavailable") && !isCode(error, "deadline_exceeded")) throw error;
      }
    },
  };
}
