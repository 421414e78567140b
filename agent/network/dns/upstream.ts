// Asks the host's resolvers what is not ours. The packet goes as it came but with an id of its own from a fresh socket; an
// answer counts only from the server asked, with that id and the same question. A server that is silent is passed over after
// a short while, and how many questions may wait at once is bounded, for all tasks and for each: beyond it the asker is told to
// come again.
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { FairShare } from "./fair-share.ts";
import type { Query } from "./packet.ts";
import { FrameReader, frame } from "./tcp-frames.ts";

const PER_SERVER_MS = 1_500;
const ALL_SERVERS_MS = 4_000;
const MAX_WAITING = 512;
/** As many as the host's own resolver reads. */
const MAX_SERVERS = 3;

export type Transport = "udp" | "tcp";

/** A question as a task asked it, to be passed on. */
export interface Forwarded {
  readonly packet: Uint8Array;
  readonly query: Query;
  readonly transport: Transport;
  /** The address that it came from: questions of one asker take no more than its share of those that may wait. */
  readonly source: string;
  /** Addresses to ask, in order; none: the host's resolvers. */
  readonly servers: readonly string[];
}

export interface Upstream {
  /** @throws {SkepError} `unavailable`: no server answered in time. `resource_exhausted`: too many questions wait, of all or of this asker. */
  ask(question: Forwarded, signal: AbortSignal): Promise<Uint8Array>;
}

export interface UpstreamServer {
  readonly address: string;
  readonly port: number;
}

export interface UpstreamOptions {
  readonly env: Pick<Env, "timer" | "random" | "nowMs">;
  /** The host's resolvers, in order; asked for anew for every question, because the host's may change. */
  readonly servers: () => readonly UpstreamServer[];
}

export function createUpstream({ env, servers }: UpstreamOptions): Upstream {
  const waiting = new FairShare(MAX_WAITING);
  return {
    ask: async (question, signal) => {
      const release = waiting.take(question.source);
      if (release === undefined) {
        throw new SkepError(
          "resource_exhausted",
          `too many questions of ${question.source} wait for other name servers; ${MAX_WAITING} may, of all tasks together`,
        );
      }
      const own = question.servers;
      try {
        const endMs = env.nowMs() + ALL_SERVERS_MS;
        for (const server of own.length > 0 ? own.slice(0, MAX_SERVERS).map(onPort53) : servers()) {
          const leftMs = Math.min(PER_SERVER_MS, endMs - env.nowMs());
          if (leftMs <= 0) break;
          const answer = await askOne(env, server, question, leftMs, signal);
          if (answer !== undefined) return answer;
        }
        throw new SkepError("unavailable", `no resolver answered for ${question.query.name}`);
      } finally {
        release();
      }
    },
  };
}

const onPort53 = (address: string): UpstreamServer => ({ address, port: 53 });

/** Undefined: no answer in time, or the server cannot be reached. */
async function askOne(
  env: UpstreamOptions["env"],
  server: UpstreamServer,
  { packet, query, transport }: Forwarded,
  limitMs: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const id = Math.floor(env.random() * 65_536);
  const sent = packet.slice();
  sent[0] = id >> 8;
  sent[1] = id & 255;
  const limit = new AbortController();
  const timer = env.timer(limitMs, () => limit.abort());
  const both = AbortSignal.any([signal, limit.signal]);
  try {
    const answer = await (transport === "udp" ? overUdp : overTcp)(server, sent, query, both);
    if (answer === undefined) return undefined;
    const mine = answer.slice();
    mine[0] = query.id >> 8;
    mine[1] = query.id & 255;
    return mine;
  } finally {
    timer.cancel();
    signal.throwIfAborted();
  }
}

/** Same id, a response, and the same question as was sent (letters may differ in case). */
export function isAnswerTo(answer: Uint8Array, sent: Uint8Array, query: Query): boolean {
  if (answer.length < query.question.length || answer[0] !== sent[0] || answer[1] !== sent[1]) return false;
  if (((answer[2] ?? 0) & 0x80) === 0 || answer[4] !== 0 || answer[5] !== 1) return false;
  for (let i = 12; i < query.question.length; i++) {
    if (lower(answer[i] ?? 0) !== lower(query.question[i] ?? 0)) return false;
  }
  return true;
}

const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte);

function overUdp(server: UpstreamServer, sent: Uint8Array, query: Query, signal: AbortSignal) {
  return new Promise<Uint8Array | undefined>((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? "udp6" : "udp4");
    let ended = false;
    const end = (answer: Uint8Array | undefined): void => {
      if (ended) return;
      ended = true;
      signal.removeEventListener("abort", giveUp);
      // Its listeners stay: a socket that is still being connected closes by one of its own.
      socket.close();
      resolve(answer);
    };
    const giveUp = (): void => end(undefined);
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    socket.on("error", giveUp);
    socket.on("message", (message) => {
      if (isAnswerTo(message, sent, query)) end(message);
    });
    // A connected socket takes answers of that server only, and hears of a port that nobody listens on. No callback of `connect`:
    // it would be called for a failure as well, which then is no "error".
    socket.once("connect", () => {
      if (!ended) socket.send(sent);
    });
    socket.connect(server.port, server.address);
  });
}

function overTcp(server: UpstreamServer, sent: Uint8Array, query: Query, signal: AbortSignal) {
  return new Promise<Uint8Array | undefined>((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    const frames = new FrameReader();
    const end = (answer: Uint8Array | undefined): void => {
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(answer);
    };
    const giveUp = (): void => end(undefined);
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    socket.on("error", giveUp);
    socket.on("close", giveUp);
    socket.on("connect", () => socket.write(frame(sent)));
    socket.on("data", (chunk) => {
      const answer = frames.push(chunk).find((message) => isAnswerTo(message, sent, query));
      if (answer !== undefined) end(answer);
    });
  });
}

/** The name servers of a resolv.conf, as the host's own resolver reads it: three at most. Ours is never among them. */
export function readResolvConf(text: string, ours: readonly string[] = []): readonly UpstreamServer[] {
  const addresses = text.split("\n").flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return addresses
    .filter((address) => !ours.includes(address))
    .slice(0, MAX_SERVERS)
    .map(onPort53);
}
