// Which addresses of a subnet can be given away. The first one of an IPv4 subnet names the network and the last one is its
// broadcast; the first one of an IPv6 subnet means any router. The gateway's is nobody else's.
import type { IPAMConfig, Network } from "../../proto/gen/objects.ts";
import { boundsOf, type Ip, parseIp, parseSubnet, type Subnet } from "../../shared/model/ip.ts";

export interface Hosts {
  readonly family: Ip["family"];
  /** Both inclusive; nothing to give when `last` is below `first`. */
  readonly first: bigint;
  readonly last: bigint;
  readonly gateway: bigint | undefined;
}

/** Of the whole subnet, whatever range of it is given away. */
export function hostBounds(subnet: Subnet): { readonly first: bigint; readonly last: bigint } {
  const { first, last } = boundsOf(subnet);
  return { first: first + 1n, last: subnet.base.family === 4 ? last - 1n : last };
}

/** Undefined when it is no subnet. */
export function hostsOf({ subnet: text, gateway, ipRange }: IPAMConfig): Hosts | undefined {
  const subnet = parseSubnet(text);
  if (subnet === undefined) return undefined;
  const bounds = hostBounds(subnet);
  const range = ipRange === "" ? undefined : parseSubnet(ipRange);
  const within = range === undefined ? bounds : boundsOf(range);
  return {
    family: subnet.base.family,
    first: greater(within.first, bounds.first),
    last: smaller(within.last, bounds.last),
    gateway: parseIp(gateway)?.value,
  };
}

export const hostsOfNetwork = (network: Network): readonly Hosts[] => network.ipam.flatMap((one) => hostsOf(one) ?? []);

/** How many there are to give. */
export function sizeOf({ first, last, gateway }: Hosts): bigint {
  if (last < first) return 0n;
  const all = last - first + 1n;
  return gateway !== undefined && gateway >= first && gateway <= last ? all - 1n : all;
}

// Math.max and Math.min are not for bigints.
const greater = (a: bigint, b: bigint): bigint => [a, b].reduce((best, other) => (other > best ? other : best));
const smaller = (a: bigint, b: bigint): bigint => [a, b].reduce((best, other) => (other < best ? other : best));
