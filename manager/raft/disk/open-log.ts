// A member's log on disk: the newest state of what the files in its folder say together.
//
//   log-00000001 …        what was written, one record per write (segment.ts, record.ts); the last one grows
//   snapshot-<index>      the state up to there (snapshot-file.ts); one, or two while the newer one does not count yet
//
// A write is one append, on the disk when it returns. With a sealer each record and each piece of a snapshot is sealed for its
// place, so that neither is readable, nor good for anything elsewhere. Files that nothing needs any more go away.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { newRaftLogBase, type RaftLogBase } from "../../../proto/gen/raft.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/pki/sealing.ts";
import { EMPTY_CONFIG } from "../core/config.ts";
import { fitBytes } from "../core/log.ts";
import type { Restored } from "../core/raft-core.ts";
import { type Config, type Entry, entryBytes, type HardState, type Snapshot } from "../core/types.ts";
import { EntryCache } from "../entry-cache.ts";
import type { LogWrite, RaftStorage, SnapshotHead } from "../storage.ts";
import { discard, makeDir, syncDir } from "./files.ts";
import { LogIndex } from "./log-index.ts";
import { decodeRecord, encodeRecord, type LogRecord, PLAIN } from "./record.ts";
import { damaged, type Placed, Segment, type SegmentOptions } from "./segment.ts";
import { discardSnapshots, openSnapshot, readSnapshotHead, writeSnapshot } from "./snapshot-file.ts";

const CACHE_BYTES = 8 << 20;
/** Of entries in one record, where they are written anew. */
const REWRITE_BYTES = 1 << 20;

interface At extends Placed {
  readonly segment: Segment;
}

/**
 * @param dir made when missing; one process at a time.
 * @param sealer of the log there, or of the new one.
 * @param onDamage "stop" is for who formats it next: what is readable before the damage, of a log that is the only one left.
 * @throws {SkepError} `internal`, naming the file: what is there is damaged, not sealed, or not sealed with this key.
 * `failed_precondition`: it was written by a version that this one does not know.
 */
export function openLog(dir: string, sealer?: Sealer, onDamage: SegmentOptions["onDamage"] = "refuse"): RaftStorage {
  if (existsSync(join(dir, "data.mdb"))) {
    const what = `${dir} holds a raft log of an older version of skep (data.mdb)`;
    throw new SkepError(
      "failed_precondition",
      `${what}: remove it and let this manager join again, or restore a backup`,
    );
  }
  makeDir(dir);
  return new LogOnDisk(dir, sealer, onDamage);
}

class LogOnDisk implements RaftStorage {
  readonly #dir: string;
  readonly #sealer: Sealer;
  readonly #segmentOptions: SegmentOptions;
  readonly #index = new LogIndex<At>();
  readonly #cache: EntryCache;
  #segments: Segment[] = [];
  /** Of the last record. */
  #number = 0;
  #raftId = 0;
  #hardState: HardState = { term: 0, vote: 0, commit: 0 };
  #snapshotIndex = 0;
  #config: Config = EMPTY_CONFIG;
  #logBytes = 0;
  /** Read last: who reads an entry reads its neighbours. */
  #lastRead: { readonly at: At; readonly entries: readonly Entry[] } | undefined;
  /** Found while it was read for a follower: who asks for it next is told. */
  #snapshotDamage: unknown;
  /** Snapshots on the disk that do not count yet, by their index. */
  readonly #saved = new Map<number, SnapshotHead>();

  readonly leftOut: string[] = [];

