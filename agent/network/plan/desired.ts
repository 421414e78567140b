// The whole of a node's network that should be, from what managers say and the tasks that are here. Pure, and the same for
// the same input in whatever order it became known.
//
// How the network is made. Each task has a network namespace of its own. One more, the switchboard, has the node's bridges: for
// each of a task's networks there is one link to a bridge there, and one more to the node-local bridge: the way out, the name
// server, ports in host mode. The host has one link of ours, skep0, and a few rules.
//
//   task skt-<id>                   switchboard skn-<node>                        host
//     eth0  10.0.9.3  ── sv<id><vni> ── skbr4097 ── skvx4097 ══ VXLAN, by the host's addresses ══ other nodes
//     eth1  172.29.x  ── sv<id>0     ── skbr0  172.29.0.2
//                                                   skup ────── skep0  172.29.0.1 ── the world, the agent's name server
//
// - Nothing is learned and nothing is flooded (overlay.ts). A MAC follows from an address, so one list says everything: a
//   changed endpoint is one entry more or less, and what managers have not said cannot be reached.
// - Bridges of ordinary networks have no address: a cluster's subnets do not meddle with the host's own routes. Only the
//   ingress network has one per node, in the switchboard, which sends into it.
// - Why a switchboard. Rules at a hook are rules for everything in that namespace: with br_netfilter, which Docker loads, even
//   what stays inside a bridge passes the host's FORWARD, and where that drops, no rule of ours can let it through. In a
//   namespace of its own the network has only our rules, and the host's rules and connection table only what is the host's.
//   The VXLAN device keeps its outer side in the host's namespace.
// - A service's virtual address is turned into a task's inside the client's namespace (task-rules.ts), a published port in the
//   switchboard (mesh-rules.ts), to which the host's rules pass its packets on, past FORWARD (node-rules.ts). Both keep the
//   client's address. The way back of a published port is return-path.ts. What tasks send into the world is forwarded by the
//   host, or goes past FORWARD where that drops (past-forward.ts).
// - Every namespace has a table of connections of its own: a task that fills its own disturbs nobody in a network, nor the mesh.
//   What it sends into the world is in the switchboard's and the host's as well, as with any masquerade: when such a table
//   is full, the kernel gives up connections without an answer for new ones.
// - A task sends only with its own MAC and addresses: port-guard.ts.
// - A host without IPv6 has what IPv4 can do: ipv6.ts.
// - Names: 127.0.0.11 in a task leads to the agent on skep0; the source address says which task asks (dns/answer.ts).
// - An endpoint that drains leaves the rules and the names at once, and its entries only when managers take it away: so
//   no new connection comes to it, and those it has go on.
//
// How it is kept (steps.ts, apply/). Wanted and observed state have one form (kernel.ts); the difference is the plan. All that
// must be known is in the kernel, by names that say what a thing is for: an agent that starts again finds what it made, plans
// nothing, and touches no packet. A lost message, a crash half-way or a hand that meddles is the same case: look, plan, do.
import type { NetworkId, TaskId } from "../../../shared/model/ids.ts";
import type { NetworkView } from "../view.ts";
import { readAddresses } from "./addresses.ts";
import { byKey, type LocalTask, type NodeInput, underlayOf } from "./input.ts";
import { possibleInput, switchOn } from "./ipv6.ts";
import { type KernelState, type Link, type NamespaceState, newFacts } from "./kernel.ts";
import { meshRules } from "./mesh-rules.ts";
import { NODE, namespaceOf, switchboardOf } from "./names.ts";
import { nodeRules } from "./node-rules.ts";
import { addOverlay } from "./overlay.ts";
import type { GuardedPort } from "./port-guard.ts";
import { publications } from "./published.ts";
import { hasWayOut, type TaskNetwork } from "./return-path.ts";
import { isEmptyRuleset, NO_RULES } from "./ruleset.ts";
import { addSwitchboard, LOOPBACK } from "./switchboard.ts";
import { addTask } from "./task-namespace.ts";
import { SharedRules } from "./task-rules.ts";

export interface Desired {
  readonly state: KernelState;
  /** Tasks that cannot have their network now, and why. What they already have is left as it is. */
  readonly unready: ReadonlyMap<TaskId, string>;
}

/** @param shared what earlier plans have made of the same; the result does not depend on it. */
export function desiredNetwork(wish: NodeInput, shared: SharedRules = new SharedRules()): Desired {
  const input = possibleInput(wish);
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
  const node = { links: new Map<string, Link>(), facts: newFacts() };
  if (made.length === 0 && input.tasks.size === 0)
    return { state: new Map([[NODE, { ...node, rules: NO_RULES }]]), unready };

  const board = { links: new Map<string, Link>([["lo", LOOPBACK]]), facts: newFacts() };
  addSwitchboard(input, node, board);
  for (const view of made) {
    const underlay = underlayOf(view, input.nodeId);
    if (underlay.kind === "ready") addOverlay(view, input.nodeId, underlay.local, board.links, board.facts);
  }
  switchOn(input, board.facts);
  const ports: GuardedPort[] = [];
  const tasks = ready.map(
    ({ task, networks }) => [namespaceOf(task.taskId), addTask(input, task, networks, board, ports, shared)] as const,
  );
  shared.forget();
  const ingress = made.filter(publishes);
  const published = publications(
    input.nodeId,
    ingress,
    ready.map(({ task }) => task),
  );
  const shut = ready.filter(({ networks }) => !hasWayOut(networks));
  const mesh = meshRules({
    input,
    made,
    ingress,
    published,
    shut: shut.flatMap(({ task }) => readAddresses(task.localAddresses)),
    ports,
  });
  const state = new Map<string, NamespaceState>([
    [NODE, { ...node, rules: nodeRules(input, published) }],
    [switchboardOf(input.nodeId), { ...board, rules: mesh }],
    ...tasks,
  ]);
  return { state, unready };
}

/** The ingress network is on every node as soon as anything is published on it, and while a task of such a service lives. */
const publishes = (view: NetworkView): boolean =>
  view.network.ingress &&
  (view.endpoints.size > 0 || [...view.services.values()].some(({ ports }) => ports.length > 0));

/** The task's networks in order, or why they cannot be had. */
function networksOf(input: NodeInput, task: LocalTask): readonly TaskNetwork[] | string {
  const networks: TaskNetwork[] = [];
  for (const { networkId, addresses } of task.attachments) {
    const view = input.views.get(networkId);
    if (view === undefined) return missing(networkId);
    const underlay = underlayOf(view, input.nodeId);
    if (underlay.kind === "unready") return `network ${view.network.name}: ${underlay.reason}`;
    if (readAddresses(addresses).length === 0) return `network ${view.network.name}: ${noAddress(view)}`;
    networks.push({ view, addresses });
  }
  if (readAddresses(task.localAddresses).length === 0) return "the node-local network has no free address for the task";
  return networks;
}

const noAddress = ({ network }: NetworkView): string =>
  network.subnets.length > 0
    ? "the task has no address on it yet"
    : `it has only IPv6, which cannot be on this node: its packets are of ${network.mtu} bytes here, or the kernel has no IPv6`;

const missing = (networkId: NetworkId): string =>
  `network ${networkId}: managers have not described it to this node yet`;

/** True when nothing of ours is wanted: for the end, and for tests. */
export const isBare = (state: KernelState): boolean =>
  [...state].every(([name, { links, rules }]) => name === NODE && links.size === 0 && isEmptyRuleset(rules));
