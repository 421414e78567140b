// What this node knows of one network: the last snapshot with the deltas after it. Pure: a message in, the next view out,
// or the word that something is missing between, upon which the agent asks for the whole again.
import type {
  NetworkDelta,
  NetworkEndpoint,
  NetworkNode,
  NetworkService,
  NetworkSnapshot,
  NetworkUpdate,
  OverlayNetwork,
} from "../../proto/gen/network.ts";
import { assertNever } from "../../shared/errors.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";

export interface NetworkView {
  readonly version: number;
  readonly network: OverlayNetwork;
  readonly nodes: ReadonlyMap<NodeId, NetworkNode>;
  readonly services: ReadonlyMap<ServiceId, NetworkService>;
  readonly endpoints: ReadonlyMap<TaskId, NetworkEndpoint>;
}

export type NetworkViews = ReadonlyMap<NetworkId, NetworkView>;

export type Merged =
  | { readonly kind: "merged"; readonly views: NetworkViews }
  /** Nothing changes; ask for a snapshot of this network. */
  | { readonly kind: "resync"; readonly networkId: NetworkId }
  | { readonly kind: "invalid"; readonly reason: string };

export function viewOf(snapshot: NetworkSnapshot, network: OverlayNetwork): NetworkView {
  return {
    version: snapshot.version,
    network,
    nodes: new Map(snapshot.nodes.map((node) => [node.nodeId, node])),
    services: new Map(snapshot.services.map((service) => [service.serviceId, service])),
    endpoints: new Map(snapshot.endpoints.map((endpoint) => [endpoint.taskId, endpoint])),
  };
}

export const snapshotOf = ({ version, network, nodes, services, endpoints }: NetworkView): NetworkSnapshot => ({
  version,
  network,
  nodes: [...nodes.values()],
  services: [...services.values()],
  endpoints: [...endpoints.values()],
});

/** A repeated or late delta changes nothing; one that does not fit asks for the whole. */
export function merge(views: NetworkViews, update: NetworkUpdate["update"]): Merged {
  if (update === undefined) return { kind: "invalid", reason: "a network update without content" };
  switch (update.kind) {
    case "snapshot": {
      if (update.network === undefined) return { kind: "invalid", reason: "a network snapshot without its network" };
      return merged(views, update.network.networkId, viewOf(update, update.network));
    }
    case "delta": {
      const view = views.get(update.networkId);
      if (view === undefined) return { kind: "resync", networkId: update.networkId };
      if (update.version <= view.version) return { kind: "merged", views };
      if (update.appliesTo !== view.version) return { kind: "resync", networkId: update.networkId };
      return merged(views, update.networkId, mergeDelta(view, update));
    }
    case "gone": {
      const rest = new Map(views);
      rest.delete(update.networkId);
      return { kind: "merged", views: rest };
    }
    default:
      return assertNever(update);
  }
}

const merged = (views: NetworkViews, id: NetworkId, view: NetworkView): Merged => ({
  kind: "merged",
  views: new Map(views).set(id, view),
});

function mergeDelta(view: NetworkView, delta: NetworkDelta): NetworkView {
  return {
    version: delta.version,
    network: delta.network ?? view.network,
    nodes: changed(view.nodes, delta.removedNodeIds, delta.nodes, (node) => node.nodeId),
    services: changed(view.services, delta.removedServiceIds, delta.services, (service) => service.serviceId),
    endpoints: changed(view.endpoints, delta.removedTaskIds, delta.endpoints, (endpoint) => endpoint.taskId),
  };
}

function changed<K, V>(map: ReadonlyMap<K, V>, removed: readonly K[], put: readonly V[], key: (value: V) => K) {
  if (removed.length === 0 && put.length === 0) return map;
  const next = new Map(map);
  for (const id of removed) next.delete(id);
  for (const value of put) next.set(key(value), value);
  return next;
}
