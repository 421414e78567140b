// One stream of a server's connection: what of it the connection keeps, and what the call above it may do with it. What is to
// be sent waits here until both windows and the socket take it.
import type { Http2Connection } from "./connection.ts";
import { ERROR, type ErrorCode } from "./protocol.ts";
import type { Sender } from "./sender.ts";

/** What waits in a stream before `send` asks to stop. */
const HIGH_WATER_BYTES = 64 * 1024;

/** The call that a stream carries. Nothing here may throw. */
export interface StreamListener {
  /** A view of what was received: copy what is kept. Each byte is to be given back to `credit`. */
  readonly onData: (data: Buffer) => void;
  /** The client has sent all. */
  readonly onEnd: () => void;
  /** What was waiting is on its way: send more. */
  readonly onDrain: () => void;
  /** Once, at the end: whole, or cut by the client or with the connection. Nothing that is sent after it goes anywhere. */
  readonly onClose: (isCut: boolean) => void;
}

export class Http2Stream {
  readonly id: number;
  readonly #connection: Pick<Http2Connection, "credit" | "reset">;
  readonly #sender: Sender;
  listener: StreamListener | undefined;

  // The connection's and its sender's own.
  sendWindow: number;
  receiveWindow: number;
  /** Taken by the call, not yet told to the client. */
  credited = 0;
  readonly pending: Buffer[] = [];
  pendingBytes = 0;
  trailers: Buffer | undefined;
  isRemoteEnded = false;
  isClosed = false;
  isWaiting = false;

  constructor(
    connection: Pick<Http2Connection, "credit" | "reset">,
    sender: Sender,
    id: number,
    sendWindow: number,
    receiveWindow: number,
  ) {
    this.#connection = connection;
    this.#sender = sender;
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  /** Sends a block of header fields: first of all, and once. */
  respond(block: Buffer): void {
    if (!this.isClosed) this.#sender.sendHeaders(this, block, false);
  }

  /** Queues data; false when enough is waiting: go on at `onDrain`. */
  send(data: readonly Buffer[]): boolean {
    if (this.isClosed || this.trailers !== undefined) return true;
    for (const part of data) {
      if (part.length === 0) continue;
      this.pending.push(part);
      this.pendingBytes += part.length;
    }
    this.#sender.sendPending(this);
    return this.isClosed || this.pendingBytes < HIGH_WATER_BYTES;
  }

  get isFull(): boolean {
    return !this.isClosed && this.pendingBytes >= HIGH_WATER_BYTES;
  }

  /** A last block of header fields after all data. What the client still sends is thrown away. */
  finish(block: Buffer): void {
    if (this.isClosed || this.trailers !== undefined) return;
    this.trailers = block;
    this.#sender.sendPending(this);
  }

  /** Lets the client send as many bytes more. */
  credit(bytes: number): void {
    this.#connection.credit(this, bytes);
  }

  reset(code: ErrorCode = ERROR.cancel): void {
    this.#connection.reset(this, code);
  }
}
