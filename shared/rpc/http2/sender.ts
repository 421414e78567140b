// The sending half of a connection: what goes out next, as far as the client's windows and the socket take it. Frames about the
// connection go first and at once; data waits in its stream (stream.ts). Streams that wait for the connection's window or for
// the socket take turns, a quantum each.
import { frameHead, headersFrames, rstStreamFrame } from "./frames.ts";
import {
  ConnectionError,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR,
  FRAME,
  MAX_WINDOW_BYTES,
} from "./protocol.ts";
import type { Http2Stream } from "./stream.ts";

/** Data goes to the socket in pieces of about this size. */
const FLUSH_BYTES = 256 * 1024;
/** Frames other than data that wait for a socket which takes no more. */
const MAX_STUCK_BYTES = 1024 * 1024;
const QUANTUM_BYTES = 64 * 1024;

export class Sender {
  readonly #wantsOutput: () => void;
  readonly #onSent: (stream: Http2Stream) => void;
  readonly #waiting = new Set<Http2Stream>();
  #window = DEFAULT_WINDOW_BYTES;
  #out: Buffer[] = [];
  #outBytes = 0;
  #isCongested = false;
  #hasEnded = false;
  /** Of the client's SETTINGS. */
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;

  /** @param onSent a stream's last frame is on its way. */
  constructor(wantsOutput: () => void, onSent: (stream: Http2Stream) => void) {
    this.#wantsOutput = wantsOutput;
    this.#onSent = onSent;
  }

  /** The other side asks for more and more, and does not read what it gets. */
  get isStuck(): boolean {
    return this.#isCongested && this.#outBytes > MAX_STUCK_BYTES;
  }

  emit(...parts: readonly Buffer[]): void {
    if (this.#hasEnded) return;
    for (const part of parts) {
      this.#out.push(part);
      this.#outBytes += part.length;
    }
    this.#wantsOutput();
  }

  takeOutput(): Buffer | undefined {
    if (this.#outBytes === 0) return undefined;
    const output = this.#out.length === 1 ? this.#out[0] : Buffer.concat(this.#out, this.#outBytes);
    this.#out = [];
    this.#outBytes = 0;
    return output;
  }

  setCongested(isCongested: boolean): void {
    this.#isCongested = isCongested;
    this.#sendWaiting();
  }

  /** What is emitted from now on goes nowhere. */
  end(): void {
    this.#hasEnded = true;
  }

  forget(stream: Http2Stream): void {
    this.#waiting.delete(stream);
  }

  sendHeaders(stream: Http2Stream, block: Buffer, isEnd: boolean): void {
    this.emit(...headersFrames(stream.id, block, isEnd, this.maxFrameBytes));
  }

  sendPending(stream: Http2Stream): void {
    if (stream.isWaiting) return; // its turn comes
    const wasFull = stream.isFull;
    this.#sendSome(stream);
    if (wasFull && !stream.isFull && !stream.isClosed) stream.listener?.onDrain();
  }

  /** @throws {ConnectionError} by more than there may be. */
  widen(bytes: number): void {
    this.#window += bytes;
    if (this.#window > MAX_WINDOW_BYTES) throw new ConnectionError(ERROR.flowControl, "the window is too large");
    this.#sendWaiting();
  }

  /** As much as the windows, the socket and its turn allow; then, when nothing is left, the end. */
  #sendSome(stream: Http2Stream): void {
    let quantum = QUANTUM_BYTES;
    for (let data = stream.pending[0]; data !== undefined; data = stream.pending[0]) {
      if (stream.sendWindow <= 0) return; // WINDOW_UPDATE calls
      if (!this.#mayPush() || quantum <= 0) {
        this.#waiting.add(stream);
        stream.isWaiting = true;
        return;
      }
      const bytes = Math.min(data.length, stream.sendWindow, this.#window, this.maxFrameBytes, quantum);
      if (bytes === data.length) stream.pending.shift();
      else stream.pending[0] = data.subarray(bytes);
      stream.pendingBytes -= bytes;
      stream.sendWindow -= bytes;
      this.#window -= bytes;
      quantum -= bytes;
      this.emit(frameHead(FRAME.data, 0, stream.id, bytes), data.subarray(0, bytes));
    }
    if (stream.trailers === undefined) return;
    this.sendHeaders(stream, stream.trailers, true);
    if (!stream.isRemoteEnded) this.emit(rstStreamFrame(stream.id, ERROR.none)); // it need not send the rest
    this.#onSent(stream);
  }

  #mayPush(): boolean {
    return this.#window > 0 && !this.#isCongested && this.#outBytes < FLUSH_BYTES;
  }

  #sendWaiting(): void {
    while (this.#mayPush()) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next);
      next.isWaiting = false;
      this.sendPending(next);
    }
  }
}
