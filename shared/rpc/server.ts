// Typed handlers for our own server (grpc/) and for that of grpc-js, which serves strangers: a unary handler is an async function, a streaming one an async generator; both get the
// proven peer and a signal that aborts when the caller goes away. Whatever a handler throws becomes a SkepError status, so
// that a bad request never ends a daemon.
import * as grpc from "@grpc/grpc-js";
import { GRPC_STATUS, SkepError } from "../errors.ts";
import { type Caller, decodeRequest, type ServedMethod } from "./grpc/call.ts";
import { GrpcServer } from "./grpc/server.ts";
import type { AnyMethod, RequestOf, ResponseOf, ServiceMethods } from "./method.ts";
import type { Peer } from "./peer.ts";

export interface CallContext {
  readonly peer: Peer;
  /** Aborts when the caller cancels, disconnects or its deadline passes. */
  readonly signal: AbortSignal;
  readonly metadata: ReadonlyMap<string, string>;
}

export type Handler<M extends AnyMethod> = M extends { readonly requestStream: true; readonly responseStream: true }
  ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => AsyncIterable<ResponseOf<M>>
  : M extends { readonly requestStream: true }
    ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => Promise<ResponseOf<M>>
    : M extends { readonly responseStream: true }
      ? (request: RequestOf<M>, context: CallContext) => AsyncIterable<ResponseOf<M>>
      : (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>>;

export type Handlers<S extends ServiceMethods> = { readonly [K in keyof S]: Handler<S[K]> };

/** Proves who calls. Throws `unauthenticated` when it cannot. */
export type PeerResolver = (caller: Caller) => Peer;

/** Decides whether `peer` may call the method at `path`; throws `permission_denied` when not. */
export type Authorizer = (path: string, peer: Peer) => void;

export function toStatus(error: unknown): Partial<grpc.StatusObject> {
  const skep = SkepError.from(error);
  return { code: GRPC_STATUS[skep.code], details: skep.message };
}

type AnyCall =
  | grpc.ServerUnaryCall<unknown, unknown>
  | grpc.ServerReadableStream<unknown, unknown>
  | grpc.ServerWritableStream<unknown, unknown>
  | grpc.ServerDuplexStream<unknown, unknown>;

function contextOf(call: AnyCall, method: AnyMethod, resolve: PeerResolver, authorize: Authorizer): CallContext {
  const peer = resolve(call);
  authorize(method.path, peer);
  const abort = new AbortController();
  const events: NodeJS.EventEmitter = call;
  events.on("cancelled", () => abort.abort(new SkepError("canceled", "the caller went away")));
  events.on("close", () => abort.abort(new SkepError("canceled", "the call ended")));
  const metadata = new Map(Object.entries(call.metadata.getMap()).map(([key, value]) => [key, String(value)]));
  return { peer, signal: abort.signal, metadata };
}

/** A request that its decoder refused: handed on, because grpc-js keeps to itself what a decoder throws. */
class Undecodable {
  readonly error: SkepError;
  constructor(cause: unknown) {
    this.error = SkepError.from(cause);
  }
}

const decoding =
  (method: AnyMethod) =>
  (bytes: Buffer): unknown => {
    try {
      return decodeRequest(method, bytes);
    } catch (cause) {
      return new Undecodable(cause);
    }
  };

function decoded(request: unknown): unknown {
  if (request instanceof Undecodable) throw request.error;
  return request;
}

/** The caller's messages. A handler that stops reading does not destroy the call, which it may still have to answer. */
async function* requestsOf(
  call: grpc.ServerReadableStream<unknown, unknown> | grpc.ServerDuplexStream<unknown, unknown>,
): AsyncGenerator<unknown> {
  for await (const request of call.iterator({ destroyOnReturn: false })) yield decoded(request);
}

/** Writes with back-pressure: the generator is not asked for more than the transport takes. */
async function pump(
  call: grpc.ServerWritableStream<unknown, unknown> | grpc.ServerDuplexStream<unknown, unknown>,
  source: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of source) {
    if (signal.aborted) return;
    if (!call.write(message)) await drained(call, signal);
  }
  call.end();
}

function drained(call: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    call.on("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}

export type RpcServer = GrpcServer | grpc.Server;

/** Adds a service to a server, or to several. Every method of `methods` must have its handler. */
export function addService<S extends ServiceMethods>(
  server: RpcServer | readonly RpcServer[],
  methods: S,
  handlers: Handlers<S>,
  resolve: PeerResolver,
  authorize: Authorizer,
): void {
  const implementation: grpc.UntypedServiceImplementation = {};
  const definition: Record<string, AnyMethod> = {};
  const served: ServedMethod[] = [];
  for (const [name, method] of Object.entries(methods)) {
    const handler = handlers[name] as (input: unknown, context: CallContext) => unknown;
    implementation[name] = implement(method, handler, resolve, authorize);
    definition[name] = { ...method, requestDeserialize: decoding(method) };
    served.push({ method, handler, resolve, authorize });
  }
  for (const each of Array.isArray(server) ? (server as readonly RpcServer[]) : [server as RpcServer]) {
    if (each instanceof GrpcServer) for (const method of served) each.add(method);
    else each.addService(definition, implementation);
  }
}

// A client of grpc-js keeps a copy of up to 1 MB of what it has sent, to send it again elsewhere, until the server's first
// sign. A stream of requests may otherwise get none until it ends: managers' links with one another live for months.
function accept(call: { sendMetadata(metadata: grpc.Metadata): void }): void {
  call.sendMetadata(new grpc.Metadata());
}

function implement(
  method: AnyMethod,
  handler: (input: unknown, context: CallContext) => unknown,
  resolve: PeerResolver,
  authorize: Authorizer,
): grpc.UntypedHandleCall {
  if (method.responseStream) {
    return (call: grpc.ServerWritableStream<unknown, unknown> | grpc.ServerDuplexStream<unknown, unknown>): void => {
      call.on("error", () => undefined); // a broken connection is told by the signal
      const run = async (): Promise<void> => {
        const context = contextOf(call, method, resolve, authorize);
        if (method.requestStream) accept(call);
        const input = method.requestStream
          ? requestsOf(call as grpc.ServerDuplexStream<unknown, unknown>)
          : decoded((call as grpc.ServerWritableStream<unknown, unknown>).request);
        await pump(call, handler(input, context) as AsyncIterable<unknown>, context.signal);
      };
      // Emitted, not `destroy(error)`: a destroyed stream sends no status, and the caller would wait for ever.
      run().catch((error: unknown) => call.emit("error", Object.assign(new Error("call failed"), toStatus(error))));
    };
  }
  return (
    call: grpc.ServerUnaryCall<unknown, unknown> | grpc.ServerReadableStream<unknown, unknown>,
    callback: grpc.sendUnaryData<unknown>,
  ): void => {
    if (method.requestStream) call.on("error", () => undefined);
    const run = async (): Promise<unknown> => {
      const context = contextOf(call, method, resolve, authorize);
      if (method.requestStream) accept(call);
      const input = method.requestStream
        ? requestsOf(call as grpc.ServerReadableStream<unknown, unknown>)
        : decoded((call as grpc.ServerUnaryCall<unknown, unknown>).request);
      return await (handler(input, context) as Promise<unknown>);
    };
    run().then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error)),
    );
  };
}
