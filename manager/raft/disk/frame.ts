// Frames: how the parts of a snapshot lie in their file, so that a reader can tell where the last whole one ends. Log files have
// a layout of their own (log-frame.ts); those of an earlier version have this one, and are read.
//
//    0   4   CRC-32 of everything behind it
//    4   4   length of the payload
//    8   8   number: one more than that of the frame before it
//   16   n   payload, then zeros up to a multiple of 8
//
// Behind the last frame there are zeros, or the end of the file. In a log one write is under way at most, so what is not whole
// and has no whole frame behind it is taken for that write. Where whole frames do come behind, something is damaged.
import { crc32 } from "node:zlib";

export const FRAME_HEADER_BYTES = 16;
const HEADER_BYTES = FRAME_HEADER_BYTES;
const ALIGN = 8;
/** Numbers that may be missing where a damaged frame is followed by a whole one. */
const MAX_GAP = 2 ** 32;

export interface Frame {
  readonly number: number;
  /** Where it begins in its file. */
  readonly at: number;
  readonly payload: Buffer;
  /** Header and padding included. */
  readonly bytes: number;
}

/** What a payload of so many bytes takes in the file. */
export const frameBytes = (payloadBytes: number): number => Math.ceil((HEADER_BYTES + payloadBytes) / ALIGN) * ALIGN;

/** As a frame's header has it; nothing is checked. */
export const payloadBytesOf = (header: Buffer): number => header.readUInt32LE(4);

/** The frame's parts, in order. The payload is not copied. */
export function encodeFrame(number: number, payload: Uint8Array): readonly Uint8Array[] {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 4);
  header.writeBigUInt64LE(BigInt(number), 8);
  header.writeUInt32LE(crc32(payload, crc32(header.subarray(4))), 0);
  const padding = frameBytes(payload.length) - HEADER_BYTES - payload.length;
  return padding === 0 ? [header, payload] : [header, payload, Buffer.alloc(padding)];
}

/** Undefined when no whole frame begins at `at`. */
export function frameAt(file: Buffer, at: number): Frame | undefined {
  if (at + HEADER_BYTES > file.length) return undefined;
  const end = at + HEADER_BYTES + file.readUInt32LE(at + 4);
  if (end > file.length || file.readUInt32LE(at) !== crc32(file.subarray(at + 4, end))) return undefined;
  const number = Number(file.readBigUInt64LE(at + 8));
  if (number === 0) return undefined;
  const payload = file.subarray(at + HEADER_BYTES, end);
  return { number, at, payload, bytes: frameBytes(payload.length) };
}

export interface Scan {
  readonly frames: readonly Frame[];
  /** Where the next one goes. */
  readonly end: number;
  /** Whether something other than zeros lies behind. */
  readonly torn: boolean;
  /** Where a later frame is whole although the one at `end` is not. */
  readonly beyond: number | undefined;
}

/** The frames of a file from `from` on. @param firstNumber undefined: whatever the first one has. */
export function scanFrames(file: Buffer, from: number, firstNumber: number | undefined): Scan {
  const frames: Frame[] = [];
  let end = from;
  let number = firstNumber;
  for (;;) {
    const frame = frameAt(file, end);
    if (frame === undefined || (number !== undefined && frame.number !== number)) break;
    frames.push(frame);
    end += frame.bytes;
    number = frame.number + 1;
  }
  const rest = file.subarray(Math.min(end, file.length));
  const torn = !isZero(rest);
  return { frames, end, torn, beyond: torn ? findLater(file, end, number ?? 1) : undefined };
}

function findLater(file: Buffer, from: number, number: number): number | undefined {
  for (let at = from; at + HEADER_BYTES <= file.length; at += ALIGN) {
    // The number first: it rules out all but a few places, where the checksum is worth its time.
    const found = file.readUInt32LE(at + 12) * 2 ** 32 + file.readUInt32LE(at + 8);
    if (found < number || found > number + MAX_GAP) continue;
    if (frameAt(file, at) !== undefined) return at;
  }
  return undefined;
}

const ZEROS = Buffer.alloc(1 << 16);

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (ZEROS.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
}
