// A server's half of one HTTP/2 connection (RFC 9113) as a machine without a socket: bytes in, calls of its host and bytes out.
// What a server of gRPC does not need is refused or left out: no push, no priorities, no upgrade.
//
// What a client can make us keep is bounded: a frame (frames.ts), a header block, a window of each stream, so many streams, and
// what waits for the socket: data only as far as the socket takes it, and answers to its own frames only up to a limit (sender.ts).
// What it can make us do without sending much (streams that it resets at once, pings, empty frames) is bounded by rate.

import * as frames from "./frames.ts";
import { type Frame, FrameCutter } from "./frames.ts";
import { HeaderDecoder, type HeaderList, MAX_LIST_BYTES } from "./header-decoder.ts";
import {
  ConnectionError,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR,
  type ErrorCode,
  FLAG,
  FRAME,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  SETTING,
} from "./protocol.ts";
import { RateLimit } from "./rate-limit.ts";
import { Sender } from "./sender.ts";
import { Http2Stream } from "./stream.ts";

/** What a client may send on a stream before we have taken it. */
export const STREAM_WINDOW_BYTES = 256 * 1024;
/** The same on all streams together; taken at once, because each stream is bounded. */
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024;
const MAX_CONTINUATIONS = 16;
// As Node's own server has them.
const RESET_BURST = 1000;
const RESETS_PER_SECOND = 33;
/** Frames that cost us more than the client: settings, pings, empty data, priorities. */
const IDLE_BURST = 5000;
const IDLE_PER_SECOND = 500;

export interface ConnectionHost {
  readonly nowMs: () => number;
  /** There is output, or the end: call `takeOutput` soon. */
  readonly wantsOutput: () => void;
  /** A client's call begins: gives the stream its listener, or finishes it at once. */
  readonly onStream: (stream: Http2Stream, fields: HeaderList) => void;
  /** Our ping was answered. */
  readonly onPong: () => void;
}

interface Block {
  readonly streamId: number;
  readonly isEnd: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

export class Http2Connection {
  readonly #host: ConnectionHost;
  readonly #maxStreams: number;
  readonly #cutter = new FrameCutter();
  readonly #headers = new HeaderDecoder();
  readonly #streams = new Map<number, Http2Stream>();
  readonly #sender: Sender;
  readonly #resets: RateLimit;
  readonly #idles: RateLimit;
  #block: Block | undefined;
  #hasSettings = false;
  #lastStreamId = 0;
  #refusesAfter = Number.POSITIVE_INFINITY;
  #streamSendWindow = DEFAULT_WINDOW_BYTES;
  #receiveWindow = CONNECTION_WINDOW_BYTES;
  #credited = 0;
  #end: ConnectionError | "closed" | undefined;

