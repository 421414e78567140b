// Logs of services and tasks, from all their nodes as one stream. What cannot be read is told in a warning; the rest goes on.
// With follow, a task that comes to a followed service is read too, and a node that was lost is read again from the last line
// that it gave.
import { AgentService } from "../../proto/gen/agent.ts";
import {
  type ControlService,
  type LogLine,
  type LogOptions,
  type LogsResponse,
  newLogOptions,
  newLogsResponse,
} from "../../proto/gen/control.ts";
import type { Node, Task } from "../../proto/gen/objects.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { serverStream } from "../../shared/rpc/client.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { View } from "../store/types.ts";
import { connected } from "./connected.ts";
import type { ControlOptions } from "./context.ts";
import { FanIn } from "./fan-in.ts";
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
  const streams = new FanIn<LogsResponse>(signal);
  const known = new Set<string>();
  const read = (view: View): Task[] => [...wantedTasks(view, wanted)];
  const tasks = options.store.view(read);
  // Tasks alone are all there is to follow; a service may get others. Commits that nobody reads would only be kept.
  const awaitsMore = log.follow && (wanted.services.size > 0 || tasks.some((task) => task.nodeId === ""));
  const commits = awaitsMore ? options.store.viewAndWatch(read, { signal }).commits : undefined;
  try {
    const skipped = openStreams(options, streams, tasks, known, log, signal);
    if (skipped > 0)
      yield newLogsResponse({ warnings: [`tasks on ${skipped} more nodes are not read: too many at once`] });
    if (commits !== undefined) {
      streams.hold();
      const news = followTasks(options, streams, wanted, commits, known, log, signal);
      news.finally(() => streams.release()).catch(() => undefined);
    }
    yield* streams.read();
  } finally {
    stop.abort();
  }
}

/** Opens a stream to each node that has tasks not yet read. Returns how many nodes were too many. */
function openStreams(
  options: ControlOptions,
  streams: FanIn<LogsResponse>,
  tasks: Iterable<Task>,
  known: Set<string>,
  log: LogOptions,
  signal: AbortSignal,
): number {
  const byNode = new Map<NodeId, TaskId[]>();
  for (const task of tasks) {
    if (task.nodeId === "" || known.has(task.id)) continue;
    known.add(task.id);
    const ids = byNode.get(task.nodeId);
    if (ids === undefined) byNode.set(task.nodeId, [task.id]);
    else ids.push(task.id);
  }
  let opened = 0;
  for (const [nodeId, taskIds] of byNode) {
    if (opened++ < MAX_NODES) streams.add(nodeLogs(options, nodeId, taskIds, log, signal));
  }
  return Math.max(0, opened - MAX_NODES);
}

/** A task is read once it has a node; from its first line, as all of it is new. */
async function followTasks(
  options: ControlOptions,
  streams: FanIn<LogsResponse>,
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
        if (tasks.length > 0) openStreams(options, streams, tasks, known, fresh, signal);
        for (const change of changes) {
          if (change.table === "service" && change.action === "remove") wanted.services.delete(change.object.id);
        }
        if (wanted.services.size === 0 && wanted.tasks.size === 0) return;
      }
      return;
    } catch (error) {
      if (!isCode(error, "resource_exhausted")) throw error;
      const again = options.store.viewAndWatch((read) => [...wantedTasks(read, wanted)], { signal });
      openStreams(options, streams, again.view, known, fresh, signal);
      commits = again.commits;
    }
  }
}

const isWantedTask = (task: Task, { services, tasks }: Wanted): boolean =>
  services.has(task.serviceId) || tasks.has(task.id);

/** Where each task's log was read to: a line at or before it has been told. */
class Cursor {
  readonly #last = new Map<string, { readonly ms: number; readonly ns: number }>();

  isNew(line: LogLine): boolean {
    const last = this.#last.get(line.taskId);
    return (
      last === undefined || line.timestampMs > last.ms || (line.timestampMs === last.ms && line.timestampNs > last.ns)
    );
  }

  advance(line: LogLine): void {
    if (this.isNew(line)) this.#last.set(line.taskId, { ms: line.timestampMs, ns: line.timestampNs });
  }

  /** From here all tasks must be read again; 0 when one of them gave nothing yet. */
  sinceMs(taskIds: readonly string[]): number {
    return Math.min(...taskIds.map((id) => this.#last.get(id)?.ms ?? 0));
  }
}

/** One node's part, lines and warnings. Never throws. */
async function* nodeLogs(
  { env, store, dialAgent }: ControlOptions,
  nodeId: NodeId,
  taskIds: readonly TaskId[],
  log: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogsResponse> {
  const cursor = new Cursor();
  let warned = false;
  let answered = false;
  let isResumed = false;
  while (!signal.aborted) {
    const node = store.view((view) => view.get("node", nodeId));
    try {
      if (node === undefined) throw new SkepError("not_found", "the node is not in the cluster any more");
      if (node.status?.state === "down") throw new SkepError("unavailable", "the node is down");
      const client = dialAgent(node.addr, nodeId);
      await connected(client, env, CONNECT_LIMIT_MS, signal);
      const from = isResumed ? { ...log, tail: -1, sinceMs: Math.max(log.sinceMs, cursor.sinceMs(taskIds)) } : log;
      for await (const { lines, warnings } of serverStream(
        client,
        AgentService.taskLogs,
        { taskIds, options: from },
        { signal },
      )) {
        const fresh = isResumed ? lines.filter((line) => cursor.isNew(line)) : lines;
        for (const line of lines) cursor.advance(line);
        answered = true;
        warned = false;
        const named = isResumed ? [] : warnings.map((warning) => `${nodeName(node, nodeId)}: ${warning}`);
        if (fresh.length > 0 || named.length > 0) yield newLogsResponse({ lines: fresh, warnings: named });
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      isResumed = answered;
      const { message } = SkepError.from(error);
      const isOver = !log.follow || isCode(error, "not_found");
      const outlook = isOver ? "its lines are missing" : "trying again";
      // Told once per loss, not once per try.
      if (!warned) yield newLogsResponse({ warnings: [`${nodeName(node, nodeId)}: ${message}; ${outlook}`] });
      warned = true;
      if (isOver) return;
    }
    await env.sleep(RETRY_PAUSE_MS, signal).catch(() => undefined);
  }
}
