// Logs of services and tasks, from all their nodes as one stream by time. What cannot be read is told in a warning; the rest goes on.
// With follow, a task that comes to a followed service is read too, and a node that was lost is read again from the last line
// that it gave.
import { AgentService } from "../../proto/gen/agent.ts";
import {
  type ControlService,
  type LogOptions,
  type LogsResponse,
  newLogOptions,
  newLogsResponse,
} from "../../proto/gen/control.ts";
import type { Node, Task } from "../../proto/gen/objects.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { LogCursor } from "../../shared/model/log-line.ts";
import { serverStream } from "../../shared/rpc/client.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { View } from "../store/types.ts";
import { connected } from "./connected.ts";
import type { ControlOptions } from "./context.ts";
import { AnswerCheck, type Asked } from "./log-check.ts";
import { LogMerge, type LogPiece } from "./log-merge.ts";
import { hostnameOf, resolveService, resolveTask } from "./refs.ts";

const CONNECT_LIMIT_MS = 3_000;
const RETRY_PAUSE_MS = 2_000;
/** Streams of one call. */
const MAX_NODES = 1_000;

interface Wanted {
  /** Those that are removed while they are followed leave it. */
  readonly services: Set<ServiceId>;
  readonly tasks: ReadonlySet<TaskId>;
}

/** Each reference is a service or else a task. @throws {SkepError} as resolveService and resolveTask. */
function resolveLogRefs(view: View, refs: readonly string[]): Wanted {
  if (refs.length === 0) throw new SkepError("invalid_argument", "whose logs? name a service or a task");
  const services = new Set<ServiceId>();
  const tasks = new Set<TaskId>();
  for (const ref of refs) {
    try {
      services.add(resolveService(view, ref).id);
    } catch (error) {
      if (!isCode(error, "not_found")) throw error;
      try {
        tasks.add(resolveTask(view, ref).id);
      } catch (none) {
        throw isCode(none, "not_found") ? new SkepError("not_found", `no such service or task: ${ref}`) : none;
      }
    }
  }
  return { services, tasks };
}

function* wantedTasks(view: View, { services, tasks }: Wanted): Iterable<Task> {
  for (const id of services) yield* view.tasksOfService(id);
  for (const id of tasks) {
    const task = view.get("task", id);
    if (task !== undefined && !services.has(task.serviceId)) yield task;
  }
}

const nodeName = (node: Node | undefined, id: string): string => hostnameOf(node) || id;

export function createLogsHandler(options: ControlOptions): Pick<Handlers<typeof ControlService>, "logs"> {
  return {
    logs: ({ refs, options: wish }, { signal }) => {
      const wanted = options.store.view((view) => resolveLogRefs(view, refs));
      const log = wish ?? newLogOptions({ tail: -1, stdout: true, stderr: true });
      return mergeLogs(options, wanted, log, signal);
    },
  };
}

async function* mergeLogs(
  options: ControlOptions,
  wanted: Wanted,
  log: LogOptions,
  outer: AbortSignal,
): AsyncGenerator<LogsResponse> {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const merge = new LogMerge(options.env, signal);
  const known = new Set<string>();
  const read = (view: View): Task[] => [...wantedTasks(view, wanted)];
  const tasks = options.store.view(read);
  // Tasks alone are all there is to follow; a service may get others. Commits that nobody reads would only be kept.
  const awaitsMore = log.follow && (wanted.services.size > 0 || tasks.some((task) => task.nodeId === ""));
  const commits = awaitsMore ? options.store.viewAndWatch(read, { signal }).commits : undefined;
  try {
    const skipped = openStreams(options, merge, tasks, known, log, signal, false);
    if (skipped > 0)
      yield newLogsResponse({ warnings: [`tasks on ${skipped} more nodes are not read: too many at once`] });
    if (commits !== undefined) {
      merge.hold();
      const news = followTasks(options, merge, wanted, commits, known, log, signal);
      news.finally(() => merge.release()).catch(() => undefined);
    }
    yield* merge.read();
  } finally {
    stop.abort();
  }
}

