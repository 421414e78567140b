// Agent.TaskLogs: what managers call to read this node's logs.
import type { AgentService, TaskLogsRequest } from "../../proto/gen/agent.ts";
import {
  type LogLine,
  type LogOptions,
  type LogsResponse,
  newLogLine,
  newLogOptions,
} from "../../proto/gen/control.ts";
import type { Task } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { isId, type NodeId, type ServiceId, type TaskId } from "../../shared/model/ids.ts";
import { logKeeping } from "../../shared/model/log-driver.ts";
import type { CallContext, Handlers } from "../../shared/rpc/server.ts";
import { withDeadline } from "../deadline.ts";
import type { LogStore } from "./log-store.ts";
import { mergeLogs, type NamedLog } from "./merge.ts";
import { type LogBatch, type ReadOptions, readLog } from "./reader.ts";
import type { Stream } from "./record.ts";

export interface TaskLogsOptions {
  readonly env: Env;
  readonly nodeId: NodeId;
  /** None on a node that keeps no logs. */
  readonly logs: LogStore | undefined;
  readonly task: (id: TaskId) => Task | undefined;
}

/** A follower may be quicker than the assignment it follows: it waits this long for the task to arrive. */
const ARRIVAL_LIMIT_MS = 10_000;
/** Tasks of one call; each follower holds a file and up to 64 KiB. */
const MAX_TASKS = 4_096;
const MAX_LINES_PER_MESSAGE = 2_048;

export function createLogHandlers(options: TaskLogsOptions): Pick<Handlers<typeof AgentService>, "taskLogs"> {
  return { taskLogs: (request, context) => taskLogs(options, request, context) };
}

async function* taskLogs(
  { env, nodeId, logs, task }: TaskLogsOptions,
  request: TaskLogsRequest,
  { signal }: CallContext,
): AsyncGenerator<LogsResponse> {
  if (request.taskIds.length > MAX_TASKS) {
    throw new SkepError(
      "invalid_argument",
      `logs of ${request.taskIds.length} tasks in one call: at most ${MAX_TASKS}`,
    );
  }
  if (logs === undefined) throw new SkepError("failed_precondition", "this node keeps no logs");
  const read = readOptions(request.options ?? newLogOptions({ tail: -1 }));
  const warnings: string[] = [];
  const sources: NamedLog<TaskId>[] = [];
  for (const id of new Set(request.taskIds)) {
    const problem = unreadable(id, logs, task(id), read.follow);
    if (problem !== undefined) warnings.push(problem);
    else sources.push({ name: id, batches: logOf(env, logs, id, read, signal) });
  }
  if (warnings.length > 0) yield { lines: [], warnings: warnings.splice(0), caughtUp: false };
  const serviceIds = new Map<TaskId, ServiceId>();
  const onFailed = (id: TaskId, error: unknown): void =>
    void warnings.push(`task ${id}: ${SkepError.from(error).message}`);
  for await (const batch of mergeLogs(env, sources, onFailed, signal)) {
    if (batch.length === 0) yield { lines: [], warnings: warnings.splice(0), caughtUp: true };
    for (let at = 0; at < batch.length; at += MAX_LINES_PER_MESSAGE) {
      const lines = batch.slice(at, at + MAX_LINES_PER_MESSAGE).map(({ name, record }): LogLine => {
        const serviceId = serviceIds.get(name) ?? task(name)?.serviceId;
        if (serviceId !== undefined) serviceIds.set(name, serviceId);
        return newLogLine({
          taskId: name,
          ...(serviceId === undefined ? {} : { serviceId }),
          nodeId,
          stream: record.stream,
          timestampMs: record.stamp.ms,
          timestampNs: record.stamp.ns,
          data: record.data,
          partial: record.partial,
        });
      });
      yield { lines, warnings: warnings.splice(0), caughtUp: false };
    }
  }
  if (warnings.length > 0) yield { lines: [], warnings, caughtUp: false };
}

function unreadable(id: TaskId, logs: LogStore, task: Task | undefined, follow: boolean): string | undefined {
  if (!isId(id)) return `${JSON.stringify(id)} is no task id`;
  if (task !== undefined && keepsNone(task)) return `task ${id}: its log driver "none" keeps nothing to read`;
  return follow || logs.knows(id) ? undefined : `task ${id}: no log on this node`;
}

function keepsNone(task: Task): boolean {
  try {
    return logKeeping(task.spec?.logDriver).kind === "none";
  } catch {
    return false; // the task was rejected for it, and says so
  }
}

async function* logOf(
  env: Env,
  logs: LogStore,
  id: TaskId,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<LogBatch> {
  if (!logs.knows(id)) {
    yield { records: [], caughtUp: true }; // the others need not wait for it
    await withDeadline(env, signal, ARRIVAL_LIMIT_MS, "the task has not come to this node", (limit) =>
      logs.known(id, limit),
    );
  }
  yield* readLog(logs.source(id), options, signal);
}

function readOptions(options: LogOptions): ReadOptions {
  const both = options.stdout === options.stderr; // none asked for is both, as nobody asks for nothing
  const streams: Stream[] = [];
  if (both || options.stdout) streams.push("stdout");
  if (both || options.stderr) streams.push("stderr");
  return {
    follow: options.follow,
    tail: options.tail,
    since: options.sinceMs > 0 ? { ms: options.sinceMs, ns: 0 } : undefined,
    until: options.untilMs > 0 ? { ms: options.untilMs, ns: 999_999 } : undefined,
    streams: new Set(streams),
  };
}
