// Reads one task's log: from the beginning or from the last N lines, and on for as long as the task writes. A reader owns
// one file handle and one buffer of 64 KiB, nothing else; how far it is, is a file's number and an offset.
import { type FileHandle, open } from "node:fs/promises";
import { decodeRecord, type LogRecord, type Stream } from "./record.ts";
import { listSegments, segmentPath } from "./segments.ts";
import { laterOrEqual, type Stamp } from "./timestamp.ts";

export interface LogSource {
  readonly dir: string;
  /** True when nothing more will ever be written. */
  readonly ended: () => boolean;
  /** Grows with every write. */
  readonly version: () => number;
  /** Resolves when `version` has left `seen` or `ended` turned true; rejects when aborted. */
  readonly changed: (seen: number, signal: AbortSignal) => Promise<void>;
}

export interface ReadOptions {
  readonly follow: boolean;
  /** Lines from the end; negative is all. */
  readonly tail: number;
  readonly since: Stamp | undefined;
  readonly until: Stamp | undefined;
  readonly streams: ReadonlySet<Stream>;
}

export interface LogBatch {
  readonly records: readonly LogRecord[];
  /** All that was there when reading began has been read; what follows is news. */
  readonly caughtUp: boolean;
}

interface Position {
  readonly segment: number;
  readonly offset: number;
}

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

const wanted = (record: LogRecord, options: ReadOptions): boolean =>
  options.streams.has(record.stream) && (options.since === undefined || laterOrEqual(record.stamp, options.since));

const past = (record: LogRecord, options: ReadOptions): boolean =>
  options.until !== undefined && !laterOrEqual(options.until, record.stamp);

/**
 * Yields what the log holds, in order, at most 64 KiB at a time; nothing more is read until the consumer asks. Without
 * `follow` it ends at what was there when it began; with it, when the task has ended and all is read.
 * @throws `signal.reason` when aborted.
 */
export async function* readLog(source: LogSource, options: ReadOptions, signal: AbortSignal): AsyncGenerator<LogBatch> {
  const end = await endOf(source.dir);
  let position = options.tail < 0 ? await firstOf(source.dir) : await tailOf(source.dir, end, options);
  let caughtUp = false;
  for (;;) {
    signal.throwIfAborted();
    // Both are looked at before reading: what comes after is found by the next round.
    const last = source.ended();
    const seen = source.version();
    const stop = options.follow ? undefined : end;
    const reader = readFrom(source.dir, position, stop, signal);
    for (;;) {
      const next = await reader.next();
      if (next.done === true) {
        position = next.value;
        break;
      }
      const records: LogRecord[] = [];
      let over = false;
      for (const record of next.value) {
        over = past(record, options);
        if (over) break;
        if (wanted(record, options)) records.push(record);
      }
      if (records.length > 0) yield { records, caughtUp };
      if (over) {
        await reader.return(position);
        return;
      }
    }
    if (!options.follow || last) return;
    if (!caughtUp) {
      caughtUp = true;
      yield { records: [], caughtUp };
    }
    await source.changed(seen, signal);
  }
}

async function endOf(dir: string): Promise<Position> {
  const segment = (await listSegments(dir)).at(-1);
  if (segment === undefined) return { segment: 0, offset: 0 };
  const handle = await openSegment(dir, segment);
  if (handle === undefined) return { segment, offset: 0 };
  try {
    return { segment, offset: (await handle.stat()).size };
  } finally {
    await handle.close();
  }
}

async function firstOf(dir: string): Promise<Position> {
  return { segment: (await listSegments(dir))[0] ?? 0, offset: 0 };
}

