// protobufjs' Reader and Writer, set up once: 64-bit integers are plain numbers (no Long objects on hot paths). Values
// beyond 2^53 are refused, not rounded: nothing in our messages counts that far.
import { configure, Reader, util, Writer } from "protobufjs/minimal.js";

Object.assign(util, { Long: null });
configure();

export { Reader, Writer };

export function toNumber(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new RangeError(`integer ${String(value)} on the wire is beyond 2^53`);
  }
  return value;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
