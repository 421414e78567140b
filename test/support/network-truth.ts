// What must hold of networks, addresses and ports in any state of the store, found by reading all objects: no index is asked.
import type { View } from "../../manager/store/types.ts";
import type { Network, PortConfig } from "../../proto/gen/objects.ts";
import { boundsOf, parseIp, parseSubnet, subnetContains, subnetsOverlap } from "../../shared/model/ip.ts";
import { isTerminal } from "../../shared/model/tasks.ts";

type State = Pick<View, "all" | "isAddressHeld">;

/** Sentences; none: all is well. */
export function networkFaults(view: State): string[] {
  return [...networksApart(view), ...addressesApart(view), ...portsApart(view), ...tasksGiven(view)];
}

function networksApart(view: State): string[] {
  const faults: string[] = [];
  const networks = [...view.all("network")];
  for (const [i, a] of networks.entries()) {
    if (a.vni < 4097 || a.vni > 0xffffff) faults.push(`network ${a.id} has VNI ${a.vni}`);
    for (const b of networks.slice(i + 1)) {
      if (a.vni === b.vni) faults.push(`networks ${a.id} and ${b.id} have VNI ${a.vni}`);
      if (a.spec?.ingress === true && b.spec?.ingress === true) faults.push("two ingress networks");
      for (const x of subnetsOf(a)) {
        for (const y of subnetsOf(b)) if (subnetsOverlap(x, y)) faults.push(`networks ${a.id} and ${b.id} overlap`);
      }
    }
  }
  return faults;
}

const subnetsOf = (network: Network) => network.ipam.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);

interface Held {
  readonly who: string;
  readonly network: string;
  readonly addresses: readonly string[];
}

/** Everything that has an address now. */
export function heldAddresses(view: State): Held[] {
  const held: Held[] = [];
  for (const task of view.all("task")) {
    if (isTerminal(task.status?.state ?? "new")) continue;
    for (const { networkId, addresses } of task.attachments) {
      held.push({ who: `task ${task.id}`, network: networkId, addresses });
    }
  }
  for (const service of view.all("service")) {
    for (const { networkId, addresses } of service.endpoint?.virtualIps ?? []) {
      held.push({ who: `service ${service.id}`, network: networkId, addresses });
    }
  }
  for (const node of view.all("node")) {
    for (const { networkId, addresses } of node.attachments) {
      held.push({ who: `node ${node.id}`, network: networkId, addresses });
    }
  }
  return held;
}

function addressesApart(view: State): string[] {
  const faults: string[] = [];
  const networks = new Map<string, Network>();
  for (const network of view.all("network")) networks.set(network.id, network);
  const owners = new Map<string, string>();
  for (const { who, network: id, addresses } of heldAddresses(view)) {
    const network = networks.get(id);
    if (network === undefined) {
      // The places of nodes on a removed ingress network are taken away by the leader's loop, a moment later.
      if (!who.startsWith("node ")) faults.push(`${who} is on network ${id}, which is not there`);
      continue;
    }
    if (addresses.length !== network.ipam.length) faults.push(`${who} has ${addresses.length} addresses on ${id}`);
    for (const address of addresses) {
      const key = `${id} ${address}`;
      const other = owners.get(key);
      if (other !== undefined) faults.push(`${who} and ${other} both have ${key}`);
      owners.set(key, who);
      if (!isHost(network, address)) faults.push(`${who} has ${address}, which is no task's on ${id}`);
      if (!view.isAddressHeld(network.id, address)) faults.push(`the index does not know that ${who} has ${key}`);
    }
  }
  return faults;
}

function isHost({ ipam }: Network, address: string): boolean {
  const ip = parseIp(address);
  return ipam.some(({ subnet: text, gateway, ipRange }) => {
    const subnet = parseSubnet(text);
    if (ip === undefined || subnet === undefined || !subnetContains(subnet, ip) || address === gateway) return false;
    const range = parseSubnet(ipRange);
    if (range !== undefined && !subnetContains(range, ip)) return false;
    const { first, last } = boundsOf(subnet);
    return ip.value !== first && (ip.family === 6 || ip.value !== last);
  });
}

const meet = (a: PortConfig, b: PortConfig): boolean =>
  a.protocol === b.protocol &&
  a.publishedPort === b.publishedPort &&
  (a.hostIp === "" || b.hostIp === "" || a.hostIp === b.hostIp);

function portsApart(view: State): string[] {
  const faults: string[] = [];
  const seen = new Map<number, { readonly service: string; readonly port: PortConfig }[]>();
  for (const service of view.all("service")) {
    for (const port of service.endpoint?.ports ?? []) {
      if (port.publishedPort === 0) {
        if (port.publishMode === "ingress") faults.push(`service ${service.id}: no port was chosen`);
        continue;
      }
      const others = seen.get(port.publishedPort) ?? [];
      for (const other of others) {
        const bothHost = other.port.publishMode === "host" && port.publishMode === "host";
        if (bothHost && other.service !== service.id) continue;
        if (meet(other.port, port))
          faults.push(`services ${service.id} and ${other.service} have ${port.publishedPort}`);
      }
      seen.set(port.publishedPort, [...others, { service: service.id, port }]);
    }
  }
  return [...faults, ...hostPortsApart(view)];
}

function hostPortsApart(view: State): string[] {
  const faults: string[] = [];
  const seen = new Map<string, PortConfig[]>();
  for (const task of view.all("task")) {
    const state = task.status?.state ?? "new";
    if (task.ports.length === 0 || isTerminal(state) || state === "new" || state === "pending") continue;
    for (const port of task.ports) {
      const key = `${task.nodeId} ${port.publishedPort}`;
      const others = seen.get(key) ?? [];
      if (port.publishedPort === 0) faults.push(`task ${task.id} is assigned, and no port was chosen`);
      else if (others.some((other) => meet(other, port))) faults.push(`two tasks have port ${key}`);
      seen.set(key, [...others, port]);
    }
  }
  return faults;
}

/** A task beyond `new` has all of its addresses, one that is `new` has none and says why. */
function tasksGiven(view: State): string[] {
  const faults: string[] = [];
  for (const task of view.all("task")) {
    const state = task.status?.state ?? "new";
    if (isTerminal(state)) continue; // it may have ended before it had any
    const named = (task.spec?.networks ?? []).filter(({ target }) => !["host", "none", "bridge"].includes(target));
    if (state === "new") {
      if (task.attachments.length > 0) faults.push(`task ${task.id} is new and has addresses`);
      if ((task.status?.err ?? "") === "") faults.push(`task ${task.id} is new and does not say why`);
    } else if (named.some(({ target }, i) => task.attachments[i]?.networkId !== target)) {
      faults.push(`task ${task.id} is ${state} and not on its networks in their order`);
    }
  }
  return faults;
}
