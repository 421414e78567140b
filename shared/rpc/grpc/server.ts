// A gRPC server on our own HTTP/2 (../http2): all that a node answers. Why neither grpc-js nor Node's `http2` here: a call that
// does nothing costs 0.09 ms of CPU in the server of the one, and 0.06 on top of the other; here it costs 0.02, and the round trip
// is shorter (docs/figures.md). Callers are grpc-js clients.
import type { Duplex } from "node:stream";
import type { Env, Timer } from "../../env/env.ts";
import { SkepError } from "../../errors.ts";
import type { HeaderList } from "../http2/header-decoder.ts";
import { encodeFields } from "../http2/header-encoder.ts";
import { type ServedConnection, serveConnection } from "../http2/serve.ts";
import type { Http2Stream } from "../http2/stream.ts";
import { type Budgets, ByteBudget } from "./budget.ts";
import { type Caller, type CallLimits, refuseCall, type ServedMethod, ServerCall } from "./call.ts";

/** Calls of one connection at once; a client keeps others until these have ended. */
const MAX_STREAMS = 10_000;
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
/** Of answers that it has yet to read: only root has no budget of its own, and a stranger, whose answers are small. */
const MAX_UNREAD_BYTES = 512 * 1024 * 1024;
/** So that connections made at one time do not all end at one time. */
const AGE_JITTER = 0.1;
const NOT_GRPC = encodeFields({ ":status": "415" });

export interface GrpcServerOptions extends CallLimits {
  readonly env: Env;
  readonly maxStreams?: number;
  /** What the requests of one connection may keep, where it is given no budgets. Default: 64 MiB. */
  readonly maxRequestBytes?: number;
  readonly keepalive?: { readonly everyMs: number; readonly timeoutMs: number };
  /** A connection takes no new calls after about so long; those that it has live on. */
  readonly maxConnectionAgeMs?: number;
}

/** What one connection may have. */
export interface Allowance {
  readonly maxStreams?: number | undefined;
  readonly budgets?: Budgets | undefined;
}

export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #methods = new Map<string, ServedMethod>();
  readonly #connections = new Set<ServedConnection>();
  #isClosing = false;
  #onEmpty: () => void = () => undefined;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
  }

  add(served: ServedMethod): void {
    this.#methods.set(served.method.path, served);
  }

  /** Serves whoever is at the other end of `socket`, which belongs to the server from now on. */
  inject(socket: Duplex, caller: Caller, allowance: Allowance = {}): void {
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    const { env, keepalive, maxConnectionAgeMs } = this.#options;
    const budgets = allowance.budgets ?? {
      requests: new ByteBudget(this.#options.maxRequestBytes ?? MAX_REQUEST_BYTES),
      answers: new ByteBudget(MAX_UNREAD_BYTES),
    };
    const maxStreams = allowance.maxStreams ?? this.#options.maxStreams ?? MAX_STREAMS;
    let ageing: Timer | undefined;
    const connection = serveConnection(socket, {
      env,
      maxStreams,
      keepalive,
      onStream: (stream, fields) => this.#onStream(stream, fields, caller, budgets),
      onClose: () => {
        ageing?.cancel();
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#onEmpty();
      },
    });
    this.#connections.add(connection);
    if (maxConnectionAgeMs === undefined) return;
    const jitter = 1 + AGE_JITTER * (2 * env.random() - 1);
    ageing = env.timer(maxConnectionAgeMs * jitter, connection.goAway);
  }

  /** Takes nothing new, lets running calls end for `graceMs`, then cuts them. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.env.timer(graceMs, resolve);
        this.#onEmpty = () => {
          timer.cancel();
          resolve();
        };
        for (const connection of this.#connections) connection.goAway();
      });
    }
    this.destroy();
  }

  /** Cuts everything at once. */
  destroy(): void {
    this.#isClosing = true;
    for (const connection of this.#connections) connection.destroy();
  }

  #onStream(stream: Http2Stream, fields: HeaderList, caller: Caller, budgets: Budgets): void {
    if (fields === "too_long") {
      refuseCall(stream, new SkepError("resource_exhausted", "the call's header fields are too long"));
      return;
    }
    const fieldOf = (wanted: string): string | undefined => fields.find(({ name }) => name === wanted)?.value;
    if (fieldOf(":method") !== "POST" || fieldOf("content-type")?.startsWith("application/grpc") !== true) {
      stream.finish(NOT_GRPC); // whoever asks would not read a status of gRPC
      return;
    }
    const path = fieldOf(":path") ?? "";
    const served = this.#methods.get(path);
    if (served === undefined) {
      refuseCall(stream, new SkepError("unimplemented", `The server does not implement the method ${path}`));
    } else new ServerCall(stream, served, caller, fields, this.#options, budgets, this.#options.env);
  }
}
