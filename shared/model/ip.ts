// IP addresses and subnets of both families as numbers, so that "is it inside" is a mask and a comparison.

export interface Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Subnet {
  readonly base: Ip;
  readonly prefixLength: number;
}

const BITS = { 4: 32, 6: 128 } as const;

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

const parseGroups = (text: string): bigint[] | undefined => {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? groups.map((group) => BigInt(`0x${group}`))
    : undefined;
};

function parseV6(text: string): bigint | undefined {
  // A dotted tail is two groups.
  const lastColon = text.lastIndexOf(":");
  const tail = text.slice(lastColon + 1);
  if (tail.includes(".")) {
    const v4 = parseV4(tail);
    if (v4 === undefined) return undefined;
    return parseV6(`${text.slice(0, lastColon + 1)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "");
  const rest = halves.length === 2 ? parseGroups(halves[1] ?? "") : [];
  if (head === undefined || rest === undefined) return undefined;
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...rest];
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** Undefined when `text` is no address. An IPv4 address mapped into IPv6 (::ffff:1.2.3.4) is that IPv4 address. */
export function parseIp(text: string): Ip | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return { family: 4, value: v4 };
  if (!text.includes(":")) return undefined;
  const v6 = parseV6(text);
  if (v6 === undefined) return undefined;
  return v6 >> 32n === 0xffffn ? { family: 4, value: v6 & 0xffffffffn } : { family: 6, value: v6 };
}

/** "10.0.0.0/8"; undefined when it is no subnet. Host bits may be set, as in "10.1.2.3/8". */
export function parseSubnet(text: string): Subnet | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const base = parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (base === undefined || !/^[0-9]{1,3}$/.test(length) || Number(length) > BITS[base.family]) return undefined;
  return { base, prefixLength: Number(length) };
}

export const sameIp = (a: Ip, b: Ip): boolean => a.family === b.family && a.value === b.value;

export function subnetContains(subnet: Subnet, ip: Ip): boolean {
  if (subnet.base.family !== ip.family) return false;
  const hostBits = BigInt(BITS[ip.family] - subnet.prefixLength);
  return subnet.base.value >> hostBits === ip.value >> hostBits;
}

export function formatIp(ip: Ip): string {
  if (ip.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (ip.value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => Number((ip.value >> BigInt(112 - 16 * i)) & 0xffffn));
  // The longest run of two or more zero groups becomes "::" (RFC 5952).
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}

/** Its first and last address, as numbers; host bits of the base do not count. */
export function boundsOf({ base, prefixLength }: Subnet): { readonly first: bigint; readonly last: bigint } {
  const hostBits = BigInt(BITS[base.family] - prefixLength);
  const first = (base.value >> hostBits) << hostBits;
  return { first, last: first + (1n << hostBits) - 1n };
}

/** "10.0.0.0/8", without host bits. */
export const formatSubnet = (subnet: Subnet): string =>
  `${formatIp({ family: subnet.base.family, value: boundsOf(subnet).first })}/${subnet.prefixLength}`;

export function subnetsOverlap(a: Subnet, b: Subnet): boolean {
  const wider = a.prefixLength <= b.prefixLength ? a : b;
  return subnetContains(wider, wider === a ? b.base : a.base);
}
