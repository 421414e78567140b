// Bytes to frames and back.
import {
  ConnectionError,
  DEFAULT_MAX_FRAME_BYTES,
  ERROR,
  type ErrorCode,
  FLAG,
  FRAME,
  FRAME_HEAD_BYTES,
  MAX_STREAM_ID,
} from "./protocol.ts";

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** A view of what was received: copy what is to be kept. */
  readonly payload: Buffer;
}

/** Cuts what a client sends into frames. Keeps one unfinished frame at most: 16 KiB. */
export class FrameCutter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #neededBytes = PREFACE.length;
  #hasBegun = false;

  /** @throws {ConnectionError} not HTTP/2, or a frame larger than we said we take; or what `take` throws. */
  cut(chunk: Buffer, take: (frame: Frame) => void): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#neededBytes) return;
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held, this.#heldBytes);
    let at = 0;
    if (!this.#hasBegun) {
      if (!bytes.subarray(0, PREFACE.length).equals(PREFACE)) {
        throw new ConnectionError(ERROR.protocol, "what was sent is not HTTP/2");
      }
      this.#hasBegun = true;
      at = PREFACE.length;
    }
    for (;;) {
      this.#neededBytes = FRAME_HEAD_BYTES;
      if (bytes.length - at < FRAME_HEAD_BYTES) break;
      const length = bytes.readUIntBE(at, 3);
      if (length > DEFAULT_MAX_FRAME_BYTES) throw new ConnectionError(ERROR.frameSize, `a frame of ${length} bytes`);
      this.#neededBytes += length;
      const end = at + this.#neededBytes;
      if (bytes.length < end) break;
      take({
        type: bytes[at + 3] ?? 0,
        flags: bytes[at + 4] ?? 0,
        streamId: bytes.readUInt32BE(at + 5) & MAX_STREAM_ID,
        payload: bytes.subarray(at + FRAME_HEAD_BYTES, end),
      });
      at = end;
    }
    const rest = bytes.subarray(at);
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
  }
}

export function frameHead(type: number, flags: number, streamId: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return head;
}

function frame(type: number, flags: number, streamId: number, ...words: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 4 * words.length);
  frameHead(type, flags, streamId, 4 * words.length).copy(bytes);
  words.forEach((word, index) => {
    bytes.writeUInt32BE(word, FRAME_HEAD_BYTES + 4 * index);
  });
  return bytes;
}

export const rstStreamFrame = (streamId: number, code: ErrorCode): Buffer => frame(FRAME.rstStream, 0, streamId, code);
export const goAwayFrame = (lastStreamId: number, code: ErrorCode): Buffer =>
  frame(FRAME.goAway, 0, 0, lastStreamId, code);
export const windowUpdateFrame = (streamId: number, bytes: number): Buffer =>
  frame(FRAME.windowUpdate, 0, streamId, bytes);
export const settingsAckFrame = (): Buffer => frame(FRAME.settings, FLAG.ack, 0);

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const body = Buffer.allocUnsafe(6 * settings.length);
  settings.forEach(([id, value], index) => {
    body.writeUInt16BE(id, 6 * index);
    body.writeUInt32BE(value, 6 * index + 2);
  });
  return Buffer.concat([frameHead(FRAME.settings, 0, 0, body.length), body]);
}

/** @param data 8 bytes. */
export const pingFrame = (flags: number, data: Uint8Array): Buffer =>
  Buffer.concat([frameHead(FRAME.ping, flags, 0, data.length), data]);

/** HEADERS, and CONTINUATION where the block does not fit a frame. */
export function headersFrames(streamId: number, block: Buffer, isEnd: boolean, maxFrameBytes: number): Buffer[] {
  const end = isEnd ? FLAG.endStream : 0;
  if (block.length <= maxFrameBytes) {
    return [frameHead(FRAME.headers, FLAG.endHeaders | end, streamId, block.length), block];
  }
  const frames = [frameHead(FRAME.headers, end, streamId, maxFrameBytes), block.subarray(0, maxFrameBytes)];
  for (let at = maxFrameBytes; at < block.length; at += maxFrameBytes) {
    const part = block.subarray(at, at + maxFrameBytes);
    const isLast = at + maxFrameBytes >= block.length;
    frames.push(frameHead(FRAME.continuation, isLast ? FLAG.endHeaders : 0, streamId, part.length), part);
  }
  return frames;
}

/** What DATA or HEADERS carries. @throws {ConnectionError} the padding is longer than the frame. */
export function unpadded({ flags, payload }: Frame): Buffer {
  if ((flags & FLAG.padded) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined || padding + 1 > payload.length) {
    throw new ConnectionError(ERROR.protocol, "more padding than frame");
  }
  return payload.subarray(1, payload.length - padding);
}
