// A bounded number of places that askers share. Whoever asks may hold as many as are free beside those that it holds: alone half
// of them, two greedy askers a third each, and so on. So nobody ever holds all, and who holds none finds one.

/** Gives the place back. Once: more calls do nothing. */
export type Release = () => void;

export class FairShare {
  readonly #max: number;
  readonly #held = new Map<string, number>();
  #total = 0;

  /** @param max places in all. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Undefined: this asker has its share, or no place is free. */
  take(asker: string): Release | undefined {
    const own = this.#held.get(asker) ?? 0;
    if (own >= this.#max - this.#total) return undefined;
    this.#held.set(asker, own + 1);
    this.#total++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#total--;
      const left = (this.#held.get(asker) ?? 0) - 1;
      if (left > 0) this.#held.set(asker, left);
      else this.#held.delete(asker);
    };
  }
}
