// One file of the log: a head, then frames. It grows in steps of zeros that are written with the frame which needs the room:
// the writes in between then change bytes of a file whose length and blocks are settled, which costs the file system nothing
// but the data (measured here: 0.08 ms and p99 0.2 ms, against 0.09 and 0.46 for one that grows with every write).
import { closeSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { SkepError } from "../../../shared/errors.ts";
import {
  closeQuietly,
  createDurable,
  discard,
  moveDurable,
  numbered,
  openDurableSync,
  writeDurable,
  writeDurableSync,
} from "./files.ts";
import { type Frame, frameAt, scanFrames } from "./frame.ts";
import { encodeLogFrame, type LogScan, logFrameAt, placeFor, recordBytes, scanLog } from "./log-frame.ts";

const MAGIC = Buffer.from("skep raft log 2\n");
/** Its files are read, and never written to: a tear looks like damage in them. */
const MAGIC_BEFORE = Buffer.from("skep raft log 1\n");
const HEAD_BYTES = 32;
/** The byte behind the magic. */
const PLAIN = 0;
const SEALED = 1;
/** A write beyond this begins the next file. */
const SEGMENT_BYTES = 16 << 20;
const GROW_BYTES = 256 << 10;
const NAME = /^log-(\d{8})$/;
const UNDER_WAY = "log-next";

const nameOf = (seq: number): string => `log-${String(seq).padStart(8, "0")}`;
export const damaged = (file: string, why: string): SkepError =>
  new SkepError("internal", `${file} is damaged: ${why}`);

/** Where a frame lies. */
export type Placed = Omit<Frame, "payload">;

export interface SegmentOptions {
  readonly dir: string;
  readonly sealed: boolean;
  /**
   * What to do about damage. "refuse": the whole log is refused. "stop": the log ends before it, and nothing on the disk is
   * changed; for who knows that this is all there is left.
   */
  readonly onDamage?: "refuse" | "stop";
}

export interface SegmentFiles {
  /** Oldest first, with none missing in between. */
  readonly files: readonly { readonly name: string; readonly number: number }[];
  /** Paths of older ones. */
  readonly before: readonly string[];
  /** The path of the one between the two, where there is one. */
  readonly missing: string | undefined;
}

/** A file of the log as it was found. */
export interface OpenedSegment {
  readonly segment: Segment;
  readonly frames: readonly Frame[];
  /** What was left out behind the last of them, in words. */
  readonly leftOut?: string | undefined;
}

export class Segment {
  readonly file: string;
  readonly seq: number;
  readonly #fd: number;
  readonly #layout: Layout;
  #end: number;
  /** Zeros are on the disk up to here. */
  #zeroed: number;
  /** Behind the end, up to here, lies what a write that failed may have left. */
  #dirtyTo = 0;

  private constructor(file: string, seq: number, layout: Layout, fd: number, end: number, zeroed: number) {
    this.file = file;
    this.seq = seq;
    this.#layout = layout;
    this.#fd = fd;
    this.#end = end;
    this.#zeroed = zeroed;
  }

  /** Where the next frame goes. */
  get end(): number {
    return this.#end;
  }

  get full(): boolean {
    return this.#end >= SEGMENT_BYTES || this.#layout === "before";
  }

  /** Whole and in its place, with `payloads` in it, when it resolves; else there is nothing of it. */
  static async create(
    { dir, sealed }: Pick<SegmentOptions, "dir" | "sealed">,
    seq: number,
    firstNumber: number,
    payloads: readonly Uint8Array[],
  ): Promise<{ readonly segment: Segment; readonly frames: readonly Placed[] }> {
    const head = Buffer.alloc(HEAD_BYTES);
    MAGIC.copy(head);
    head[MAGIC.length] = sealed ? SEALED : PLAIN;
    let end = HEAD_BYTES;
    const parts: Uint8Array[] = [];
    const frames = payloads.map((payload, i) => {
      const bytes = recordBytes(payload.length);
      const frame = { number: firstNumber + i, at: placeFor(end, bytes), bytes };
      parts.push(Buffer.alloc(frame.at - end), ...encodeLogFrame(frame.number, payload));
      end = frame.at + bytes;
      return frame;
    });
    const zeroed = roomFor(end);
    const temporary = join(dir, UNDER_WAY);
    const fd = await createDurable(temporary);
    try {
      await writeDurable(fd, [head, ...parts, Buffer.alloc(zeroed - end)], 0);
      await moveDurable(temporary, join(dir, nameOf(seq)), dir);
    } catch (error) {
      closeQuietly(fd);
      discard(temporary);
      throw error;
    }
    return { segment: new Segment(join(dir, nameOf(seq)), seq, "sectors", fd, end, zeroed), frames };
  }

  /**
   * The files of the log in `dir`. Files go away oldest first, but a power cut may bring any of them back: those before one that
   * is missing count for nothing, if the log is whole without them.
   */
  static find(dir: string): SegmentFiles {
    const files = numbered(dir, NAME);
    const start = files.findLastIndex(({ number }, i) => i > 0 && number !== (files[i - 1]?.number ?? 0) + 1);
    if (start < 0) return { files, before: [], missing: undefined };
    const missing = join(dir, nameOf((files[start]?.number ?? 0) - 1));
    return { files: files.slice(start), before: files.slice(0, start).map(({ name }) => join(dir, name)), missing };
  }

  /**
   * `files` of the log in `dir`, oldest first, each with its records. What a power cut left of the last write is overwritten
   * with zeros.
   * @throws {SkepError} `internal`, naming the file, when one is damaged.
   */
  static *openAll(
    { dir, sealed, onDamage = "refuse" }: SegmentOptions,
    files: SegmentFiles["files"],
  ): Generator<OpenedSegment> {
    discard(join(dir, UNDER_WAY));
    let nextNumber: number | undefined;
    let stopped = false;
    for (const { name, number: seq } of files) {
      const file = join(dir, name);
      if (stopped) {
        yield { segment: new Segment(file, seq, "sectors", openDurableSync(file), 0, 0), frames: [] };
        continue;
      }
      const bytes = readFileSync(file);
      const layout = checkHead(file, bytes, sealed);
      const { frames, end, tail } = scan[layout](bytes, HEAD_BYTES, nextNumber);
      const last = frames.at(-1);
      if (last === undefined) throw damaged(file, "its first record is not readable");
      const damage =
        tail.kind === "torn" && name !== files.at(-1)?.name
          ? `the record at byte ${tail.at} is not readable`
          : tail.kind === "damaged"
            ? tail.why
            : undefined;
      if (damage !== undefined && onDamage === "refuse") throw damaged(file, damage);
      stopped = damage !== undefined;
      nextNumber = last.number + 1;
      const segment = new Segment(file, seq, layout, openDurableSync(file), end, bytes.length);
      yield { segment, frames, leftOut: damage ?? segment.#mend(bytes, tail) };
    }
  }

  /** Returns what it did, in words. */
  #mend(bytes: Buffer, tail: LogScan["tail"]): string | undefined {
    if (tail.kind !== "torn") return undefined;
    const { at } = tail;
    try {
      writeDurableSync(this.#fd, Buffer.alloc(bytes.findLastIndex((byte) => byte !== 0) + 1 - at), at);
    } catch (error) {
      this.release();
      throw error;
    }
    return `the write at byte ${at}, which a power cut has torn`;
  }

  /** On the disk when it resolves. When it rejects, the next one takes its place. Returns where it begins. */
  async append(number: number, payload: Uint8Array): Promise<number> {
    const at = placeFor(this.#end, recordBytes(payload.length));
    const parts = encodeLogFrame(number, payload);
    const end = at + sizeOf(parts);
    await this.settle();
    this.#dirtyTo = end;
    if (end <= this.#zeroed) {
      await writeDurable(this.#fd, parts, at);
    } else {
      const zeroed = roomFor(end);
      await writeDurable(this.#fd, [...parts, Buffer.alloc(zeroed - end)], at);
      this.#zeroed = zeroed;
    }
    this.#dirtyTo = 0;
    this.#end = end;
    return at;
  }

  /**
   * Overwrites with zeros what a write that failed may have left: of two writes on top of each other nobody could tell what a
   * power cut tore.
   */
  async settle(): Promise<void> {
    if (this.#dirtyTo === 0) return;
    await writeDurable(this.#fd, [Buffer.alloc(this.#dirtyTo - this.#end)], this.#end);
    this.#dirtyTo = 0;
  }

  /** The payload of the frame at `at`. @throws {SkepError} `internal`: it is not whole any more. */
  read(at: number, bytes: number): Buffer {
    const frame = Buffer.allocUnsafe(bytes);
    const read = readSync(this.#fd, frame, 0, bytes, at);
    const found = read === bytes ? recordAt[this.#layout](frame, 0) : undefined;
    if (found === undefined) throw damaged(this.file, `the record at byte ${at} is not readable`);
    return found.payload;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Closed, where nothing was to be written any more. */
  release(): void {
    closeQuietly(this.#fd);
  }

  /** Closed, and gone from the disk. */
  remove(): void {
    this.release();
    discard(this.file);
  }
}

const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);
const roomFor = (end: number): number => Math.ceil(end / GROW_BYTES) * GROW_BYTES;

type Layout = "sectors" | "before";

const recordAt = { sectors: logFrameAt, before: frameAt };

const scan: Readonly<Record<Layout, typeof scanLog>> = {
  sectors: scanLog,
  before: (file, from, firstNumber) => {
    const { frames, end, torn, beyond } = scanFrames(file, from, firstNumber);
    if (!torn) return { frames, end, tail: { kind: "clean" } };
    if (beyond === undefined) return { frames, end, tail: { kind: "torn", at: end } };
    const why = `the record at byte ${end} is not readable, and one at byte ${beyond} is whole`;
    return { frames, end, tail: { kind: "damaged", at: end, why } };
  },
};

function checkHead(file: string, bytes: Buffer, sealed: boolean): Layout {
  const layout = layoutOf(bytes.subarray(0, MAGIC.length));
  if (layout === undefined) throw damaged(file, "it does not begin as a raft log of this version");
  if (bytes[MAGIC.length] === (sealed ? SEALED : PLAIN)) return layout;
  throw new SkepError("internal", `${file} ${sealed ? "is not sealed" : "is sealed, and its key is missing"}`);
}

function layoutOf(magic: Buffer): Layout | undefined {
  if (magic.equals(MAGIC)) return "sectors";
  return magic.equals(MAGIC_BEFORE) ? "before" : undefined;
}
