// The sockets of the name server: UDP and TCP on the node's addresses on the node-local bridge. Everything that is decided is
// decided in packet.ts and answer.ts; here bytes come in and go out, within bounds: a connection that is idle or beyond its task's
// share is closed, and one datagram never keeps another waiting.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { createServer, isIPv6, type Server, type Socket as TcpSocket } from "node:net";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import { parseIp } from "../../../shared/model/ip.ts";
import { formatIp } from "../plan/addresses.ts";
import { decide } from "./answer.ts";
import { FairShare } from "./fair-share.ts";
import { encodeError, encodeReply, MAX_TCP_BYTES, parseQuery, RCODE } from "./packet.ts";
import type { BoundSocket, SocketKind } from "./socket-calls.ts";
import { FrameReader, frame } from "./tcp-frames.ts";
import type { Transport, Upstream } from "./upstream.ts";
import type { Names } from "./zone.ts";

/** Of all tasks, on all addresses. */
const MAX_CONNECTIONS = 256;
const MAX_PIPELINED = 16;
const IDLE_MS = 10_000;

export interface NameServerOptions {
  readonly env: Pick<Env, "random">;
  readonly log: Log;
  /** Read for every question: what is swapped in is what is answered. Undefined: not known yet, so nothing is said. */
  readonly names: () => Names | undefined;
  readonly upstream: Upstream;
  /** A TCP connection on which nothing came or went for so long is closed. Default 10 s. */
  readonly idleMs?: number;
}

export interface NameServer {
  /** The answer to one packet; undefined: say nothing. Never throws, whatever the packet is. */
  handle(
    packet: Uint8Array,
    source: string,
    transport: Transport,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined>;
  /**
   * Listens on these addresses at `port` by UDP and TCP, until the signal aborts. Resolves once it does.
   * @throws {SkepError} `unavailable`: an address is not there (yet) or the port is taken: make the bridge, or choose another port.
   */
  listen(addresses: readonly string[], port: number, signal: AbortSignal): Promise<void>;
  /** The same at sockets that are bound already. They are closed when the signal aborts. @throws {SkepError} `unavailable`. */
  serve(sockets: readonly BoundSocket[], signal: AbortSignal): Promise<void>;
}

/** Where to listen: an address and port, or a socket that is bound to them. */
type Place = { readonly address: string; readonly port: number } | { readonly address: string; readonly fd: number };

export function createNameServer({ env, log, names, upstream, idleMs = IDLE_MS }: NameServerOptions): NameServer {
  const connections = new FairShare(MAX_CONNECTIONS);
  const handle: NameServer["handle"] = async (packet, source, transport, signal) => {
    const parsed = parseQuery(packet);
    if (parsed.kind === "ignore") return undefined;
    if (parsed.kind === "error") return encodeError(parsed.id, parsed.opcode, parsed.rcode);
    const { query } = parsed;
    const known = names();
    if (known === undefined) return undefined;
    const maxBytes = transport === "udp" ? query.udpBytes : MAX_TCP_BYTES;
    const failure = { rcode: RCODE.serverFailure, answers: [], ttlSeconds: 0 };
    try {
      const decision = decide(known, source, query, env.random);
      if (decision.kind === "reply") return encodeReply(query, decision, maxBytes);
      return await upstream.ask({ packet, query, transport, source, servers: decision.servers }, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      log.debug({ name: query.name, error: SkepError.from(error).message }, "dns: no answer");
      return encodeReply(query, failure, maxBytes);
    }
  };

  const take = (socket: TcpSocket, signal: AbortSignal): void => {
    const source = canonical(socket.remoteAddress);
    const release = connections.take(source);
    if (release === undefined) {
      socket.destroy();
      return;
    }
    socket.on("close", release);
    socket.setTimeout(idleMs, () => socket.destroy());
    serveConnection(handle, socket, source, signal);
  };

  /** All of them, or none. */
  const open = async (places: readonly (readonly [SocketKind, Place])[], signal: AbortSignal): Promise<void> => {
    const opened = new AbortController();
    const both = AbortSignal.any([signal, opened.signal]);
    try {
      await Promise.all(
        places.map(([kind, place]) =>
          kind === "udp" ? listenUdp(handle, place, both) : listenTcp((socket) => take(socket, both), place, both),
        ),
      );
    } catch (cause) {
      opened.abort();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SkepError("unavailable", `the name server for tasks cannot listen: ${reason}`, { cause });
    }
  };

  return {
    handle,
    listen: (addresses, port, signal) => {
      const places = addresses.map((address) => ({ address, port }));
      return open(
        places.flatMap((place) => [
          ["udp", place],
          ["tcp", place],
        ]),
        signal,
      );
    },
    serve: (sockets, signal) =>
      open(
        sockets.map(({ kind, address, fd }) => [kind, { address, fd }]),
        signal,
      ),
  };
}

const canonical = (address: string | undefined): string => {
  const ip = parseIp(address ?? "");
  return ip === undefined ? "" : formatIp(ip);
};

function listenUdp(handle: NameServer["handle"], place: Place, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = createSocket(isIPv6(place.address) ? "udp6" : "udp4");
    const close = (): void => {
      socket.close();
    };
    const answer = async (packet: Uint8Array, from: RemoteInfo): Promise<void> => {
      const reply = await handle(packet, canonical(from.address), "udp", signal);
      if (reply !== undefined && !signal.aborted) socket.send(reply, from.port, from.address, () => undefined);
    };
    const onError = (error: Error): void => {
      socket.close(); // a bind that failed leaves it open
      reject(error);
    };
    socket.once("error", onError);
    socket.on("message", (packet, from) => void answer(packet, from));
    socket.bind({ ...("fd" in place ? { fd: place.fd } : place), exclusive: true }, () => {
      socket.removeListener("error", onError);
      socket.on("error", () => undefined); // one datagram's trouble is not the server's
      if (signal.aborted) close();
      else signal.addEventListener("abort", close, { once: true });
      resolve();
    });
  });
}

function listenTcp(serve: (socket: TcpSocket) => void, place: Place, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const open = new Set<TcpSocket>();
    const server: Server = createServer((socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      serve(socket);
    });
    const close = (): void => {
      server.close();
      for (const socket of open) socket.destroy();
    };
    server.once("error", reject);
    const at = "fd" in place ? { fd: place.fd } : { host: place.address, port: place.port };
    server.listen({ ...at, exclusive: true }, () => {
      server.removeListener("error", reject);
      server.on("error", () => undefined);
      if (signal.aborted) close();
      else signal.addEventListener("abort", close, { once: true });
      resolve();
    });
  });
}

function serveConnection(handle: NameServer["handle"], socket: TcpSocket, source: string, signal: AbortSignal): void {
  const frames = new FrameReader();
  let waiting = 0;
  socket.on("error", () => socket.destroy());
  // Who does not take his answers is not asked for more questions: what waits for him is kept here.
  const readOn = (): void => {
    if (waiting < MAX_PIPELINED && !socket.writableNeedDrain) socket.resume();
    else socket.pause();
  };
  const answer = async (message: Uint8Array): Promise<void> => {
    waiting++;
    const reply = await handle(message, source, "tcp", signal);
    waiting--;
    if (reply === undefined) socket.destroy();
    else if (!socket.destroyed) socket.write(frame(reply));
    readOn();
  };
  socket.on("drain", readOn);
  socket.on("data", (chunk) => {
    for (const message of frames.push(chunk)) void answer(message);
    readOn();
  });
}
