// The node-local network: the same on every node, never on the wire.
import { readFileSync } from "node:fs";
import { type NetworkSubnet, newNetworkSubnet } from "../../proto/gen/network.ts";
import { SkepError } from "../../shared/errors.ts";
import { parseSubnet } from "../../shared/model/ip.ts";
import { DEFAULT_LOCAL_SUBNET } from "../../shared/model/networks.ts";
import { formatIp } from "./plan/addresses.ts";

const BITS = { 4: 32, 6: 128 } as const;
/** The host, the switchboard, and at least one task. */
const LONGEST = { 4: 29, 6: 125 } as const;

/** The node has the first address. @throws {SkepError} `invalid_argument`: no subnet, or too small. */
export function localSubnet(text: string): NetworkSubnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined || subnet.prefixLength > LONGEST[subnet.base.family]) {
    throw new SkepError(
      "invalid_argument",
      `invalid node-local network ${JSON.stringify(text)}: write a subnet like ${DEFAULT_LOCAL_SUBNET[4]}`,
    );
  }
  const { prefixLength } = subnet;
  const { family } = subnet.base;
  const hostBits = BigInt(BITS[family] - prefixLength);
  const value = (subnet.base.value >> hostBits) << hostBits;
  const gateway = formatIp({ family, value: value + 1n });
  return newNetworkSubnet({ subnet: `${formatIp({ family, value })}/${prefixLength}`, gateway });
}

/**
 * IPv6 where the kernel has it, but not where the host's own way out comes by router advertisements: a host that forwards
 * takes no more of them, and would lose it.
 */
export function defaultLocalSubnets(ipv6Routes = "/proc/net/ipv6_route"): readonly NetworkSubnet[] {
  const four = localSubnet(DEFAULT_LOCAL_SUBNET[4]);
  try {
    return advertisedWayOut(readFileSync(ipv6Routes, "utf8")) ? [four] : [four, localSubnet(DEFAULT_LOCAL_SUBNET[6])];
  } catch {
    return [four]; // a kernel without IPv6
  }
}

/** RTF_ADDRCONF: the route was made by the kernel itself, from an advertisement. */
const ADVERTISED = 0x0004_0000;

/** @param routes /proc/net/ipv6_route: destination, its prefix length, source, its length, next hop, three numbers, flags, device. */
export function advertisedWayOut(routes: string): boolean {
  return routes.split("\n").some((line) => {
    const [destination = "", prefixLength, , , , , , , flags = "0"] = line.trim().split(/\s+/);
    return /^0{32}$/.test(destination) && prefixLength === "00" && (Number.parseInt(flags, 16) & ADVERTISED) !== 0;
  });
}
