// The replicated log as the core sees it: what is on disk (read through a LogReader) with the tail that is not there yet.
//
//   compacted | firstIndex ........ stable | stable+1 ...... lastIndex
//             |<------- on disk --------->|<---- in memory ---->|
//                 applied <= committed
//
// Invariants: applied <= committed <= lastIndex; applied <= stable; entries at or below `committed` never change.
// One write is in flight at most (`beginPersist` .. `endPersist`). Entries that arrive meanwhile wait for the next one, and
// a truncation meanwhile makes the written entries worthless from there on, which `#inFlight.through` remembers.
import { invariant } from "./assert.ts";
import { type Entry, entryBytes, type Snapshot } from "./types.ts";

/** The log on disk. All reads are synchronous and see the last finished write. */
export interface LogReader {
  /** First entry still there; one more than the last compacted one. */
  readonly firstIndex: number;
  /** `firstIndex - 1` when there are none. */
  readonly lastIndex: number;
  /** Known from `firstIndex - 1` to `lastIndex`; undefined outside. */
  readonly term: (index: number) => number | undefined;
  /** From `low` to before `high`, as many as fit `maxBytes` and at least one. Both are within the log. */
  readonly entries: (low: number, high: number, maxBytes: number) => readonly Entry[];
  /** The newest snapshot, read whole; undefined when there is none yet. */
  readonly snapshot: () => Snapshot | undefined;
}

/** Cuts `entries` after as many as fit `maxBytes`, but never to nothing. */
export function fitBytes(entries: readonly Entry[], maxBytes: number): readonly Entry[] {
  let bytes = 0;
  let count = 0;
  for (const entry of entries) {
    bytes += entryBytes(entry);
    if (bytes > maxBytes && count > 0) break;
    count++;
  }
  return count === entries.length ? entries : entries.slice(0, count);
}

export class RaftLog {
  readonly #reader: LogReader;
  /** Entries from `#offset` on that are not known to be on disk. */
  #unstable: Entry[] = [];
  #offset: number;
  /** Received and not yet on disk; it replaces everything up to its index. */
  #snapshot: Snapshot | undefined;
  #inFlight: { through: number; readonly snapshotIndex: number } | undefined;
  #committed: number;
  #applied: number;

  /** @param applied what the state machine already holds: the snapshot's index after a restart. */
  constructor(reader: LogReader, committed: number, applied: number) {
    this.#reader = reader;
    this.#offset = reader.lastIndex + 1;
    this.#committed = committed;
    this.#applied = applied;
    invariant(
      applied <= committed && committed <= reader.lastIndex && applied >= reader.firstIndex - 1,
      () => `log ${reader.firstIndex}..${reader.lastIndex} cannot have committed ${committed}, applied ${applied}`,
    );
  }

  get committed(): number {
    return this.#committed;
  }

  get applied(): number {
    return this.#applied;
  }

  get lastIndex(): number {
    return this.#offset + this.#unstable.length - 1;
  }

  get lastTerm(): number {
    return this.term(this.lastIndex) ?? 0;
  }

  /** Everything up to here is on disk. */
  get stable(): number {
    return this.#snapshot === undefined ? this.#offset - 1 : 0;
  }

