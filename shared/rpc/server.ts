// Typed handlers for our server (grpc/): a unary handler is an async function, a streaming one an async generator; both get the
// proven peer and a signal that aborts when the caller goes away. Whatever a handler throws becomes a SkepError status, so that a
// bad request never ends a daemon.
import type { Caller } from "./grpc/call.ts";
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

/** Adds a service to a server, or to several. Every method of `methods` must have its handler. */
export function addService<S extends ServiceMethods>(
  server: GrpcServer | readonly GrpcServer[],
  methods: S,
  handlers: Handlers<S>,
  resolve: PeerResolver,
  authorize: Authorizer,
): void {
  const servers = server instanceof GrpcServer ? [server] : server;
  for (const [name, method] of Object.entries(methods)) {
    const handler = handlers[name] as (input: unknown, context: CallContext) => unknown;
    for (const each of servers) each.add({ method, handler, resolve, authorize });
  }
}
