// One file of the log: a head, then frames. It grows in steps of zeros that are written with the frame which needs the room:
// the writes in between then change bytes of a file whose length and blocks are settled, which costs the file system nothing
// but the data (measured here: 0.08 ms and p99 0.2 ms, against 0.09 and 0.46 for one that grows with every write).
import { closeSync, fsyncSync, ftruncateSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { SkepError } from "../../../shared/errors.ts";
import { closeQuietly, createDurable, discard, moveDurable, numbered, openDurableSync, writeDurable } from "./files.ts";
import { encodeFrame, type Frame, frameAt, frameBytes, scanFrames } from "./frame.ts";

const MAGIC = Buffer.from("skep raft log 1\n");
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
}

export class Segment {
  readonly file: string;
  readonly seq: number;
  readonly #fd: number;
  #end: number;
  /** Zeros are on the disk up to here. */
  #zeroed: number;

  private constructor(file: string, seq: number, fd: number, end: number, zeroed: number) {
    this.file = file;
    this.seq = seq;
    this.#fd = fd;
    this.#end = end;
    this.#zeroed = zeroed;
  }

  /** Where the next frame goes. */
  get end(): number {
    return this.#end;
  }

  get full(): boolean {
    return this.#end >= SEGMENT_BYTES;
  }

  /** Whole and in its place, with `payloads` in it, when it resolves; else there is nothing of it. */
  static async create(
    { dir, sealed }: SegmentOptions,
    seq: number,
    firstNumber: number,
    payloads: readonly Uint8Array[],
  ): Promise<{ readonly segment: Segment; readonly frames: readonly Placed[] }> {
    const head = Buffer.alloc(HEAD_BYTES);
    MAGIC.copy(head);
    head[MAGIC.length] = sealed ? SEALED : PLAIN;
    let end = HEAD_BYTES;
    const frames = payloads.map((payload, i) => {
      const frame = { number: firstNumber + i, at: end, bytes: frameBytes(payload.length) };
      end += frame.bytes;
      return frame;
    });
    const parts = payloads.flatMap((payload, i) => encodeFrame(firstNumber + i, payload));
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
    return { segment: new Segment(join(dir, nameOf(seq)), seq, fd, end, zeroed), frames };
  }

  /**
   * All files of the log in `dir`, oldest first, each with its frames. What a power cut left of the last write is cut off.
   * @throws {SkepError} `internal`, naming the file, when one is damaged.
   */
  static *openAll({
    dir,
    sealed,
  }: SegmentOptions): Generator<{ readonly segment: Segment; readonly frames: readonly Frame[] }> {
    discard(join(dir, UNDER_WAY));
    const names = numbered(dir, NAME);
    let nextNumber: number | undefined;
    let nextSeq = names[0]?.number;
    for (const { name, number: seq } of names) {
      const file = join(dir, name);
      if (seq !== nextSeq) throw damaged(join(dir, nameOf(nextSeq ?? 0)), "it is missing");
      const bytes = readFileSync(file);
      checkHead(file, bytes, sealed);
      const { frames, end, torn, beyond } = scanFrames(bytes, HEAD_BYTES, nextNumber);
      const last = frames.at(-1);
      const isLast = name === names.at(-1)?.name;
      if (last === undefined) throw damaged(file, "its first record is not readable");
      if (beyond !== undefined) {
        throw damaged(file, `the record at byte ${end} is not readable, and one at byte ${beyond} is whole`);
      }
      if (torn && !isLast) throw damaged(file, `the record at byte ${end} is not readable`);
      nextNumber = last.number + 1;
      nextSeq = seq + 1;
      const fd = openDurableSync(file);
      if (torn) {
        ftruncateSync(fd, end);
        fsyncSync(fd);
      }
      yield { segment: new Segment(file, seq, fd, end, torn ? end : bytes.length), frames };
    }
  }

  /** On the disk when it resolves. When it rejects, the next one takes its place. Returns where it begins. */
  async append(number: number, payload: Uint8Array): Promise<number> {
    const at = this.#end;
    const parts = encodeFrame(number, payload);
    const end = at + sizeOf(parts);
    if (end <= this.#zeroed) {
      await writeDurable(this.#fd, parts, at);
    } else {
      const zeroed = roomFor(end);
      await writeDurable(this.#fd, [...parts, Buffer.alloc(zeroed - end)], at);
      this.#zeroed = zeroed;
    }
    this.#end = end;
    return at;
  }

  /** The payload of the frame at `at`. @throws {SkepError} `internal`: it is not whole any more. */
  read(at: number, bytes: number): Buffer {
    const frame = Buffer.allocUnsafe(bytes);
    const read = readSync(this.#fd, frame, 0, bytes, at);
    const found = read === bytes ? frameAt(frame, 0) : undefined;
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

function checkHead(file: string, bytes: Buffer, sealed: boolean): void {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw damaged(file, "it does not begin as a raft log of this version");
  if (bytes[MAGIC.length] === (sealed ? SEALED : PLAIN)) return;
  throw new SkepError("internal", `${file} ${sealed ? "is not sealed" : "is sealed, and its key is missing"}`);
}
