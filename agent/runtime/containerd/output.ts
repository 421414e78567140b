// Carries a container's output from its named pipes to the sink. Reading is by the event loop's poll, so an idle container
// occupies no thread; one chunk at a time is read and handed on, and nothing is read ahead: what the sink has not taken
// stays in the pipe, where it survives the daemon, and a slow sink slows the container rather than filling memory.
import { Socket } from "node:net";
import type { Env } from "../../../shared/env/env.ts";
import type { OutputSink } from "../runtime.ts";
import { closeQuietly } from "./fifos.ts";

/** After the exit: how long a stream that neither ends nor yields anything is waited for. */
const DRAIN_STALL_MS = 2_000;

export type OutputStream = "stdout" | "stderr";

export interface Output {
  /** Resolves when every stream has ended and the sink has all of it, or after `close`. Never rejects. */
  readonly ended: Promise<void>;
  /** Milliseconds of `nowMs` at which something was last read or taken; now, while the sink is taking. */
  readonly lastProgressMs: () => number;
  /** Stops reading; resolves when the chunk under way has reached the sink. What is in the pipe stays there. */
  readonly close: () => Promise<void>;
  /** Stops at once. What was read and the sink has not taken, per stream: whoever calls must keep it. */
  readonly abandon: () => ReadonlyMap<OutputStream, Uint8Array>;
}

// libuv reads into it and calls back before anything else can run, so all streams share it.
const CHUNK = Buffer.alloc(64 * 1024);

interface Reader {
  readonly stream: OutputStream;
  readonly ended: Promise<void>;
  readonly close: () => Promise<void>;
  readonly abandon: () => Uint8Array | undefined;
}

export function openOutput(options: {
  readonly descriptors: ReadonlyMap<OutputStream, number>;
  /** Kept from an earlier life: comes before what is in the pipe. */
  readonly kept: ReadonlyMap<OutputStream, Uint8Array>;
  readonly onKeptTaken: (stream: OutputStream) => void;
  readonly sink: OutputSink;
  readonly nowMs: () => number;
  readonly onSinkError: (error: unknown) => void;
}): Output {
  let lastProgressMs = options.nowMs();
  let taking = 0;
  const take = async (stream: OutputStream, data: Uint8Array): Promise<void> => {
    taking++;
    try {
      await options.sink.write(stream, data);
    } catch (error) {
      options.onSinkError(error);
    } finally {
      taking--;
      lastProgressMs = options.nowMs();
    }
  };
  const readers = [...options.descriptors].map(([stream, descriptor]) =>
    readStream(
      stream,
      descriptor,
      (data) => take(stream, data),
      options.kept.get(stream),
      () => options.onKeptTaken(stream),
    ),
  );
  return {
    ended: Promise.all(readers.map((reader) => reader.ended)).then(() => undefined),
    lastProgressMs: () => (taking > 0 ? options.nowMs() : lastProgressMs),
    close: async () => {
      await Promise.all(readers.map((reader) => reader.close()));
    },
    abandon: () =>
      new Map(
        readers.flatMap((reader) => {
          const data = reader.abandon();
          return data === undefined ? [] : [[reader.stream, data] as const];
        }),
      ),
  };
}

function readStream(
  stream: OutputStream,
  descriptor: number,
  take: (data: Uint8Array) => Promise<void>,
  kept: Uint8Array | undefined,
  onKeptTaken: () => void,
): Reader {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let inHand: Uint8Array | undefined;
  let taking: Promise<void> = Promise.resolve();
  let closing = false;
  const hand = (data: Uint8Array): void => {
    inHand = data;
    taking = take(data).then(() => {
      inHand = undefined;
      if (!closing) socket.resume();
    });
  };
  const socket = open(descriptor, (length) => {
    hand(Uint8Array.prototype.slice.call(CHUNK, 0, length));
    return false; // no more until it is taken
  });
  const finish = (): void => {
    socket.destroy();
    taking.then(end, end);
  };
  socket.once("end", finish);
  socket.once("error", finish);
  socket.once("close", finish);
  if (kept === undefined) socket.resume();
  else {
    hand(kept);
    taking = taking.then(onKeptTaken);
  }
  return {
    stream,
    ended,
    close: async () => {
      closing = true;
      socket.pause();
      await taking;
      finish();
      await ended;
    },
    abandon: () => {
      closing = true;
      socket.destroy();
      end();
      return inHand;
    },
  };
}

function open(descriptor: number, onChunk: (length: number) => boolean): Socket {
  // manualStart: nothing is read before the first resume. The type library does not name it.
  const options = {
    fd: descriptor,
    readable: true,
    writable: false,
    manualStart: true,
    onread: { buffer: CHUNK, callback: onChunk },
  };
  try {
    return new Socket(options);
  } catch (error) {
    closeQuietly(descriptor);
    throw error;
  }
}

/** Resolves when the sink has all there is of a container that has exited. A pipe that stays open is given up. */
export async function drainOutput(output: Output, env: Env): Promise<void> {
  const fromMs = env.nowMs();
  const done = new AbortController();
  const watch = async (): Promise<void> => {
    for (;;) {
      await env.sleep(DRAIN_STALL_MS / 4, done.signal);
      if (env.nowMs() - Math.max(fromMs, output.lastProgressMs()) > DRAIN_STALL_MS) await output.close();
    }
  };
  watch().catch(() => undefined);
  await output.ended;
  done.abort();
}
