// The log, the hard state and the snapshot in one LMDB environment: one transaction, and so one fsync, per write.
//
// `overlappingSync` is off: then the promise of a batch is the promise of its fsync, and a failed one leaves the last
// good state (measured here: 0.44 ms a durable commit, against 0.36 ms overlapped, where the error of a late fsync has nobody to tell). A full disk shows as EIO of the
// commit; the same write succeeds once there is room again.
//
// Keys, in order: ["entry", index], ["hard-state"], ["identity"], ["snapshot"], ["snapshot", piece], ["start"].
import { type Key, open, type RootDatabase } from "lmdb";
import {
  decodeRaftEntry,
  decodeRaftHardState,
  decodeRaftSnapshotHead,
  encodeRaftEntry,
  encodeRaftHardState,
  encodeRaftSnapshotHead,
} from "../../proto/gen/raft.ts";
import { asBuffer } from "../../proto/wire.ts";
import { SkepError } from "../../shared/errors.ts";
import { checkEntry, fromMembership, toMembership } from "./codec.ts";
import { EMPTY_CONFIG } from "./core/config.ts";
import { fitBytes } from "./core/log.ts";
import type { Restored } from "./core/raft-core.ts";
import { type Entry, entryBytes, type Snapshot } from "./core/types.ts";
import { EntryCache } from "./entry-cache.ts";
import type { LogWrite, RaftStorage } from "./storage.ts";

const HARD_STATE: Key = ["hard-state"];
const IDENTITY: Key = ["identity"];
const SNAPSHOT: Key = ["snapshot"];
/** Index and term of the entry before the first one that is still there. */
const START: Key = ["start"];
const entryKey = (index: number): Key => ["entry", index];
const pieceKey = (piece: number): Key => ["snapshot", piece];

/** One value is one run of pages: pieces keep the free list of a long-lived file usable. */
const PIECE_BYTES = 1 << 20;
const CACHE_BYTES = 8 << 20;

type Db = RootDatabase<Buffer, Key>;

/**
 * @param dir made when missing; one process at a time.
 * @throws {SkepError} `internal` when what is there is not a log of this version.
 */
export function openLmdbStorage(dir: string): RaftStorage {
  const db: Db = open<Buffer, Key>({
    path: dir,
    encoding: "binary",
    cache: false,
    noSubdir: false,
    overlappingSync: false,
    // Off, or a failed commit leaves a rejected promise that nobody can reach.
    eventTurnBatching: false,
  });
  try {
    return new LmdbStorage(db);
  } catch (error) {
    db.close().catch(() => undefined);
    throw new SkepError("internal", `the raft log in ${dir} cannot be read: ${SkepError.from(error).message}`, {
      cause: error,
    });
  }
}

class LmdbStorage implements RaftStorage {
  readonly #db: Db;
  readonly #cache: EntryCache;
  #raftId: number;
  #firstIndex: number;
  #startTerm: number;
  #lastIndex: number;
  #snapshotPieces: number;
  #logBytes = 0;

  constructor(db: Db) {
    this.#db = db;
    this.#raftId = readNumbers(db, IDENTITY)[0] ?? 0;
    const [startIndex = 0, startTerm = 0] = readNumbers(db, START);
    this.#firstIndex = startIndex + 1;
    this.#startTerm = startTerm;
    this.#lastIndex = startIndex;
    for (const key of db.getKeys({
      start: entryKey(Number.MAX_SAFE_INTEGER),
      end: ["entry"],
      reverse: true,
      limit: 1,
    })) {
      if (Array.isArray(key) && typeof key[1] === "number") this.#lastIndex = key[1];
    }
    this.#cache = new EntryCache(this.#lastIndex + 1, CACHE_BYTES);
    this.#snapshotPieces = Math.ceil((this.#head()?.size ?? 0) / PIECE_BYTES);
  }

  get raftId(): number {
    return this.#raftId;
  }
  get restored(): Restored {
    const hardState = this.#db.getBinary(HARD_STATE);
    const head = this.#head();
    return {
      hardState: hardState === undefined ? { term: 0, vote: 0, commit: 0 } : decodeRaftHardState(hardState),
      snapshotIndex: head?.index ?? 0,
      config: head === undefined ? EMPTY_CONFIG : fromMembership(head.config),
    };
  }
  get firstIndex(): number {
    return this.#firstIndex;
  }
  get lastIndex(): number {
    return this.#lastIndex;
  }
  get logBytes(): number {
    return this.#logBytes;
  }

