// What a probe sends, on real sockets.
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { type Address, parseAddress } from "../../../shared/rpc/address.ts";

export interface Datagram {
  readonly address: string;
  readonly port: number;
  readonly bytes: number;
}

export interface ProbeTransport {
  /** Sends each once, from `source`. What cannot be sent is lost like any other. Never throws. */
  readonly send: (source: string, datagrams: readonly Datagram[]) => Promise<void>;
  /** Opens a connection to host:port and closes it. Resolves with what went wrong, or with nothing. Never throws. */
  readonly connect: (addr: string, limitMs: number, signal: AbortSignal) => Promise<string>;
}

export function realTransport(env: Pick<Env, "timer">): ProbeTransport {
  return {
    send: (source, datagrams) =>
      new Promise((resolve) => {
        if (datagrams.length === 0) return resolve();
        const socket = createSocket("udp6");
        let left = datagrams.length;
        const done = (): void => {
          if (--left === 0) socket.close(() => resolve());
        };
        // The address is not there: nothing is sent, and nothing arrives.
        socket.once("error", () => socket.close(() => resolve()));
        socket.bind({ address: source, port: 0 }, () => {
          for (const { address, port, bytes } of datagrams) socket.send(Buffer.alloc(bytes), port, address, done);
        });
      }),
    connect: async (addr, limitMs, signal) => {
      let at: Address;
      try {
        at = parseAddress("node address", addr);
      } catch (error) {
        return SkepError.from(error).message;
      }
      return await new Promise((resolve) => {
        const end = (problem: string): void => {
          timer.cancel();
          signal.removeEventListener("abort", onAbort);
          socket.destroy();
          resolve(problem);
        };
        const onAbort = (): void => end("the test was ended");
        const timer = env.timer(limitMs, () => end(`no answer within ${limitMs / 1000} s`));
        const socket = connect({ host: at.host, port: at.port });
        socket.once("connect", () => end(""));
        socket.once("error", (error: NodeJS.ErrnoException) => end(plain(error)));
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
      });
    },
  };
}

function plain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "no route";
    default:
      return SkepError.from(error).message;
  }
}
