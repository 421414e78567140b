// What the cluster has committed, as the first manager told that applied it; every other one must tell the same, each commit
// once and in order. On it the promises of the control plane are checked, commit by commit.
import { encodeObject } from "../../../manager/store/codec.ts";
import type { Change, Commit, TableName, Tables, View } from "../../../manager/store/types.ts";
import type { Node, Service, Task } from "../../../proto/gen/objects.ts";
import type { NodeId, TaskId } from "../../../shared/model/ids.ts";
import { isLive, isTerminal, rank } from "../../../shared/model/tasks.ts";
import { DrainWatch } from "./drain-watch.ts";
import { Places } from "./places.ts";
import { changesSince, lostSince, objectKey, TABLES } from "./rebase.ts";
import { bytesHash, hashOf, type World } from "./world.ts";

function objectHash<T extends TableName>(table: T, object: Tables[T]): number {
  return bytesHash(encodeObject(table, object));
}

/** Of everything in a view, whatever its order. */
export function viewHash(view: View): number {
  let hash = 0;
  for (const table of TABLES) for (const object of view.all(table)) hash = (hash + objectHash(table, object)) >>> 0;
  return hash;
}

const changeHash = (change: Change): number => objectHash(change.table, change.object);

const slotOf = (task: Task): string => `${task.serviceId}/${task.slot === 0 ? task.nodeId : task.slot}`;
const stateOf = (task: Task): NonNullable<Task["status"]>["state"] => task.status?.state ?? "new";

