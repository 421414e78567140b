// Generated from containerd/common.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag } from "../wire.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
/** A message of any type: `type_url` names it, `value` holds its bytes. */
export interface Any {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}
/** A Any with every field that is not given at its zero value. */
export function newAny(init: Partial<Any> = {}): Any {
  return { typeUrl: "", value: EMPTY, ...init };
}
export function encodeAnyInto(m: Any, w: Writer): Writer {
  if (m.typeUrl !== "") w.uint32(10).string(m.typeUrl);
  if (m.value.length > 0) w.uint32(18).bytes(m.value);
  return w;
}
export function encodeAny(m: Any): Uint8Array {
  return encodeAnyInto(m, Writer.create()).finish();
}
export function decodeAnyFrom(r: Reader, length: number): Any {
  const end = r.pos + length;

  const m: Mutable<Any> = newAny();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.typeUrl = r.string();
        break;
      case 2:
        m.value = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Any. */
export function decodeAny(bytes: Uint8Array): Any {
  const r = Reader.create(bytes);
  return decodeAnyFrom(r, bytes.length);
}

/** Unix time. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}
/** A Timestamp with every field that is not given at its zero value. */
export function newTimestamp(init: Partial<Timestamp> = {}): Timestamp {
  return { seconds: 0, nanos: 0, ...init };
}
export function encodeTimestampInto(m: Timestamp, w: Writer): Writer {
  if (m.seconds !== 0) w.uint32(8).int64(m.seconds);
  if (m.nanos !== 0) w.uint32(16).int32(m.nanos);
  return w;
}
export function encodeTimestamp(m: Timestamp): Uint8Array {
  return encodeTimestampInto(m, Writer.create()).finish();
}
export function decodeTimestampFrom(r: Reader, length: number): Timestamp {
  const end = r.pos + length;

  const m: Mutable<Timestamp> = newTimestamp();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.seconds = toNumber(r.int64());
        break;
      case 2:
        m.nanos = r.int32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Timestamp. */
export function decodeTimestamp(bytes: Uint8Array): Timestamp {
  const r = Reader.create(bytes);
  return decodeTimestampFrom(r, bytes.length);
}

export interface Empty {

}
/** A Empty with every field that is not given at its zero value. */
export function newEmpty(init: Partial<Empty> = {}): Empty {
  return { ...init };
}
export function encodeEmptyInto(_m: Empty, w: Writer): Writer {

  return w;
}
export function encodeEmpty(m: Empty): Uint8Array {
  return encodeEmptyInto(m, Writer.create()).finish();
}
export function decodeEmptyFrom(r: Reader, length: number): Empty {
  const end = r.pos + length;

  const m: Mutable<Empty> = newEmpty();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Empty. */
export function decodeEmpty(bytes: Uint8Array): Empty {
  const r = Reader.create(bytes);
  return decodeEmptyFrom(r, bytes.length);
}

export interface FieldMask {
  readonly paths: readonly string[];
}
/** A FieldMask with every field that is not given at its zero value. */
export function newFieldMask(init: Partial<FieldMask> = {}): FieldMask {
  return { paths: [], ...init };
}
export function encodeFieldMaskInto(m: FieldMask, w: Writer): Writer {
  for (const value of m.paths) w.uint32(10).string(value);
  return w;
}
export function encodeFieldMask(m: FieldMask): Uint8Array {
  return encodeFieldMaskInto(m, Writer.create()).finish();
}
export function decodeFieldMaskFrom(r: Reader, length: number): FieldMask {
  const end = r.pos + length;
  const paths: string[] = [];
  const m: Mutable<FieldMask> = newFieldMask({ paths });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        paths.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a FieldMask. */
export function decodeFieldMask(bytes: Uint8Array): FieldMask {
  const r = Reader.create(bytes);
  return decodeFieldMaskFrom(r, bytes.length);
}
