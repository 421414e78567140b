// What one agent is still to be told. Changes of a task replace one another, so the queue never holds more than the node
// has tasks; and the stream asks only when its transport has room, so a slow agent gets fewer, larger messages rather than a
// longer queue. Beyond a bound the changes are dropped and the agent gets everything anew.
//
// The order of the stream: a task comes after the networks that it needs, the word that it is drained after the word that it is
// to stop, and a network goes after the last word on its tasks. Otherwise networks and tasks take turns.
import {
  type Assignments,
  type DispatcherMessage,
  newAssignments,
  newDispatcherMessage,
  type SessionInfo,
  type TaskStatusUpdate,
} from "../../proto/gen/dispatcher.ts";
import { encodeTaskSpec, type Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { NetworkId, NodeId, TaskId } from "../../shared/model/ids.ts";
import { isDead } from "../../shared/model/tasks.ts";
import type { View } from "../store/types.ts";
import { isAssigned } from "./assigned.ts";
import type { NetworkFeed } from "./network/feed.ts";

const MAX_CHANGES = 2_000;
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
/** Beyond it no dead task goes along. What lives always goes: an agent takes answers of up to MAX_ANSWER_BYTES. */
const MAX_COMPLETE_BYTES = 6 * 1024 * 1024;
const MAX_STORED_PER_MESSAGE = 1_000;
/** An agent that reports on ever more tasks and reads no answer. */
const MAX_STORED = 50_000;
const MAX_DRAINED_PER_MESSAGE = 1_000;
const TASK_OVERHEAD_BYTES = 400;

const BEAT: DispatcherMessage = newDispatcherMessage({ message: { kind: "beat" } });

const bytesOf = (task: Task): number =>
  TASK_OVERHEAD_BYTES + (task.spec === undefined ? 0 : encodeTaskSpec(task.spec).length);

export class Outbox {
  readonly #node: NodeId;
  readonly #view: <R>(read: (view: View) => R) => R;
  #info: SessionInfo | undefined;
  #complete = true;
  /** Store version of the last COMPLETE: older news is no news. */
  #completeVersion = 0;
  readonly #changes = new Map<TaskId, Task | undefined>();
  readonly #stored = new Map<TaskId, TaskStatusUpdate>();
  #feed: NetworkFeed | undefined;
  /** Networks had their turn. */
  #deltaSent = false;
  readonly #drained = new Set<TaskId>();
  /** Said in this session, of tasks that are still there. */
  readonly #drainedSaid = new Set<TaskId>();
  #beat = false;
  #sequence = 0;
  #end: { readonly error: SkepError | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor(node: NodeId, view: <R>(read: (view: View) => R) => R) {
    this.#node = node;
    this.#view = view;
  }

  /** Undefined until the stream was told to end. */
  get ended(): { readonly error: SkepError | undefined } | undefined {
    return this.#end;
  }

  info(info: SessionInfo): void {
    this.#info = info;
    this.#wake?.();
  }

  /** The session has begun: what its node is to hear of networks. */
  networks(feed: NetworkFeed): void {
    this.#feed = feed;
    this.#wake?.();
  }

  /** There may be something to send. */
  wake(): void {
    this.#wake?.();
  }

  /** A task as committed at `version`; undefined when it was removed. */
  change(id: TaskId, task: Task | undefined, version: number): void {
    if (task === undefined) this.#drainedSaid.delete(id);
    if (this.#complete || version <= this.#completeVersion) return;
    this.#changes.set(id, task);
    if (this.#changes.size > MAX_CHANGES) this.refresh();
    this.#wake?.();
  }

  /** The agent gets everything anew. */
  refresh(): void {
    this.#complete = true;
    this.#changes.clear();
    this.#wake?.();
  }

  stored(update: TaskStatusUpdate): void {
    if (this.#stored.size >= MAX_STORED) {
      this.end(new SkepError("resource_exhausted", `node ${this.#node} does not read what it is told`));
      return;
    }
    this.#stored.set(update.taskId, update);
    this.#wake?.();
  }

  /** Nobody sends new connections to the task any more; said once. */
  drained(id: TaskId): void {
    if (this.#drainedSaid.has(id)) return;
    this.#drained.add(id);
    this.#wake?.();
  }

  beat(): void {
    this.#beat = true;
    this.#wake?.();
  }

  /** Ends the stream, with an error or well; what is queued is dropped. The first call counts. */
  end(error?: SkepError): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** The next message, made of all that waits; undefined when nothing does. */
  next(): DispatcherMessage | undefined {
    if (this.#info !== undefined) {
      const message = newDispatcherMessage({ message: { kind: "session", ...this.#info } });
      this.#info = undefined;
      return message;
    }
    // Every message is a sign of life.
    const beat = this.#beat;
    this.#beat = false;
    return this.#feed?.nextSnapshot() ?? this.#nextInTurn() ?? this.#feed?.nextGone() ?? (beat ? BEAT : undefined);
  }

  /** Resolves when there may be something to send. */
  async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  #nextInTurn(): DispatcherMessage | undefined {
    const early = this.#deltaSent ? undefined : this.#feed?.nextDelta();
    const message = early ?? this.#nextOfTasks();
    const late = message === undefined && this.#deltaSent ? this.#feed?.nextDelta() : undefined;
    this.#deltaSent = early !== undefined || late !== undefined;
    return message ?? late;
  }

  #nextOfTasks(): DispatcherMessage | undefined {
    const all = this.#complete ? this.#takeAll() : undefined;
    if (all !== undefined) return assignments(all);
    if (!this.#complete) {
      const changes = this.#takeChanges();
      if (changes !== undefined) return assignments(changes);
      if (this.#drained.size > 0 && this.#changes.size === 0)
        return newDispatcherMessage({ message: { kind: "drained", taskIds: this.#takeDrained() } });
    }
    if (this.#stored.size > 0)
      return newDispatcherMessage({ message: { kind: "stored", updates: this.#takeStored() } });
    return undefined;
  }

  /** Undefined while it has a task whose networks are still to be told of: the store is ahead of what follows it. */
  #takeAll(): Assignments | undefined {
    const { tasks, version, covered } = this.#view((view) => {
      const tasks = [...view.tasksOfNode(this.#node)].filter(isAssigned);
      const exists = (network: NetworkId): boolean => view.get("network", network) !== undefined;
      const covered = tasks.every((task) => this.#feed?.covers(task, exists) ?? true);
      return { tasks, version: view.version, covered };
    });
    if (!covered) return undefined;
    this.#feed?.begun();
    this.#complete = false;
    this.#completeVersion = version;
    this.#changes.clear();
    return newAssignments({ type: "complete", sequence: ++this.#sequence, tasks: withinBytes(tasks) });
  }

  /** Undefined when there are none, or none whose networks the agent has been told of. */
  #takeChanges(): Assignments | undefined {
    const tasks: Task[] = [];
    const removedTaskIds: TaskId[] = [];
    let bytes = 0;
    for (const [id, task] of this.#changes) {
      if (bytes > MAX_MESSAGE_BYTES) break;
      if (task !== undefined && this.#feed?.isReadyFor(task) === false) continue;
      this.#changes.delete(id);
      if (task === undefined) removedTaskIds.push(id);
      else {
        tasks.push(task);
        bytes += bytesOf(task);
      }
    }
    if (tasks.length + removedTaskIds.length === 0) return undefined;
    const appliesTo = this.#sequence;
    return newAssignments({ type: "incremental", sequence: ++this.#sequence, appliesTo, tasks, removedTaskIds });
  }

  #takeDrained(): TaskId[] {
    const ids: TaskId[] = [];
    for (const id of this.#drained) {
      if (ids.length >= MAX_DRAINED_PER_MESSAGE) break;
      this.#drained.delete(id);
      this.#drainedSaid.add(id);
      ids.push(id);
    }
    return ids;
  }

  #takeStored(): TaskStatusUpdate[] {
    const updates: TaskStatusUpdate[] = [];
    for (const [id, update] of this.#stored) {
      if (updates.length >= MAX_STORED_PER_MESSAGE) break;
      this.#stored.delete(id);
      updates.push(update);
    }
    return updates;
  }
}

const assignments = (message: Assignments): DispatcherMessage =>
  newDispatcherMessage({ message: { kind: "assignments", ...message } });

/**
 * What runs or shall run always goes; of the dead, which the agent keeps for their logs only, the newest as far as they fit.
 */
function withinBytes(tasks: readonly Task[]): Task[] {
  const kept = tasks.filter((task) => !isDead(task));
  let bytes = kept.reduce((sum, task) => sum + bytesOf(task), 0);
  const history = tasks.filter(isDead).sort((a, b) => (b.meta?.createdVersion ?? 0) - (a.meta?.createdVersion ?? 0));
  for (const task of history) {
    bytes += bytesOf(task);
    if (bytes > MAX_COMPLETE_BYTES) break;
    kept.push(task);
  }
  return kept;
}
