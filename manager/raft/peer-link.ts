// The way to one other member: a long stream of batches, made again with back-off when it breaks, and a stream per snapshot
// beside it, so that heartbeats pass a large one.
import type * as grpc from "@grpc/grpc-js";
import { newRaftBatch, type RaftBatch, RaftService } from "../../proto/gen/raft.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { clientStream } from "../../shared/rpc/client.ts";
import { type StreamedMessage, toWire } from "./codec.ts";
import type { MessageOf } from "./core/messages.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import { snapshotPieces } from "./snapshot-stream.ts";

// A queue is short-lived: what waits longer than a few heartbeats is worthless. A batch with one entry of the largest size
// still fits gRPC's 8 MiB.
const OUTBOX: OutboxLimits = { maxMessages: 4096, maxBytes: 32 << 20, maxBatchBytes: 2 << 20 };
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;

export interface LinkOptions {
  readonly env: Env;
  readonly log: Log;
  readonly self: { readonly raftId: number; readonly addr: string };
  /** The result is the link's own: it closes it. */
  readonly dial: (addr: string) => grpc.Client;
  /** Where the peer answers now; asked again before every attempt. */
  readonly address: () => string | undefined;
  readonly onSnapshotDone: (delivered: boolean) => void;
}

export class PeerLink {
  readonly #options: LinkOptions;
  readonly #outbox = new Outbox(OUTBOX);
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #client: grpc.Client | undefined;
  #snapshot: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  send(message: StreamedMessage): void {
    this.#outbox.add(message);
  }

  /** One at a time: a second one while the first is on its way counts as lost. */
  sendSnapshot(message: MessageOf<"snapshot">): void {
    const { onSnapshotDone, log } = this.#options;
    const client = this.#client;
    if (this.#snapshot !== undefined || client === undefined) {
      onSnapshotDone(false);
      return;
    }
    const sent = clientStream(client, RaftService.installSnapshot, snapshotPieces(message), {
      signal: this.#stop.signal,
    });
    this.#snapshot = sent.then(
      () => {
        this.#snapshot = undefined;
        onSnapshotDone(true);
      },
      (error: unknown) => {
        this.#snapshot = undefined;
        if (this.#stop.signal.aborted) return;
        log.warn({ peer: message.to, index: message.snapshot.index, error: String(error) }, "snapshot not delivered");
        onSnapshotDone(false);
      },
    );
  }

  async close(): Promise<void> {
    this.#stop.abort(new SkepError("canceled", "the raft link is closed"));
    await this.#running;
    await this.#snapshot;
  }

  async #run(): Promise<void> {
    const { env, address, dial, log } = this.#options;
    const { signal } = this.#stop;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      await this.#outbox.filled(signal);
      const addr = address();
      if (signal.aborted) break;
      const startedMs = env.nowMs();
      if (addr !== undefined) {
        const attempt = new AbortController(); // ends the source when the call ended by itself
        try {
          this.#client = dial(addr);
          const batches = this.#batches(AbortSignal.any([signal, attempt.signal]));
          await clientStream(this.#client, RaftService.messages, batches, { signal });
        } catch (error) {
          if (!signal.aborted) log.debug({ addr, error: String(error) }, "raft stream broke");
        } finally {
          attempt.abort();
          this.#client?.close();
          this.#client = undefined;
        }
      }
      if (signal.aborted) break;
      this.#outbox.clear();
      // A stream that lived a while broke for a new reason.
      retryMs = env.nowMs() - startedMs > MAX_RETRY_MS ? FIRST_RETRY_MS : Math.min(MAX_RETRY_MS, retryMs * 2);
      await env.sleep(retryMs * (0.5 + env.random()), signal).catch(() => undefined);
      this.#outbox.clear();
    }
  }

  async *#batches(signal: AbortSignal): AsyncGenerator<RaftBatch> {
    const { raftId, addr } = this.#options.self;
    yield newRaftBatch({ senderRaftId: raftId, senderAddr: addr });
    for (;;) {
      await this.#outbox.filled(signal);
      if (signal.aborted) return;
      yield newRaftBatch({ messages: this.#outbox.take().map(toWire) });
    }
  }
}