/** Undefined when rotation or removal was quicker. */
async function openSegment(dir: string, segment: number): Promise<FileHandle | undefined> {
  try {
    return await open(segmentPath(dir, segment), "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Yields whole records from `from` to the end of what there is (or to `stop`), and returns where it got to. */
async function* readFrom(
  dir: string,
  from: Position,
  stop: Position | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogRecord[], Position> {
  let { segment, offset } = from;
  for (;;) {
    // A later file is looked for before this one is read to its end: the writer never comes back to an older one.
    const next = (await listSegments(dir)).find((number) => number > segment);
    const handle = await openSegment(dir, segment);
    if (handle !== undefined) {
      const limit = limitOf(segment, stop);
      try {
        for (;;) {
          signal.throwIfAborted();
          const { records, bytes } = await readBlock(handle, offset, limit);
          offset += bytes;
          if (records.length > 0) yield records;
          if (bytes === 0) break;
        }
      } finally {
        await handle.close();
      }
    }
    if (next === undefined || (stop !== undefined && segment >= stop.segment)) return { segment, offset };
    segment = next;
    offset = 0;
  }
}

function limitOf(segment: number, stop: Position | undefined): number {
  if (stop === undefined || segment < stop.segment) return Number.POSITIVE_INFINITY;
  return segment === stop.segment ? stop.offset : 0;
}

async function readBlock(
  handle: FileHandle,
  offset: number,
  limit: number,
): Promise<{ readonly records: LogRecord[]; readonly bytes: number }> {
  const length = Math.min(BLOCK_BYTES, limit - offset);
  if (length <= 0) return { records: [], bytes: 0 };
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
  const whole = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
  // A record is shorter than a block: a whole block without a line's end is damage, and is stepped over.
  if (whole === 0 && bytesRead === BLOCK_BYTES) return { records: [], bytes: bytesRead };
  return { records: decodeAll(buffer.subarray(0, whole)), bytes: whole };
}

function decodeAll(bytes: Buffer): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline;
    const record = decodeRecord(bytes.subarray(at, end));
    if (record !== undefined) records.push(record);
    at = end + 1;
  }
  return records;
}

// ------------------------------------------------------------------------------------------------------------- tail

/**
 * Counts lines backwards. A line is one full record with the partial ones before it, or an unfinished line at the very
 * end. Where both streams write parts at once, the first line shown may miss parts older than the line before it.
 */
class TailCount {
  readonly #options: ReadOptions;
  readonly #seen = new Set<Stream>();
  #lines = 0;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  /** Does this record, met on the way back, belong to the lines that are wanted? */
  takes(record: LogRecord): boolean {
    if (!this.#options.streams.has(record.stream) || past(record, this.#options)) return true; // neither counts nor ends
    if (!wanted(record, this.#options)) return false;
    if (!record.partial || !this.#seen.has(record.stream)) this.#lines++;
    this.#seen.add(record.stream);
    return this.#lines <= this.#options.tail;
  }
}

async function tailOf(dir: string, end: Position, options: ReadOptions): Promise<Position> {
  if (options.tail === 0) return end;
  const count = new TailCount(options);
  const segments = (await listSegments(dir)).filter((number) => number <= end.segment).reverse();
  let start = end;
  for (const segment of segments) {
    const handle = await openSegment(dir, segment);
    if (handle === undefined) break;
    try {
      const from = segment === end.segment ? end.offset : (await handle.stat()).size;
      const offset = await tailInFile(handle, from, count);
      start = { segment, offset: offset ?? 0 };
      if (offset !== undefined) break;
    } finally {
      await handle.close();
    }
  }
  return start;
}

/** The offset after the last record that is not wanted; undefined when all of the file's are. */
async function tailInFile(handle: FileHandle, end: number, count: TailCount): Promise<number | undefined> {
  let carry = Buffer.alloc(0);
  let at = end;
  while (at > 0) {
    const length = Math.min(BLOCK_BYTES, at);
    const { buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, at - length);
    at -= length;
    const bytes = Buffer.concat([buffer, carry]);
    // Up to the first newline it may be the end of a record that begins in the block before.
    const whole = at === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
    let recordEnd = bytes.lastIndexOf(NEWLINE);
    while (recordEnd >= whole && recordEnd >= 0) {
      const recordStart = recordEnd === 0 ? 0 : bytes.lastIndexOf(NEWLINE, recordEnd - 1) + 1;
      if (recordStart < whole) break;
      const record = decodeRecord(bytes.subarray(recordStart, recordEnd));
      if (record !== undefined && !count.takes(record)) return at + recordEnd + 1;
      recordEnd = recordStart - 1;
    }
    carry = Buffer.from(bytes.subarray(0, whole));
  }
  return undefined;
}