export class Truth {
  readonly #world: World;
  readonly #commits = new Map<number, number>();
  readonly #states = new Map([[0, 0]]);
  #version = 0;
  /** The last change of every object that there is. */
  readonly #objects = new Map<string, Change>();
  /** Of its bytes. */
  readonly #hashes = new Map<string, number>();
  readonly services = new Map<string, Service>();
  readonly tasks = new Map<string, Task>();
  readonly nodes = new Map<string, Node>();
  readonly places = new Places();
  readonly drains: DrainWatch;
  readonly #names = new Map<string, string>();
  readonly #liveBySlot = new Map<string, Set<string>>();
  readonly #written = new Map<string, number>();
  /** Their node was called down, or was removed, while they ran: they may be replaced and run on out of reach. */
  readonly givenUp = new Set<TaskId>();
  /** Ids or names of services that a user asked to remove. */
  readonly removalAsked = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    this.drains = new DrainWatch(world);
  }

  get version(): number {
    return this.#version;
  }

  get commits(): number {
    return this.#commits.size;
  }

  /** The version at which the object was last written; undefined when it never was. */
  writtenAt(id: string): number | undefined {
    return this.#written.get(id);
  }

  /** A manager looked at its whole store. */
  viewed(who: string, version: number, hash: number): void {
    if (this.#states.get(version) !== hash)
      this.#fail(`${who} has another state at version ${version} than was committed`);
  }

  /** A watcher heard of a commit. */
  committed(who: string, { version, changes }: Commit): void {
    const hashes = changes.map(changeHash);
    const digest = hashOf(changes.map(({ table, action }, i) => `${table} ${action} ${hashes[i]}`).join());
    const known = this.#commits.get(version);
    if (known !== undefined) {
      if (known !== digest) this.#fail(`${who} committed another change at version ${version} than others did`);
      return;
    }
    if (version !== this.version + 1) this.#fail(`${who} committed version ${version} after ${this.version}`);
    this.#commits.set(version, digest);
    this.#version = version;
    let state = this.#states.get(version - 1) ?? 0;
    for (const [i, change] of changes.entries()) state = (state + this.#apply(change, version, hashes[i])) >>> 0;
    const collision = this.places.collision();
    if (collision !== undefined) this.#fail(collision);
    this.#states.set(version, state);
    this.#world.record(`v${version} ${digest.toString(36)} ${changes.map(describe).join(", ")}`);
  }

  /** One manager goes on alone with `view`. @param sure its log had nothing that was not committed. */
  rebase(view: View, sure: boolean): void {
    const { version } = view;
    const changes = changesSince(this.#objects, view);
    const lost = lostSince(this.#objects, view, changeHash);
    const { version: last } = this;
    if (lost !== undefined || version <= last) {
      this.#fail(`going on alone from version ${version} lost ${lost ?? "versions"}, and ${last} was committed`);
    }
    const removed = changes.find(({ action }) => action === "remove");
    if (removed !== undefined && sure) this.#fail(`going on alone lost ${describe(removed)}`);
    let state = this.#states.get(last) ?? 0;
    for (const change of changes) state = (state + this.#apply(change, version)) >>> 0;
    this.#version = version; // what was under way is told to nobody, one by one
    this.#states.set(version, state);
    this.viewed("the manager that goes on alone", version, viewHash(view));
    this.#world.record(`v${version} alone: ${changes.map(describe).join(", ")}`);
  }

  /** Returns by how much the state's hash changes. */
  #apply(change: Change, version: number, hash = changeHash(change)): number {
    const key = objectKey(change.table, change.object.id);
    const before = this.#hashes.get(key) ?? 0;
    const removed = change.action === "remove";
    const after = removed ? 0 : hash;
    if (removed) {
      this.#objects.delete(key);
      this.#hashes.delete(key);
    } else {
      this.#objects.set(key, change);
      this.#hashes.set(key, after);
    }
    this.#written.set(change.object.id, version);
    this.places.change(change);
    this.drains.change(change, version);
    if (change.table === "task") this.#task(change);
    else if (change.table === "service") this.#service(change);
    else if (change.table === "node") this.#node(change);
    return after - before;
  }

  #service(change: Extract<Change, { table: "service" }>): void {
    const { object: service } = change;
    const name = service.spec?.name.toLowerCase() ?? "";
    if (change.action === "remove") {
      if (!this.removalAsked.has(service.id) && !this.removalAsked.has(name))
        this.#fail(`service ${name} was removed, and nobody asked for it`);
      this.services.delete(service.id);
      this.#names.delete(name);
      return;
    }
    const holder = this.#names.get(name);
    if (holder !== undefined && holder !== service.id)
      this.#fail(`services ${holder} and ${service.id} are both ${name}`);
    this.#names.set(name, service.id);
    this.services.set(service.id, service);
  }

  #node(change: Extract<Change, { table: "node" }>): void {
    const { object: node } = change;
    const gone = change.action === "remove";
    if (gone) this.nodes.delete(node.id);
    else this.nodes.set(node.id, node);
    if (gone || node.status?.state === "down") {
      for (const task of this.tasks.values())
        if (task.nodeId === node.id && !isTerminal(stateOf(task))) this.givenUp.add(task.id);
    }
  }

  #task(change: Extract<Change, { table: "task" }>): void {
    const { object: task } = change;
    switch (change.action) {
      case "remove": {
        const state = stateOf(change.object);
        const node = this.#nodeState(task.nodeId);
        const nobodyHasIt = rank(state) < rank("assigned") || node === undefined || node === "down";
        if (!isTerminal(state) && !nobodyHasIt) this.#fail(`task ${task.id} was removed while its node may run it`);
        this.tasks.delete(task.id);
        this.#live(task, false);
        return;
      }
      case "update": {
        const { old } = change;
        if (rank(stateOf(task)) < rank(stateOf(old)))
          this.#fail(`task ${task.id} went back from ${stateOf(old)} to ${stateOf(task)}`);
        if (rank(task.desiredState) < rank(old.desiredState)) this.#fail(`task ${task.id} shall run again`);
        if (old.nodeId !== "" && old.nodeId !== task.nodeId) this.#fail(`task ${task.id} was moved`);
        if (isTerminal(stateOf(old)) && stateOf(old) !== stateOf(task)) this.#fail(`task ${task.id} ended twice`);
        break;
      }
      case "create":
        if (this.tasks.has(task.id)) this.#fail(`task ${task.id} was created twice`);
    }
    this.tasks.set(task.id, task);
    this.#live(task, isLive(task));
    if (stateOf(task) === "assigned") this.#placed(task);
  }

  /** A task comes to a node that has room for it. */
  #placed({ id, nodeId }: Task): void {
    const { reserved, capacity } = this.reservedOn(nodeId);
    if (reserved > capacity)
      this.#fail(`task ${id} was placed on node ${nodeId}, where ${reserved} of ${capacity} is reserved`);
  }

  /** In billionths of a processor. */
  reservedOn(nodeId: string): { readonly reserved: number; readonly capacity: number } {
    let reserved = 0;
    for (const other of this.tasks.values()) {
      if (other.nodeId !== nodeId || isTerminal(stateOf(other)) || rank(stateOf(other)) < rank("assigned")) continue;
      reserved += other.spec?.resources?.reservations?.nanoCpus ?? 0;
    }
    return { reserved, capacity: this.nodes.get(nodeId)?.description?.resources?.nanoCpus ?? 0 };
  }

  /** Where a task has this port in mode host, or is about to. */
  nodesWithPort(publishedPort: number): readonly NodeId[] {
    return [...this.tasks.values()].flatMap((task) => {
      if (publishedPort === 0 || task.nodeId === "" || isTerminal(stateOf(task))) return [];
      if (rank(stateOf(task)) < rank("assigned")) return [];
      return task.ports.some((port) => port.publishedPort === publishedPort) ? [task.nodeId] : [];
    });
  }

  #live(task: Task, live: boolean): void {
    const slot = slotOf(task);
    const tasks = this.#liveBySlot.get(slot) ?? new Set();
    this.#liveBySlot.set(slot, tasks);
    if (live) tasks.add(task.id);
    else tasks.delete(task.id);
    if (tasks.size > 1 + this.#surge(task)) this.#fail(`${tasks.size} tasks shall run in slot ${slot}: ${[...tasks]}`);
  }

  /** How many more than desired an update may start in a slot. */
  #surge(task: Task): number {
    return this.services.get(task.serviceId)?.spec?.updateConfig?.order === "start_first" ? 1 : 0;
  }

  /**
   * The containers that run, on all hosts: of one slot no two, unless the managers gave up the node of one of them, or a
   * user has scaled it away.
   */
  containersRun(running: readonly { readonly task: TaskId; readonly host: NodeId }[]): void {
    const slots = new Map<string, TaskId>();
    for (const { task: id } of running) {
      const task = this.tasks.get(id);
      if (task === undefined || this.givenUp.has(id) || task.desiredState === "remove") continue;
      const slot = slotOf(task);
      const other = slots.get(slot);
      if (other !== undefined && this.#surge(task) === 0) {
        this.#fail(`two containers run in slot ${slot}: ${other} and ${id}`);
      }
      slots.set(slot, id);
    }
  }

  #nodeState(id: NodeId): string | undefined {
    const node = this.nodes.get(id);
    return node === undefined ? undefined : (node.status?.state ?? "unknown");
  }

  #fail(message: string): never {
    return this.#world.fail(message);
  }
}

function describe(change: Change): string {
  const { table, action, object } = change;
  const short = `${action} ${table} ${object.id.slice(0, 6)}`;
  if (change.table === "task" && change.action !== "remove") {
    const { slot, nodeId, status, desiredState } = change.object;
    return `${short} slot ${slot} on ${nodeId.slice(0, 6)} ${status?.state}/${desiredState}`;
  }
  if (change.table === "node" && change.action !== "remove") return `${short} ${change.object.status?.state}`;
  if (change.table === "service" && change.action !== "remove") {
    const { spec, updateStatus } = change.object;
    const replicas = spec?.mode?.kind === "replicated" ? spec.mode.replicas : "global";
    return `${short} ${spec?.name} ${replicas} ${spec?.labels["value"] ?? ""} ${updateStatus?.state ?? ""}`;
  }
  return short;
}