  constructor(dir: string, sealer: Sealer | undefined, onDamage: SegmentOptions["onDamage"]) {
    this.#dir = dir;
    this.#sealer = sealer ?? PLAIN;
    this.#segmentOptions = { dir, sealed: sealer !== undefined, onDamage: onDamage ?? "refuse" };
    try {
      this.#replay();
      if (this.#snapshotIndex > 0) this.#config = readSnapshotHead(dir, this.#sealer, this.#snapshotIndex).config;
    } catch (error) {
      for (const segment of this.#segments) segment.release(); // a daemon that is told so lives on, and may try again
      throw error;
    }
    discardSnapshots(dir, this.#snapshotIndex, true);
    this.#cache = new EntryCache(this.#index.lastIndex + 1, CACHE_BYTES);
  }

  #replay(): void {
    const { files, before, missing } = Segment.find(this.#dir);
    for (const { segment, frames, leftOut } of Segment.openAll(this.#segmentOptions, files)) {
      this.#segments.push(segment);
      if (leftOut !== undefined) this.leftOut.push(`${segment.file}: ${leftOut}`);
      for (const { number, at, bytes, payload } of frames) {
        try {
          this.#took(decodeRecord(payload, number, this.#sealer), { segment, at, bytes, number });
        } catch (error) {
          throw damaged(segment.file, `the record at byte ${at}: ${reasonOf(error)}`);
        }
      }
    }
    if (!this.#index.whole) {
      throw damaged(
        missing ?? this.#dir,
        missing === undefined ? `entry ${this.firstIndex} is in none of its files` : "it is missing",
      );
    }
    for (const path of before) discard(path);
  }

  get raftId(): number {
    return this.#raftId;
  }
  get restored(): Restored {
    return { hardState: this.#hardState, snapshotIndex: this.#snapshotIndex, config: this.#config };
  }
  get firstIndex(): number {
    return this.#index.firstIndex;
  }
  get lastIndex(): number {
    return this.#index.lastIndex;
  }
  get logBytes(): number {
    return this.#logBytes;
  }

  readonly term = (index: number): number | undefined => this.#index.term(index);

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
    if (this.#snapshotDamage !== undefined) throw this.#snapshotDamage;
    const index = this.#snapshotIndex;
    if (index === 0) return undefined;
    return openSnapshot(this.#dir, this.#sealer, index, (error) => {
      if (index === this.#snapshotIndex) this.#snapshotDamage = error;
    });
  };

  readonly saveSnapshot = async (head: SnapshotHead, pieces: Iterable<Uint8Array>): Promise<void> => {
    await writeSnapshot(this.#dir, this.#sealer, head, pieces);
    this.#saved.set(head.index, head);
  };

  readonly format = async (raftId: number, first: LogWrite): Promise<void> => {
    const { install, hardState, entries = [] } = first;
    if (install !== undefined) await this.saveSnapshot(install, [install.data]);
    const [startIndex, startTerm] = [install?.index ?? 0, install?.term ?? 0];
    const base = newRaftLogBase({ raftId, startIndex, startTerm, snapshotIndex: startIndex, lastIndex: startIndex });
    await this.#beginSegment([{ base: { ...base, fresh: true }, hardState, entries: [] }, { entries }]);
    this.#cache.reset(this.#index.lastIndex + 1);
    this.#adoptSnapshot();
  };

  readonly write = async (write: LogWrite): Promise<void> => {
    const { install, compact } = write;
    if (write.rewrite === true) await this.#rewrite();
    if (install !== undefined) await this.saveSnapshot(install, [install.data]);
    const record = this.#recordOf(write);
    const segment = this.#segments.at(-1);
    if (segment === undefined) throw new SkepError("internal", `the raft log in ${this.#dir} was never formatted`);
    if (segment.full) {
      await this.#beginSegment([{ base: this.#base(), hardState: this.#hardState, entries: [] }, record]);
    } else {
      const number = this.#number + 1;
      const at = await segment.append(number, encodeRecord(record, number, this.#sealer));
      this.#took(record, { segment, at, bytes: segment.end - at, number });
    }
    this.#cacheNew(record);
    if (record.drop !== undefined || compact !== undefined) this.#adoptSnapshot();
  };

  readonly close = async (): Promise<void> => {
    for (const segment of this.#segments.splice(0)) segment.close();
  };

  // ---- what the records say ----

  #base() {
    return newRaftLogBase({
      raftId: this.#raftId,
      startIndex: this.#index.firstIndex - 1,
      startTerm: this.#index.startTerm,
      snapshotIndex: this.#snapshotIndex,
      lastIndex: this.#index.lastIndex,
    });
  }

  #recordOf({ hardState, install, compact, entries = [] }: LogWrite): LogRecord {
    if (install !== undefined) {
      const { index, term } = install;
      return { hardState, drop: { startIndex: index, startTerm: term, snapshotIndex: index, all: true }, entries };
    }
    // One that the leader's has overtaken meanwhile is of no use.
    if (compact === undefined || compact.snapshotIndex <= this.#snapshotIndex) return { hardState, entries };
    const { snapshotIndex } = compact;
    const startIndex = Math.max(compact.dropThrough, this.#index.firstIndex - 1);
    const startTerm = this.#index.term(startIndex);
    if (startTerm === undefined || startIndex > snapshotIndex || !this.#saved.has(snapshotIndex)) {
      throw new SkepError("internal", `cannot compact the log to ${startIndex} by a snapshot at ${snapshotIndex}`);
    }
    return { hardState, drop: { startIndex, startTerm, snapshotIndex, all: false }, entries };
  }

  async #rewrite(): Promise<void> {
    const snapshot = this.snapshot();
    const stream = await snapshot?.stream?.();
    if (snapshot !== undefined && stream !== undefined) {
      await writeSnapshot(this.#dir, this.#sealer, snapshot, stream.pieces).finally(stream.close);
    }
    const { firstIndex, lastIndex } = this.#index;
    const base = newRaftLogBase({ ...this.#base(), lastIndex: firstIndex - 1, fresh: true });
    const records: LogRecord[] = [{ base, hardState: this.#hardState, entries: [] }];
    for (let at = firstIndex; at <= lastIndex; ) {
      const entries = this.entries(at, lastIndex + 1, REWRITE_BYTES);
      records.push({ entries });
      at += entries.length;
    }
    await this.#beginSegment(records);
    // A power cut must not bring back files that need a key which is forgotten next.
    await syncDir(this.#dir);
    this.#lastRead = undefined;
  }

  /** A new file, with `records` in it. */
  async #beginSegment(records: readonly LogRecord[]): Promise<void> {
    await this.#segments.at(-1)?.settle();
    const first = this.#number + 1;
    const payloads = records.map((record, i) => encodeRecord(record, first + i, this.#sealer));
    const seq = (this.#segments.at(-1)?.seq ?? 0) + 1;
    const { segment, frames } = await Segment.create(this.#segmentOptions, seq, first, payloads);
    this.#segments.push(segment);
    frames.forEach((frame, i) => {
      this.#took(records[i] ?? { entries: [] }, { ...frame, segment });
    });
  }

  /** It is on the disk. */
  #took({ base, hardState, drop, entries }: LogRecord, at: At): void {
    this.#number = at.number;
    if (base !== undefined) this.#tookBase(base, at.segment);
    if (hardState !== undefined) this.#hardState = hardState;
    if (drop !== undefined) {
      this.#index.drop(drop.startIndex, drop.startTerm, drop.all);
      this.#snapshotIndex = drop.snapshotIndex;
      this.#logBytes = 0;
    }
    this.#index.append(entries, at);
    for (const entry of entries) this.#logBytes += entryBytes(entry);
  }

  #tookBase({ raftId, startIndex, startTerm, snapshotIndex, lastIndex, fresh }: RaftLogBase, segment: Segment): void {
    if (fresh) {
      for (const old of this.#segments.splice(0, this.#segments.indexOf(segment))) old.remove();
      this.#hardState = { term: 0, vote: 0, commit: 0 };
      this.#logBytes = 0;
    }
    if (segment === this.#segments[0]) this.#index.begin(startIndex, startTerm, lastIndex);
    else if (lastIndex !== this.#index.lastIndex) throw new SkepError("internal", "it does not follow the file before");
    this.#raftId = raftId;
    this.#snapshotIndex = snapshotIndex;
  }

  #cacheNew({ drop, entries }: LogRecord): void {
    if (drop?.all === true) this.#cache.reset(drop.startIndex + 1);
    const [first] = entries;
    if (first !== undefined) this.#cache.write(first.index, entries);
    if (drop !== undefined) this.#cache.dropThrough(drop.startIndex);
    this.#lastRead = undefined;
  }

  /** Another snapshot counts now: what it replaces goes away. */
  #adoptSnapshot(): void {
    if (this.#snapshotIndex === 0) this.#config = EMPTY_CONFIG;
    this.#config = this.#saved.get(this.#snapshotIndex)?.config ?? this.#config;
    this.#saved.clear();
    this.#snapshotDamage = undefined;
    discardSnapshots(this.#dir, this.#snapshotIndex, false);
    const needed = this.#index.oldest?.at.segment ?? this.#segments.at(-1);
    const count = needed === undefined ? 0 : this.#segments.indexOf(needed);
    for (const segment of this.#segments.splice(0, count)) segment.remove();
  }

  #read(index: number): Entry {
    const place = this.#index.placeOf(index);
    if (place === undefined) throw new SkepError("internal", `raft entry ${index} is missing on disk`);
    const { at, first } = place;
    if (this.#lastRead?.at !== at) {
      const payload = at.segment.read(at.at, at.bytes);
      this.#lastRead = { at, entries: decodeRecord(payload, at.number, this.#sealer).entries };
    }
    const entry = this.#lastRead.entries[index - first];
    if (entry?.index !== index) throw damaged(at.segment.file, `the record at byte ${at.at} is another one`);
    return entry;
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
