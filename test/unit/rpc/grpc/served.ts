// A server of calls of every kind on this machine's loopback, over bytes: no messages of ours are needed to test the wire.
import { createServer } from "node:net";
import * as grpc from "@grpc/grpc-js";
import type { Env, Timer } from "../../../../shared/env/env.ts";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { SkepError } from "../../../../shared/errors.ts";
import { type Allowance, GrpcServer, type GrpcServerOptions } from "../../../../shared/rpc/grpc/server.ts";
import type { Method } from "../../../../shared/rpc/method.ts";
import { type Authorizer, addService, type Handlers } from "../../../../shared/rpc/server.ts";

export const MAX_BYTES = 100_000;

function method<ReqStream extends boolean, ResStream extends boolean>(
  name: string,
  requestStream: ReqStream,
  responseStream: ResStream,
): Method<string, string, ReqStream, ResStream> {
  const read = (bytes: Buffer): string => {
    if (bytes[0] === 0xff) throw new Error("no text");
    return bytes.toString();
  };
  return {
    path: `/test.Test/${name}`,
    requestStream,
    responseStream,
    requestSerialize: (text) => (text === "\u00ff" ? Buffer.from([0xff]) : Buffer.from(text)),
    requestDeserialize: read,
    responseSerialize: (text) => Buffer.from(text),
    responseDeserialize: read,
  };
}

export const TestService = {
  unary: method("Unary", false, false),
  list: method("List", false, true),
  sum: method("Sum", true, false),
  chat: method("Chat", true, true),
  missing: method("Missing", false, false),
} as const;

export interface Served {
  readonly server: GrpcServer;
  readonly port: number;
  readonly client: grpc.Client;
  /** What handlers saw. */
  readonly seen: string[];
  /** Messages that List was asked for. */
  readonly listed: { count: number };
  readonly stop: () => Promise<void>;
}

/**
 * Unary: "fail WORDS" fails with them, "large N" answers N bytes, "wait" waits for the end of the call, "metadata KEY" answers
 * its value, anything else itself. List: as many lines as asked for, or without end. Sum: how many messages. Chat: echoes;
 * "bye" ends it, "fail WORDS" too.
 */
export async function serve(
  options: Partial<GrpcServerOptions> = {},
  allowance: Allowance = {},
  authorize: Authorizer = () => undefined,
): Promise<Served> {
  const server = new GrpcServer({ env: realEnv, maxReceiveBytes: MAX_BYTES, maxSendBytes: MAX_BYTES, ...options });
  const seen: string[] = [];
  const listed = { count: 0 };
  const aborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  const { missing: _, ...served } = TestService;
  const handlers: Handlers<typeof served> = {
    unary: async (text, { signal, metadata }) => {
      const [word, rest = ""] = text.split(/ (.*)/s);
      switch (word) {
        case "fail":
          throw new SkepError("failed_precondition", rest);
        case "large":
          return "x".repeat(Number(rest));
        case "wait":
          seen.push("waiting");
          await aborted(signal);
          seen.push(SkepError.from(signal.reason).message);
          return "too late";
        case "metadata":
          return metadata.get(rest) ?? "none";
        default:
          return text;
      }
    },
    list: async function* (text, { signal }) {
      try {
        for (let count = 0; text === "endless" || count < Number(text); count++) {
          listed.count++;
          yield "line".repeat(1000);
        }
        if (signal.aborted) seen.push("aborted");
      } finally {
        seen.push("list ended");
      }
    },
    sum: async (texts) => {
      let count = 0;
      try {
        for await (const text of texts) {
          if (text === "enough") break;
          count++;
        }
      } catch (error) {
        seen.push(SkepError.from(error).message);
        throw error;
      }
      return String(count);
    },
    chat: async function* (texts) {
      for await (const text of texts) {
        if (text === "bye") return;
        if (text.startsWith("fail ")) throw new SkepError("not_found", text.slice(5));
        yield text;
      }
    },
  };
  addService(server, served, handlers, () => ({ kind: "local" }), authorize);
  const listener = createServer({ noDelay: true }, (socket) => {
    server.inject(socket, { getPeer: () => "test", getAuthContext: () => ({}) }, allowance);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = new grpc.Client(`127.0.0.1:${address.port}`, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const stop = async (): Promise<void> => {
    client.close();
    listener.close();
    await server.close(0);
  };
  return { server, port: address.port, client, seen, listed, stop };
}

/** Time stands still; timers run when the test says so. */
export function manualTimers(): { readonly env: Env; readonly ends: (ms: number) => number } {
  const timers = new Map<Timer, { readonly ms: number; readonly callback: () => void }>();
  const timer = (ms: number, callback: () => void): Timer => {
    const made: Timer = { cancel: () => void timers.delete(made) };
    timers.set(made, { ms, callback });
    return made;
  };
  const ends = (ms: number): number => {
    const due = [...timers].filter(([, waiting]) => waiting.ms === ms);
    for (const [made, { callback }] of due) {
      timers.delete(made);
      callback();
    }
    return due.length;
  };
  return { env: { ...realEnv, timer, random: () => 0.5 }, ends };
}
