// What a loop could not write. It is tried again after a pause, and not before, however often the loop is woken meanwhile: what
// stands in its way may stay, and the loop has others to work for.
const PAUSE_MS = 1_000;

export class Retries<T> {
  /** By when each is due; in that order, as all pause for the same time. */
  readonly #dueMs = new Map<T, number>();

  /** @param nowMs Env.nowMs */
  add(item: T, nowMs: number): void {
    this.#dueMs.delete(item);
    this.#dueMs.set(item, nowMs + PAUSE_MS);
  }

  /** Those that are due; each is given once. */
  take(nowMs: number): T[] {
    const due: T[] = [];
    for (const [item, atMs] of this.#dueMs) {
      if (atMs > nowMs) break;
      this.#dueMs.delete(item);
      due.push(item);
    }
    return due;
  }

  /** Until the next is due; Infinity when there is none. */
  waitMs(nowMs: number): number {
    for (const atMs of this.#dueMs.values()) return Math.max(0, atMs - nowMs);
    return Number.POSITIVE_INFINITY;
  }
}
