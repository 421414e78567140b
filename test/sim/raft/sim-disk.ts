// A member's disk in the simulator: what a finished write left, and the one that is in flight. A crash loses that one, or
// not: a write is all or nothing, but it may be on disk without anybody having been told.
import { fitBytes, type LogReader } from "../../../manager/raft/core/log.ts";
import type { Persist, Restored } from "../../../manager/raft/core/raft-core.ts";
import type { Config, Entry, HardState, Snapshot } from "../../../manager/raft/core/types.ts";

export class SimDisk implements LogReader {
  hardState: HardState = { term: 0, vote: 0, commit: 0 };
  /** A write neither returns nor fails as long as this lasts; a restart does not help. */
  hung = false;
  #snapshot: Snapshot | undefined;
  #startIndex = 0;
  #startTerm = 0;
  #entries: Entry[] = [];

  /** As if `config` had been agreed on before the story starts. */
  seed(config: Config): void {
    this.hardState = { term: 1, vote: 0, commit: 1 };
    this.#entries = [{ index: 1, term: 1, body: { kind: "config", ...config } }];
  }

  get firstIndex(): number {
    return this.#startIndex + 1;
  }
  get lastIndex(): number {
    return this.#startIndex + this.#entries.length;
  }
  get restored(): Restored {
    const config = this.#snapshot?.config ?? { members: [], nextRaftId: 1 };
    return { hardState: this.hardState, snapshotIndex: this.#snapshot?.index ?? 0, config };
  }

  readonly snapshot = (): Snapshot | undefined => this.#snapshot;

  readonly term = (index: number): number | undefined =>
    index === this.#startIndex ? this.#startTerm : this.#entries[index - this.#startIndex - 1]?.term;

  readonly entries = (low: number, high: number, maxBytes: number): readonly Entry[] => {
    if (low < this.firstIndex || high > this.lastIndex + 1) {
      throw new Error(`read ${low}..${high - 1} of a disk that holds ${this.firstIndex}..${this.lastIndex}`);
    }
    return fitBytes(this.#entries.slice(low - this.firstIndex, high - this.firstIndex), maxBytes);
  };

  /** Whether `index` is here as of `term`, itself or within the snapshot. */
  holds(index: number, term: number): boolean {
    return this.term(index) === term || index <= (this.#snapshot?.index ?? 0);
  }

  write({ hardState, snapshot, entries }: Persist): void {
    this.hardState = hardState;
    if (snapshot !== undefined) {
      this.#snapshot = snapshot;
      this.#startIndex = snapshot.index;
      this.#startTerm = snapshot.term;
      this.#entries = [];
    }
    const first = entries[0];
    if (first === undefined) return;
    if (first.index < this.firstIndex || first.index > this.lastIndex + 1) {
      throw new Error(`write of ${first.index} leaves a hole in ${this.firstIndex}..${this.lastIndex}`);
    }
    this.#entries.length = first.index - this.firstIndex;
    this.#entries.push(...entries);
  }

  compact(snapshot: Snapshot, dropThrough: number): void {
    this.#snapshot = snapshot;
    const term = this.term(dropThrough);
    if (term === undefined || dropThrough < this.firstIndex) return;
    this.#entries.splice(0, dropThrough - this.#startIndex);
    this.#startIndex = dropThrough;
    this.#startTerm = term;
  }
}
