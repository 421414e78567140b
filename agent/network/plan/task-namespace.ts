// A task's own network namespace: one interface per network, and the last one to the node-local bridge. That last link is
// there for every task, because the name server is reached over it; a task whose networks are all internal gets no default
// route, and the node's rules keep it from everything but names.
//
// On the node-local link the address stands alone (/32): whatever the task sends goes to the switchboard, never to a neighbour,
// so that tasks which share no network cannot reach each other there.

import type { NetworkView } from "../view.ts";
import { type Address, macOfAll, prefixOf, readAddresses } from "./addresses.ts";
import { type LocalTask, type NodeInput, networkSubnets } from "./input.ts";
import { switchOn } from "./ipv6.ts";
import { type Link, type MutableFacts, type NamespaceState, newFacts } from "./kernel.ts";
import { localNets } from "./local-nets.ts";
import { bridgeOf, LOCAL_BRIDGE, namespaceOf, vethOf } from "./names.ts";
import type { GuardedPort } from "./port-guard.ts";
import { hasWayOut, returnPaths, type TaskNetwork } from "./return-path.ts";
import { ANY, BITS, LOOPBACK, MAIN_TABLE, type Namespace } from "./switchboard.ts";
import type { SharedRules } from "./task-rules.ts";

/** Routing tables and rules of return paths start here; the mark is added. */
const RETURN_TABLE_BASE = 100_000;
const RETURN_RULE_PREF_BASE = 10_000;

/**
 * Adds the task's namespace, and the switchboard's ends of its links. `networks` are in the order of its attachments.
 * @param ports these ends are added to it.
 */
export function addTask(
  input: NodeInput,
  task: LocalTask,
  networks: readonly TaskNetwork[],
  board: Namespace,
  ports: GuardedPort[],
  shared: SharedRules,
): NamespaceState {
  const namespace = namespaceOf(task.taskId);
  const links = new Map<string, Link>([["lo", LOOPBACK]]);
  const facts = newFacts();
  facts.sysctl.set("net/ipv4/conf/all/route_localnet", "1"); // 127.0.0.11 is asked on another interface
  facts.sysctl.set("net/ipv4/conf/all/rp_filter", "0"); // a published port's packets come from everywhere
  facts.sysctl.set("net/ipv4/conf/default/rp_filter", "0");

  const link = (name: string, vni: number, mtu: number, addresses: readonly Address[], bridge: string): void => {
    const mac = macOfAll(addresses);
    const veth = vethOf(task.taskId, vni);
    board.links.set(veth, {
      make: { kind: "veth", peerNamespace: namespace, peerName: name },
      mtu,
      master: bridge,
      port: vni === 0 ? "isolated-task" : "task",
      up: true,
    });
    links.set(name, { make: { kind: "peer" }, mtu, mac, up: true });
    ports.push({ link: veth, addresses });
    if (mac !== undefined) board.facts["bridge-port"].set(`${mac} ${bridge}`, veth);
  };

  networks.forEach(({ view, addresses: texts }, index) => {
    const name = `eth${index}`;
    const addresses = readAddresses(texts);
    const { vni, mtu } = view.network;
    link(name, vni, mtu, addresses, bridgeOf(vni));
    const subnets = networkSubnets(view);
    for (const { text, ip } of addresses) facts.address.set(`${text}/${prefixOf(ip, subnets)} dev ${name}`, "");
    if (view.network.ingress) addReturnPaths(view, name, facts);
  });

  const local = `eth${networks.length}`;
  const addresses = readAddresses(task.localAddresses);
  link(local, 0, input.localMtu, addresses, LOCAL_BRIDGE);
  for (const { text, ip } of addresses) {
    facts.address.set(`${text}/${BITS[ip.family]} dev ${local}`, "");
    const mac = macOfAll(addresses);
    if (mac !== undefined) board.facts.neighbour.set(`${text} dev ${LOCAL_BRIDGE}`, `lladdr ${mac}`);
  }
  const wayOut = hasWayOut(networks);
  for (const { host, own } of localNets(input)) {
    const { family } = own.ip;
    if (!addresses.some(({ ip }) => ip.family === family)) continue;
    facts.route.set(`${own.text}/${BITS[family]} table ${MAIN_TABLE}`, `dev ${local}`);
    const via = `via ${own.text} dev ${local}`;
    facts.route.set(`${host.text}/${BITS[family]} table ${MAIN_TABLE}`, via);
    if (wayOut) facts.route.set(`${ANY[family]} table ${MAIN_TABLE}`, via);
  }
  switchOn(input, facts);
  return { links, facts, rules: shared.of(input, task, networks) };
}

function addReturnPaths(view: NetworkView, name: string, facts: MutableFacts): void {
  for (const { mark, addresses } of returnPaths(view)) {
    const table = RETURN_TABLE_BASE + mark;
    for (const family of [4, 6] as const) {
      const via = addresses.find(({ ip }) => ip.family === family);
      if (via === undefined) continue;
      facts.route.set(`${ANY[family]} table ${table}`, `via ${via.text} dev ${name}`);
      facts.rule.set(`${family} pref ${RETURN_RULE_PREF_BASE + mark}`, `fwmark ${mark} lookup ${table}`);
    }
  }
}
