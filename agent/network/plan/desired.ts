// The whole of a node's network that should be, from what managers say and the tasks that are here. Pure, and the same for
// the same input in whatever order it became known.
//
// How the network is made. Each task has a network namespace of its own. For each of its networks there is one link to a
// bridge of this node, and one more link to the node-local bridge skep0: the way out, the name server, ports in host mode.
//
//   task skt-<id>                     node                                     other nodes
//     eth0  10.0.9.3  ── sv<id><vni> ── skbr4097 ── skvx4097 ══ VXLAN, UDP 4789 ══ skvx4097 ...
//     eth1  172.29.x  ── sv<id>0     ── skep0 172.29.0.1   (never on the wire, the same on every node)
//
// - Nothing is learned and nothing is flooded (overlay.ts). A MAC follows from an address, so one list says everything: a
//   changed endpoint is one entry more or less, and what managers have not said cannot be reached.
// - Bridges of ordinary networks have no address on the node: a cluster's subnets do not meddle with the host's own routes. Only
//   the ingress network has one per node, since the node itself sends into it.
// - A service's virtual address is turned into a task's inside the client's namespace (task-rules.ts), a published port in the
//   node's (node-rules.ts). Both keep the client's address. The way back of a published port is return-path.ts.
// - Names: 127.0.0.11 in a task leads to the agent on skep0; the source address says which task asks (dns/answer.ts).
// - An endpoint that drains leaves the rules and the names at once, and its entries only when managers take it away: so
//   no new connection comes to it, and those it has go on.
//
// How it is kept (steps.ts, apply/). Wanted and observed state have one form (kernel.ts); the difference is the plan. All that
// must be known is in the kernel, by names that say what a thing is for: an agent that starts again finds what it made, plans
// nothing, and touches no packet. A lost message, a crash half-way or a hand that meddles is the same case: look, plan, do.
import type { NetworkId, TaskId } from "../../../shared/model/ids.ts";
import type { NetworkView } from "../view.ts";
import { macOfAll, prefixOf, readAddresses, readSubnets } from "./addresses.ts";
import { byKey, type LocalTask, type NodeInput, underlayOf } from "./input.ts";
import { type KernelState, type Link, type MutableFacts, type NamespaceState, newFacts } from "./kernel.ts";
import { LOCAL_BRIDGE, NODE, namespaceOf } from "./names.ts";
import { nodeRules } from "./node-rules.ts";
import { addOverlay } from "./overlay.ts";
import { hasWayOut, type TaskNetwork } from "./return-path.ts";
import { isEmptyRuleset, NO_RULES } from "./ruleset.ts";
import { addTask } from "./task-namespace.ts";

export interface Desired {
  readonly state: KernelState;
  /** Tasks that cannot have their network now, and why. What they already have is left as it is. */
  readonly unready: ReadonlyMap<TaskId, string>;
}

export function desiredNetwork(input: NodeInput): Desired {
  const links = new Map<string, Link>();
  const facts = newFacts();
  const unready = new Map<TaskId, string>();
  const ready: { readonly task: LocalTask; readonly networks: readonly TaskNetwork[] }[] = [];
  for (const task of byKey(input.tasks)) {
    const networks = networksOf(input, task);
    if (typeof networks === "string") unready.set(task.taskId, networks);
    else ready.push({ task, networks });
  }

  const used = new Set(ready.flatMap(({ networks }) => networks.map(({ view }) => view.network.networkId)));
  const made = byKey(input.views).filter(
    (view) => (used.has(view.network.networkId) || publishes(view)) && underlayOf(view, input.nodeId).kind === "ready",
  );
  for (const view of made) {
    const underlay = underlayOf(view, input.nodeId);
    if (underlay.kind === "ready") addOverlay(view, input.nodeId, underlay.local, links, facts);
  }
  if (ready.length > 0) addLocalBridge(input, links, facts);
  const tasks = ready.map(
    ({ task, networks }) => [namespaceOf(task.taskId), addTask(input, task, networks, links, facts)] as const,
  );
  const busy = made.length > 0 || tasks.length > 0;
  if (busy) facts.sysctl.set("net/ipv4/ip_forward", "1");
  if (busy && hasIpv6(input, made)) facts.sysctl.set("net/ipv6/conf/all/forwarding", "1");
  const shut = ready.filter(({ networks }) => !hasWayOut(networks));
  const rules = nodeRules({
    input,
    made,
    ingress: made.filter(publishes),
    tasks: ready.map(({ task }) => task),
    shut: shut.flatMap(({ task }) => readAddresses(task.localAddresses)),
  });
  const node: NamespaceState = { links, facts, rules: busy ? rules : NO_RULES };
  return { state: new Map([[NODE, node], ...tasks]), unready };
}

/** The ingress network is on every node as soon as anything is published on it. */
const publishes = (view: NetworkView): boolean =>
  view.network.ingress && [...view.services.values()].some(({ ports }) => ports.length > 0);

const hasIpv6 = (input: NodeInput, views: readonly NetworkView[]): boolean =>
  [...input.localSubnets, ...views.flatMap(({ network }) => network.subnets)].some(({ subnet }) =>
    subnet.includes(":"),
  );

/** The task's networks in order, or why they cannot be had. */
function networksOf(input: NodeInput, task: LocalTask): readonly TaskNetwork[] | string {
  const networks: TaskNetwork[] = [];
  for (const { networkId, addresses } of task.attachments) {
    const view = input.views.get(networkId);
    if (view === undefined) return missing(networkId);
    const underlay = underlayOf(view, input.nodeId);
    if (underlay.kind === "unready") return `network ${view.network.name}: ${underlay.reason}`;
    if (readAddresses(addresses).length === 0) return `network ${view.network.name}: the task has no address on it yet`;
    networks.push({ view, addresses });
  }
  if (readAddresses(task.localAddresses).length === 0) return "the node-local network has no free address for the task";
  return networks;
}

const missing = (networkId: NetworkId): string =>
  `network ${networkId}: managers have not described it to this node yet`;

function addLocalBridge(input: NodeInput, links: Map<string, Link>, facts: MutableFacts): void {
  const gateways = readAddresses(input.localSubnets.map(({ gateway }) => gateway));
  const subnets = readSubnets(input.localSubnets.map(({ subnet }) => subnet));
  links.set(LOCAL_BRIDGE, { make: { kind: "bridge" }, mtu: input.localMtu, mac: macOfAll(gateways), up: true });
  for (const { text, ip } of gateways) facts.address.set(`${text}/${prefixOf(ip, subnets)} dev ${LOCAL_BRIDGE}`, "");
  facts.sysctl.set(`net/ipv4/conf/${LOCAL_BRIDGE}/route_localnet`, "1"); // ports in host mode answer on 127.0.0.1 too
}

/** True when nothing of ours is wanted: for the end, and for tests. */
export const isBare = (state: KernelState): boolean =>
  [...state].every(([name, { links, rules }]) => name === NODE && links.size === 0 && isEmptyRuleset(rules));
