// What the plan is made from: what managers say of the networks, and the tasks of this node that have a network of their own.
import type { NetworkEndpoint, NetworkSubnet, PublishedPort } from "../../../proto/gen/network.ts";
import type { NetworkId, NodeId, TaskId } from "../../../shared/model/ids.ts";
import { parseSubnet } from "../../../shared/model/ip.ts";
import type { NetworkView, NetworkViews } from "../view.ts";
import { type Address, readAddresses } from "./addresses.ts";
import { VXLAN_PORT } from "./names.ts";

export interface Attachment {
  readonly networkId: NetworkId;
  /** The task's addresses on it, of one or both families. */
  readonly addresses: readonly string[];
}

/** A task of this node with a network namespace of its own, from before it is created until its container is gone. */
export interface LocalTask {
  readonly taskId: TaskId;
  /** In the order of the interfaces eth0, eth1 and so on; after them comes the node-local link. */
  readonly attachments: readonly Attachment[];
  /** Its ports in host mode. */
  readonly ports: readonly PublishedPort[];
  /** Its addresses on the node-local bridge: see assignLocalAddresses. */
  readonly localAddresses: readonly string[];
}

/** What the host has that is not ours. */
export interface HostFacts {
  /** Its links with the addresses that it can be reached at. */
  readonly links: ReadonlyMap<string, readonly string[]>;
  /** Who drops what the host would forward, in words; [] is nobody. */
  readonly forwardDrops: readonly string[];
  /** "off": by net.ipv6.conf.all (or default).disable_ipv6; "absent": the kernel has none, nowhere. */
  readonly ipv6: "on" | "off" | "absent";
  /** The kernel has rules for what passes a bridge (CONFIG_NF_TABLES_BRIDGE). */
  readonly filtersBridges: boolean;
}

export const NO_HOST: HostFacts = { links: new Map(), forwardDrops: [], ipv6: "on", filtersBridges: true };

export interface NodeInput {
  readonly nodeId: NodeId;
  readonly views: NetworkViews;
  readonly tasks: ReadonlyMap<TaskId, LocalTask>;
  /** The node-local network; the gateways are the node's own addresses. The same on every node, and never on the wire. */
  readonly localSubnets: readonly NetworkSubnet[];
  readonly localMtu: number;
  /** As NetworkNode read it; callers leave it out. */
  readonly host?: HostFacts;
  /** Where the agent's name server listens, on the gateways of `localSubnets`. */
  readonly dnsPort: number;
}

export const byKey = <K extends string, V>(map: ReadonlyMap<K, V>): readonly V[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);

export const networkSubnets = (view: NetworkView) =>
  view.network.subnets.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);

/** Ready endpoints of every service, found in one pass. */
export function readyByService(view: NetworkView): ReadonlyMap<string, readonly NetworkEndpoint[]> {
  const found = new Map<string, NetworkEndpoint[]>();
  for (const endpoint of byKey(view.endpoints)) {
    if (endpoint.state !== "ready" || endpoint.serviceId === "") continue;
    const known = found.get(endpoint.serviceId);
    if (known === undefined) found.set(endpoint.serviceId, [endpoint]);
    else known.push(endpoint);
  }
  return found;
}

export type Underlay =
  | { readonly kind: "ready"; readonly local: Address }
  /** The network cannot be made on this node now; `reason` completes "network web: ...". */
  | { readonly kind: "unready"; readonly reason: string };

/** Where this node takes the network's packets. An encrypted network has no plain second choice. */
export function underlayOf(view: NetworkView, nodeId: NodeId): Underlay {
  const { network } = view;
  const node = view.nodes.get(nodeId);
  if (node === undefined) return { kind: "unready", reason: "managers have not told this node's own address yet" };
  const [local] = readAddresses(network.encrypted ? node.encryptedAddresses : node.underlayAddresses);
  if (local !== undefined) return { kind: "ready", local };
  return {
    kind: "unready",
    reason: network.encrypted
      ? "it is encrypted, and this node has no address in the encrypted tunnel yet"
      : "this node has no address for it",
  };
}

/** Where a remote node takes them: an address of the same family as ours. */
export function remoteUnderlay(view: NetworkView, nodeId: NodeId, local: Address): string | undefined {
  const node = view.nodes.get(nodeId);
  if (node === undefined) return undefined;
  const addresses = readAddresses(view.network.encrypted ? node.encryptedAddresses : node.underlayAddresses);
  return addresses.find(({ ip }) => ip.family === local.ip.family)?.text;
}

/** UDP, the same for all networks of a cluster. */
export const vxlanPortOf = ({ network }: NetworkView): number => network.dataPathPort || VXLAN_PORT;

export function dataPathPortOf({ views }: NodeInput): number {
  const [port = VXLAN_PORT] = [...views.values()].map(vxlanPortOf);
  return port;
}
