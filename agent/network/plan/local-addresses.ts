// Addresses on the node-local bridge: the agent's own to give. They follow from the tasks and what they already have, so that
// no list can disagree with the kernel: after a restart, `known` is read from the namespaces of tasks.
import type { NetworkSubnet } from "../../../proto/gen/network.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { type Ip, parseIp, parseSubnet, subnetContains } from "../../../shared/model/ip.ts";
import { afterGateway, formatIp } from "./addresses.ts";
import { hashOf } from "./balance.ts";
import type { ObservedState } from "./kernel.ts";
import { NODE, namespaceOf } from "./names.ts";

const BITS = { 4: 32, 6: 128 } as const;

/**
 * Every task's addresses, one per subnet: what it has, if that is still inside and nobody else's, else the next free one
 * after a place that its id chooses, so that an address is not used again at once. A full subnet gives none.
 */
export function assignLocalAddresses(
  subnets: readonly NetworkSubnet[],
  known: ReadonlyMap<TaskId, readonly string[]>,
  tasks: Iterable<TaskId>,
): ReadonlyMap<TaskId, readonly string[]> {
  const wanted = [...new Set(tasks)].sort();
  const given = new Map<TaskId, string[]>(wanted.map((id) => [id, []]));
  for (const local of subnets) {
    const { subnet: text, gateway } = local;
    const subnet = parseSubnet(text);
    if (subnet === undefined) continue;
    const { family } = subnet.base;
    const hostBits = BigInt(Math.min(BITS[family] - subnet.prefixLength, 24)); // a big IPv6 subnet: its first 16 million
    const base = (subnet.base.value >> hostBits) << hostBits;
    const size = Number(1n << hostBits);
    const gatewayIp = parseIp(gateway);
    const ours = [gatewayIp, afterGateway(local)?.ip].flatMap((ip) => (ip === undefined ? [] : [ip.value]));
    const used = new Set<bigint>([base, base + BigInt(size) - 1n, ...ours]);
    const put = (id: TaskId, ip: Ip): void => {
      used.add(ip.value);
      given.get(id)?.push(formatIp(ip));
    };
    const late: TaskId[] = [];
    for (const id of wanted) {
      const has = (known.get(id) ?? [])
        .flatMap((address) => parseIp(address) ?? [])
        .find((ip) => subnetContains(subnet, ip) && !used.has(ip.value));
      if (has === undefined) late.push(id);
      else put(id, has);
    }
    for (const id of late) {
      const start = hashOf(id) % size;
      for (let i = 0; i < size && used.size < size; i++) {
        const value = base + BigInt((start + i) % size);
        if (used.has(value)) continue;
        put(id, { family, value });
        break;
      }
    }
  }
  return given;
}

/** What tasks have on the node-local bridge, as their namespaces say. */
export function observedLocalAddresses(
  subnets: readonly NetworkSubnet[],
  observed: ObservedState,
  tasks: Iterable<TaskId>,
): ReadonlyMap<TaskId, readonly string[]> {
  const parsed = subnets.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);
  const found = new Map<TaskId, readonly string[]>();
  for (const id of tasks) {
    const state = observed.get(namespaceOf(id));
    if (state === undefined || namespaceOf(id) === NODE) continue;
    const addresses = [...state.facts.address.keys()].map((key) => key.slice(0, key.indexOf("/")));
    const local = addresses.filter((text) => {
      const ip = parseIp(text);
      return ip !== undefined && parsed.some((subnet) => subnetContains(subnet, ip));
    });
    if (local.length > 0) found.set(id, local);
  }
  return found;
}
