// The log, the hard state and the snapshot in one LMDB environment: one transaction, and so one fsync, per write.
//
// `overlappingSync` is off: then the promise of a batch is the promise of its fsync, and a failed one leaves the last
// good state (measured here: 0.44 ms a durable commit, against 0.36 ms overlapped, where the error of a late fsync has nobody to tell). A full disk shows as EIO of the
// commit; the same write succeeds once there is room again.
//
// Keys, in order: ["entry", index], ["hard-state"], ["identity"], ["sealing"], ["snapshot"], ["snapshot", piece], ["start"].
// Entries lie in rows of one or several (entry-rows.ts). With a sealer, rows and snapshot are sealed, each for its place; what Raft needs of a log that says nothing about the
// cluster stays plain. ["sealing"] is there then, and tells by opening that the key is the right one.
import { existsSync } from "node:fs";
import { open as openFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Key, open, type RootDatabase } from "lmdb";
import {
  decodeRaftHardState,
  decodeRaftSnapshotHead,
  encodeRaftHardState,
  encodeRaftSnapshotHead,
} from "../../proto/gen/raft.ts";
import { asBuffer } from "../../proto/wire.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Sealer } from "../../shared/pki/sealing.ts";
import { fromMembership, toMembership } from "./codec.ts";
import { EMPTY_CONFIG } from "./core/config.ts";
import { fitBytes } from "./core/log.ts";
import type { Restored } from "./core/raft-core.ts";
import { type Entry, entryBytes, type Snapshot } from "./core/types.ts";
import { EntryCache } from "./entry-cache.ts";
import { plainRows, type Row, type RowCodec, sealedRows } from "./entry-rows.ts";
import { checkLmdbFile } from "./lmdb-check.ts";
import type { LogWrite, RaftStorage } from "./storage.ts";

const HARD_STATE: Key = ["hard-state"];
const IDENTITY: Key = ["identity"];
const SEALING: Key = ["sealing"];
/** What ["sealing"] holds, sealed. */
const SEALING_CHECK = Buffer.from("skep raft log");
const SNAPSHOT: Key = ["snapshot"];
/** Index and term of the entry before the first one that is still there. */
const START: Key = ["start"];
const entryKey = (index: number): Key => ["entry", index];
const pieceKey = (piece: number): Key => ["snapshot", piece];
const HEAD_PLACE = "raft/snapshot";
const piecePlace = (snapshotIndex: number, piece: number): string => `raft/snapshot/${snapshotIndex}/${piece}`;
const SEALING_PLACE = "raft/sealing";

/** One value is one run of pages: pieces keep the free list of a long-lived file usable. */
const PIECE_BYTES = 1 << 20;
const CACHE_BYTES = 8 << 20;

type Db = RootDatabase<Buffer, Key>;

function openDb(dir: string): Db {
  return open<Buffer, Key>({
    path: dir,
    encoding: "binary",
    cache: false,
    noSubdir: false,
    overlappingSync: false,
    // Off, or a failed commit leaves a rejected promise that nobody can reach.
    eventTurnBatching: false,
  });
}

/** Values as they are: of a log that is not sealed. */
const PLAIN: Sealer = { seal: asBuffer, open: asBuffer };

/**
 * @param dir made when missing; one process at a time.
 * @param sealer of the log there, or of the new one; a log that is not sealed yet must go through `sealLmdb` first.
 * @throws {SkepError} `internal` when what is there is not a log of this version, or not sealed with this key.
 */
export function openLmdbStorage(dir: string, sealer?: Sealer): RaftStorage {
  const ended = checkLmdbFile(join(dir, "data.mdb"));
  const db = openDb(dir);
  try {
    checkSealing(db, sealer);
    return new LmdbStorage(db, sealer);
  } catch (error) {
    db.close().catch(() => undefined);
    throw unreadable(dir, error, ended);
  }
}

export function unreadable(dir: string, error: unknown, ended = ""): SkepError {
  // LMDB's own errors carry numbers that look like gRPC's.
  if (error instanceof SkepError && (error.code !== "internal" || error.message.includes(dir))) return error;
  const message = error instanceof Error ? error.message : String(error);
  const more = ended === "" ? "" : ` (${ended})`;
  return new SkepError("internal", `the raft log in ${dir} is damaged: ${message}${more}`, { cause: error });
}

