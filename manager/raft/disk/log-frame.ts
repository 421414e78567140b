// How a record lies in a log file, so that what a power cut tore is told from what was damaged.
//
// A disk writes a sector of 512 bytes (or of a multiple) whole or not at all, and the file holds zeros where nothing was written
// yet. So a torn write leaves sectors that are still zeros, and a write that came through leaves none:
//
//   - A record lies within one sector, or begins at the beginning of one. A vote always fits into one: it is there, or it is not.
//   - Each of a record's sectors holds something other than zeros, or its header says how many do not.
//   - One write is under way at most. Behind a torn one there is nothing.
//
// What is unreadable and no tear was written, acknowledged and damaged later.
//
//    0   4   CRC-32 of the rest of the header
//    4   4   length of the payload
//    8   8   number: one more than that of the record before it
//   16   4   CRC-32 of the payload
//   20   4   sectors of this record, beyond its first, that are all zeros
//   24   n   payload, then 0xff, once at least, up to a multiple of 8
import { crc32 } from "node:zlib";
import { type Frame, isZero } from "./frame.ts";

export const SECTOR_BYTES = 512;
const HEADER_BYTES = 24;
const ALIGN = 8;
/** Numbers that may be missing where a damaged record is followed by a whole one. */
const MAX_GAP = 2 ** 32;

/** What a payload of so many bytes takes in the file. */
export const recordBytes = (payloadBytes: number): number =>
  Math.ceil((HEADER_BYTES + payloadBytes + 1) / ALIGN) * ALIGN;

const nextSector = (at: number): number => Math.ceil(at / SECTOR_BYTES) * SECTOR_BYTES;

/** Where a record of `bytes` goes when the one before it ends at `end`. In between there are zeros. */
export const placeFor = (end: number, bytes: number): number =>
  end + bytes <= nextSector(end) ? end : nextSector(end);

/** The record's parts, in order. The payload is not copied. */
export function encodeLogFrame(number: number, payload: Uint8Array): readonly Uint8Array[] {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 4);
  header.writeBigUInt64LE(BigInt(number), 8);
  header.writeUInt32LE(crc32(payload), 16);
  header.writeUInt32LE(zeroSectors(payload), 20);
  header.writeUInt32LE(crc32(header.subarray(4)), 0);
  return [header, payload, Buffer.alloc(recordBytes(payload.length) - HEADER_BYTES - payload.length, 0xff)];
}

/** The last sector ends in 0xff, and the first one holds the header. */
function zeroSectors(payload: Uint8Array): number {
  let count = 0;
  for (let at = SECTOR_BYTES - HEADER_BYTES; at + SECTOR_BYTES <= payload.length; at += SECTOR_BYTES) {
    if (payload[at] === 0 && isZero(payload.subarray(at, at + SECTOR_BYTES))) count++;
  }
  return count;
}

interface Header {
  readonly payloadBytes: number;
  readonly number: number;
  readonly payloadCrc: number;
  readonly zeroSectors: number;
}

function headerAt(file: Buffer, at: number): Header | undefined {
  const bytes = file.subarray(at, at + HEADER_BYTES);
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) return undefined;
  return {
    payloadBytes: bytes.readUInt32LE(4),
    number: Number(bytes.readBigUInt64LE(8)),
    payloadCrc: bytes.readUInt32LE(16),
    zeroSectors: bytes.readUInt32LE(20),
  };
}

/** Undefined when no whole record begins at `at`. */
export function logFrameAt(file: Buffer, at: number): Frame | undefined {
  const header = headerAt(file, at);
  if (header === undefined) return undefined;
  const { number, payloadBytes, payloadCrc } = header;
  const payload = file.subarray(at + HEADER_BYTES, at + HEADER_BYTES + payloadBytes);
  if (payload.length !== payloadBytes || crc32(payload) !== payloadCrc) return undefined;
  return { number, at, payload, bytes: recordBytes(payloadBytes) };
}

/** What lies behind the last whole record of a file. */
export type Tail =
  /** Zeros. */
  | { readonly kind: "clean" }
  /** What a power cut left of the write that was under way, from `at` on. It was never acknowledged. */
  | { readonly kind: "torn"; readonly at: number }
  /** Anything else. */
  | { readonly kind: "damaged"; readonly at: number; readonly why: string };

export interface LogScan {
  readonly frames: readonly Frame[];
  /** Where the last one ends. */
  readonly end: number;
  readonly tail: Tail;
}

/** The records of a file from `from` on. @param firstNumber undefined: whatever the first one has. */
export function scanLog(file: Buffer, from: number, firstNumber: number | undefined): LogScan {
  const frames: Frame[] = [];
  let end = from;
  let number = firstNumber;
  for (;;) {
    const frame = logFrameAt(file, startAfter(file, end));
    if (frame === undefined || (number !== undefined && frame.number !== number)) break;
    frames.push(frame);
    end = frame.at + frame.bytes;
    number = frame.number + 1;
  }
  return { frames, end, tail: tailOf(file, startAfter(file, end), number ?? 1) };
}

/** Where the record after `end` begins: there, or with the next sector when the rest of this one is zeros. */
const startAfter = (file: Buffer, end: number): number =>
  isZero(file.subarray(end, nextSector(end))) ? nextSector(end) : end;

/** @param at no record of `number` is whole here. */
function tailOf(file: Buffer, at: number, number: number): Tail {
  if (isZero(file.subarray(at))) return { kind: "clean" };
  const damaged = (why: string): Tail => ({ kind: "damaged", at, why });
  const later = findLater(file, at, number);
  if (later !== undefined)
    return damaged(`the record at byte ${at} is not readable, and one at byte ${later} is whole`);
  // Its first sector never got there, so its length is not known.
  if (isZero(file.subarray(at, nextSector(at + 1)))) return { kind: "torn", at };
  const header = headerAt(file, at);
  const unreadable = `the record at byte ${at} is not readable, and no power cut leaves it like this`;
  if (header === undefined) return damaged(unreadable);
  if (header.number !== number) return damaged(`the record at byte ${at} is number ${header.number}, not ${number}`);
  const end = at + recordBytes(header.payloadBytes);
  if (!isZero(file.subarray(end))) return damaged(`${unreadable}: something lies behind it`);
  return missingSectors(file, at, end) > header.zeroSectors ? { kind: "torn", at } : damaged(unreadable);
}

/** Sectors from `at` to `end` that are zeros, or behind the end of the file. */
function missingSectors(file: Buffer, at: number, end: number): number {
  let count = 0;
  for (let from = at; from < end; from = nextSector(from + 1)) {
    if (from >= file.length) return count + Math.ceil((end - from) / SECTOR_BYTES);
    if (isZero(file.subarray(from, Math.min(end, nextSector(from + 1))))) count++;
  }
  return count;
}

function findLater(file: Buffer, from: number, number: number): number | undefined {
  for (let at = from; at + HEADER_BYTES <= file.length; at += ALIGN) {
    // The number first: it rules out all but a few places, where the checksum is worth its time.
    const found = file.readUInt32LE(at + 12) * 2 ** 32 + file.readUInt32LE(at + 8);
    if (found < number || found > number + MAX_GAP) continue;
    if (logFrameAt(file, at) !== undefined) return at;
  }
  return undefined;
}
