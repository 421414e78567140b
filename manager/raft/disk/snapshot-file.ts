// Snapshots, one file each. It is written beside the log and in pieces, under another name until it is whole: a crash leaves the
// one before. Frames: the head, the pieces, and an empty one at the end, so that a file cut short is told from a whole one.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { decodeRaftSnapshotHead, encodeRaftSnapshotHead } from "../../../proto/gen/raft.ts";
import { asBuffer } from "../../../proto/wire.ts";
import type { Sealer } from "../../../shared/pki/sealing.ts";
import { fromMembership, toMembership } from "../codec.ts";
import type { Snapshot, SnapshotStream } from "../core/types.ts";
import type { SnapshotHead } from "../storage.ts";
import { closeQuietly, createDurable, discard, moveDurable, numbered, writeDurable } from "./files.ts";
import { encodeFrame, FRAME_HEADER_BYTES, frameAt, frameBytes, payloadBytesOf, scanFrames } from "./frame.ts";
import { damaged } from "./segment.ts";

const MAGIC = Buffer.from("skep snapshot 1\n");
const NAME = /^snapshot-(\d{16})$/;
const NAME_OR_UNDER_WAY = /^snapshot-(\d{16})(?:-next)?$/;
/** Pieces are joined up to about this: one seal and one write each. */
const PIECE_BYTES = 256 << 10;
/** A membership of a thousand managers is smaller. */
const MAX_HEAD_BYTES = 1 << 20;

const nameOf = (index: number): string => `snapshot-${String(index).padStart(16, "0")}`;
const placeOf = (index: number, frame: number): string => `raft/snapshot/${index}/${frame}`;

/**
 * Resolves when the file is whole, on the disk and in its place. What comes from `pieces` is asked for a little at a time, with
 * a turn for everybody else after each write. When it rejects there is no such file.
 */
export async function writeSnapshot(
  dir: string,
  sealer: Sealer,
  head: SnapshotHead,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const { index } = head;
  const temporary = join(dir, `${nameOf(index)}-next`);
  const fd = await createDurable(temporary);
  try {
    let at = MAGIC.length;
    let number = 1;
    const put = async (plain: Uint8Array): Promise<void> => {
      const parts = encodeFrame(number, sealer.seal(plain, placeOf(index, number)));
      await writeDurable(fd, parts, at);
      at += parts.reduce((sum, part) => sum + part.length, 0);
      number++;
    };
    await writeDurable(fd, [MAGIC], 0);
    await put(encodeHead(head));
    for await (const piece of joined(pieces)) await put(piece);
    await put(new Uint8Array(0));
    await moveDurable(temporary, join(dir, nameOf(index)), dir);
  } catch (error) {
    discard(temporary);
    throw error;
  } finally {
    closeQuietly(fd);
  }
}

const encodeHead = ({ index, term, config }: SnapshotHead): Uint8Array =>
  encodeRaftSnapshotHead({ index, term, config: toMembership(config), size: 0 });