  /** Undefined when compacted or beyond the end. */
  term(index: number): number | undefined {
    if (index >= this.#offset) return this.#unstable[index - this.#offset]?.term;
    if (this.#snapshot !== undefined) return index === this.#snapshot.index ? this.#snapshot.term : undefined;
    return this.#reader.term(index);
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends so holds everything that this one may have committed (Raft paper, section 5.4.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  endsLike(lastIndex: number, lastTerm: number): boolean {
    return lastTerm === this.lastTerm && lastIndex === this.lastIndex;
  }

  /** Entries from `low` on; undefined when `low` is compacted: the reader needs a snapshot. */
  entriesFrom(low: number, maxBytes: number): readonly Entry[] | undefined {
    if (low > this.lastIndex) return [];
    if (low >= this.#offset) return fitBytes(this.#unstable.slice(low - this.#offset), maxBytes);
    if (this.#snapshot !== undefined || low < this.#reader.firstIndex) return undefined;
    // What is on disk is enough for one message; the rest follows in the next.
    return this.#reader.entries(low, this.#offset, maxBytes);
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot ?? this.#reader.snapshot();
  }

  /** The leader's way: at the end. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, () => `append ${entry.index} after ${this.lastIndex}`);
      this.#unstable.push(entry);
    }
  }

  /**
   * The follower's way: `entries` follow an entry that matches. Skips those already there and replaces from the first that
   * conflicts. Returns the index from which entries are new, or undefined when all were there.
   */
  merge(entries: readonly Entry[]): number | undefined {
    const first = entries.find((entry) => !this.matches(entry.index, entry.term));
    if (first === undefined) return undefined;
    invariant(
      first.index > this.#committed,
      () => `entry ${first.index} of term ${first.term} conflicts with a committed one (committed ${this.#committed})`,
    );
    this.#truncate(first.index);
    this.append(entries.slice(first.index - (entries[0]?.index ?? 0)));
    return first.index;
  }

  #truncate(index: number): void {
    if (index < this.#offset) {
      this.#offset = index;
      this.#unstable = [];
    } else {
      this.#unstable.length = Math.min(this.#unstable.length, index - this.#offset);
    }
    if (this.#inFlight !== undefined) this.#inFlight.through = Math.min(this.#inFlight.through, index - 1);
  }

  /** Returns whether it moved. Never backwards. */
  commitTo(index: number): boolean {
    if (index <= this.#committed) return false;
    invariant(index <= this.lastIndex, () => `commit ${index} beyond the last entry ${this.lastIndex}`);
    this.#committed = index;
    return true;
  }

  /** Replaces the whole log by a leader's snapshot that lies beyond what is committed. */
  restore(snapshot: Snapshot): void {
    invariant(snapshot.index > this.#committed, () => `snapshot ${snapshot.index} behind commit ${this.#committed}`);
    this.#snapshot = snapshot;
    this.#unstable = [];
    this.#offset = snapshot.index + 1;
    this.#committed = snapshot.index;
    if (this.#inFlight !== undefined) this.#inFlight.through = 0;
  }

  /** What has to be written, in the order: snapshot (which empties the log), then entries (which replace their tail). */
  get unpersisted(): { readonly snapshot: Snapshot | undefined; readonly entries: readonly Entry[] } {
    return { snapshot: this.#snapshot, entries: this.#unstable };
  }

  beginPersist(): void {
    invariant(this.#inFlight === undefined, () => "a write is in flight already");
    this.#inFlight = { through: this.lastIndex, snapshotIndex: this.#snapshot?.index ?? 0 };
  }

  endPersist(): void {
    const written = this.#inFlight;
    invariant(written !== undefined, () => "no write is in flight");
    this.#inFlight = undefined;
    if (this.#snapshot !== undefined && this.#snapshot.index === written.snapshotIndex) {
      this.#applied = this.#snapshot.index;
      this.#snapshot = undefined;
    }
    if (written.through >= this.#offset) {
      this.#unstable = this.#unstable.slice(written.through + 1 - this.#offset);
      this.#offset = written.through + 1;
    }
  }

  /** The next entries for the state machine: committed, on disk, at most `maxBytes` but at least one if any. */
  takeCommitted(maxBytes: number): readonly Entry[] {
    const through = Math.min(this.#committed, this.stable);
    if (through <= this.#applied) return [];
    const entries = this.#reader.entries(this.#applied + 1, through + 1, maxBytes);
    this.#applied = entries.at(-1)?.index ?? this.#applied;
    return entries;
  }

  /** The largest index up to `index` whose term is at most `term`: where a log that has `term` there may still agree. */
  lastIndexNotAfter(index: number, term: number): number {
    for (let at = index; at > 0; at--) {
      const own = this.term(at);
      if (own === undefined || own <= term) return at;
    }
    return 0;
  }
}
