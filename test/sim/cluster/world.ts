// Time and chance of a simulated cluster. Everything that happens is an event with a time; between two events all promises
// settle, so that one seed gives one run. Every line that is logged goes into a digest: two runs with one digest were one.
import { setImmediate as turn } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { seededRandom } from "../../../shared/env/sim-env.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

export interface Event {
  readonly dueMs: number;
  readonly order: number;
  act: (() => void) | undefined;
}

const LOG_TAIL = 400;

export class World {
  readonly seed: number;
  readonly random: () => number;
  readonly counts = new Map<string, number>();
  readonly #heap: Event[] = [];
  readonly #keepLog: boolean;
  #nowMs = 0;
  #order = 0;
  #events = 0;
  #digest = 0x811c9dc5;
  #failure: Error | undefined;
  log: string[] = [];

  constructor(seed: number, keepLog = false) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.#keepLog = keepLog;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get digest(): string {
    return `${(this.#digest >>> 0).toString(16)}-${this.#events}`;
  }

  /** Runs `act` at `dueMs`, after everything that is due before or was planned before for the same time. */
  at(dueMs: number, act: () => void): Event {
    const event: Event = { dueMs: Math.max(this.#nowMs, dueMs), order: this.#order++, act };
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(event, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = event;
    return event;
  }

  after(ms: number, act: () => void): Event {
    return this.at(this.#nowMs + ms, act);
  }

  /** Lets `ms` pass. @throws the first violation that anybody found. */
  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await turn();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const [next] = this.#heap;
      if (next === undefined || next.dueMs > until) break;
      this.#pop();
      const { act } = next;
      if (act === undefined) continue;
      next.act = undefined;
      this.#nowMs = next.dueMs;
      this.#events++;
      act();
      await turn();
    }
    this.#nowMs = until;
  }

  /** Ends the run, wherever it was found: also where an exception would be taken for a bad peer's. */
  fail(message: string): never {
    const error = new Violation(message);
    this.#failure ??= error;
    throw error;
  }

  broken(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  record(line: string): void {
    const stamped = `${(this.#nowMs / 1000).toFixed(3)} ${line}`;
    let digest = this.#digest;
    for (let i = 0; i < stamped.length; i++) digest = Math.imul(digest ^ stamped.charCodeAt(i), 0x01000193);
    this.#digest = digest;
    this.log.push(stamped);
    if (!this.#keepLog && this.log.length > 2 * LOG_TAIL) this.log = this.log.slice(-LOG_TAIL);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Whole, from `low` to `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)];
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      const right = left + 1;
      const a = heap[left];
      const b = heap[right];
      if (a === undefined) break;
      const child = b !== undefined && before(b, a) ? right : left;
      const smaller = heap[child];
      if (smaller === undefined || !before(smaller, last)) break;
      heap[i] = smaller;
      i = child;
    }
    heap[i] = last;
  }
}

const before = (a: Event, b: Event): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** FNV-1a, for digests. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export const bytesHash = (bytes: Uint8Array): number => crc32(bytes);