/** Large ones are cut, small ones put together. */
async function* joined(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES) {
      const part = piece.subarray(at, at + PIECE_BYTES);
      waiting.push(part);
      bytes += part.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/**
 * The snapshot at `index`, of which the head alone is read now.
 * @param onDamage told of what a stream found damaged.
 * @throws {SkepError} `internal`, naming the file: it is missing, damaged, or sealed with another key.
 */
export function openSnapshot(
  dir: string,
  sealer: Sealer,
  index: number,
  onDamage: (error: unknown) => void = () => undefined,
): Snapshot {
  return {
    ...readSnapshotHead(dir, sealer, index),
    get data() {
      return readData(dir, sealer, index);
    },
    stream: () => streamData(dir, sealer, index, onDamage),
  };
}

/** All of it at once: for who serves nobody meanwhile. */
function readData(dir: string, sealer: Sealer, index: number): Uint8Array {
  const file = join(dir, nameOf(index));
  const bytes = readOrRefuse(file, () => readFileSync(file));
  checkMagic(file, bytes);
  const { frames, end, torn } = scanFrames(bytes, MAGIC.length, 1);
  const payloads = frames.map(({ payload, number }) =>
    readOrRefuse(file, () => sealer.open(payload, placeOf(index, number))),
  );
  const [head, ...pieces] = payloads;
  if (head === undefined || torn || pieces.at(-1)?.length !== 0) throw damaged(file, `it is not whole at byte ${end}`);
  return Buffer.concat(pieces);
}

/** A first pass finds where the pieces lie and how long they are: whoever sends it says the size first. */
async function streamData(
  dir: string,
  sealer: Sealer,
  index: number,
  onDamage: (error: unknown) => void,
): Promise<SnapshotStream> {
  const path = join(dir, nameOf(index));
  const file = await open(path, "r");
  try {
    const { size: end } = await file.stat();
    const overhead = sealer.seal(new Uint8Array(0), placeOf(index, 0)).length;
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    const places: { readonly at: number; readonly bytes: number }[] = [];
    let size = 0;
    for (let at = MAGIC.length; at < end; ) {
      await file.read(header, 0, header.length, at);
      const payloadBytes = payloadBytesOf(header);
      const bytes = frameBytes(payloadBytes);
      if (at + bytes > end) break; // said when it is read
      places.push({ at, bytes });
      if (places.length > 1) size += payloadBytes - overhead;
      at += bytes;
    }
    const pieces = readPieces(path, file, sealer, index, places, onDamage);
    return { size, pieces, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* readPieces(
  path: string,
  file: FileHandle,
  sealer: Sealer,
  index: number,
  places: readonly { readonly at: number; readonly bytes: number }[],
  onDamage: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    let last: Buffer | undefined;
    for (const [i, { at, bytes }] of places.entries()) {
      if (i === 0) continue; // the head
      const buffer = Buffer.allocUnsafe(bytes);
      await file.read(buffer, 0, bytes, at);
      const frame = frameAt(buffer, 0);
      if (frame?.number !== i + 1) throw damaged(path, `it is not whole at byte ${at}`);
      last = readOrRefuse(path, () => sealer.open(frame.payload, placeOf(index, i + 1)));
      if (last.length > 0) yield last;
    }
    if (last?.length !== 0) throw damaged(path, "its end is missing");
  } catch (error) {
    onDamage(error);
    throw error;
  }
}

/** All but the data, without reading it. Errors as above. */
export function readSnapshotHead(dir: string, sealer: Sealer, index: number): SnapshotHead {
  const file = join(dir, nameOf(index));
  const start = readOrRefuse(file, () => readStart(file));
  checkMagic(file, start);
  const frame = frameAt(start, MAGIC.length);
  if (frame?.number !== 1) throw damaged(file, "its head is not readable");
  return decodeHead(
    file,
    readOrRefuse(file, () => sealer.open(frame.payload, placeOf(index, 1))),
  );
}

function checkMagic(file: string, bytes: Buffer): void {
  if (bytes.subarray(0, MAGIC.length).equals(MAGIC)) return;
  throw damaged(file, "it does not begin as a snapshot of this version");
}

function readStart(file: string): Buffer {
  const fd = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(MAX_HEAD_BYTES);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

function decodeHead(file: string, bytes: Buffer): SnapshotHead {
  const { index, term, config } = readOrRefuse(file, () => decodeRaftSnapshotHead(asBuffer(bytes)));
  return { index, term, config: fromMembership(config) };
}

function readOrRefuse<R>(file: string, read: () => R): R {
  try {
    return read();
  } catch (error) {
    throw damaged(file, error instanceof Error ? error.message : String(error));
  }
}

/** All but the one at `index`. @param underWay also those that were never finished: nobody writes one now. */
export function discardSnapshots(dir: string, index: number, underWay: boolean): void {
  for (const { name, number } of numbered(dir, underWay ? NAME_OR_UNDER_WAY : NAME)) {
    if (number !== index || !NAME.test(name)) discard(join(dir, name));
  }
}