  constructor(host: ConnectionHost, maxStreams: number) {
    this.#host = host;
    this.#maxStreams = maxStreams;
    this.#sender = new Sender(host.wantsOutput, (stream) => this.#closeStream(stream, false));
    const nowMs = host.nowMs();
    this.#resets = new RateLimit(RESET_BURST, RESETS_PER_SECOND, nowMs);
    this.#idles = new RateLimit(IDLE_BURST, IDLE_PER_SECOND, nowMs);
    this.#sender.emit(
      frames.settingsFrame([
        [SETTING.maxConcurrentStreams, maxStreams],
        [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
        [SETTING.maxHeaderListSize, MAX_LIST_BYTES],
      ]),
      frames.windowUpdateFrame(0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES),
    );
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Why it ended; undefined while it goes on, or when its socket was simply closed. */
  get failure(): ConnectionError | undefined {
    return this.#end === "closed" ? undefined : this.#end;
  }

  receive(chunk: Buffer): void {
    if (this.#end !== undefined) return;
    try {
      this.#cutter.cut(chunk, (frame) => this.#take(frame));
    } catch (error) {
      this.#fail(error instanceof ConnectionError ? error : new ConnectionError(ERROR.internal, String(error)));
    }
  }

  /** What is to be written now. Leave it while the socket is congested: what piles up here is bounded. */
  takeOutput(): Buffer | undefined {
    return this.#sender.takeOutput();
  }

  /** Whether the socket wants no more for the moment; say it after each write, and when it is drained. */
  setCongested(isCongested: boolean): void {
    this.#sender.setCongested(isCongested);
  }

  ping(data: Buffer): void {
    this.#sender.emit(frames.pingFrame(0, data));
  }

  /** No new streams; those under way live on. Idempotent. */
  goAway(): void {
    if (this.#end !== undefined || this.#refusesAfter !== Number.POSITIVE_INFINITY) return;
    this.#refusesAfter = this.#lastStreamId;
    this.#sender.emit(frames.goAwayFrame(this.#lastStreamId, ERROR.none));
  }

  /** The socket is closed: ends all streams. Idempotent. */
  close(): void {
    this.#end ??= "closed";
    this.#sender.end();
    for (const stream of this.#streams.values()) this.#closeStream(stream, true);
  }

  // What streams do.

  credit(stream: Http2Stream, bytes: number): void {
    if (stream.isClosed || stream.isRemoteEnded) return;
    stream.credited += bytes;
    if (stream.credited < STREAM_WINDOW_BYTES / 2) return;
    stream.receiveWindow += stream.credited;
    this.#sender.emit(frames.windowUpdateFrame(stream.id, stream.credited));
    stream.credited = 0;
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    if (stream.isClosed) return;
    this.#sender.emit(frames.rstStreamFrame(stream.id, code));
    this.#closeStream(stream, true);
  }

  // Endings.

  #closeStream(stream: Http2Stream, isCut: boolean): void {
    stream.isClosed = true;
    stream.pending.length = 0;
    stream.pendingBytes = 0;
    this.#streams.delete(stream.id);
    this.#sender.forget(stream);
    stream.listener?.onClose(isCut);
    if (this.#streams.size === 0) this.#host.wantsOutput(); // the last one of a connection that goes away
  }

  #fail(error: ConnectionError): void {
    this.#sender.emit(frames.goAwayFrame(this.#lastStreamId, error.code));
    this.#end = error;
    this.#sender.end();
    this.close();
    this.#host.wantsOutput();
  }

  // Receiving.

  #take(frame: Frame): void {
    if (!this.#hasSettings) {
      if (frame.type !== FRAME.settings) throw new ConnectionError(ERROR.protocol, "the first frame is no SETTINGS");
      this.#hasSettings = true;
    }
    if (this.#block !== undefined && frame.type !== FRAME.continuation) {
      throw new ConnectionError(ERROR.protocol, "a frame within a header block");
    }
    switch (frame.type) {
      case FRAME.data:
        this.#onData(frame);
        break;
      case FRAME.headers:
        this.#onHeaders(frame);
        break;
      case FRAME.continuation:
        this.#onContinuation(frame);
        break;
      case FRAME.rstStream:
        this.#onReset(frame);
        break;
      case FRAME.settings:
        this.#onSettings(frame);
        break;
      case FRAME.ping:
        this.#onPing(frame);
        break;
      case FRAME.windowUpdate:
        this.#onWindowUpdate(frame);
        break;
      case FRAME.pushPromise:
        throw new ConnectionError(ERROR.protocol, "a client that pushes");
      default: // GOAWAY says what we see anyway; the others are not for us
        this.#countIdle();
    }
  }

  #onData(frame: Frame): void {
    const { flags, streamId, payload } = frame;
    const stream = this.#streamOf(streamId);
    const bytes = payload.length;
    this.#receiveWindow -= bytes;
    if (this.#receiveWindow < 0) throw new ConnectionError(ERROR.flowControl, "more data than the window");
    this.#credited += bytes;
    if (this.#credited >= CONNECTION_WINDOW_BYTES / 2) {
      this.#receiveWindow += this.#credited;
      this.#sender.emit(frames.windowUpdateFrame(0, this.#credited));
      this.#credited = 0;
    }
    const isEnd = (flags & FLAG.endStream) !== 0;
    if (bytes === 0 && !isEnd) this.#countIdle();
    if (stream === undefined) return; // it was on its way when we ended the stream
    if (stream.isRemoteEnded) {
      this.#blame(stream, ERROR.streamClosed);
      return;
    }
    stream.receiveWindow -= bytes;
    if (stream.receiveWindow < 0) throw new ConnectionError(ERROR.flowControl, "more data than the stream's window");
    const data = frames.unpadded(frame);
    stream.isRemoteEnded = isEnd;
    if (data.length < bytes) this.credit(stream, bytes - data.length);
    if (data.length > 0) stream.listener?.onData(data);
    if (isEnd) stream.listener?.onEnd();
  }

  #onHeaders(frame: Frame): void {
    const { flags, streamId } = frame;
    if (streamId % 2 === 0) throw new ConnectionError(ERROR.protocol, `a call on stream ${streamId}`);
    let part = frames.unpadded(frame);
    if ((flags & FLAG.priority) !== 0) {
      if (part.length < 5) throw new ConnectionError(ERROR.frameSize, "HEADERS too short");
      part = part.subarray(5);
    }
    const isEnd = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) this.#onBlock(streamId, this.#headers.decode(part), isEnd);
    else this.#block = { streamId, isEnd, parts: [Buffer.from(part)], bytes: part.length };
  }

