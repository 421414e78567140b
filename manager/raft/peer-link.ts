// The way to one other member: a long stream of messages, made again with back-off when it breaks, and a gRPC call per
// snapshot beside it, so that heartbeats pass a large one.
import type { Duplex } from "node:stream";
import type * as grpc from "@grpc/grpc-js";
import { RaftService } from "../../proto/gen/raft.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { clientStream } from "../../shared/rpc/client.ts";
import type { StreamedMessage } from "./codec.ts";
import type { MessageOf } from "./core/messages.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import { snapshotPieces } from "./snapshot-stream.ts";
import { Outgoing } from "./stream/outgoing.ts";

// A queue is short-lived: what waits longer than a few heartbeats is worthless. A batch with one entry of the largest size
// still fits a frame.
const OUTBOX: OutboxLimits = { maxMessages: 4096, maxBytes: 32 << 20, maxBatchBytes: 2 << 20 };
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 500;
/** A host that is gone does not refuse: after so long the next address is tried. */
const CONNECT_LIMIT_MS = 1500;

/** As a manager's port words it (shared/rpc/peer-proof.ts). */
const WAS_REMOVED = /was removed from the cluster/;

export interface LinkOptions {
  readonly env: Env;
  readonly log: Log;
  readonly self: { readonly raftId: number; readonly addr: string };
  /** For snapshots. The result is the link's own: it closes it. */
  readonly dial: (addr: string) => grpc.Client;
  /** A stream to the Raft member at `addr`, proven to be a manager's. The link's own as well. */
  readonly connect: (addr: string, signal: AbortSignal) => Promise<Duplex>;
  /** Where the peer may answer now, the likeliest first; asked again before every attempt. */
  readonly addresses: () => readonly string[];
  readonly onSnapshotDone: (delivered: boolean) => void;
  readonly onTurnedAway: (message: string) => void;
}

export class PeerLink {
  readonly #options: LinkOptions;
  readonly #outbox = new Outbox(OUTBOX);
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #stream: Outgoing | undefined;
  /** The present or last attempt has not come to a connection. */
  #connecting = false;
  /** The one under way. */
  #attempt: { readonly addr: string; readonly abort: AbortController } | undefined;
  #snapshot: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  send(message: StreamedMessage): void {
    if (this.#stream === undefined) this.#outbox.add(message);
    else this.#stream.send(message);
  }

  /**
   * One at a time. A second one while the first is on its way is dropped, and nothing is said of it: the leader hears what becomes
   * of the first, and told that this one is lost it would read the next one from its disk, whole, at every heartbeat.
   */
  sendSnapshot(message: MessageOf<"snapshot">): void {
    const { onSnapshotDone, log, dial } = this.#options;
    if (this.#snapshot !== undefined) return;
    const addr = this.#stream === undefined ? undefined : this.#attempt?.addr;
    if (addr === undefined) {
      onSnapshotDone(false);
      return;
    }
    const client = dial(addr);
    const { signal } = this.#stop;
    const sent = clientStream(client, RaftService.installSnapshot, snapshotPieces(message), { signal });
    this.#snapshot = sent.then(
      () => {
        client.close();
        this.#snapshot = undefined;
        onSnapshotDone(true);
      },
      (error: unknown) => {
        client.close();
        this.#snapshot = undefined;
        if (signal.aborted) return;
        log.warn({ peer: message.to, index: message.snapshot.index, error: String(error) }, "snapshot not delivered");
        onSnapshotDone(false);
      },
    );
  }

  /** The peer may answer elsewhere now: goes there when the present way is not the likeliest any more. */
  moved(): void {
    const [likeliest] = this.#options.addresses();
    if (this.#attempt === undefined || likeliest === undefined || likeliest === this.#attempt.addr) return;
    this.#attempt.abort.abort(new SkepError("canceled", "the raft peer has moved"));
  }

  async close(): Promise<void> {
    this.#stop.abort(new SkepError("canceled", "the raft link is closed"));
    await this.#running;
    await this.#snapshot;
  }

  async #run(): Promise<void> {
    const { env, addresses } = this.#options;
    const { signal } = this.#stop;
    let retryMs = FIRST_RETRY_MS;
    let turn = 0;
    while (!signal.aborted) {
      await this.#outbox.filled(signal);
      const choices = addresses();
      const addr = choices[turn % Math.max(1, choices.length)];
      if (signal.aborted) break;
      const startedMs = env.nowMs();
      const movedAway = addr === undefined ? false : await this.#connect(addr);
      if (signal.aborted) break;
      this.#outbox.clear();
      // A stream that lived a while broke for a new reason.
      const lived = env.nowMs() - startedMs > MAX_RETRY_MS && !this.#connecting;
      turn = lived || movedAway ? 0 : turn + 1;
      retryMs = lived || movedAway ? FIRST_RETRY_MS : Math.min(MAX_RETRY_MS, retryMs * 2);
      await env.sleep(retryMs * (0.5 + env.random()), signal).catch(() => undefined);
      this.#outbox.clear();
    }
  }

  /** One stream, from its opening to its end; whether it ended because the peer has moved. */
  async #connect(addr: string): Promise<boolean> {
    const { env, self, log, onTurnedAway } = this.#options;
    const { signal } = this.#stop;
    const abort = new AbortController();
    const either = AbortSignal.any([signal, abort.signal]);
    this.#attempt = { addr, abort };
    this.#connecting = true;
    const startedMs = env.nowMs();
    let socket: Duplex | undefined;
    const onAbort = (): void => {
      socket?.destroy();
    };
    try {
      socket = await this.#reach(addr, either);
      either.addEventListener("abort", onAbort, { once: true });
      this.#connecting = false;
      if (env.nowMs() - startedMs > MAX_RETRY_MS) this.#outbox.clear(); // from before the peer came back
      this.#stream = new Outgoing(socket, this.#outbox, env, { senderRaftId: self.raftId, senderAddr: self.addr });
      either.throwIfAborted();
      await this.#stream.ended;
    } catch (error) {
      if (abort.signal.aborted) return true;
      if (!signal.aborted) log.debug({ addr, error: String(error) }, "raft stream broke");
      const { code, message } = SkepError.from(error);
      if (code === "unauthenticated" && WAS_REMOVED.test(message)) onTurnedAway(message);
    } finally {
      either.removeEventListener("abort", onAbort);
      socket?.destroy();
      this.#stream = undefined;
      this.#attempt = undefined;
    }
    return false;
  }

  async #reach(addr: string, signal: AbortSignal): Promise<Duplex> {
    const { env, connect } = this.#options;
    const late = new AbortController();
    const timer = env.timer(CONNECT_LIMIT_MS, () => {
      late.abort(new SkepError("unavailable", `no connection within ${CONNECT_LIMIT_MS} ms`));
    });
    try {
      return await connect(addr, AbortSignal.any([signal, late.signal]));
    } finally {
      timer.cancel();
    }
  }
}
