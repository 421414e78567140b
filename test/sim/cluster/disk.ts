// A manager's disk. A write is all or nothing (a torn one is not there after the restart), and durable when it
// resolves; one that is under way when the process dies is on disk or not, as chance has it.
import { fitBytes } from "../../../manager/raft/core/log.ts";
import type { Restored } from "../../../manager/raft/core/raft-core.ts";
import { type Entry, entryBytes, type HardState, type Snapshot } from "../../../manager/raft/core/types.ts";
import type { LogWrite, RaftStorage, SnapshotHead } from "../../../manager/raft/storage.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

const HUNG_LOOK_MS = 20;

/** What survives the process. */
export class Disk {
  raftId = 0;
  hardState: HardState = { term: 0, vote: 0, commit: 0 };
  snapshot: Snapshot | undefined;
  startIndex = 0;
  startTerm = 0;
  entries: Entry[] = [];
  full = false;
  /** A write neither returns nor fails as long as this lasts; a restart does not help. */
  hung = false;
  /** A write takes at most so long. */
  maxWriteMs = 4;
  /** A snapshot that is there and does not count yet. */
  saved: Snapshot | undefined;
  #underWay: LogWrite | undefined;
  #forgottenThrough = 0;

  /** Until it has as much again. */
  get forgetful(): boolean {
    return this.lastIndex < this.#forgottenThrough;
  }

  begin(write: LogWrite): void {
    this.#underWay = write;
  }

  /** Returns what got there. */
  land(): LogWrite | undefined {
    const write = this.#underWay;
    if (write !== undefined) this.put(write);
    this.#underWay = undefined;
    return write;
  }

  abandon(): void {
    this.#underWay = undefined;
  }

  get lastIndex(): number {
    return this.startIndex + this.entries.length;
  }

  term(index: number): number | undefined {
    return index === this.startIndex ? this.startTerm : this.entries[index - this.startIndex - 1]?.term;
  }

  /** Whether `index` is here as of `term`, itself or within the snapshot. */
  holds(index: number, term: number): boolean {
    return this.term(index) === term || index <= (this.snapshot?.index ?? 0);
  }

  /** What lies behind `index` is not there any more, as if it had never been written. */
  forget(index: number): void {
    this.#forgottenThrough = this.lastIndex;
    this.entries = this.entries.slice(0, Math.max(0, index - this.startIndex));
    const commit = Math.min(this.hardState.commit, this.lastIndex);
    this.hardState = { ...this.hardState, commit };
  }

  put({ hardState, install, compact, entries }: LogWrite): void {
    if (hardState !== undefined) this.hardState = hardState;
    if (install !== undefined) {
      this.snapshot = install;
      this.startIndex = install.index;
      this.startTerm = install.term;
      this.entries = [];
    }
    if (compact !== undefined && this.saved?.index === compact.snapshotIndex) {
      if (compact.snapshotIndex <= (this.snapshot?.index ?? 0)) throw new Error("a later snapshot counts already");
      this.snapshot = this.saved;
      const term = this.term(compact.dropThrough);
      if (term !== undefined && compact.dropThrough > this.startIndex) {
        this.entries = this.entries.slice(compact.dropThrough - this.startIndex);
        this.startIndex = compact.dropThrough;
        this.startTerm = term;
      }
    }
    const [first] = entries ?? [];
    if (first === undefined || entries === undefined) return;
    if (first.index <= this.startIndex || first.index > this.lastIndex + 1) {
      throw new Error(`write of ${first.index} leaves a hole in ${this.startIndex + 1}..${this.lastIndex}`);
    }
    this.entries = [...this.entries.slice(0, first.index - this.startIndex - 1), ...entries];
  }
}

/** As one process sees the disk: what it has been told is written. */
export class SimStorage implements RaftStorage {
  readonly #disk: Disk;
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #onWritten: (write: LogWrite) => void;
  #logBytes = 0;

  constructor(world: World, process: SimProcess, disk: Disk, onWritten: (write: LogWrite) => void) {
    this.#world = world;
    this.#process = process;
    this.#disk = disk;
    this.#onWritten = onWritten;
  }

  get raftId(): number {
    return this.#disk.raftId;
  }
  get firstIndex(): number {
    return this.#disk.startIndex + 1;
  }
  get lastIndex(): number {
    return this.#disk.lastIndex;
  }
  get logBytes(): number {
    return this.#logBytes;
  }
  get restored(): Restored {
    const { hardState, snapshot } = this.#disk;
    return {
      hardState,
      snapshotIndex: snapshot?.index ?? 0,
      config: snapshot?.config ?? { members: [], nextRaftId: 1 },
    };
  }

  readonly snapshot = (): Snapshot | undefined => this.#disk.snapshot;
  readonly term = (index: number): number | undefined => this.#disk.term(index);
  readonly entries = (low: number, high: number, maxBytes: number): readonly Entry[] => {
    const { startIndex, entries, lastIndex } = this.#disk;
    if (low <= startIndex || high > lastIndex + 1) {
      throw new Error(`read ${low}..${high - 1} of a disk that holds ${startIndex + 1}..${lastIndex}`);
    }
    return fitBytes(entries.slice(low - startIndex - 1, high - startIndex - 1), maxBytes);
  };

  readonly format = async (raftId: number, first: LogWrite): Promise<void> => {
    this.#disk.put(first);
    this.#disk.raftId = raftId;
  };

  readonly write = (write: LogWrite): Promise<void> =>
    new Promise((resolve, reject) => {
      const disk = this.#disk;
      disk.begin(write);
      this.#onceWritten(() => {
        if (disk.full) {
          disk.abandon();
          this.#world.count("write refused by a full disk");
          reject(new SkepError("resource_exhausted", "no space left on device"));
          return;
        }
        disk.land();
        if (write.compact !== undefined || write.install !== undefined) this.#logBytes = 0;
        for (const entry of write.entries ?? []) this.#logBytes += entryBytes(entry);
        this.#onWritten(write);
        resolve();
      });
    });

  /** Piece by piece, with time in between, in which the log goes on. */
  readonly saveSnapshot = async (head: SnapshotHead, pieces: Iterable<Uint8Array>): Promise<void> => {
    const data: Uint8Array[] = [];
    for (const piece of pieces) {
      data.push(piece);
      await new Promise<void>((resolve, reject) => {
        this.#onceWritten(() => {
          if (this.#disk.full) reject(new SkepError("resource_exhausted", "no space left on device"));
          else resolve();
        });
      });
    }
    this.#disk.saved = { ...head, data: Buffer.concat(data) };
  };

  /** When the disk has come to it. */
  #onceWritten(act: () => void): void {
    const disk = this.#disk;
    const look = (): void => {
      if (disk.hung) this.#process.deliver(HUNG_LOOK_MS, look);
      else act();
    };
    this.#process.deliver(0.1 + this.#world.random() * disk.maxWriteMs, look);
  }

  readonly close = async (): Promise<void> => undefined;
}
