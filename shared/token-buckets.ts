// How often somebody may do something: a number of times at once, and then once in a while. Pure: the time comes from the caller.

export interface TokenBucketOptions {
  /** So many at once, after a rest. */
  readonly burst: number;
  /** Then one in so many milliseconds. */
  readonly everyMs: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** One bucket for each key. One that is full again is forgotten, so that there are no more than keys of late. */
export class TokenBuckets<K> {
  readonly #options: TokenBucketOptions;
  readonly #buckets = new Map<K, Bucket>();
  #sweptAtMs = 0;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes `cost` tokens. @returns 0, or in how many milliseconds there are enough: nothing is taken then. @param nowMs monotonic */
  take(key: K, nowMs: number, cost = 1): number {
    const { burst, everyMs } = this.#options;
    if (nowMs - this.#sweptAtMs > burst * everyMs) this.#sweep(nowMs);
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / everyMs);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    const missing = Math.min(cost, burst) - bucket.tokens;
    if (missing > 0) return Math.max(1, Math.round(missing * everyMs));
    bucket.tokens -= Math.min(cost, burst);
    return 0;
  }

  #sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    const { burst, everyMs } = this.#options;
    for (const [key, { tokens, atMs }] of this.#buckets) {
      if (tokens + (nowMs - atMs) / everyMs >= burst) this.#buckets.delete(key);
    }
  }
}
