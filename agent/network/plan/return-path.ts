// A published port's reply must leave through the node that the connection came in by, because only that node knows how to
// turn the addresses back. It is told by the MAC of the sender: every node's bridge has its own. A connection gets that
// node's mark, and a mark has its own routing table.

import type { NetworkView } from "../view.ts";
import { type Address, macOfAll, prefixOf, readAddresses } from "./addresses.ts";
import { byKey, networkSubnets } from "./input.ts";

export interface TaskNetwork {
  readonly view: NetworkView;
  readonly addresses: readonly string[];
}

/** A task without any network, or with one that is not internal, may go out. */
export const hasWayOut = (networks: readonly TaskNetwork[]): boolean =>
  networks.length === 0 || networks.some(({ view }) => !view.network.internal);

/** A way back to a node. */
export interface ReturnPath {
  readonly mark: number;
  readonly mac: string;
  readonly addresses: readonly Address[];
}

/** The host part of the node's first address is its mark: it stays when other nodes come and go. */
export function returnPaths(view: NetworkView): readonly ReturnPath[] {
  const subnets = networkSubnets(view);
  return byKey(view.nodes).flatMap((node) => {
    const addresses = readAddresses(node.addresses);
    const first = addresses.find(({ ip }) => ip.family === 4) ?? addresses[0];
    const mac = macOfAll(addresses);
    if (first === undefined || mac === undefined) return [];
    const bits = BigInt((first.ip.family === 4 ? 32 : 128) - prefixOf(first.ip, subnets));
    const mark = Number(first.ip.value & ((1n << bits) - 1n) & 0xffffffn);
    return mark === 0 ? [] : [{ mark, mac, addresses }];
  });
}
