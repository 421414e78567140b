// The connecting end of a stream that stands: messages out, pings between them, and how it ended.
import type { Duplex } from "node:stream";
import { encodeRaftBatch, newRaftBatch, type RaftBatch } from "../../../proto/gen/raft.ts";
import type { Env } from "../../../shared/env/env.ts";
import { type Code, GRPC_STATUS, SkepError } from "../../../shared/errors.ts";
import { type StreamedMessage, toWire } from "../codec.ts";
import type { Outbox } from "../outbox.ts";
import { encodeFrame, FRAME, FrameReader } from "./frames.ts";

/**
 * A connection that was cut in silence is noticed within three of these, and made anew: after a cut TCP keeps silent for about
 * as long again.
 */
const PING_INTERVAL_MS = 500;
const MAX_UNANSWERED = 2;
const PING = encodeFrame(FRAME.ping, new Uint8Array(0));

export class Outgoing {
  readonly #socket: Duplex;
  readonly #outbox: Outbox;
  #blocked = false;
  /** Rejects with why the stream ended; never resolves. */
  readonly ended: Promise<never>;

  /** @param outbox what waits for a stream, and what waits when it takes no more for now. */
  constructor(socket: Duplex, outbox: Outbox, env: Env, hello: Partial<RaftBatch>) {
    this.#socket = socket;
    this.#outbox = outbox;
    this.ended = this.#watch(env);
    this.ended.catch(() => undefined);
    this.#write(newRaftBatch(hello));
    this.#flush();
    socket.on("drain", () => {
      this.#blocked = false;
      this.#flush();
    });
  }

  /** At once, in the same turn, when the stream takes it. */
  send(message: StreamedMessage): void {
    if (this.#blocked) this.#outbox.add(message);
    else this.#write({ messages: [toWire(message)], senderAddr: "", senderRaftId: 0 });
  }

  #flush(): void {
    while (!this.#blocked && !this.#outbox.isEmpty)
      this.#write(newRaftBatch({ messages: this.#outbox.take().map(toWire) }));
  }

  #write(batch: RaftBatch): void {
    if (this.#socket.destroyed) return; // lost, as messages may be
    this.#blocked = !this.#socket.write(encodeFrame(FRAME.batch, encodeRaftBatch(batch)));
  }

  #watch(env: Env): Promise<never> {
    const socket = this.#socket;
    const reader = new FrameReader();
    let unanswered = 0;
    let refusal: SkepError | undefined;
    const ping = (): void => {
      // Counted, not timed: after a stall of this process the answers are read first.
      if (unanswered >= MAX_UNANSWERED) {
        socket.destroy(new SkepError("unavailable", "the raft peer does not answer"));
        return;
      }
      unanswered++;
      socket.write(PING);
      timer = env.timer(PING_INTERVAL_MS, ping);
    };
    let timer = env.timer(PING_INTERVAL_MS, ping);
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const { kind, payload } of reader.read(chunk)) {
          if (kind === FRAME.pong) unanswered = 0;
          else if (kind === FRAME.refusal) refusal ??= parseRefusal(payload);
          else throw new SkepError("invalid_argument", `a raft frame of kind ${kind} is refused`);
        }
      } catch (error) {
        socket.destroy(SkepError.from(error));
      }
    });
    return new Promise((_resolve, reject) => {
      let failure: unknown;
      socket.on("error", (error) => {
        failure = error;
      });
      socket.once("end", () => socket.destroy()); // nothing more is heard: nothing more is said
      socket.once("close", () => {
        timer.cancel();
        reject(refusal ?? failure ?? new SkepError("unavailable", "the raft stream was closed"));
      });
    });
  }
}

function parseRefusal(payload: Buffer): SkepError {
  const [code = "", ...words] = payload.toString("utf8").split(" ");
  const known = (Object.keys(GRPC_STATUS) as Code[]).find((one) => one === code);
  return new SkepError(known ?? "unavailable", words.join(" "));
}
