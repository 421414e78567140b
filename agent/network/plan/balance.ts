// One rule that spreads connections over endpoints: each new connection takes the next one. Every place that balances starts
// at another endpoint, else the first connection of every client would go to the same task.
import type { Address } from "./addresses.ts";

/** A number that is the same for the same text: 32-bit FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

export interface Balance {
  /** All of one family, in an order that does not depend on events. */
  readonly targets: readonly Address[];
  /** Undefined keeps the port, and works for every protocol. */
  readonly port?: number | undefined;
  /** Where to start: the name of the place. */
  readonly place: string;
}

/** The targets in the order in which connections take them. */
export function turned({ targets, place }: Balance): readonly Address[] {
  const start = targets.length === 0 ? 0 : hashOf(place) % targets.length;
  return [...targets.slice(start), ...targets.slice(0, start)];
}

/** The dnat statement; "" without targets. */
export function dnat(balance: Balance): string {
  const { port } = balance;
  const order = turned(balance);
  const [first] = order;
  if (first === undefined) return "";
  const family = first.ip.family === 4 ? "ip" : "ip6";
  if (order.length === 1) {
    const host = first.ip.family === 6 && port !== undefined ? `[${first.text}]` : first.text;
    return `dnat ${family} to ${host}${port === undefined ? "" : `:${port}`}`;
  }
  const elements = order.map(({ text }, i) => `${i} : ${text}${port === undefined ? "" : ` . ${port}`}`);
  return `dnat ${family} to numgen inc mod ${order.length} map { ${elements.join(", ")} }`;
}
