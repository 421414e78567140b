// gRPC on top of HTTP/2: messages with a prefix of five bytes, deadlines, statuses.
import { GRPC_STATUS, SkepError } from "../../errors.ts";
import { encodeFields } from "../http2/header-encoder.ts";
import type { Field } from "../http2/static-table.ts";

/** One byte "compressed?", four bytes length. */
const PREFIX_BYTES = 5;
/** Of a message after its encoding. A client refuses fields that are much longer, and with them the status. */
const MAX_MESSAGE_CHARS = 8 * 1024;
const MAX_TIMER_MS = 0x7fff_ffff;

/** What a piece of a message costs beside its bytes. */
const PIECE_BYTES = 128;

/** Bytes to keep: a copy where they are a small part of something larger, which they would keep as well. */
function kept(bytes: Buffer): Buffer {
  if (bytes.length * 2 >= bytes.buffer.byteLength) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** Cuts the data of a call into messages. Keeps one unfinished message at most. */
export class MessageCutter {
  readonly #maxBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #neededBytes = PREFIX_BYTES;
  #hasPrefix = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isMidMessage(): boolean {
    return this.#heldBytes > 0;
  }

  /** Memory that the unfinished message takes. */
  get keptBytes(): number {
    return this.#heldBytes + this.#held.length * PIECE_BYTES;
  }

  /**
   * `take` gets bytes of its own.
   * @throws {SkepError} `resource_exhausted`: larger than it may be. `unimplemented`: compressed.
   */
  cut(data: Buffer, take: (message: Buffer) => void): void {
    this.#heldBytes += data.length;
    if (this.#heldBytes < this.#neededBytes) {
      this.#held.push(kept(data));
      return;
    }
    const bytes = this.#held.length === 0 ? data : Buffer.concat([...this.#held, data], this.#heldBytes);
    let at = 0;
    for (;;) {
      if (!this.#hasPrefix) {
        this.#neededBytes = PREFIX_BYTES;
        if (bytes.length - at < PREFIX_BYTES) break;
        this.#neededBytes += this.#lengthOf(bytes, at);
        this.#hasPrefix = true;
      }
      const end = at + this.#neededBytes;
      if (bytes.length < end) break;
      take(Buffer.from(bytes.subarray(at + PREFIX_BYTES, end)));
      at = end;
      this.#hasPrefix = false;
    }
    const rest = bytes.subarray(at);
    this.#held = rest.length === 0 ? [] : [kept(rest)];
    this.#heldBytes = rest.length;
  }

  #lengthOf(bytes: Buffer, at: number): number {
    if (bytes[at] !== 0)
      throw new SkepError("unimplemented", "compressed messages are not read: send them as they are");
    const length = bytes.readUInt32BE(at + 1);
    if (length > this.#maxBytes) {
      throw new SkepError("resource_exhausted", `Received message larger than max (${length} vs ${this.#maxBytes})`);
    }
    return length;
  }
}

/** @throws {SkepError} `resource_exhausted`: larger than `maxBytes`. */
export function withPrefix(message: Buffer, maxBytes: number): readonly Buffer[] {
  if (message.length > maxBytes) {
    throw new SkepError("resource_exhausted", `Sent message larger than max (${message.length} vs. ${maxBytes})`);
  }
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix[0] = 0;
  prefix.writeUInt32BE(message.length, 1);
  return [prefix, message];
}

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * A `grpc-timeout`, in milliseconds; undefined when it is further away than timers go.
 * @throws {SkepError} `internal`, which is what gRPC answers to one that it cannot read.
 */
export function parseTimeout(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : UNIT_MS[unit];
  if (unitMs === undefined) throw new SkepError("internal", `Invalid grpc-timeout value "${text}"`);
  const ms = Number(digits) * unitMs;
  return ms > MAX_TIMER_MS ? undefined : ms;
}

/** Without what HTTP/2 has for itself. Of a name that comes twice, the first. */
export function metadataOf(fields: readonly Field[]): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  for (const { name, value } of fields) {
    if (name.startsWith(":") || metadata.has(name)) continue;
    metadata.set(name, name.endsWith("-bin") ? Buffer.from(value, "base64").toString() : value);
  }
  return metadata;
}

/** What every answer begins with. */
export const HEAD_BLOCK = encodeFields({
  ":status": "200",
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "identity",
});
const OK_BLOCK = encodeFields({ "grpc-status": "0" });

/** What it ends with, or all of it (after HEAD_BLOCK). */
export function statusBlock(error: SkepError | undefined): Buffer {
  if (error === undefined) return OK_BLOCK;
  return encodeFields({
    "grpc-status": String(GRPC_STATUS[error.code]),
    ...(error.message === "" ? {} : { "grpc-message": percentEncode(error.message) }),
  });
}

/** UTF-8 with everything but visible ASCII escaped, spaces too: HTTP takes none at either end. Cut when it is very long. */
function percentEncode(message: string): string {
  let text = "";
  for (const char of message.slice(0, MAX_MESSAGE_CHARS)) {
    const encoded = /[\x21-\x24\x26-\x7e]/.test(char) ? char : escaped(char);
    if (text.length + encoded.length > MAX_MESSAGE_CHARS) break;
    text += encoded;
  }
  return text;
}

const escaped = (char: string): string =>
  Array.from(Buffer.from(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
