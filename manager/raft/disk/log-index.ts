// Which entries the log on disk has, of which terms, and where each lies. All of it in memory: a write that holds a batch is one
// place, and terms are kept as runs.
import { SkepError } from "../../../shared/errors.ts";

/** Entries from `first` to `last` lie together. */
export interface Place<At> {
  readonly first: number;
  readonly last: number;
  readonly at: At;
}

interface Run {
  /** Entries from here on, up to the next run, have `term`. */
  readonly from: number;
  readonly term: number;
}

export class LogIndex<At> {
  #startIndex = 0;
  #startTerm = 0;
  #lastIndex = 0;
  #places: Place<At>[] = [];
  #runs: Run[] = [];

  get firstIndex(): number {
    return this.#startIndex + 1;
  }
  get startTerm(): number {
    return this.#startTerm;
  }
  /** `firstIndex - 1` when there are none. */
  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** Known from `firstIndex - 1` to `lastIndex`. */
  term(index: number): number | undefined {
    if (index === this.#startIndex) return this.#startTerm;
    if (index < this.#startIndex || index > this.#lastIndex) return undefined;
    const run = this.#runs[before(this.#runs, (one) => one.from <= index)];
    return run?.term;
  }

  placeOf(index: number): Place<At> | undefined {
    const place = this.#places[before(this.#places, (one) => one.first <= index)];
    return place !== undefined && index <= place.last ? place : undefined;
  }

  /** The oldest place that is still needed. */
  get oldest(): Place<At> | undefined {
    return this.#places[0];
  }

  /** `entries` replace everything from the first one on. */
  append(entries: readonly { readonly index: number; readonly term: number }[], at: At): void {
    const [head] = entries;
    if (head === undefined) return;
    const first = head.index;
    if (first <= this.#startIndex || first > this.#lastIndex + 1) {
      throw new SkepError("internal", `entry ${first} does not follow ${this.firstIndex}..${this.#lastIndex}`);
    }
    this.#cut(first);
    for (const { index, term } of entries) {
      if (index !== this.#lastIndex + 1) throw new SkepError("internal", `entry ${index} after ${this.#lastIndex}`);
      this.#lastIndex = index;
      if (this.#runs.at(-1)?.term !== term) this.#runs.push({ from: index, term });
    }
    this.#places.push({ first, last: this.#lastIndex, at });
  }

  #cut(index: number): void {
    while ((this.#places.at(-1)?.first ?? 0) >= index) this.#places.pop();
    const last = this.#places.at(-1);
    if (last !== undefined && last.last >= index) this.#places[this.#places.length - 1] = { ...last, last: index - 1 };
    while ((this.#runs.at(-1)?.from ?? 0) >= index) this.#runs.pop();
    this.#lastIndex = index - 1;
  }

  /** As a file's beginning has it: entries in between lie in files before it, or in none when a later `drop` lets them go. */
  begin(startIndex: number, startTerm: number, lastIndex: number): void {
    this.#startIndex = startIndex;
    this.#startTerm = startTerm;
    this.#lastIndex = lastIndex;
    this.#places = [];
    this.#runs = [];
  }

  /** Whether every entry has its place. */
  get whole(): boolean {
    return this.#lastIndex < this.firstIndex || (this.#places[0]?.first ?? Infinity) <= this.firstIndex;
  }

  /** Entries up to `index` are gone, and with `all` those after it too. */
  drop(index: number, term: number, all: boolean): void {
    if (all || index >= this.#lastIndex) {
      this.#places = [];
      this.#runs = [];
      this.#lastIndex = index;
    } else {
      this.#places.splice(
        0,
        Math.max(
          0,
          before(this.#places, (one) => one.first <= index + 1),
        ),
      );
      this.#runs.splice(
        0,
        Math.max(
          0,
          before(this.#runs, (one) => one.from <= index + 1),
        ),
      );
    }
    this.#startIndex = index;
    this.#startTerm = term;
  }
}

/** The last one for which `holds`, where it holds for all before it too; -1: none. */
function before<T>(sorted: readonly T[], holds: (one: T) => boolean): number {
  let low = -1;
  let high = sorted.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const one = sorted[middle];
    if (one !== undefined && holds(one)) low = middle;
    else high = middle;
  }
  return low;
}