/** Opens a stream to each node that has tasks not yet read. Returns how many nodes were too many. */
function openStreams(
  options: ControlOptions,
  merge: LogMerge,
  tasks: Iterable<Task>,
  known: Set<string>,
  log: LogOptions,
  signal: AbortSignal,
  isLive: boolean,
): number {
  const byNode = new Map<NodeId, Map<TaskId, ServiceId>>();
  for (const task of tasks) {
    if (task.nodeId === "" || known.has(task.id)) continue;
    known.add(task.id);
    const wanted = byNode.get(task.nodeId);
    if (wanted === undefined) byNode.set(task.nodeId, new Map([[task.id, task.serviceId]]));
    else wanted.set(task.id, task.serviceId);
  }
  let opened = 0;
  for (const [nodeId, wanted] of byNode) {
    if (opened++ >= MAX_NODES) continue;
    const name = nodeName(
      options.store.view((view) => view.get("node", nodeId)),
      nodeId,
    );
    merge.add(name, nodeLogs(options, { nodeId, tasks: wanted, options: log }, signal), isLive);
  }
  return Math.max(0, opened - MAX_NODES);
}

/** A task is read once it has a node; from its first line, as all of it is new. */
async function followTasks(
  options: ControlOptions,
  merge: LogMerge,
  wanted: Wanted,
  first: ReturnType<ControlOptions["store"]["viewAndWatch"]>["commits"],
  known: Set<string>,
  log: LogOptions,
  signal: AbortSignal,
): Promise<void> {
  const fresh: LogOptions = { ...log, tail: -1 };
  let commits = first;
  while (!signal.aborted) {
    try {
      for await (const { changes } of commits) {
        const tasks = changes.flatMap((change) =>
          change.table === "task" && change.action !== "remove" && isWantedTask(change.object, wanted)
            ? [change.object]
            : [],
        );
        if (tasks.length > 0) openStreams(options, merge, tasks, known, fresh, signal, true);
        for (const change of changes) {
          if (change.table === "service" && change.action === "remove") wanted.services.delete(change.object.id);
        }
        if (wanted.services.size === 0 && wanted.tasks.size === 0) return;
      }
      return;
    } catch (error) {
      if (!isCode(error, "resource_exhausted")) throw error;
      const again = options.store.viewAndWatch((read) => [...wantedTasks(read, wanted)], { signal });
      openStreams(options, merge, again.view, known, fresh, signal, true);
      commits = again.commits;
    }
  }
}

const isWantedTask = (task: Task, { services, tasks }: Wanted): boolean =>
  services.has(task.serviceId) || tasks.has(task.id);

/** One node's part, lines and warnings. Never throws. */
async function* nodeLogs(
  { env, store, dialAgent }: ControlOptions,
  asked: Asked,
  signal: AbortSignal,
): AsyncGenerator<LogPiece> {
  const { nodeId, options: log } = asked;
  const taskIds = [...asked.tasks.keys()];
  // Without the last lines (--tail 0) what was written before now stays unread, also when the node is asked again.
  const cursor = new LogCursor(log.tail === 0 ? env.wallMs() : log.sinceMs);
  const check = new AnswerCheck(asked);
  let warned = false;
  let answered = false;
  let isResumed = false;
  while (!signal.aborted) {
    const node = store.view((view) => view.get("node", nodeId));
    const name = nodeName(node, nodeId);
    try {
      if (node === undefined) throw new SkepError("not_found", "the node is not in the cluster any more");
      if (node.status?.state === "down") throw new SkepError("unavailable", "the node is down");
      const client = dialAgent(node.addr, nodeId);
      await connected(client, env, CONNECT_LIMIT_MS, signal);
      const options = isResumed ? { ...log, tail: -1, sinceMs: cursor.sinceMs(taskIds) } : log;
      const answers = serverStream(client, AgentService.taskLogs, { taskIds, options }, { signal });
      for await (const answer of answers) {
        // A node that is read again says the same again.
        const kept = check.keep(isResumed ? { ...answer, warnings: [] } : answer);
        const lines = isResumed ? kept.lines.filter((line) => cursor.isNew(line)) : kept.lines;
        for (const line of kept.lines) cursor.advance(line);
        answered = true;
        warned = false;
        const warnings = kept.warnings.map((warning) => `${name}: ${warning}`);
        if (lines.length > 0 || warnings.length > 0 || answer.caughtUp)
          yield { lines, warnings, isLive: answer.caughtUp };
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      isResumed = answered;
      const { message } = SkepError.from(error);
      const isOver = !log.follow || isCode(error, "not_found");
      const outlook = isOver ? "its lines are missing" : "trying again";
      // Told once per loss, not once per try.
      if (!warned) yield { lines: [], warnings: [`${name}: ${message}; ${outlook}`], isLive: true };
      warned = true;
      if (isOver) return;
    }
    await env.sleep(RETRY_PAUSE_MS, signal).catch(() => undefined);
  }
}
