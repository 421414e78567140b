// Puts a connection on a socket. All that is to be sent at the end of a turn of the event loop goes in one write: of an answer
// its head, its message and its end, and so of a thousand answers that one disk flush has made possible.
import type { Duplex } from "node:stream";
import type { Env, Timer } from "../../env/env.ts";
import { type ConnectionHost, Http2Connection } from "./connection.ts";

/** How long the other side of a connection that we end has to close it too, after our last words; to take these, when it erred. */
const LINGER_MS = 1_000;
const PING = Buffer.from("skep-svr", "latin1");

export interface ServeOptions {
  readonly env: Env;
  readonly maxStreams: number;
  /** A connection that is silent for so long is asked, and cut when it does not answer in time. */
  readonly keepalive?: { readonly everyMs: number; readonly timeoutMs: number } | undefined;
  readonly onStream: ConnectionHost["onStream"];
  readonly onClose: () => void;
}

export interface ServedConnection {
  /** Takes no new streams, and ends when the last of the others has. Idempotent. */
  readonly goAway: () => void;
  readonly destroy: () => void;
}

export function serveConnection(socket: Duplex, options: ServeOptions): ServedConnection {
  const { env, keepalive } = options;
  let isScheduled = false;
  let isLeaving = false;
  let asking: Timer | undefined;
  let isEnding = false;
  let lingering: Timer | undefined;

  const ask = (): void => {
    if (keepalive === undefined) return;
    asking = env.timer(keepalive.everyMs, () => {
      connection.ping(PING);
      asking = env.timer(keepalive.timeoutMs, () => socket.destroy());
    });
  };

  const flush = (): void => {
    isScheduled = false;
    if (socket.destroyed || socket.writableEnded) return;
    while (!socket.writableNeedDrain) {
      const output = connection.takeOutput();
      if (output === undefined) break;
      socket.write(output);
      connection.setCongested(socket.writableNeedDrain);
    }
    const isOver = connection.failure !== undefined || (isLeaving && connection.streamCount === 0);
    if (!isOver || isEnding) return;
    isEnding = true;
    if (connection.failure !== undefined) linger();
    // Answers may still wait for a slow line: they have until `ask` gets no answer, which is no longer asked for.
    socket.end(connection.takeOutput(), linger);
  };

  const linger = (): void => {
    if (!socket.destroyed) lingering ??= env.timer(LINGER_MS, () => socket.destroy());
  };

  const wantsOutput = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    process.nextTick(flush); // after the microtasks of this turn, which is where answers come from
  };

  const connection = new Http2Connection(
    {
      nowMs: env.nowMs,
      wantsOutput,
      onStream: options.onStream,
      onPong: () => {
        asking?.cancel();
        ask();
      },
    },
    options.maxStreams,
  );

  socket.on("error", () => undefined); // `close` follows
  socket.on("data", (chunk: Buffer) => connection.receive(chunk));
  socket.on("drain", () => {
    connection.setCongested(false);
    wantsOutput();
  });
  socket.once("close", () => {
    asking?.cancel();
    lingering?.cancel();
    connection.close();
    options.onClose();
  });
  socket.resume();
  ask();

  return {
    goAway: () => {
      isLeaving = true;
      connection.goAway();
      wantsOutput();
    },
    destroy: () => {
      socket.destroy();
    },
  };
}
