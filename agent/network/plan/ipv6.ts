// What of IPv6 a node can have. Managers do not ask: the ingress network has both families, and so may any other. Where the host
// has IPv6 switched off, nothing of it is on the host, so there are no published ports and no way out by it (hostNets). In the
// namespaces of tasks and of the switchboard it goes on as ever, because tasks on other nodes are told of the addresses
// here, and what goes there between nodes is VXLAN. A kernel without IPv6 has none of it anywhere; its node says so to managers,
// who then lead nobody to its tasks by IPv6, and its tasks are told of no such address (dns/task-names.ts).
//
// A network whose packets are smaller than IPv6 demands (1280 bytes), since some node's link carries little, has IPv4 alone on
// every node: the kernel takes no IPv6 address on such a link. All nodes are told the same MTU, so all leave it out together.
import type { NetworkEndpoint, NetworkNode, NetworkService } from "../../../proto/gen/network.ts";
import type { NetworkId } from "../../../shared/model/ids.ts";
import { MIN_IPV6_MTU } from "../../../shared/network/overlay-mtu.ts";
import type { NetworkView, NetworkViews } from "../view.ts";
import { type LocalTask, NO_HOST, type NodeInput } from "./input.ts";
import type { MutableFacts } from "./kernel.ts";

const isFour = (text: string): boolean => !text.includes(":");
const hasSix = (facts: MutableFacts): boolean => [...facts.address.keys()].some((key) => !isFour(key));

/** The input without what the node's kernel cannot have; the same object where it can have everything. */
export function possibleInput(input: NodeInput): NodeInput {
  const { host = NO_HOST, localSubnets, tasks, views } = input;
  const none = host.ipv6 === "absent";
  const isWithout = (id: NetworkId): boolean => none || isTooNarrow(views.get(id));
  if (!none && ![...views.keys()].some(isWithout)) return input;
  const reduce = (task: LocalTask): LocalTask => ({
    ...task,
    localAddresses: none ? task.localAddresses.filter(isFour) : task.localAddresses,
    attachments: task.attachments.map((one) =>
      isWithout(one.networkId) ? { ...one, addresses: one.addresses.filter(isFour) } : one,
    ),
  });
  return {
    ...input,
    localSubnets: none ? localSubnets.filter(({ subnet }) => isFour(subnet)) : localSubnets,
    tasks: new Map([...tasks].map(([id, task]) => [id, reduce(task)])),
    views: new Map([...views].map(([id, view]) => [id, isWithout(id) ? fourOf(view) : view])),
  };
}

/** An MTU of 0 is one that nobody has told. */
const isTooNarrow = (view: NetworkView | undefined): boolean =>
  view !== undefined && view.network.mtu > 0 && view.network.mtu < MIN_IPV6_MTU;

/** Of a task's addresses on a network, those that it has there. */
export const possibleAddresses = (addresses: readonly string[], view: NetworkView | undefined): readonly string[] =>
  isTooNarrow(view) ? addresses.filter(isFour) : addresses;

/** What names may lead to: without IPv6 on networks whose packets are too small for it. */
export const possibleViews = (views: NetworkViews): NetworkViews =>
  mapped(views, (view) => (isTooNarrow(view) ? fourOf(view) : view));

/** A namespace may begin as the host is (net.core.devconf_inherit_init_net, ipv6.disable_ipv6): what needs IPv6 switches it on. */
export function switchOn({ host = NO_HOST }: NodeInput, facts: MutableFacts): void {
  if (host.ipv6 === "off" && hasSix(facts)) facts.sysctl.set("net/ipv6/conf/all/disable_ipv6", "0");
}

/** Remembered, because rules that were made of a view, or a service, are known by it. */
function remembered<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    const old = known.get(key);
    if (old !== undefined) return old;
    const made = make(key);
    known.set(key, made);
    return made;
  };
}

const fourOfNode = remembered(
  (node: NetworkNode): NetworkNode => ({
    ...node,
    addresses: node.addresses.filter(isFour),
  }),
);
const fourOfService = remembered(
  (service: NetworkService): NetworkService => ({ ...service, vips: service.vips.filter(isFour) }),
);
const fourOfEndpoint = remembered(
  (endpoint: NetworkEndpoint): NetworkEndpoint => ({ ...endpoint, addresses: endpoint.addresses.filter(isFour) }),
);
const mapped = <K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): ReadonlyMap<K, V> =>
  new Map([...map].map(([key, value]) => [key, change(value)]));

/** A network's view without all that is IPv6; the same object for the same view. */
export const fourOf = remembered(
  (view: NetworkView): NetworkView => ({
    version: view.version,
    network: { ...view.network, subnets: view.network.subnets.filter(({ subnet }) => isFour(subnet)) },
    nodes: mapped(view.nodes, fourOfNode),
    services: mapped(view.services, fourOfService),
    endpoints: mapped(view.endpoints, fourOfEndpoint),
  }),
);
