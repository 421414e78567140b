// The scheduler's mind: nodes, their loads and the tasks that wait for one, kept up to date from commits. `decide` gives the
// next placements and counts them in at once (they are *assumed* until their commit comes back), so that the next
// decision need not wait for the last one's commit.
//
// Tasks of one service and spec version are one group: nodes are filtered once per group, then every placement is a step on
// a heap. A group that found no node is asked again only when something got better: a node changed, or a task left one.
import type { Node, Task } from "../../proto/gen/objects.ts";
import type { NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { isTerminal, isWanted, rank, stateOf } from "../../shared/model/tasks.ts";
import { explain, Filters, isReady, noRefusals, TraitFilter } from "./filters.ts";
import { type NodeEntry, NodeLoad, type TasksByNode } from "./node-load.ts";
import { type Amounts, amountsOf, reservationOf } from "./resources.ts";
import { Best, type Candidate, newSpread, type Spread } from "./spread.ts";
import { type Path, Topology } from "./topology.ts";

export type Decision =
  | { readonly kind: "place"; readonly task: TaskId; readonly node: NodeId }
  /** No node takes it: the words to show. */
  | { readonly kind: "explain"; readonly task: TaskId; readonly err: string };

interface Group {
  readonly service: ServiceId;
  readonly specVersion: number;
  readonly tasks: Map<TaskId, Task>;
  /** The generation of the cluster in which nothing more could be placed. */
  triedIn: number;
}

interface Counted {
  readonly node: NodeId;
  readonly load: NodeLoad;
  readonly service: ServiceId;
  readonly reservation: Amounts;
  readonly active: boolean;
  readonly ports: Task["ports"];
}

interface TaskEntry {
  /** As committed. */
  task: Task;
  assumed: NodeId | undefined;
  counted: Counted | undefined;
}

const MAX_CACHED = 256;
const NOWHERE: TasksByNode = new Map();

export const isPending = (task: Task): boolean => stateOf(task) === "pending" && isWanted(task);

const groupKey = (task: Task): string => `${task.serviceId}/${task.specVersion}`;

export class Planner {
  readonly #nodes = new Map<NodeId, NodeEntry>();
  readonly #loads = new Map<NodeId, NodeLoad>();
  readonly #freeIndexes: number[] = [];
  readonly #tasks = new Map<TaskId, TaskEntry>();
  readonly #groups = new Map<string, Group>();
  readonly #explanations = new Map<TaskId, string>();
  readonly #byService = new Map<ServiceId, Map<NodeId, number>>();
  readonly #traits = new Map<string, TraitFilter>();
  readonly #topologies = new Map<string, Topology>();
  #generation = 0;

  // -------------------------------------------------------------------------------------------------- what is committed

  setNode(node: Node): void {
    const entry = this.#nodes.get(node.id);
    if (entry === undefined) {
      const index = this.#freeIndexes.pop() ?? this.#nodes.size;
      const capacity = amountsOf(node.description?.resources);
      this.#nodes.set(node.id, { id: node.id, index, node, capacity, ready: isReady(node), load: this.#load(node.id) });
    } else {
      entry.node = node;
      entry.capacity = amountsOf(node.description?.resources);
      entry.ready = isReady(node);
      this.#forget(entry.index);
    }
    this.#generation++;
  }

  removeNode(id: NodeId): void {
    const entry = this.#nodes.get(id);
    if (entry === undefined) return;
    this.#nodes.delete(id);
    this.#loads.delete(id);
    this.#freeIndexes.push(entry.index);
    this.#forget(entry.index);
    this.#generation++; // the words change
  }

  setTask(task: Task): void {
    const known = this.#tasks.get(task.id);
    const entry = known ?? { task, assumed: undefined, counted: undefined };
    if (known === undefined) this.#tasks.set(task.id, entry);
    if (isFailure(task) && (known === undefined || !isTerminal(stateOf(known.task)))) {
      this.#load(task.nodeId).failed(task);
    }
    // A task that waits may take over its service's new version: the group of the old one must not place it as well.
    if (groupKey(entry.task) !== groupKey(task)) this.#leaveGroup(entry.task);
    entry.task = task;
    if (entry.assumed !== undefined && isPending(task)) return; // an older commit; ours is on its way
    entry.assumed = undefined;
    this.#recount(entry);
  }

  removeTask(id: TaskId): void {
    const entry = this.#tasks.get(id);
    if (entry === undefined) return;
    this.#tasks.delete(id);
    this.#leaveGroup(entry.task);
    this.#uncount(entry);
  }

  /** The store did not take the placement. */
  refuse(id: TaskId): void {
    const entry = this.#tasks.get(id);
    if (entry === undefined) return;
    entry.assumed = undefined;
    this.#recount(entry);
  }

  // ----------------------------------------------------------------------------------------------------------- decisions

  /** At most `limit` decisions; none: nothing to do until something changes. */
  decide(limit: number, nowMs: number): Decision[] {
    const decisions: Decision[] = [];
    for (const group of this.#groups.values()) {
      if (decisions.length >= limit) return decisions;
      if (group.triedIn !== this.#generation) this.#decideGroup(group, limit, nowMs, decisions);
    }
    for (const [task, err] of this.#explanations) {
      if (decisions.length >= limit) break;
      this.#explanations.delete(task);
      decisions.push({ kind: "explain", task, err });
    }
    return decisions;
  }

  #decideGroup(group: Group, limit: number, nowMs: number, decisions: Decision[]): void {
    const [first] = group.tasks.values();
    if (first === undefined) return;
    const filters = new Filters(this.#tasksByNode(group.service), first, this.#traitFilter(first));
    const free = this.#placeBound(group, filters, limit, decisions);
    if (free.length > 0) this.#placeFree(group, free, filters, limit, nowMs, decisions);
    else if (decisions.length < limit) group.triedIn = this.#generation;
    if (this.#byService.get(group.service)?.size === 0) this.#byService.delete(group.service);
  }

  /** Tasks of global services were born with their node: the filters only say whether it may start now. */
  #placeBound(group: Group, filters: Filters, limit: number, decisions: Decision[]): Task[] {
    const free: Task[] = [];
    for (const task of [...group.tasks.values()]) {
      if (decisions.length >= limit) break;
      if (task.nodeId === "") {
        free.push(task);
        continue;
      }
      const entry = this.#nodes.get(task.nodeId);
      const refusal = entry === undefined ? "ready" : filters.refuses(entry);
      if (entry !== undefined && refusal === undefined) decisions.push(this.#assume(task, entry));
      else if (refusal !== undefined) this.#explain(task, explain({ ...noRefusals(), [refusal]: 1 }));
    }
    return free;
  }

  #placeFree(
    group: Group,
    tasks: readonly Task[],
    filters: Filters,
    limit: number,
    nowMs: number,
    decisions: Decision[],
  ): void {
    const wanted = Math.min(tasks.length, limit - decisions.length);
    const spread = this.#spread(group, tasks[0], filters, wanted, nowMs);
    for (const task of tasks) {
      if (decisions.length >= limit) return;
      const placed = spread.next((entry) => {
        decisions.push(this.#assume(task, entry));
        return filters.takesAnother(entry);
      });
      if (placed === undefined) break;
    }
    group.triedIn = this.#generation;
    if (group.tasks.size > 0) this.#explainGroup(group, filters);
  }

  #spread(group: Group, first: Task | undefined, filters: Filters, wanted: number, nowMs: number): Spread {
    const topology = this.#topology(first);
    const byNode = this.#byService.get(group.service) ?? NOWHERE;
    const leaves = new Map<Path, Best>();
    for (const entry of this.#nodes.values()) {
      if (!entry.ready) continue;
      const { load } = entry;
      const candidate: Candidate = {
        entry,
        failing: load.isFailing(group.service, group.specVersion, nowMs),
        ofService: byNode.size === 0 ? 0 : (byNode.get(entry.id) ?? 0),
        tasks: load.tasks,
      };
      const path = topology.pathOf(entry);
      let best = leaves.get(path);
      if (best?.wants(candidate) === false || filters.refuses(entry) !== undefined) continue;
      if (best === undefined) {
        best = new Best(wanted);
        leaves.set(path, best);
      }
      best.offer(candidate);
    }
    const tasks = new Map<Path, number>();
    for (const [id, count] of byNode) {
      const entry = this.#nodes.get(id);
      if (entry === undefined) continue;
      const path = topology.pathOf(entry);
      tasks.set(path, (tasks.get(path) ?? 0) + count);
    }
    return newSpread(
      [...leaves].map(([path, best]) => ({ path, candidates: best.release(), tasks: tasks.get(path) ?? 0 })),
    );
  }

  #explainGroup(group: Group, filters: Filters): void {
    const refusals = noRefusals();
    for (const entry of this.#nodes.values()) {
      const refusal = filters.refuses(entry);
      if (refusal !== undefined) refusals[refusal]++;
    }
    const err = explain(refusals);
    for (const task of group.tasks.values()) if (task.nodeId === "") this.#explain(task, err);
  }

  #explain(task: Task, err: string): void {
    if (task.status?.err === err) this.#explanations.delete(task.id);
    else this.#explanations.set(task.id, err);
  }

  #assume(task: Task, node: NodeEntry): Decision {
    const entry = this.#tasks.get(task.id);
    if (entry !== undefined) {
      entry.assumed = node.id;
      this.#leaveGroup(task);
      this.#count(entry, node.id, node.load, true);
    }
    return { kind: "place", task: task.id, node: node.id };
  }

  // --------------------------------------------------------------------------------------------------------- bookkeeping

  /** Brings group and load in line with the task as committed. */
  #recount(entry: TaskEntry): void {
    const { task } = entry;
    if (isPending(task)) {
      this.#uncount(entry);
      this.#joinGroup(task);
      return;
    }
    this.#leaveGroup(task);
    const state = stateOf(task);
    const holds = task.nodeId !== "" && rank(state) >= rank("assigned") && !isTerminal(state);
    const active = holds && isWanted(task);
    const load = holds ? this.#load(task.nodeId) : undefined;
    const { counted } = entry;
    if (counted?.load === load && (load === undefined || (counted?.active === active && samePorts(counted, task))))
      return;
    this.#uncount(entry);
    if (load === undefined) return;
    this.#count(entry, task.nodeId, load, active);
  }

  #count(entry: TaskEntry, node: NodeId, load: NodeLoad, active: boolean): void {
    const { task } = entry;
    const { serviceId: service, ports } = task;
    entry.counted = { node, load, service, reservation: reservationOf(task), active, ports };
    load.add(entry.counted.reservation, active, 1);
    load.ports.add(ports);
    if (!active) return;
    const byNode = this.#tasksByNode(task.serviceId);
    byNode.set(node, (byNode.get(node) ?? 0) + 1);
  }

  #uncount(entry: TaskEntry): void {
    const { counted } = entry;
    if (counted === undefined) return;
    entry.counted = undefined;
    counted.load.add(counted.reservation, counted.active, -1);
    counted.load.ports.remove(counted.ports);
    if (counted.active) {
      const byNode = this.#tasksByNode(counted.service);
      const count = (byNode.get(counted.node) ?? 0) - 1;
      if (count > 0) byNode.set(counted.node, count);
      else byNode.delete(counted.node);
      if (byNode.size === 0) this.#byService.delete(counted.service);
    }
    this.#generation++; // room was made
  }

  #joinGroup(task: Task): void {
    const key = groupKey(task);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { service: task.serviceId, specVersion: task.specVersion, tasks: new Map(), triedIn: -1 };
      this.#groups.set(key, group);
    }
    if (!group.tasks.has(task.id)) group.triedIn = -1;
    group.tasks.set(task.id, task);
  }

  #leaveGroup(task: Task): void {
    this.#explanations.delete(task.id);
    const key = groupKey(task);
    const group = this.#groups.get(key);
    if (group?.tasks.delete(task.id) === true && group.tasks.size === 0) this.#groups.delete(key);
  }

  #load(id: NodeId): NodeLoad {
    let load = this.#loads.get(id);
    if (load === undefined) {
      load = new NodeLoad();
      this.#loads.set(id, load);
    }
    return load;
  }

  #tasksByNode(service: ServiceId): Map<NodeId, number> {
    let byNode = this.#byService.get(service);
    if (byNode === undefined) {
      byNode = new Map();
      this.#byService.set(service, byNode);
    }
    return byNode;
  }

  #forget(index: number): void {
    for (const filter of this.#traits.values()) filter.forget(index);
    for (const topology of this.#topologies.values()) topology.forget(index);
  }

  #traitFilter({ spec }: Task): TraitFilter {
    return cached(this.#traits, TraitFilter.key(spec), () => new TraitFilter(spec));
  }

  #topology(task: Task | undefined): Topology {
    const preferences = task?.spec?.placement?.preferences ?? [];
    return cached(this.#topologies, Topology.key(preferences), () => new Topology(preferences));
  }
}

/** Bounded: the oldest goes first. */
function cached<T>(cache: Map<string, T>, key: string, make: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    for (const oldest of cache.keys()) {
      if (cache.size < MAX_CACHED) break;
      cache.delete(oldest);
    }
    cache.set(key, value);
  }
  return value;
}

/** Those that it left open are chosen when it is assigned. */
const samePorts = (counted: Pick<Task, "ports">, task: Task): boolean =>
  counted.ports.length === task.ports.length &&
  counted.ports.every((port, i) => port.publishedPort === task.ports[i]?.publishedPort);

const isFailure = (task: Task): boolean =>
  task.nodeId !== "" && (stateOf(task) === "failed" || stateOf(task) === "rejected");
