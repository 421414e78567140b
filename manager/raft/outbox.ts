// Messages on their way to one peer: bounded, and when full the newest is dropped. Raft tolerates every loss, so neither a
// dead peer nor a slow one can make a manager grow or wait.
import type { StreamedMessage } from "./codec.ts";
import { entryBytes } from "./core/types.ts";

const messageBytes = (m: StreamedMessage): number =>
  m.kind === "append" ? m.entries.reduce((sum, entry) => sum + entryBytes(entry), 64) : 64;

export interface OutboxLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** One batch stops here, except that one message always goes. */
  readonly maxBatchBytes: number;
}

export class Outbox {
  readonly #limits: OutboxLimits;
  #queue: StreamedMessage[] = [];
  #bytes = 0;
  #wake: (() => void) | undefined;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  /** Returns false when it was dropped. */
  add(message: StreamedMessage): boolean {
    const bytes = messageBytes(message);
    const { maxMessages, maxBytes } = this.#limits;
    if (this.#queue.length >= maxMessages || (this.#bytes + bytes > maxBytes && this.#queue.length > 0)) return false;
    this.#queue.push(message);
    this.#bytes += bytes;
    this.#wake?.();
    return true;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  clear(): void {
    this.#queue = [];
    this.#bytes = 0;
  }

  /** Resolves when there is something to take, or at `signal`. */
  async filled(signal: AbortSignal): Promise<void> {
    if (this.#queue.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#wake = undefined;
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done, { once: true });
    });
  }

  /** The oldest ones, as many as fit a batch. */
  take(): readonly StreamedMessage[] {
    let bytes = 0;
    let count = 0;
    for (const message of this.#queue) {
      const next = bytes + messageBytes(message);
      if (count > 0 && next > this.#limits.maxBatchBytes) break;
      bytes = next;
      count++;
    }
    this.#bytes -= bytes;
    return this.#queue.splice(0, count);
  }
}
