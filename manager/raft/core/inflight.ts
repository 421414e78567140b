// The window of appends that are sent and not answered, bounded by messages and by bytes. An answer for an index frees
// every message that ends at or before it.
import { invariant } from "./assert.ts";

export interface WindowLimits {
  readonly maxMessages: number;
  /** A single message may be larger: the window is full from the message that reaches the limit. */
  readonly maxBytes: number;
}

interface Sent {
  readonly lastIndex: number;
  readonly bytes: number;
}

export class Inflight {
  readonly #limits: WindowLimits;
  // A ring, oldest at #head: freed at the front, added at the back.
  readonly #ring: (Sent | undefined)[];
  #head = 0;
  #count = 0;
  #bytes = 0;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
    this.#ring = new Array<Sent | undefined>(limits.maxMessages).fill(undefined);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#count === this.#limits.maxMessages || this.#bytes >= this.#limits.maxBytes;
  }

  add(lastIndex: number, bytes: number): void {
    invariant(!this.full, () => `window of ${this.#count} messages and ${this.#bytes} bytes is full`);
    this.#ring[(this.#head + this.#count) % this.#ring.length] = { lastIndex, bytes };
    this.#count++;
    this.#bytes += bytes;
  }

  freeTo(index: number): void {
    for (;;) {
      const oldest = this.#count === 0 ? undefined : this.#ring[this.#head];
      if (oldest === undefined || oldest.lastIndex > index) return;
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) % this.#ring.length;
      this.#count--;
      this.#bytes -= oldest.bytes;
    }
  }
}