  #onContinuation({ flags, streamId, payload }: Frame): void {
    const block = this.#block;
    if (block?.streamId !== streamId) throw new ConnectionError(ERROR.protocol, "CONTINUATION of nothing");
    block.parts.push(Buffer.from(payload));
    block.bytes += payload.length;
    if (block.bytes > MAX_BLOCK_BYTES || block.parts.length > MAX_CONTINUATIONS) {
      throw new ConnectionError(ERROR.enhanceYourCalm, "a header block without end");
    }
    if ((flags & FLAG.endHeaders) === 0) return;
    this.#block = undefined;
    this.#onBlock(streamId, this.#headers.decode(Buffer.concat(block.parts)), block.isEnd);
  }

  #onBlock(streamId: number, fields: HeaderList, isEnd: boolean): void {
    const known = this.#streams.get(streamId);
    if (known !== undefined) {
      this.#onTrailers(known, isEnd);
      return;
    }
    if (streamId <= this.#lastStreamId || streamId > this.#refusesAfter) {
      this.#lastStreamId = Math.max(streamId, this.#lastStreamId);
      return; // closed already, or it begins as we said that we take no more: the client knows and asks elsewhere
    }
    this.#lastStreamId = streamId;
    this.#guardOutput();
    if (this.#streams.size >= this.#maxStreams) {
      this.#countReset();
      this.#sender.emit(frames.rstStreamFrame(streamId, ERROR.refusedStream));
      return;
    }
    const stream = new Http2Stream(this, this.#sender, streamId, this.#streamSendWindow, STREAM_WINDOW_BYTES);
    this.#streams.set(streamId, stream);
    stream.isRemoteEnded = isEnd;
    this.#host.onStream(stream, fields);
    if (isEnd) stream.listener?.onEnd();
  }

