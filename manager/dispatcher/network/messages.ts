// A network in words: all of it, or what changed after a version. Agents that are at the same version get the very same message
// object, made once; with a thousand nodes on a network that is most of the work (encode.ts).
//
// A snapshot is one message up to MAX_PART_BYTES: agents take answers of up to 64 MiB, and a network of 65,536 addresses has some
// 15. A still larger one is cut: the snapshot has the first part, and deltas bring the rest, each upon the last. Only the last has
// the version itself; the others have those just before it, which claim nothing that is not so: an endpoint that is missing gets
// no connection, and of those that were ready at an earlier version and are no more, none is said to be.
import { type DispatcherMessage, newDispatcherMessage } from "../../../proto/gen/dispatcher.ts";
import {
  encodeNetworkEndpoint,
  encodeNetworkNode,
  encodeNetworkService,
  type NetworkDelta,
  type NetworkEndpoint,
  type NetworkHeld,
  type NetworkNode,
  type NetworkService,
  type NetworkUpdate,
  newNetworkDelta,
  newNetworkGone,
  newNetworkSnapshot,
  type OverlayNetwork,
} from "../../../proto/gen/network.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";
import { networkDigest } from "../../../shared/network/network-digest.ts";
import type { ChangedKey } from "./change-log.ts";
import type { NetworkTable } from "./table.ts";

const MAX_PART_BYTES = 16 * 1024 * 1024;
/** A delta of more changes is no better than the whole. */
const MAX_DELTA_KEYS = 10_000;
const MIN_SNAPSHOT_KEYS = 1_000;
/** Agents that are at other versions than the rest make messages of their own. */
const MAX_KEPT_DELTAS = 16;

/** The message that brings an agent to `version`. */
export interface NetworkMessage {
  readonly version: number;
  readonly message: DispatcherMessage;
}

interface Kept {
  readonly version: number;
  snapshot: readonly NetworkMessage[] | undefined;
  readonly deltas: Map<number, NetworkMessage | undefined>;
  digest: Uint8Array | undefined;
  /** By the version that they are upon. */
  readonly confirmations: Map<number, NetworkMessage>;
}

/** The messages of all networks as they are now, each made when it is first asked for. */
export class NetworkMessages {
  readonly #maxPartBytes: number;
  #kept = new WeakMap<NetworkTable, Kept>();

  constructor(maxPartBytes = MAX_PART_BYTES) {
    this.#maxPartBytes = maxPartBytes;
  }

  /** Nobody needs them soon: a network's messages can be as large as all networks together. */
  forget(): void {
    this.#kept = new WeakMap();
  }

  /** In the order in which they are to be sent; the table must have a network. */
  snapshot(table: NetworkTable, network: OverlayNetwork): readonly NetworkMessage[] {
    const kept = this.#of(table);
    kept.snapshot ??= snapshotOf(table, network, this.#maxPartBytes);
    return kept.snapshot;
  }

  /** What an agent knows just so that says that it does: a delta without content. Undefined when it knows it otherwise. */
  confirmation(table: NetworkTable, network: OverlayNetwork, held: NetworkHeld): NetworkMessage | undefined {
    const kept = this.#of(table);
    const { version, nodes, services, endpoints } = table;
    if (held.version > version) return undefined;
    kept.digest ??= networkDigest({ network, nodes, services, endpoints });
    if (Buffer.compare(kept.digest, held.digest) !== 0) return undefined;
    const known = kept.confirmations.get(held.version);
    if (known !== undefined) return known;
    const delta = newNetworkDelta({ networkId: network.networkId, version, appliesTo: held.version });
    const confirmation = { version, message: inMessage({ kind: "delta", ...delta }) };
    if (kept.confirmations.size < MAX_KEPT_DELTAS) kept.confirmations.set(held.version, confirmation);
    return confirmation;
  }

  /** Undefined when a snapshot is the shorter way, or the only one. */
  delta(table: NetworkTable, network: OverlayNetwork, appliesTo: number): NetworkMessage | undefined {
    const { deltas } = this.#of(table);
    if (deltas.has(appliesTo)) return deltas.get(appliesTo);
    const delta = deltaOf(table, network, appliesTo);
    if (deltas.size >= MAX_KEPT_DELTAS) deltas.clear();
    deltas.set(appliesTo, delta);
    return delta;
  }

  #of(table: NetworkTable): Kept {
    const kept = this.#kept.get(table);
    if (kept?.version === table.version) return kept;
    const fresh: Kept = {
      version: table.version,
      snapshot: undefined,
      deltas: new Map(),
      digest: undefined,
      confirmations: new Map(),
    };
    this.#kept.set(table, fresh);
    return fresh;
  }
}

