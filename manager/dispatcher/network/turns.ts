// How many sessions are sent whole networks at once. After a change of leaders all nodes ask for everything in the same second; a
// thousand of them on one network of a thousand endpoints would put 200 MB into the transport's buffers. So a few dozen go first, and
// the others hear of everything else meanwhile. A turn lasts until the transport has taken it all, and not for ever: a peer that is
// gone takes nothing, and holds up nobody for long.

const MAX_AT_ONCE = 64;
/** Calls of `sweep` that a turn lasts at the most. */
const MAX_SWEEPS = 5;

export class Turns<W extends object> {
  readonly #maxAtOnce: number;
  readonly #onTurn: (who: W) => void;
  /** With the sweep in which each began. */
  readonly #holders = new Map<W, number>();
  readonly #waiting = new Set<W>();
  #sweeps = 0;

  /** @param onTurn whoever waited has its turn now. */
  constructor(onTurn: (who: W) => void, maxAtOnce = MAX_AT_ONCE) {
    this.#onTurn = onTurn;
    this.#maxAtOnce = maxAtOnce;
  }

  get areOver(): boolean {
    return this.#holders.size === 0;
  }

  /** True when it is its turn, until it leaves. False: it waits, and will be told. */
  enter(who: W): boolean {
    if (this.#holders.has(who)) return true;
    if (this.#holders.size >= this.#maxAtOnce) {
      this.#waiting.add(who);
      return false;
    }
    this.#holders.set(who, this.#sweeps);
    return true;
  }

  /** It has nothing to send any more. */
  leave(who: W): void {
    this.#waiting.delete(who);
    if (this.#holders.delete(who)) this.#next();
  }

  /** To be called at a steady pace. */
  sweep(): void {
    this.#sweeps++;
    for (const [who, since] of [...this.#holders]) if (this.#sweeps - since > MAX_SWEEPS) this.leave(who);
  }

  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#holders.set(next, this.#sweeps);
    this.#onTurn(next);
  }
}
