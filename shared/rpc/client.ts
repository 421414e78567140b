// Calls over a grpc-js channel as promises and async iterables, with an AbortSignal and a time limit on each. Errors are
// SkepErrors with the server's code and message.
import * as grpc from "@grpc/grpc-js";
import { realEnv } from "../env/real-env.ts";
import { SkepError } from "../errors.ts";
import type { AnyMethod, RequestOf, ResponseOf } from "./method.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now; none is without limit (streams). */
  readonly timeoutMs?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

type UnaryMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: false };
type ServerStreamMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: true };
type ClientStreamMethod = AnyMethod & { readonly requestStream: true; readonly responseStream: false };
type DuplexMethod = AnyMethod & { readonly requestStream: true; readonly responseStream: true };

function metadataOf(options: CallOptions): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
  return metadata;
}

// grpc-js counts deadlines in wall time; shared/env is not asked because the transport itself is real.
function deadlineOf(options: CallOptions): grpc.CallOptions {
  if (options.timeoutMs === undefined) return {};
  return { deadline: realEnv.wallMs() + Math.ceil(options.timeoutMs) };
}

function linkAbort(call: { cancel(): void }, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined;
  const onAbort = (): void => call.cancel();
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  return () => signal.removeEventListener("abort", onAbort);
}

const failure = (error: unknown, signal: AbortSignal | undefined): unknown =>
  signal?.aborted === true ? (signal.reason ?? SkepError.from(error)) : SkepError.from(error);

/** A channel that was closed here meanwhile throws at once, and not what this file promises. */
function opened<Call>(open: () => Call): Call {
  try {
    return open();
  } catch (cause) {
    throw new SkepError("unavailable", `cannot call: ${SkepError.from(cause).message}`, { cause });
  }
}

export function unary<M extends UnaryMethod>(
  client: grpc.Client,
  method: M,
  request: RequestOf<M>,
  options: CallOptions = {},
): Promise<ResponseOf<M>> {
  return new Promise((resolve, reject) => {
    const call = opened(() =>
      client.makeUnaryRequest<RequestOf<M>, ResponseOf<M>>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(options),
        deadlineOf(options),
        (error, response) => {
          unlink();
          if (error !== null) reject(failure(error, options.signal));
          else if (response === undefined) reject(new SkepError("internal", `${method.path} answered nothing`));
          else resolve(response);
        },
      ),
    );
    const unlink = linkAbort(call, options.signal);
  });
}

/** Reads a server's stream; nothing more is read until the consumer asks. Ends the call when the consumer stops. */
export async function* serverStream<M extends ServerStreamMethod>(
  client: grpc.Client,
  method: M,
  request: RequestOf<M>,
  options: CallOptions = {},
): AsyncGenerator<ResponseOf<M>> {
  const call = opened(() =>
    client.makeServerStreamRequest<RequestOf<M>, ResponseOf<M>>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(options),
      deadlineOf(options),
    ),
  );
  const unlink = linkAbort(call, options.signal);
  try {
    yield* call as AsyncIterable<ResponseOf<M>>;
  } catch (error) {
    throw failure(error, options.signal);
  } finally {
    unlink();
    call.cancel();
  }
}

/** Sends a stream with back-pressure and resolves with the one answer. */
export async function clientStream<M extends ClientStreamMethod>(
  client: grpc.Client,
  method: M,
  requests: AsyncIterable<RequestOf<M>>,
  options: CallOptions = {},
): Promise<ResponseOf<M>> {
  const { promise, resolve, reject } = Promise.withResolvers<ResponseOf<M>>();
  const call = opened(() =>
    client.makeClientStreamRequest<RequestOf<M>, ResponseOf<M>>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadataOf(options),
      deadlineOf(options),
      (error, response) => {
        if (error !== null) reject(failure(error, options.signal));
        else if (response === undefined) reject(new SkepError("internal", `${method.path} answered nothing`));
        else resolve(response);
      },
    ),
  );
  call.on("error", () => undefined); // told by the callback
  const unlink = linkAbort(call, options.signal);
  // A call that ends early must not wait for a source that has nothing to say. No Promise.race over the call's own promise:
  // each would stay referenced for as long as the stream lives.
  let ended = false;
  let wake: () => void = () => undefined;
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  promise.then(onEnd, onEnd);
  const orEnd = <T>(waiting: Promise<T>): Promise<T | undefined> =>
    new Promise((done, fail) => {
      wake = () => done(undefined);
      waiting.then(done, fail);
    });
  const source = requests[Symbol.asyncIterator]();
  try {
    while (!ended) {
      const next = await orEnd(source.next());
      if (next === undefined || next.done === true) break;
      if (!call.write(next.value)) await orEnd(drainOf(call));
    }
    if (ended) return await promise;
    call.end();
    return await promise;
  } catch (error) {
    call.cancel();
    throw failure(error, options.signal);
  } finally {
    unlink();
    source.return?.().catch(() => undefined); // not awaited: it may be waiting for its own next request
  }
}

const drainOf = (call: NodeJS.EventEmitter): Promise<void> =>
  new Promise((resolve) => {
    call.once("drain", resolve);
  });

export interface Duplex<Req, Res> {
  /** False when the transport's buffer is full: wait for `drained` before sending more. */
  readonly send: (message: Req) => boolean;
  readonly drained: () => Promise<void>;
  /** No more from us; the other side may still send. */
  readonly end: () => void;
  readonly cancel: () => void;
  /** One consumer. Throws a SkepError when the stream breaks; ends when the server ends it. */
  readonly messages: AsyncIterable<Res>;
}

export function duplex<M extends DuplexMethod>(
  client: grpc.Client,
  method: M,
  options: CallOptions = {},
): Duplex<RequestOf<M>, ResponseOf<M>> {
  const call = opened(() =>
    client.makeBidiStreamRequest<RequestOf<M>, ResponseOf<M>>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadataOf(options),
      deadlineOf(options),
    ),
  );
  call.on("error", () => undefined); // told by the iterator
  const unlink = linkAbort(call, options.signal);
  call.on("close", unlink);
  async function* read(): AsyncGenerator<ResponseOf<M>> {
    try {
      yield* call as AsyncIterable<ResponseOf<M>>;
    } catch (error) {
      throw failure(error, options.signal);
    } finally {
      unlink();
      call.cancel();
    }
  }
  return {
    send: (message) => (call.writable ? call.write(message) : true),
    drained: () => drainOf(call),
    end: () => call.end(),
    cancel: () => call.cancel(),
    messages: read(),
  };
}
