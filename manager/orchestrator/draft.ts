// The working copy of one service that the phases of a plan pass along: tasks by slot, what changed so far, and when to
// look again. A plan is a function of its input: the store is read before and written after, never in between.
import {
  type Node,
  newTask,
  newTaskStatus,
  type Service,
  type Task,
  type UpdateStatus,
} from "../../proto/gen/objects.ts";
import type { NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { failuresUpTo } from "../../shared/model/tasks.ts";
import { fateOf, type NodeFate } from "./node-fate.ts";

/** A slot number, or for a global service the node. */
export type SlotKey = number | NodeId;

export interface PlanInput {
  readonly serviceId: ServiceId;
  /** Undefined when the service was removed. */
  readonly service: Service | undefined;
  readonly tasks: Iterable<Task>;
  readonly node: (id: NodeId) => Node | undefined;
  readonly nodes: () => Iterable<Node>;
  /** Tasks kept per slot, the current one included; negative keeps all. */
  readonly historyLimit: number;
  /** The leader's clock, Unix milliseconds; it does not jump during a leadership, but may between two. */
  readonly nowMs: number;
  /** Since when this leader has known of the tasks that wait to be started, by the same clock. */
  readonly waits: ReadonlyMap<TaskId, number>;
  readonly newTaskId: () => TaskId;
  /** Objects that one plan may write; what is left over comes with the next plan. */
  readonly maxChanges: number;
}

export interface Plan {
  readonly puts: readonly Task[];
  readonly removals: readonly TaskId[];
  readonly updateStatus: UpdateStatus | undefined;
  /** When time alone changes the plan; Infinity when it never does. */
  readonly wakeAtMs: number;
  /** For the next plan. */
  readonly waits: ReadonlyMap<TaskId, number>;
  /** The bound on changes was reached: plan again at once. */
  readonly more: boolean;
}

const byAge = (a: Task, b: Task): number =>
  (a.meta?.createdVersion ?? 0) - (b.meta?.createdVersion ?? 0) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

export class Draft {
  readonly input: PlanInput;
  /** Every task of the service, oldest first. */
  readonly slots = new Map<SlotKey, Task[]>();
  /** Tasks of the current version that ended before their monitor time was over: an update takes them as failures. */
  readonly earlyEnds: Task[] = [];
  updateStatus: UpdateStatus | undefined;
  readonly #fates = new Map<NodeId, NodeFate>();
  readonly #stored = new Set<TaskId>();
  readonly #puts = new Map<TaskId, Task>();
  readonly #removals = new Set<TaskId>();
  readonly #waits = new Map<TaskId, number>();
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #more = false;

  constructor(input: PlanInput) {
    this.input = input;
    for (const task of input.tasks) {
      this.#stored.add(task.id);
      this.#slot(task).push(task);
    }
    for (const tasks of this.slots.values()) if (tasks.length > 1) tasks.sort(byAge);
  }

  /** What becomes of a task because of where it is. A task without a node is nowhere in danger. */
  fateOf(task: Task): NodeFate {
    if (task.nodeId === "") return "here";
    let fate = this.#fates.get(task.nodeId);
    if (fate === undefined) {
      fate = fateOf(this.input.node(task.nodeId));
      this.#fates.set(task.nodeId, fate);
    }
    return fate;
  }

  /** True when no further change fits; remembers that there is more to do. Ask before each change that must be whole. */
  full(): boolean {
    if (this.#puts.size + this.#removals.size < this.input.maxChanges) return false;
    this.#more = true;
    return true;
  }

  put(task: Task): void {
    const slot = this.#slot(task);
    const at = slot.findIndex(({ id }) => id === task.id);
    if (at < 0) slot.push(task);
    else slot[at] = task;
    this.#puts.set(task.id, task);
  }

  desire(task: Task, desiredState: Task["desiredState"]): void {
    if (task.desiredState !== desiredState) this.put({ ...task, desiredState });
  }

  /** A task that this very plan made is not made at all. */
  remove(task: Task): void {
    const slot = this.#slot(task);
    const at = slot.findIndex(({ id }) => id === task.id);
    if (at >= 0) slot.splice(at, 1);
    this.#puts.delete(task.id);
    if (this.#stored.has(task.id)) this.#removals.add(task.id);
  }

  /** A new task of the service as it is now. */
  create(service: Service, key: SlotKey, desiredState: "ready" | "running", notBeforeMs: number): Task {
    const { nowMs } = this.input;
    const before = this.slots.get(key)?.at(-1);
    const task = newTask({
      id: this.input.newTaskId(),
      spec: service.spec?.taskTemplate,
      specVersion: service.specVersion,
      serviceId: service.id,
      serviceName: service.spec?.name ?? "",
      serviceLabels: service.spec?.labels ?? {},
      ...(typeof key === "number" ? { slot: key } : { nodeId: key }),
      status: newTaskStatus({ state: "pending", timestampMs: nowMs, message: "created" }),
      desiredState,
      notBeforeMs,
      failuresBefore: before?.specVersion === service.specVersion ? failuresUpTo(before) : 0,
    });
    this.put(task);
    return task;
  }

  /** Since when this leader has known that `task` waits; or, in an update, that it is up. */
  sinceMs({ id }: Task): number {
    const sinceMs = this.input.waits.get(id) ?? this.input.nowMs;
    this.#waits.set(id, sinceMs);
    return sinceMs;
  }

  forget({ id }: Task): void {
    this.#waits.delete(id);
  }

  wakeAt(atMs: number): void {
    this.#wakeAtMs = Math.min(this.#wakeAtMs, atMs);
  }

  plan(): Plan {
    return {
      puts: [...this.#puts.values()],
      removals: [...this.#removals],
      updateStatus: this.updateStatus,
      wakeAtMs: this.#wakeAtMs,
      waits: this.#waits,
      more: this.#more,
    };
  }

  #slot(task: Task): Task[] {
    const key = task.slot === 0 ? task.nodeId : task.slot;
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = [];
      this.slots.set(key, slot);
    }
    return slot;
  }
}
