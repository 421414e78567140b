// One record of a log file, in the format of Kubernetes' container logs, so that tools which read those read these:
//
//     2026-08-01T12:34:56.123456789Z stdout F listening on 8080
//
// F is a full line or the last part of one, P a part that goes on in the next record of the same stream. The head has a
// fixed length, and no record is longer than head + 16 KiB + newline, so readers need one small buffer.
import { MAX_LOG_PART_BYTES } from "../../shared/model/log-line.ts";
import { formatStamp, parseStamp, STAMP_LENGTH, type Stamp } from "./timestamp.ts";

export type Stream = "stdout" | "stderr";

export interface LogRecord {
  readonly stamp: Stamp;
  readonly stream: Stream;
  readonly partial: boolean;
  readonly data: Uint8Array;
}

const HEAD_LENGTH = STAMP_LENGTH + 1 + 6 + 1 + 1 + 1;
const NEWLINE = 0x0a;
const PARTIAL = 0x50;
const FULL = 0x46;
const STDOUT = Buffer.from(" stdout ");
const STDERR = Buffer.from(" stderr ");

export function encodeRecord(record: LogRecord): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_LENGTH + record.data.length + 1);
  bytes.write(`${formatStamp(record.stamp)} ${record.stream} ${record.partial ? "P" : "F"} `, 0, "latin1");
  bytes.set(record.data, HEAD_LENGTH);
  bytes[bytes.length - 1] = NEWLINE;
  return bytes;
}

/** @param line without its newline. Undefined when it is no record: a power cut tore it. */
export function decodeRecord(line: Buffer): LogRecord | undefined {
  if (line.length < HEAD_LENGTH) return undefined;
  const stamp = parseStamp(line, 0);
  const flag = line[STAMP_LENGTH + 8];
  if (stamp === undefined || (flag !== PARTIAL && flag !== FULL) || line[HEAD_LENGTH - 1] !== 0x20) return undefined;
  const tag = line.subarray(STAMP_LENGTH, STAMP_LENGTH + 8);
  const stream = tag.equals(STDOUT) ? "stdout" : tag.equals(STDERR) ? "stderr" : undefined;
  if (stream === undefined) return undefined;
  return { stamp, stream, partial: flag === PARTIAL, data: line.subarray(HEAD_LENGTH) };
}

export interface Part {
  readonly data: Buffer;
  readonly partial: boolean;
}

/** Cuts one stream's bytes into lines, and lines over 16 KiB into parts. Holds at most 16 KiB. */
export class LineCutter {
  #rest: Buffer = Buffer.alloc(0);
  /** A part went out whose line has not ended. */
  #open = false;

  get unfinished(): boolean {
    return this.#rest.length > 0;
  }

  push(chunk: Uint8Array): Part[] {
    const parts: Part[] = [];
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const bytes = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    let at = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline < 0 ? bytes.length : newline;
      while (end - at > MAX_LOG_PART_BYTES) {
        parts.push({ data: bytes.subarray(at, at + MAX_LOG_PART_BYTES), partial: true });
        at += MAX_LOG_PART_BYTES;
        this.#open = true;
      }
      if (newline < 0) break;
      parts.push({ data: bytes.subarray(at, end), partial: false });
      at = newline + 1;
      this.#open = false;
    }
    this.#rest = Buffer.from(bytes.subarray(at)); // a copy: the caller may use its buffer again
    return parts;
  }

  /** What waits for its line's end, as a part: for who follows, and against a crash. */
  flush(): Part[] {
    if (this.#rest.length === 0) return [];
    const data = this.#rest;
    this.#rest = Buffer.alloc(0);
    this.#open = true;
    return [{ data, partial: true }];
  }

  /** The stream has ended: a last line without a newline is a line. */
  end(): Part[] {
    if (this.#rest.length === 0 && !this.#open) return [];
    const data = this.#rest;
    this.#rest = Buffer.alloc(0);
    this.#open = false;
    return [{ data, partial: false }];
  }
}