  readonly term = (index: number): number | undefined => {
    if (index === this.#firstIndex - 1) return this.#startTerm;
    if (index < this.#firstIndex || index > this.#lastIndex) return undefined;
    return (this.#cache.get(index) ?? this.#read(index)).term;
  };

  readonly entries = (low: number, high: number, maxBytes: number): readonly Entry[] => {
    const cached = this.#cache.range(low, high);
    if (cached !== undefined) return fitBytes(cached, maxBytes);
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = low; index < high; index++) {
      const entry = this.#cache.get(index) ?? this.#read(index);
      bytes += entryBytes(entry);
      if (bytes > maxBytes && found.length > 0) break;
      found.push(entry);
    }
    return found;
  };

  readonly snapshot = (): Snapshot | undefined => {
    const head = this.#head();
    if (head === undefined) return undefined;
    const pieces: Buffer[] = [];
    for (let piece = 0; piece < this.#snapshotPieces; piece++) {
      pieces.push(this.#db.getBinary(pieceKey(piece)) ?? Buffer.alloc(0));
    }
    const data = Buffer.concat(pieces);
    if (data.length !== head.size) throw new SkepError("internal", `snapshot ${head.index} on disk is not whole`);
    return { index: head.index, term: head.term, config: fromMembership(head.config), data };
  };

  readonly format = async (raftId: number, first: LogWrite): Promise<void> => {
    await this.#commit(first, () => this.#put(IDENTITY, numbers(raftId)));
    this.#raftId = raftId;
  };

  readonly write = (write: LogWrite): Promise<void> => this.#commit(write, () => undefined);

  readonly close = (): Promise<void> => this.#db.close();

  async #commit(write: LogWrite, more: () => void): Promise<void> {
    const { hardState, install, compact, entries = [] } = write;
    const snapshot = install ?? compact?.snapshot;
    const base = install?.index ?? this.#lastIndex;
    const firstNew = entries[0]?.index ?? base + 1;
    const lastIndex = Math.max(firstNew + entries.length - 1, entries.length > 0 ? 0 : base);
    const drop = install === undefined ? (compact?.dropThrough ?? 0) : this.#lastIndex;
    const start = install ?? (compact === undefined ? undefined : this.#startAt(compact.dropThrough));
    const pieces = Math.ceil((snapshot?.data.length ?? 0) / PIECE_BYTES);
    try {
      await this.#db.batch(() => {
        more();
        if (hardState !== undefined) this.#put(HARD_STATE, asBuffer(encodeRaftHardState(hardState)));
        for (let index = this.#firstIndex; index <= drop; index++) this.#remove(entryKey(index));
        for (const entry of entries) this.#put(entryKey(entry.index), asBuffer(encodeRaftEntry(entry)));
        if (install === undefined) {
          for (let index = lastIndex + 1; index <= this.#lastIndex; index++) this.#remove(entryKey(index));
        }
        if (start !== undefined) this.#put(START, numbers(start.index, start.term));
        if (snapshot !== undefined) this.#putSnapshot(snapshot, pieces);
      });
    } catch (error) {
      throw await causeOf(error);
    }
    if (snapshot !== undefined) this.#snapshotPieces = pieces;
    if (start !== undefined) {
      this.#firstIndex = start.index + 1;
      this.#startTerm = start.term;
      this.#logBytes = 0; // counts from the last compaction on: that is what the next one is decided by
    }
    this.#lastIndex = lastIndex;
    if (install !== undefined) this.#cache.reset(install.index + 1);
    this.#cache.write(firstNew, entries);
    this.#cache.dropThrough(this.#firstIndex - 1);
    for (const entry of entries) this.#logBytes += entryBytes(entry);
  }

  #startAt(index: number): { readonly index: number; readonly term: number } {
    const term = this.term(index);
    if (term === undefined) throw new SkepError("internal", `cannot compact the log to ${index}: no such entry`);
    return { index, term };
  }

  #putSnapshot({ index, term, config, data }: Snapshot, pieces: number): void {
    const head = { index, term, config: toMembership(config), size: data.length };
    this.#put(SNAPSHOT, asBuffer(encodeRaftSnapshotHead(head)));
    for (let piece = 0; piece < pieces; piece++) {
      this.#put(pieceKey(piece), asBuffer(data.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES)));
    }
    for (let piece = pieces; piece < this.#snapshotPieces; piece++) this.#remove(pieceKey(piece));
  }

  // Inside a batch these only queue; the batch's promise tells of the commit.
  #put(key: Key, value: Buffer): void {
    this.#db.put(key, value).catch(() => undefined);
  }

  #remove(key: Key): void {
    this.#db.remove(key).catch(() => undefined);
  }

  #read(index: number): Entry {
    const bytes = this.#db.getBinary(entryKey(index));
    if (bytes === undefined) throw new SkepError("internal", `raft entry ${index} is missing on disk`);
    return checkEntry(decodeRaftEntry(bytes));
  }

  #head() {
    const bytes = this.#db.getBinary(SNAPSHOT);
    return bytes === undefined ? undefined : decodeRaftSnapshotHead(bytes);
  }
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, at) => {
    bytes.writeDoubleLE(value, 8 * at);
  });
  return bytes;
}

function readNumbers(db: Db, key: Key): readonly number[] {
  const bytes = db.getBinary(key);
  if (bytes === undefined) return [];
  return Array.from({ length: bytes.length / 8 }, (_, at) => bytes.readDoubleLE(8 * at));
}

/** lmdb hides what the system said behind a promise on its error. */
async function causeOf(error: unknown): Promise<unknown> {
  const hidden: unknown = error instanceof Error && "commitError" in error ? error.commitError : undefined;
  if (!(hidden instanceof Promise)) return error;
  return hidden.then(
    () => error,
    (cause: unknown) => cause,
  );
}
