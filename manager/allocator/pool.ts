// A free subnet from the cluster's address pool.
import { boundsOf, parseSubnet, type Subnet } from "../../shared/model/ip.ts";

export const DEFAULT_ADDR_POOL = "10.0.0.0/8";
export const DEFAULT_SUBNET_SIZE = 24;
/** The UDP port of VXLAN, IANA's. */
export const DEFAULT_DATA_PATH_PORT = 4789;
/** Of an IPv6 subnet: what every stack expects. */
export const IPV6_SUBNET_SIZE = 64;

interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The next subnet that overlaps none of `taken`: after `after` in its pool, then from the beginning. So a subnet that was given
 * back is the last to be given again, and what still believes in it finds nobody there.
 * @param taken of any family and size; a node's own address is one of a single address.
 */
export function freeSubnet(
  pools: readonly Subnet[],
  prefixLength: number,
  taken: readonly Subnet[],
  after: Subnet | undefined,
): Subnet | undefined {
  const usable = pools.filter((pool) => pool.prefixLength <= prefixLength);
  const begin = usable.findIndex((pool) => after !== undefined && contains(pool, after));
  const tries: (readonly [pool: Subnet, from: bigint])[] = [];
  for (let i = 0; i <= usable.length; i++) {
    const pool = usable[(Math.max(0, begin) + i) % usable.length];
    // The pool of `after` comes twice: from there on first, whole at last.
    if (pool !== undefined)
      tries.push([pool, i === 0 && begin >= 0 && after !== undefined ? boundsOf(after).last + 1n : 0n]);
  }
  for (const [pool, from] of tries) {
    const found = search(pool, prefixLength, taken, from);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The free subnet of `pool` that is nearest to `from`, upwards. */
function search(pool: Subnet, prefixLength: number, taken: readonly Subnet[], from: bigint): Subnet | undefined {
  const { family } = pool.base;
  const bounds = boundsOf(pool);
  const size = 1n << BigInt((family === 4 ? 32 : 128) - prefixLength);
  const occupied: readonly Interval[] = taken
    .filter((subnet) => subnet.base.family === family)
    .map(boundsOf)
    .filter(({ first, last }) => last >= bounds.first && first <= bounds.last)
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  let at = bounds.first;
  if (from > at) at += ((from - at + size - 1n) / size) * size;
  for (const { first, last } of occupied) {
    if (first >= at + size) break; // the gap before it has room
    if (last >= at) at += ((last - at) / size + 1n) * size;
  }
  return at + size - 1n <= bounds.last ? { base: { family, value: at }, prefixLength } : undefined;
}

const contains = (pool: Subnet, subnet: Subnet): boolean => {
  const [outer, inner] = [boundsOf(pool), boundsOf(subnet)];
  return pool.base.family === subnet.base.family && outer.first <= inner.first && inner.last <= outer.last;
};

export const singleAddress = (ip: Subnet["base"]): Subnet => ({ base: ip, prefixLength: ip.family === 4 ? 32 : 128 });

/** The cluster's own /48 of private IPv6 addresses (RFC 4193): 40 bits of `seed`, so that two clusters hardly ever share it. */
export function uniqueLocalPool(seed: string): Subnet {
  // FNV-1a, 64 bits: spread is all that is asked of it.
  let hash = 0xcbf29ce484222325n;
  for (const char of seed) hash = ((hash ^ BigInt(char.codePointAt(0) ?? 0)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return { base: { family: 6, value: (0xfdn << 120n) | ((hash >> 24n) << 80n) }, prefixLength: 48 };
}

/** Those of a list that are subnets. */
export const readPools = (texts: readonly string[]): readonly Subnet[] =>
  texts.flatMap((text) => parseSubnet(text) ?? []);
