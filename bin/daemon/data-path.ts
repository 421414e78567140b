// Where this node takes packets of overlay networks, and how large they may be. Pure, but for linkMtu.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { SkepError } from "../../shared/errors.ts";
import { peerAddressProblem } from "../../shared/rpc/address.ts";
import { type Interfaces, usable } from "./advertise.ts";

export interface DataPath {
  /** IP addresses without a port; empty: those that the node is reached at. */
  readonly addrs: readonly string[];
  /** Of the link that has them, in bytes; 0 is unknown. */
  readonly mtu: number;
}

/**
 * @param wish an IP address of this host, an interface's name, or empty.
 * @param addr host:port that the node is reached at.
 * @throws {SkepError} `invalid_argument`: this host has no such address or interface.
 */
export function chooseDataPath(
  wish: string,
  addr: string,
  interfaces: Interfaces,
  mtuOf: (link: string) => number,
): DataPath {
  const host = addr.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  const linkOf = (address: string): string | undefined =>
    Object.entries(interfaces).find(([, infos]) => infos?.some((info) => info.address === address))?.[0];
  const mtuAt = (link: string | undefined): number => (link === undefined ? 0 : mtuOf(link));
  if (wish === "") return { addrs: [], mtu: mtuAt(linkOf(host)) };
  const named = interfaces[wish];
  if (named !== undefined) {
    const addrs = usable(named);
    if (addrs.length > 0) return { addrs, mtu: mtuOf(wish) };
    throw new SkepError("invalid_argument", `--data-path-addr: interface ${wish} has no address`);
  }
  const link = isIP(wish) === 0 ? undefined : linkOf(wish);
  if (link !== undefined && peerAddressProblem(wish) === undefined) return { addrs: [wish], mtu: mtuOf(link) };
  const known = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    usable(infos).map((address) => `${address} on ${name}`),
  );
  throw new SkepError(
    "invalid_argument",
    `--data-path-addr ${JSON.stringify(wish)}: ${(link === undefined ? undefined : peerAddressProblem(wish)) ?? "this host has no such address or interface"}; it has ${known.join(", ") || "none"}`,
  );
}

/** In bytes; 0 is unknown. Of the namespace that we are in: /sys may be another's. */
export function linkMtu(link: string): number {
  for (const path of [`/proc/sys/net/ipv6/conf/${link}/mtu`, `/sys/class/net/${link}/mtu`]) {
    try {
      const mtu = Number(readFileSync(path, "utf8"));
      if (Number.isSafeInteger(mtu) && mtu > 0) return mtu;
    } catch {
      // A kernel or a link without IPv6, or no such link.
    }
  }
  return 0;
}