  /** Of which gRPC's clients have none: nothing in them is for us but the end. */
  #onTrailers(stream: Http2Stream, isEnd: boolean): void {
    if (isEnd && !stream.isRemoteEnded) {
      stream.isRemoteEnded = true;
      stream.listener?.onEnd();
    } else this.#blame(stream, ERROR.protocol);
  }

  #onReset({ streamId, payload }: Frame): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.frameSize, "RST_STREAM");
    this.#countReset();
    const stream = this.#streamOf(streamId);
    if (stream !== undefined) this.#closeStream(stream, true);
  }

  #onSettings({ flags, streamId, payload }: Frame): void {
    if (streamId !== 0) throw new ConnectionError(ERROR.protocol, "SETTINGS of a stream");
    if (payload.length % 6 !== 0) throw new ConnectionError(ERROR.frameSize, "SETTINGS");
    if ((flags & FLAG.ack) !== 0) return;
    this.#countIdle();
    for (let at = 0; at < payload.length; at += 6) this.#set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    this.#sender.emit(frames.settingsAckFrame());
    this.#guardOutput();
  }

  #set(id: number, value: number): void {
    switch (id) {
      case SETTING.initialWindowSize: {
        this.#countIdle(); // each goes through all streams, and a frame has room for thousands
        if (value > MAX_WINDOW_BYTES) throw new ConnectionError(ERROR.flowControl, `a window of ${value} bytes`);
        const more = value - this.#streamSendWindow;
        this.#streamSendWindow = value;
        for (const stream of this.#streams.values()) this.#widen(stream, more);
        return;
      }
      case SETTING.maxFrameSize:
        if (value < DEFAULT_MAX_FRAME_BYTES || value > MAX_FRAME_BYTES) {
          throw new ConnectionError(ERROR.protocol, `frames of ${value} bytes`);
        }
        this.#sender.maxFrameBytes = value;
    }
  }

  #onPing({ flags, streamId, payload }: Frame): void {
    if (streamId !== 0) throw new ConnectionError(ERROR.protocol, "PING of a stream");
    if (payload.length !== 8) throw new ConnectionError(ERROR.frameSize, "PING");
    if ((flags & FLAG.ack) !== 0) {
      this.#host.onPong();
      return;
    }
    this.#countIdle();
    this.#sender.emit(frames.pingFrame(FLAG.ack, Buffer.from(payload)));
    this.#guardOutput();
  }

  #onWindowUpdate({ streamId, payload }: Frame): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.frameSize, "WINDOW_UPDATE");
    const more = payload.readUInt32BE(0) & MAX_WINDOW_BYTES;
    if (streamId === 0) {
      if (more === 0) throw new ConnectionError(ERROR.protocol, "a window that grows by nothing");
      this.#sender.widen(more);
      return;
    }
    const stream = this.#streamOf(streamId);
    if (stream === undefined) return;
    if (more === 0) this.#blame(stream, ERROR.protocol);
    else this.#widen(stream, more);
  }

  #widen(stream: Http2Stream, more: number): void {
    stream.sendWindow += more;
    if (stream.sendWindow > MAX_WINDOW_BYTES) this.#blame(stream, ERROR.flowControl);
    else if (more > 0) this.#sender.sendPending(stream);
  }

  /** Undefined when it is closed. @throws {ConnectionError} it never was. */
  #streamOf(streamId: number): Http2Stream | undefined {
    if (streamId === 0 || streamId % 2 === 0 || streamId > this.#lastStreamId) {
      throw new ConnectionError(ERROR.protocol, `a frame of stream ${streamId}, which there is not`);
    }
    return this.#streams.get(streamId);
  }

  /** Resets a stream by the client's fault, which counts as if it had done so itself. */
  #blame(stream: Http2Stream, code: ErrorCode): void {
    this.#countReset();
    this.reset(stream, code);
  }

  #countReset(): void {
    if (!this.#resets.take(this.#host.nowMs())) throw new ConnectionError(ERROR.enhanceYourCalm, "too many resets");
  }

  #countIdle(): void {
    if (!this.#idles.take(this.#host.nowMs())) {
      throw new ConnectionError(ERROR.enhanceYourCalm, "too many frames that do nothing");
    }
  }

  /** A client that asks and never reads. */
  #guardOutput(): void {
    if (this.#sender.isStuck) throw new ConnectionError(ERROR.enhanceYourCalm, "it does not read");
  }
}
