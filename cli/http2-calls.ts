// gRPC calls over node:http2: the wire that grpc-js speaks, for one connection to one local socket. Why not grpc-js here as
// everywhere else: it takes longer to load than the rest of `skep service ls` takes to run (60 of 140 ms measured), and all
// that it brings beyond the wire format (names, balancing, retries, TLS) is of no use on a local socket. The tests run
// against a grpc-js server.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { createConnection, type Socket } from "node:net";
import type { Env } from "../shared/env/env.ts";
import { SkepError } from "../shared/errors.ts";
import type { CallOptions } from "../shared/rpc/client.ts";
import { MessageCutter, withPrefix } from "../shared/rpc/grpc/wire.ts";
import { MAX_ANSWER_BYTES } from "../shared/rpc/limits.ts";
import type { AnyMethod } from "../shared/rpc/method.ts";

const WINDOW_BYTES = 1024 * 1024;
// The server keeps the deadline; should it not answer at all, we end the call ourselves this much later.
const DEADLINE_GRACE_MS = 1_000;

export interface Channel {
  /**
   * Sends one request, or all of an AsyncIterable where the method takes a stream; yields the answers, one for a unary
   * call. Throws SkepErrors with the server's code and message.
   */
  readonly call: (method: AnyMethod, request: unknown, options: CallOptions) => AsyncGenerator<unknown>;
  readonly isOpen: () => boolean;
  /** Ends what is under way. */
  readonly close: () => void;
}

/** @param socket connected to `path`, or about to be; it belongs to the channel from now on. */
export function openChannel(path: string, env: Env, socket: Socket = createConnection({ path })): Channel {
  const session = connect("http://localhost", {
    createConnection: () => socket,
    settings: { initialWindowSize: WINDOW_BYTES },
  });
  session.on("error", () => undefined); // told by the streams
  return {
    call: (method, request, options) => runCall(session, path, env, method, request, options),
    isOpen: () => isOpen(session),
    close: () => session.destroy(),
  };
}

const isOpen = ({ destroyed, closed }: ClientHttp2Session): boolean => !destroyed && !closed;

async function* runCall(
  session: ClientHttp2Session,
  path: string,
  env: Env,
  method: AnyMethod,
  request: unknown,
  options: CallOptions,
): AsyncGenerator<unknown> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  if (!isOpen(session)) throw lost(path, undefined);
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: method.path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
    [constants.HTTP2_HEADER_TE]: "trailers",
    ...(timeoutMs === undefined ? {} : { "grpc-timeout": `${Math.ceil(timeoutMs)}m` }),
    ...options.metadata,
  });
  let ending: IncomingHttpHeaders = {};
  let isLate = false;
  let unsent: { readonly why: unknown } | undefined;
  const keep = (headers: IncomingHttpHeaders): void => {
    ending = { ...ending, ...headers };
  };
  stream.on("response", keep);
  stream.on("trailers", keep);
  stream.on("error", () => undefined); // told by the iterator
  const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
  signal?.addEventListener("abort", cancel, { once: true });
  const late =
    timeoutMs === undefined
      ? undefined
      : env.timer(timeoutMs + DEADLINE_GRACE_MS, () => {
          isLate = true;
          cancel();
        });
  try {
    const sending = method.requestStream
      ? sendAll(stream, method, request as AsyncIterable<unknown>).catch((why: unknown) => {
          unsent = { why };
          cancel(); // the server would wait for the rest
        })
      : void stream.end(frame(method.requestSerialize(request)));
    for await (const message of messages(stream)) yield method.responseDeserialize(message);
    await sending;
  } catch (error) {
    if (error instanceof SkepError) throw error;
    if (unsent !== undefined) throw unsent.why;
    if (ending["grpc-status"] === undefined && signal?.aborted !== true && !isLate) throw lost(path, error);
  } finally {
    signal?.removeEventListener("abort", cancel);
    late?.cancel();
    if (!stream.closed) cancel();
  }
  if (unsent !== undefined) throw unsent.why;
  signal?.throwIfAborted();
  if (isLate) throw new SkepError("deadline_exceeded", `the daemon at ${path} did not answer within ${timeoutMs} ms`);
  checkStatus(ending, path);
}

/** With back-pressure; ends early, without an error, when the server has answered before it had all. */
async function sendAll(stream: ClientHttp2Stream, method: AnyMethod, requests: AsyncIterable<unknown>): Promise<void> {
  for await (const request of requests) {
    if (stream.closed || stream.destroyed || stream.writableEnded) return;
    if (stream.write(frame(method.requestSerialize(request)))) continue;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stream.off("drain", done);
        stream.off("close", done);
        resolve();
      };
      stream.on("drain", done);
      stream.on("close", done);
    });
  }
  stream.end();
}

/** The server says whether it is too large. */
const frame = (message: Buffer): Buffer => Buffer.concat(withPrefix(message, Number.POSITIVE_INFINITY));

/** Cuts the bytes of a stream into messages; nothing more is read until the consumer asks. */
async function* messages(stream: ClientHttp2Stream): AsyncGenerator<Buffer> {
  const cutter = new MessageCutter(MAX_ANSWER_BYTES);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const whole: Buffer[] = [];
    cutter.cut(chunk, (message) => whole.push(message));
    yield* whole;
  }
}

function checkStatus(ending: IncomingHttpHeaders, path: string): void {
  const code = ending["grpc-status"];
  if (code === "0") return;
  if (code === undefined) throw lost(path, undefined);
  const details = decodeMessage(String(ending["grpc-message"] ?? ""));
  throw SkepError.from(Object.assign(new Error(details), { code: Number(code), details }));
}

/** grpc-message is percent-encoded UTF-8. */
function decodeMessage(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

const lost = (path: string, cause: unknown): SkepError =>
  new SkepError(
    "unavailable",
    `the connection to the skep daemon at ${path} was lost${cause instanceof Error ? `: ${cause.message}` : ""}`,
    { cause },
  );
