// A client that writes HTTP/2 frames as they are and reads what it gets, so that a test may send what no client would, to whatever
// serves HTTP/2.
import type { Duplex } from "node:stream";
import { HeaderDecoder } from "../../../shared/rpc/http2/header-decoder.ts";
import { encodeFields } from "../../../shared/rpc/http2/header-encoder.ts";
import { FLAG, FRAME } from "../../../shared/rpc/http2/protocol.ts";
import { eventually } from "../../support/test-api.ts";
import { frame, HELLO } from "./http2/frame-text.ts";

export class RawClient {
  readonly socket: Duplex;
  readonly #headers = new HeaderDecoder();
  readonly #statuses = new Map<number, string>();
  readonly #resets = new Map<number, number>();
  #rest: Buffer = Buffer.alloc(0);
  /** The code that the server ended the connection with. */
  goAway: number | undefined;
  isClosed = false;

  /** Says hello. */
  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
    });
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.write(HELLO);
  }

  /** False when the socket takes no more for now. */
  send(...frames: readonly Buffer[]): boolean {
    if (this.socket.destroyed) return false;
    return this.socket.write(Buffer.concat(frames));
  }

  /** As `send`, and waits until the socket has taken it, or is closed. */
  async pour(...frames: readonly Buffer[]): Promise<void> {
    if (this.send(...frames)) return;
    await eventually(
      "the socket takes it",
      () => this.isClosed || this.socket.destroyed || !this.socket.writableNeedDrain,
    );
  }

  /** The gRPC status that a call has ended with. */
  async statusOf(streamId: number): Promise<string> {
    await eventually(`stream ${streamId} ends`, () => this.#statuses.has(streamId) || this.isClosed);
    return this.#statuses.get(streamId) ?? "the connection was closed";
  }

  hasEnded(streamId: number): boolean {
    return this.#statuses.has(streamId) || this.#resets.has(streamId);
  }

  /** How many of its calls have ended with `status`. */
  count(status: string): number {
    return [...this.#statuses.values()].filter((each) => each === status).length;
  }

  #read(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 9) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      if (bytes.length < end) break;
      this.#take(
        bytes.readUInt8(at + 3),
        bytes.readUInt8(at + 4),
        bytes.readUInt32BE(at + 5),
        bytes.subarray(at + 9, end),
      );
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #take(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (type === FRAME.settings && (flags & FLAG.ack) === 0) this.send(frame("settings", 0, "", "ack"));
    else if (type === FRAME.goAway) this.goAway = payload.readUInt32BE(4);
    else if (type === FRAME.rstStream) this.#resets.set(streamId, payload.readUInt32BE(0));
    else if (type === FRAME.headers) {
      const fields = this.#headers.decode(payload);
      if (fields === "too_long") return;
      const status = fields.find(({ name }) => name === "grpc-status")?.value;
      if (status !== undefined) this.#statuses.set(streamId, status);
    }
  }
}

/** A gRPC call's header fields. */
export const headersOf = (path: string, more: Readonly<Record<string, string>> = {}): Buffer =>
  encodeFields({
    ":method": "POST",
    ":scheme": "https",
    ":authority": "node",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });

export const begin = (streamId: number, path: string): Buffer =>
  frame("headers", streamId, headersOf(path), "endHeaders");

/** The beginning of a message of `length` bytes, of which `bytes` come with it. */
export function halfMessage(length: number, bytes: number): Buffer {
  const half = Buffer.alloc(5 + bytes);
  half.writeUInt32BE(length, 1);
  return half;
}
