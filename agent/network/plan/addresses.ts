// Addresses in the one spelling that the kernel's tools print, and what follows from an address: its MAC.
import type { NetworkSubnet } from "../../../proto/gen/network.ts";
import { formatIp, type Ip, parseIp, parseSubnet, type Subnet, subnetContains } from "../../../shared/model/ip.ts";

export { formatIp };

/** The switchboard's address on a node-local subnet: the one after the gateway, which is the host's. */
export function afterGateway({ subnet, gateway }: NetworkSubnet): Address | undefined {
  const parsed = parseSubnet(subnet);
  const host = parseIp(gateway);
  if (parsed === undefined || host === undefined) return undefined;
  const ip = { family: host.family, value: host.value + 1n };
  return subnetContains(parsed, ip) ? { text: formatIp(ip), ip } : undefined;
}

export interface Address {
  readonly text: string;
  readonly ip: Ip;
}

// The same lists come again with every plan.
const readCache = new WeakMap<readonly string[], readonly Address[]>();

/** The addresses among `texts`, in canonical spelling; what is no address is left out: a bad one must not stop the rest. */
export function readAddresses(texts: readonly string[]): readonly Address[] {
  const known = readCache.get(texts);
  if (known !== undefined) return known;
  const read = texts.flatMap((text) => {
    const ip = parseIp(text);
    return ip === undefined ? [] : [{ text: formatIp(ip), ip }];
  });
  readCache.set(texts, read);
  return read;
}

export const readSubnets = (texts: readonly string[]): readonly Subnet[] =>
  texts.flatMap((text) => parseSubnet(text) ?? []);

/** The length of the prefix to give with `ip`: of the first subnet that it is in, else of the address alone. */
export const prefixOf = (ip: Ip, subnets: readonly Subnet[]): number =>
  subnets.find((subnet) => subnetContains(subnet, ip))?.prefixLength ?? (ip.family === 4 ? 32 : 128);

const low32 = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString(16).padStart(2, "0")).join(":");

/** 02:42 and the four bytes of an IPv4 address, as Docker does it; 02:43 and the last four of an IPv6 address. */
export const macOf = (ip: Ip): string => `02:${ip.family === 4 ? "42" : "43"}:${low32(ip.value)}`;

/** The MAC of whoever has these addresses: of the first IPv4 address, else of the first. */
export function macOfAll(addresses: readonly Address[]): string | undefined {
  const first = addresses.find(({ ip }) => ip.family === 4) ?? addresses[0];
  return first === undefined ? undefined : macOf(first.ip);
}

/** For a bridge that has no address on its network. */
export const macOfVni = (vni: number): string => `02:53:${low32(BigInt(vni))}`;