function checkSealing(db: Db, sealer: Sealer | undefined): void {
  const check = db.getBinary(SEALING);
  if (check === undefined) {
    if (sealer === undefined || db.getBinary(IDENTITY) === undefined) return;
    throw new SkepError("internal", "it is not sealed");
  }
  if (sealer === undefined) throw new SkepError("internal", "it is sealed, and its key is missing");
  sealer.open(check, SEALING_PLACE);
}

/**
 * Seals the log in `dir` that is not sealed. What is plain there is gone afterwards, free pages included: the log is written
 * anew, and takes the old one's place at once and whole. No log, or a sealed one: nothing to do.
 * @throws {SkepError} `internal`: what is there cannot be read.
 */
export async function sealLmdb(dir: string, sealer: Sealer): Promise<void> {
  const beside = join(dir, "sealing");
  await rm(beside, { recursive: true, force: true }); // what a crash left
  if (!existsSync(join(dir, "data.mdb"))) return;
  const ended = checkLmdbFile(join(dir, "data.mdb"));
  const from = openDb(dir);
  try {
    if (from.getBinary(SEALING) !== undefined || from.getBinary(IDENTITY) === undefined) return;
    const to = openDb(beside);
    try {
      copySealed(from, to, sealer);
    } finally {
      await to.close();
    }
  } catch (error) {
    throw unreadable(dir, error, ended);
  } finally {
    await from.close();
  }
  await syncPath(join(beside, "data.mdb"));
  await rename(join(beside, "data.mdb"), join(dir, "data.mdb"));
  await rm(join(dir, "lock.mdb"), { force: true }); // of the file that was there
  await syncPath(dir);
  await rm(beside, { recursive: true, force: true });
}

function copySealed(from: Db, to: Db, sealer: Sealer): void {
  const head = from.getBinary(SNAPSHOT);
  const snapshotIndex = head === undefined ? 0 : decodeRaftSnapshotHead(head).index;
  const rows = sealedRows(sealer);
  to.transactionSync(() => {
    let entries: Entry[] = [];
    const putEntries = (): void => {
      for (const row of rows.rowsOf(entries)) to.putSync(entryKey(row.first), rows.encode(row));
      entries = [];
    };
    for (const key of from.getKeys()) {
      const value = from.getBinary(key);
      if (value === undefined) continue;
      if (Array.isArray(key) && key[0] === "entry" && typeof key[1] === "number") {
        entries.push(...plainRows.decode(key[1], value).entries);
        if (entries.length >= COPIED_AT_ONCE) putEntries();
        continue;
      }
      const place = placeOf(key, snapshotIndex);
      to.putSync(key, place === undefined ? value : sealer.seal(value, place));
    }
    putEntries();
    to.putSync(SEALING, sealer.seal(SEALING_CHECK, SEALING_PLACE));
  });
}

const COPIED_AT_ONCE = 256;

/** Undefined: the value at that key stays plain. */
function placeOf(key: Key, snapshotIndex: number): string | undefined {
  const [kind, at] = Array.isArray(key) ? key : [key]; // lmdb reads ["snapshot"] as "snapshot"
  if (kind === "snapshot") return typeof at === "number" ? piecePlace(snapshotIndex, at) : HEAD_PLACE;
  return undefined;
}

