// One network as agents shall see it: itself, the nodes that take part, the services and the endpoints on it. It is changed part
// by part, and knows at which version of the store it last changed, and what. An endpoint's state depends on its own task, on its
// node, and for doubtful ones (state.ts) on whether the service has a sure one: those are found again when that turns.
import {
  encodeNetworkEndpoint,
  encodeNetworkNode,
  encodeNetworkService,
  encodeOverlayNetwork,
  type NetworkEndpoint,
  type NetworkNode,
  type NetworkService,
  type OverlayNetwork,
} from "../../../proto/gen/network.ts";
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";
import { type ChangedKey, ChangeLog } from "./change-log.ts";

/** A task on the network, before the others are looked at. */
export interface Place {
  /** Its state is the task's own part. */
  readonly endpoint: NetworkEndpoint;
  /** Its node misses heartbeats. */
  readonly doubtful: boolean;
}

interface Ready {
  sure: number;
  readonly doubtful: Set<TaskId>;
}

export class NetworkTable {
  #network: OverlayNetwork | undefined;
  #version: number;
  readonly #nodes = new Map<NodeId, NetworkNode>();
  readonly #services = new Map<ServiceId, NetworkService>();
  readonly #endpoints = new Map<TaskId, NetworkEndpoint>();
  readonly #places = new Map<TaskId, Place>();
  readonly #ready = new Map<ServiceId, Ready>();
  /** Since when nothing new is sent to a task that once was ready, or may have been; also while its node has no endpoints. */
  readonly #closedAt = new Map<TaskId, number>();
  readonly #firstVersion: number;
  readonly #log: ChangeLog;

  constructor(version: number) {
    this.#version = version;
    this.#firstVersion = version;
    this.#log = new ChangeLog(version);
  }

  /** Undefined: tasks or services speak of a network that does not exist. */
  get network(): OverlayNetwork | undefined {
    return this.#network;
  }

  /** The store's version of the last change. */
  get version(): number {
    return this.#version;
  }

  get nodes(): ReadonlyMap<NodeId, NetworkNode> {
    return this.#nodes;
  }

  get services(): ReadonlyMap<ServiceId, NetworkService> {
    return this.#services;
  }

  get endpoints(): ReadonlyMap<TaskId, NetworkEndpoint> {
    return this.#endpoints;
  }

  get isEmpty(): boolean {
    return this.#network === undefined && this.#nodes.size + this.#services.size + this.#endpoints.size === 0;
  }

  /** What changed after `version`; undefined when that is not known any more. */
  changesAfter(version: number): readonly ChangedKey[] | undefined {
    return this.#log.after(version);
  }

  /** The version from which on nobody sends anything new to the task; 0 when nobody ever did. */
  closedAt(task: TaskId): number {
    const endpoint = this.#endpoints.get(task);
    if (endpoint?.state === "ready") return Number.POSITIVE_INFINITY;
    return this.#closedAt.get(task) ?? (endpoint === undefined ? this.#firstVersion : 0);
  }

  setNetwork(version: number, network: OverlayNetwork | undefined): void {
    if (same(this.#network, network, encodeOverlayNetwork)) return;
    this.#network = network;
    this.#changed(version, { kind: "network" });
  }

  setNode(version: number, id: NodeId, node: NetworkNode | undefined): void {
    if (put(this.#nodes, id, node, encodeNetworkNode)) this.#changed(version, { kind: "node", id });
  }

  setService(version: number, id: ServiceId, service: NetworkService | undefined): void {
    if (put(this.#services, id, service, encodeNetworkService)) this.#changed(version, { kind: "service", id });
  }

  /** The task is on the network no more. */
  removeTask(version: number, id: TaskId): void {
    this.setPlace(version, id, undefined);
    this.#closedAt.delete(id);
  }

  /** @param place undefined: for now nobody can reach it. */
  setPlace(version: number, id: TaskId, place: Place | undefined): void {
    const old = this.#places.get(id);
    if (place === undefined && old === undefined) return;
    const lost = this.#count(id, old, -1);
    const found = this.#count(id, place, 1);
    if (place === undefined) this.#places.delete(id);
    else this.#places.set(id, place);
    this.#settle(version, id);
    for (const other of lost) this.#settle(version, other);
    for (const other of found) this.#settle(version, other);
  }

  /** Returns the doubtful endpoints of the service, when it got its first sure one or lost the last. */
  #count(id: TaskId, place: Place | undefined, sign: 1 | -1): readonly TaskId[] {
    if (place === undefined || place.endpoint.state !== "ready") return NONE;
    const { serviceId } = place.endpoint;
    if (serviceId === "") return NONE;
    const known = this.#ready.get(serviceId);
    const ready = known ?? { sure: 0, doubtful: new Set<TaskId>() };
    if (known === undefined) this.#ready.set(serviceId, ready);
    const hadSure = ready.sure > 0;
    if (!place.doubtful) ready.sure += sign;
    else if (sign > 0) ready.doubtful.add(id);
    else ready.doubtful.delete(id);
    if (ready.sure === 0 && ready.doubtful.size === 0) this.#ready.delete(serviceId);
    return hadSure === ready.sure > 0 || ready.doubtful.size === 0 ? NONE : [...ready.doubtful];
  }

  #settle(version: number, id: TaskId): void {
    const place = this.#places.get(id);
    const before = this.#endpoints.get(id);
    const after = place === undefined ? undefined : this.#decided(place);
    if (!put(this.#endpoints, id, after, encodeNetworkEndpoint)) return;
    this.#changed(version, { kind: "endpoint", id });
    if (after?.state === "ready") this.#closedAt.delete(id);
    else if (before?.state === "ready") this.#closedAt.set(id, version);
    else if (before === undefined && after?.state === "draining" && !this.#closedAt.has(id)) {
      this.#closedAt.set(id, version);
    }
  }

  #decided({ endpoint, doubtful }: Place): NetworkEndpoint {
    if (!doubtful || endpoint.state !== "ready") return endpoint;
    const sure = this.#ready.get(endpoint.serviceId)?.sure ?? 0;
    return sure > 0 ? { ...endpoint, state: "draining" } : endpoint;
  }

  #changed(version: number, key: ChangedKey): void {
    this.#version = version;
    this.#log.add(version, key, this.#nodes.size + this.#services.size + this.#endpoints.size);
  }
}

const NONE: readonly TaskId[] = [];

/** Returns whether that changed anything. */
function put<K, V>(map: Map<K, V>, id: K, value: V | undefined, encode: (value: V) => Uint8Array): boolean {
  if (same(map.get(id), value, encode)) return false;
  if (value === undefined) map.delete(id);
  else map.set(id, value);
  return true;
}

function same<V>(a: V | undefined, b: V | undefined, encode: (value: V) => Uint8Array): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || Buffer.compare(encode(a), encode(b)) === 0;
}
