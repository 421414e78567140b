// protobufjs' Reader and Writer, set up once: 64-bit integers are plain numbers (no Long objects on hot paths). Values
// beyond 2^53 are refused, not rounded: nothing in our messages counts that far.
import { configure, Reader, util, Writer } from "protobufjs/minimal.js";

Object.assign(util, { Long: null });
configure();

export { Reader, Writer };

/** A message of the largest size, made of the smallest fields, would take seconds to decode, in which nothing else runs. */
export const MAX_REQUEST_FIELDS = 100_000;

// Decoding never waits, so there is one at a time.
let fieldsLeft = Number.POSITIVE_INFINITY;

/** @throws {RangeError} when the message has more fields than it may have. */
export function countField(): void {
  if (--fieldsLeft < 0) throw new RangeError("the message has more fields than any honest one: send fewer at once");
}

/** The next field's number and wire type. @throws as countField. */
export function nextTag(r: Reader): number {
  countField();
  return r.uint32();
}

/** What somebody else sent: decoded as long as it has at most `maxFields` fields, with those of the messages in it. */
export function decodeBounded<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array, maxFields: number): T {
  fieldsLeft = maxFields;
  try {
    return decode(bytes);
  } finally {
    fieldsLeft = Number.POSITIVE_INFINITY;
  }
}

export function toNumber(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new RangeError(`integer ${String(value)} on the wire is beyond 2^53`);
  }
  return value;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
