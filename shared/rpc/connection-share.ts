// Connections that anybody may open, shared out fairly: bounded in sum, for each key (an address, a node) and in time. A new
// connection is never refused: the oldest of those who have the most gives way. So who opens thousands takes them from himself,
// and one that is opened to be used, for a moment, finds its place.
import type { Env, Timer } from "../env/env.ts";
import { formatIp, parseIp } from "../model/ip.ts";

export interface ShareLimits {
  /** Connections in sum. At the bound the oldest of the key that has the most is cut. */
  readonly max: number;
  /** Of one key. At the bound its oldest is cut. */
  readonly maxPerKey: number;
  /** How long one may stay, in milliseconds; without it, for ever. */
  readonly maxAgeMs?: number;
}

/** Why a connection had to go. */
export type Cut = "too_many" | "too_many_of_key" | "too_old";

interface Held {
  readonly key: string;
  readonly atMs: number;
  readonly cut: () => void;
}

export class ConnectionShare {
  readonly #env: Pick<Env, "nowMs" | "timer">;
  readonly #limits: ShareLimits;
  readonly #onCut: (key: string, why: Cut) => void;
  /** The oldest first. */
  readonly #all = new Set<Held>();
  readonly #byKey = new Map<string, Set<Held>>();
  #expiry: Timer | undefined;

  constructor(
    env: Pick<Env, "nowMs" | "timer">,
    limits: ShareLimits,
    onCut: (key: string, why: Cut) => void = () => undefined,
  ) {
    this.#env = env;
    this.#limits = limits;
    this.#onCut = onCut;
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Takes a connection in.
   * @param cut called when it has to go; not after `release`.
   * @returns `release`: the connection has ended, or counts elsewhere from now on. Idempotent.
   */
  take(key: string, cut: () => void): () => void {
    const held: Held = { key, atMs: this.#env.nowMs(), cut };
    const same = this.#byKey.get(key);
    if (same !== undefined && same.size >= this.#limits.maxPerKey) this.#cutOldest(same, "too_many_of_key");
    else if (this.#all.size >= this.#limits.max) this.#cutOldest(this.#largest(), "too_many");
    this.#all.add(held);
    const siblings = this.#byKey.get(key);
    if (siblings === undefined) this.#byKey.set(key, new Set([held]));
    else siblings.add(held);
    this.#expect();
    return () => this.#release(held);
  }

  #release(held: Held): void {
    if (!this.#all.delete(held)) return;
    const siblings = this.#byKey.get(held.key);
    siblings?.delete(held);
    if (siblings?.size === 0) this.#byKey.delete(held.key);
  }

  #cut(held: Held, why: Cut): void {
    this.#release(held);
    this.#onCut(held.key, why);
    held.cut();
  }

  #cutOldest(group: ReadonlySet<Held>, why: Cut): void {
    const [oldest] = group;
    if (oldest !== undefined) this.#cut(oldest, why);
  }

  #largest(): ReadonlySet<Held> {
    // Where nobody stands out, the oldest of all.
    let largest: ReadonlySet<Held> = this.#all;
    let size = 1;
    for (const group of this.#byKey.values()) {
      if (group.size <= size) continue;
      largest = group;
      size = group.size;
    }
    return largest;
  }

  /** One timer, for the oldest: all stay equally long. */
  #expect(): void {
    const { maxAgeMs } = this.#limits;
    const [oldest] = this.#all;
    if (maxAgeMs === undefined || this.#expiry !== undefined || oldest === undefined) return;
    this.#expiry = this.#env.timer(Math.max(0, oldest.atMs + maxAgeMs - this.#env.nowMs()), () => {
      this.#expiry = undefined;
      const dueMs = this.#env.nowMs() - maxAgeMs;
      for (const held of this.#all) {
        if (held.atMs > dueMs) break;
        this.#cut(held, "too_old");
      }
      this.#expect();
    });
  }
}

/** Who is counted together: an IPv4 address, or the 64 bits of an IPv6 address that one host may choose the rest of. */
export function addressKey(address: string | undefined): string {
  const ip = parseIp(address?.split("%")[0] ?? "");
  if (ip === undefined) return "unknown";
  return ip.family === 4 ? formatIp(ip) : `${formatIp({ family: 6, value: (ip.value >> 64n) << 64n })}/64`;
}