async function syncPath(path: string): Promise<void> {
  const file = await openFile(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

class LmdbStorage implements RaftStorage {
  readonly #db: Db;
  readonly #sealer: Sealer;
  readonly #isSealed: boolean;
  readonly #rows: RowCodec;
  /** Where the first row begins: at #firstIndex, or before it. */
  #firstRow: number;
  /** The one read last: who reads an entry reads its neighbours. */
  #openRow: Row | undefined;
  readonly #cache: EntryCache;
  #raftId: number;
  #firstIndex: number;
  #startTerm: number;
  #lastIndex: number;
  #snapshotPieces: number;
  #logBytes = 0;

  constructor(db: Db, sealer: Sealer | undefined) {
    this.#db = db;
    this.#sealer = sealer ?? PLAIN;
    this.#isSealed = sealer !== undefined;
    this.#rows = sealer === undefined ? plainRows : sealedRows(sealer);
    this.#raftId = readNumbers(db, IDENTITY)[0] ?? 0;
    const [startIndex = 0, startTerm = 0] = readNumbers(db, START);
    this.#firstIndex = startIndex + 1;
    this.#startTerm = startTerm;
    this.#lastIndex = startIndex;
    const last = this.#rowAt(Number.MAX_SAFE_INTEGER);
    if (last !== undefined) this.#lastIndex = last.first + last.entries.length - 1;
    this.#firstRow = this.#firstIndex;
    for (const key of db.getKeys({ start: ["entry"], end: entryKey(Number.MAX_SAFE_INTEGER), limit: 1 })) {
      if (Array.isArray(key) && typeof key[1] === "number") this.#firstRow = key[1];
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
      const stored = this.#db.getBinary(pieceKey(piece));
      if (stored !== undefined) pieces.push(this.#sealer.open(stored, piecePlace(head.index, piece)));
    }
    const data = Buffer.concat(pieces);
    if (data.length !== head.size) throw new SkepError("internal", `snapshot ${head.index} on disk is not whole`);
    return { index: head.index, term: head.term, config: fromMembership(head.config), data };
  };

  readonly format = async (raftId: number, first: LogWrite): Promise<void> => {
    await this.#commit(first, () => {
      this.#put(IDENTITY, numbers(raftId));
      if (this.#isSealed) this.#put(SEALING, this.#sealer.seal(SEALING_CHECK, SEALING_PLACE));
    });
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
    const cut = install === undefined && firstNew <= this.#lastIndex && entries.length > 0 ? firstNew : undefined;
    const firstRow = this.#firstRowAfter(drop);
    try {
      await this.#db.batch(() => {
        more();
        if (hardState !== undefined) this.#put(HARD_STATE, asBuffer(encodeRaftHardState(hardState)));
        for (let index = this.#firstRow; index < firstRow; index++) this.#remove(entryKey(index));
        if (cut !== undefined) this.#cutAt(cut);
        for (const row of this.#rows.rowsOf(entries)) this.#put(entryKey(row.first), this.#rows.encode(row));
        if (start !== undefined) this.#put(START, numbers(start.index, start.term));
        if (snapshot !== undefined) this.#putSnapshot(snapshot, pieces);
      });
    } catch (error) {
      throw await causeOf(error);
    }
    this.#openRow = undefined;
    this.#firstRow = install === undefined ? firstRow : install.index + 1;
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

  /** Where the first row begins once everything up to `drop` is gone: a row that goes on beyond it stays whole. */
  #firstRowAfter(drop: number): number {
    if (drop < this.#firstIndex) return this.#firstRow;
    if (drop >= this.#lastIndex) return drop + 1;
    return this.#rowAt(drop + 1)?.first ?? drop + 1;
  }

  /** Removes everything from `index` on, inside a batch. */
  #cutAt(index: number): void {
    const row = this.#rowAt(index);
    for (let key = index; key <= this.#lastIndex; key++) this.#remove(entryKey(key));
    if (row === undefined || row.first >= index) return;
    const { first } = row;
    const kept = row.entries.slice(0, index - first);
    this.#put(entryKey(first), this.#rows.encode({ first, entries: kept }));
  }

  #startAt(index: number): { readonly index: number; readonly term: number } {
    const term = this.term(index);
    if (term === undefined) throw new SkepError("internal", `cannot compact the log to ${index}: no such entry`);
    return { index, term };
  }

  #putSnapshot({ index, term, config, data }: Snapshot, pieces: number): void {
    const head = { index, term, config: toMembership(config), size: data.length };
    this.#put(SNAPSHOT, this.#sealer.seal(encodeRaftSnapshotHead(head), HEAD_PLACE));
    for (let piece = 0; piece < pieces; piece++) {
      const bytes = data.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
      this.#put(pieceKey(piece), this.#sealer.seal(bytes, piecePlace(index, piece)));
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
    const row = this.#rowAt(index);
    const entry = row?.entries[index - row.first];
    if (entry === undefined) throw new SkepError("internal", `raft entry ${index} is missing on disk`);
    return entry;
  }

  /** The row that holds `index`, or the last one before it. */
  #rowAt(index: number): Row | undefined {
    const open = this.#openRow;
    if (open !== undefined && index >= open.first && index < open.first + open.entries.length) return open;
    for (const key of this.#db.getKeys({ start: entryKey(index), end: ["entry"], reverse: true, limit: 1 })) {
      const first = Array.isArray(key) ? key[1] : undefined;
      const bytes = this.#db.getBinary(key);
      if (typeof first !== "number" || bytes === undefined) return undefined;
      this.#openRow = this.#rows.decode(first, bytes);
      return this.#openRow;
    }
    return undefined;
  }

  #head() {
    const bytes = this.#db.getBinary(SNAPSHOT);
    return bytes === undefined ? undefined : decodeRaftSnapshotHead(this.#sealer.open(bytes, HEAD_PLACE));
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
