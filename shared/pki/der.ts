// The little of DER (X.690) that our certificates and certificate requests are made of: a writer, and a strict reader for
// what a stranger may send. X.509 libraries do far more, and cost 10 to 17 MB of resident memory and 150 ms to load, which
// a daemon of 110 MB does not have to spare; everything cryptographic is OpenSSL's, through node:crypto.
import { SkepError } from "../errors.ts";

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tags: [n] of a structure. */
export const contextTag = (number: number, constructed: boolean): number => 0x80 | (constructed ? 0x20 : 0) | number;

export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(contents);
  const size: number[] = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest % 256);
  const length = body.length < 0x80 ? [body.length] : [0x80 | size.length, ...size];
  return Buffer.concat([Uint8Array.of(tag, ...length), body]);
}

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => encodeDer(TAG.sequence, ...items);
export const setOf = (...items: readonly Uint8Array[]): Uint8Array => encodeDer(TAG.set, ...items);
export const utf8String = (text: string): Uint8Array => encodeDer(TAG.utf8String, Buffer.from(text, "utf8"));
export const octetString = (bytes: Uint8Array): Uint8Array => encodeDer(TAG.octetString, bytes);
export const booleanTrue = (): Uint8Array => encodeDer(TAG.boolean, Uint8Array.of(0xff));

/** A positive integer, from its big-endian bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return ((trimmed[0] ?? 0) & 0x80) === 0
    ? encodeDer(TAG.integer, trimmed)
    : encodeDer(TAG.integer, Uint8Array.of(0), trimmed);
}

/** `unusedBits` of the last byte, 0 to 7. */
export const bitString = (bytes: Uint8Array, unusedBits = 0): Uint8Array =>
  encodeDer(TAG.bitString, Uint8Array.of(unusedBits), bytes);

/** `dotted` as "2.5.29.17". */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const group = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) group.unshift(0x80 | (left % 128));
    bytes.push(...group);
  }
  return encodeDer(TAG.objectIdentifier, Uint8Array.from(bytes));
}

export interface DerElement {
  readonly tag: number;
  /** The whole element, with its tag and length. */
  readonly raw: Uint8Array;
  readonly contents: Uint8Array;
}

/**
 * The elements that `bytes` consists of, exactly.
 * @throws {SkepError} `invalid_argument` when a length is not minimal, runs over the end or is larger than 65,535.
 */
export function readDer(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    const tag = bytes[at++];
    let length = bytes[at++];
    if (tag === undefined || length === undefined || (tag & 0x1f) === 0x1f) throw malformed();
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size < 1 || size > 2 || at + size > bytes.length) throw malformed();
      length = 0;
      for (let i = 0; i < size; i++) length = length * 256 + (bytes[at++] ?? 0);
      if (length < 0x80 || (size === 2 && length < 0x100)) throw malformed();
    }
    const end = at + length;
    if (end > bytes.length) throw malformed();
    elements.push({ tag, raw: bytes.subarray(start, end), contents: bytes.subarray(at, end) });
    at = end;
  }
  return elements;
}

/** The element at `index`, which must have `tag`. @throws {SkepError} `invalid_argument` */
export function elementAt(elements: readonly DerElement[], index: number, tag: number): DerElement {
  const element = elements[index];
  if (element?.tag !== tag) throw malformed();
  return element;
}

const malformed = (): SkepError => new SkepError("invalid_argument", "malformed DER");