export const gone = (networkId: NetworkId): DispatcherMessage =>
  inMessage({ kind: "gone", ...newNetworkGone({ networkId }) });

const inMessage = (update: NonNullable<NetworkUpdate["update"]>): DispatcherMessage =>
  newDispatcherMessage({ message: { kind: "network", update } });

// ------------------------------------------------------------------------------------------------------------- snapshots

class Part {
  readonly nodes: NetworkNode[] = [];
  readonly services: NetworkService[] = [];
  readonly endpoints: NetworkEndpoint[] = [];
  bytes = 0;
}

function snapshotOf(table: NetworkTable, network: OverlayNetwork, maxBytes: number): readonly NetworkMessage[] {
  const parts = cut(table, maxBytes);
  const { networkId } = network;
  const { version: last } = table;
  return parts.map(({ nodes, services, endpoints }, index) => {
    const version = last - (parts.length - 1 - index);
    const content = { version, nodes, services, endpoints };
    const update: NetworkUpdate["update"] =
      index === 0
        ? { kind: "snapshot", ...newNetworkSnapshot({ ...content, network }) }
        : { kind: "delta", ...newNetworkDelta({ ...content, networkId, appliesTo: version - 1 }) };
    return { version, message: inMessage(update) };
  });
}

function cut(table: NetworkTable, maxBytes: number): readonly Part[] {
  let part = new Part();
  const parts = [part];
  // A version for each part must be there.
  const maxParts = Math.max(1, table.version);
  const add = <T>(values: Iterable<T>, encode: (value: T) => Uint8Array, into: (part: Part) => T[]): void => {
    for (const value of values) {
      const bytes = encode(value).length;
      if (part.bytes > 0 && part.bytes + bytes > maxBytes && parts.length < maxParts) {
        part = new Part();
        parts.push(part);
      }
      part.bytes += bytes;
      into(part).push(value);
    }
  };
  add(table.nodes.values(), encodeNetworkNode, ({ nodes }) => nodes);
  add(table.services.values(), encodeNetworkService, ({ services }) => services);
  add(table.endpoints.values(), encodeNetworkEndpoint, ({ endpoints }) => endpoints);
  return parts;
}

// ---------------------------------------------------------------------------------------------------------------- deltas

function deltaOf(table: NetworkTable, network: OverlayNetwork, appliesTo: number): NetworkMessage | undefined {
  const keys = table.changesAfter(appliesTo);
  if (keys === undefined || keys.length > MAX_DELTA_KEYS) return undefined;
  const size = table.nodes.size + table.services.size + table.endpoints.size;
  if (keys.length > Math.max(MIN_SNAPSHOT_KEYS, size / 2)) return undefined;
  const { version } = table;
  const { networkId } = network;
  const delta = newNetworkDelta({ networkId, version, appliesTo, ...contentOf(table, network, keys) });
  return { version, message: inMessage({ kind: "delta", ...delta }) };
}

function contentOf(table: NetworkTable, network: OverlayNetwork, keys: readonly ChangedKey[]): Partial<NetworkDelta> {
  const nodes: NetworkNode[] = [];
  const services: NetworkService[] = [];
  const endpoints: NetworkEndpoint[] = [];
  const removedNodeIds: NodeId[] = [];
  const removedServiceIds: ServiceId[] = [];
  const removedTaskIds: TaskId[] = [];
  let changed: OverlayNetwork | undefined;
  const add = <K, V>(id: K, value: V | undefined, values: V[], removed: K[]): void => {
    if (value === undefined) removed.push(id);
    else values.push(value);
  };
  for (const key of keys) {
    if (key.kind === "network") changed = network;
    else if (key.kind === "node") add(key.id, table.nodes.get(key.id), nodes, removedNodeIds);
    else if (key.kind === "service") add(key.id, table.services.get(key.id), services, removedServiceIds);
    else add(key.id, table.endpoints.get(key.id), endpoints, removedTaskIds);
  }
  return { network: changed, nodes, services, endpoints, removedNodeIds, removedServiceIds, removedTaskIds };
}
