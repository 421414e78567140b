// The form of netlink messages: a header, a fixed part, and attributes, each with a length and a type, at steps of four bytes.
// Headers and plain numbers are in the machine's order, which is little-endian on everything that Node 24 runs on but s390x;
// what belongs to the wire or to netfilter is big-endian.
import { endianness } from "node:os";

const LITTLE = endianness() === "LE";
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

export const HEADER_BYTES = 16;
export const aligned = (length: number): number => (length + 3) & ~3;

export const u8 = (value: number): Buffer => Buffer.from([value]);

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  if (LITTLE) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (LITTLE) bytes.writeUInt32LE(value >>> 0);
  else bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export const string = (text: string): Buffer => Buffer.from(`${text}\0`);

export const readU16 = (bytes: Buffer, at: number): number =>
  LITTLE ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
export const readU32 = (bytes: Buffer, at: number): number =>
  LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
export const readI32 = (bytes: Buffer, at: number): number => (LITTLE ? bytes.readInt32LE(at) : bytes.readInt32BE(at));

export function attribute(type: number, ...parts: readonly Buffer[]): Buffer {
  const length = 4 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([u16(length), u16(type), ...parts, Buffer.alloc(aligned(length) - length)]);
}

export const nested = (type: number, ...parts: readonly Buffer[]): Buffer => attribute(type | NESTED, ...parts);

/** By type. Of a type that comes twice the last one is told. Reads no further than a length that cannot be. */
export function readAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = readU16(bytes, at);
    if (length < 4 || at + length > bytes.length) break;
    found.set(readU16(bytes, at + 2) & TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return found;
}

/** Without the zero at its end. */
export function readString(bytes: Buffer | undefined): string {
  if (bytes === undefined) return "";
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

export interface Request {
  readonly type: number;
  /** Beside NLM_F_REQUEST. */
  readonly flags: number;
  /** An error that is as good as done. */
  readonly tolerates?: string;
  /** The fixed part and the attributes. */
  readonly body: readonly Buffer[];
}

export const FLAGS = {
  request: 0x1,
  ack: 0x4,
  replace: 0x100,
  exclusive: 0x200,
  dump: 0x300,
  create: 0x400,
  append: 0x800,
};

export function encodeRequest({ type, flags, body }: Request, sequence: number): Buffer {
  const length = HEADER_BYTES + body.reduce((sum, part) => sum + part.length, 0);
  const header = [u32(length), u16(type), u16(FLAGS.request | flags), u32(sequence), u32(0)];
  return Buffer.concat([...header, ...body, Buffer.alloc(aligned(length) - length)]);
}

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
}

/** The messages of one read. Reads no further than a length that cannot be. */
export function* readMessages(bytes: Buffer): Generator<Message> {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = readU32(bytes, at);
    if (length < HEADER_BYTES || at + length > bytes.length) return;
    yield {
      type: readU16(bytes, at + 4),
      flags: readU16(bytes, at + 6),
      sequence: readU32(bytes, at + 8),
      body: bytes.subarray(at + HEADER_BYTES, at + length),
    };
    at += aligned(length);
  }
}
