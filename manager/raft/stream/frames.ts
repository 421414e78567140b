// What two managers say on the stream from one to the other. Frames: a 4-byte length (big endian) of what follows, a byte that
// tells the kind, and the payload.
//
//   from who connects    batch     a RaftBatch; the first one says who speaks
//                        ping
//   from who answers     pong      one for each ping
//                        refusal   "code message"; then it hangs up
//
// Not gRPC: a message takes a tenth of the time in which grpc-js passes it on (an event, several promises and HTTP/2's own
// frames for each), and each write waits for two of these on its way to a majority.
import { SkepError } from "../../../shared/errors.ts";

export const FRAME = { batch: 1, ping: 2, pong: 3, refusal: 4 } as const;

/** A batch with one entry of the largest size is below it. */
const MAX_FRAME_BYTES = 8 << 20;
/** The first frame of who connects says who it is, and nothing else. */
export const MAX_HELLO_BYTES = 4 << 10;
const LENGTH_BYTES = 4;

export interface Frame {
  readonly kind: number;
  readonly payload: Buffer;
}

export function encodeFrame(kind: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + 1 + payload.length);
  frame.writeUInt32BE(1 + payload.length, 0);
  frame[LENGTH_BYTES] = kind;
  frame.set(payload, LENGTH_BYTES + 1);
  return frame;
}

/** Takes bytes as they come and gives the frames that are whole. A payload is a window into what came. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Of the frame that is under way, its length included; 0: not known yet. */
  #wanted = 0;
  #maxFrameBytes: number;

  /** @param maxFrameBytes larger frames are refused. */
  constructor(maxFrameBytes = MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** From now on frames may be as large as any. */
  trust(): void {
    this.#maxFrameBytes = MAX_FRAME_BYTES;
  }

  /** @throws {SkepError} `invalid_argument`: a frame beyond the limit, or an empty one. */
  *read(chunk: Buffer): Generator<Frame> {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < Math.max(this.#wanted, LENGTH_BYTES)) return;
    const all = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    let at = 0;
    this.#wanted = 0;
    while (all.length - at >= LENGTH_BYTES) {
      const length = all.readUInt32BE(at);
      if (length === 0 || length > this.#maxFrameBytes) {
        throw new SkepError("invalid_argument", `a raft frame of ${length} bytes is refused`);
      }
      const end = at + LENGTH_BYTES + length;
      if (end > all.length) {
        this.#wanted = end - at;
        break;
      }
      yield { kind: all[at + LENGTH_BYTES] ?? 0, payload: all.subarray(at + LENGTH_BYTES + 1, end) };
      at = end;
    }
    this.#parts = at < all.length ? [all.subarray(at)] : [];
    this.#bytes = all.length - at;
  }
}
