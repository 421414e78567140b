// The one port of a node. TLS 1.3 where a client certificate is asked for and may be missing: a host that wants to join has
// none yet, and may speak to the CA only (authorize.ts). A certificate that is not ours is refused, never taken for none.
//
// Node's own TLS server accepts the connections and hands them on, which lets it ask for a client certificate without
// demanding one, and put a renewed certificate in use without a restart (`setSecureContext`). A connection takes no new calls
// after `MAX_CONNECTION_AGE_MS` (its streams live on), so that callers come back with theirs renewed.
//
// Callers without a certificate of the cluster (strangers) are served with small limits: anybody who reaches the port may be one.
//
// A connection is counted in one of three shares, each with bounds of its own, so that none of them takes from another: with
// its address until the handshake is done, with its address as a stranger, or with its node. Whose certificate is good for
// nothing any more (of a removed node) is a stranger, who is told why.
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer, type PeerCertificate, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { Env } from "../env/env.ts";
import { SkepError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { CertificateInfo } from "../pki/certificate.ts";
import type { Identity, IdentityHolder } from "../pki/identity.ts";
import { seldom } from "../seldom.ts";
import type { Address } from "./address.ts";
import { GRPC_ALPN, RAFT_ALPN } from "./alpn.ts";
import { addressKey, ConnectionShare, type Cut, type ShareLimits } from "./connection-share.ts";
import { GrpcServer } from "./grpc/server.ts";
import { MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES, MAX_STRANGER_MESSAGE_BYTES, MAX_WORKER_CALLS } from "./limits.ts";
import { listenTcp } from "./listen.ts";
import { NodeBudgets } from "./node-budgets.ts";
import type { Peer } from "./peer.ts";
import { createCertificateCache, provePeer, refusal, showsDemotion, type Trust } from "./peer-proof.ts";
import type { PeerResolver } from "./server.ts";

const MAX_CONNECTION_AGE_MS = 60 * 60_000;
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
/** Connections that the port holds; more are cut at once. A cluster of 5,000 agents has about as many on one manager. */
const MAX_CONNECTIONS = 20_000;
/** Without a finished handshake. One that is half done takes 60 KB, and each member has one for some milliseconds. */
const HANDSHAKES: ShareLimits = { max: 2_000, maxPerKey: 256, maxAgeMs: 10_000 };
/** Without a certificate that is of use. A join takes two after each other, for as long as a manager tries to issue at most. */
const STRANGERS: ShareLimits = { max: 1_000, maxPerKey: 128, maxAgeMs: 30_000 };
const MAX_STRANGER_CALLS = 4;
/** What the requests of a stranger's connection may keep: one message of the largest size, and its header fields. */
const STRANGER_REQUEST_BYTES = MAX_STRANGER_MESSAGE_BYTES + 64 * 1024;
/** By node. It has about five, and as many again when it comes back before the old ones are noticed to be dead. */
const MEMBERS: ShareLimits = { max: MAX_CONNECTIONS, maxPerKey: 64 };
/** Streams of Raft messages by node: one, and those that are not noticed to be dead. */
const RAFT_STREAMS: ShareLimits = { max: 1_000, maxPerKey: 4 };
const LOG_EVERY_MS = 10_000;

export interface TlsServerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly identity: IdentityHolder;
  readonly trust: Trust;
  readonly listen: Address;
}

/** `prove` says who is there, as a `PeerResolver` does of a call. @throws {SkepError} as it does. */
export type AcceptStream = (socket: Duplex, prove: () => Peer) => void;

export interface NodeServer {
  /** Services are added here, to all of them, with `resolvePeer`, before `listen`. */
  readonly grpc: readonly GrpcServer[];
  readonly resolvePeer: PeerResolver;
  /** Who takes the streams that are not gRPC: managers' Raft. Without, they are cut. */
  readonly onRaftStream: (accept: AcceptStream) => void;
  /**
   * Resolves with the port in use.
   * @throws {SkepError} `failed_precondition`: the port is taken, or the address is not this host's.
   */
  readonly listen: () => Promise<Address>;
  /**
   * Cuts the connections of nodes that `trust` takes no longer, or for less than when they connected: their streams were opened
   * before the removal or the demotion.
   */
  readonly dropMistrusted: () => void;
  /** Takes nothing new, lets running calls end for `graceMs`, then cuts them. Idempotent. */
  readonly close: (graceMs: number) => Promise<void>;
}

const contextOf = (identity: Identity): SecureContextOptions => ({
  cert: identity.certificatePem,
  key: identity.keyPem,
  ca: identity.rootPem,
  minVersion: "TLSv1.3",
  // Every connection proves itself anew.
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/** Why what a connection was opened with is not enough any more; undefined while it is. */
function mistrust(certificate: CertificateInfo, trust: Trust, wasDemoted: boolean): string | undefined {
  try {
    const peer = provePeer(certificate, trust);
    return peer.kind === "node" && peer.demoted === true && !wasDemoted ? "it was demoted" : undefined;
  } catch (error) {
    return SkepError.from(error).message;
  }
}

export function createTlsServer(options: TlsServerOptions): NodeServer {
  const { env, log, identity, trust } = options;
  const members = new GrpcServer({
    env,
    maxReceiveBytes: MAX_MESSAGE_BYTES,
    maxSendBytes: MAX_ANSWER_BYTES,
    keepalive: { everyMs: KEEPALIVE_MS, timeoutMs: KEEPALIVE_TIMEOUT_MS },
    maxConnectionAgeMs: MAX_CONNECTION_AGE_MS,
  });
  const strangers = new GrpcServer({
    env,
    maxReceiveBytes: MAX_STRANGER_MESSAGE_BYTES,
    maxSendBytes: MAX_ANSWER_BYTES,
    maxStreams: MAX_STRANGER_CALLS,
    maxRequestBytes: STRANGER_REQUEST_BYTES,
  });
  let acceptRaft: AcceptStream | undefined;
  const certificateOf = createCertificateCache();
  const sockets = new Set<Socket>();
  const proven = new Map<TLSSocket, { readonly certificate: CertificateInfo; readonly demoted: boolean }>();

  const shareOf = (who: string, limits: ShareLimits): ConnectionShare => {
    const tell = seldom(env, LOG_EVERY_MS, ({ key, why }: { readonly key: string; readonly why: Cut }, times) => {
      log.warn({ key, why, times }, `cut connections ${who}`);
    });
    return new ConnectionShare(env, limits, (key, why) => tell({ key, why }));
  };
  const handshakes = shareOf("without a finished handshake", HANDSHAKES);
  const strangerShare = shareOf("without a certificate that is of use", STRANGERS);
  const memberShare = shareOf("of a node that has many", MEMBERS);
  const raftShare = shareOf("of a manager's raft", RAFT_STREAMS);
  const budgets = new NodeBudgets();
  /** By "address:port" of the other end. */
  const endOfHandshake = new Map<string, () => void>();
  const tellRefused = seldom(env, LOG_EVERY_MS, (why: string, times) => {
    log.warn({ why, times }, "refused a certificate");
  });

  const count = (share: ConnectionShare, key: string, socket: Socket): void => {
    socket.once(
      "close",
      share.take(key, () => socket.destroy()),
    );
  };

  const acceptMember = (socket: TLSSocket, from: string, certificate: PeerCertificate, info: CertificateInfo): void => {
    const isRaft = socket.alpnProtocol === RAFT_ALPN;
    count(isRaft ? raftShare : memberShare, info.nodeId, socket);
    const demoted = showsDemotion(info, trust);
    const role = demoted ? "worker" : info.role;
    proven.set(socket, { certificate: info, demoted });
    socket.once("close", () => proven.delete(socket));
    if (!isRaft) {
      const { release, ...own } = budgets.open(info.nodeId, role);
      socket.once("close", release);
      members.inject(
        socket,
        { getPeer: () => from, getAuthContext: () => ({ sslPeerCertificate: certificate }) },
        { budgets: own, maxStreams: role === "worker" ? MAX_WORKER_CALLS : undefined },
      );
    } else if (acceptRaft === undefined) socket.destroy();
    else acceptRaft(socket, () => provePeer(info, trust));
  };

  const acceptStranger = (socket: TLSSocket, from: string, why: SkepError | undefined): void => {
    count(strangerShare, addressKey(socket.remoteAddress), socket);
    if (why !== undefined) tellRefused(why.message);
    if (socket.alpnProtocol !== RAFT_ALPN) {
      strangers.inject(socket, { getPeer: () => from, getAuthContext: () => ({}), refusal: why });
    } else if (why === undefined || acceptRaft === undefined) socket.destroy();
    else
      acceptRaft(socket, () => {
        throw why; // a manager that was removed is told so on its stream
      });
  };

  const accept = (socket: TLSSocket): void => {
    socket.on("error", (error) => log.debug({ error: error.message }, "connection failed"));
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    endOfHandshake.get(from)?.();
    if (socket.alpnProtocol !== RAFT_ALPN && socket.alpnProtocol !== GRPC_ALPN) {
      socket.destroy();
      return;
    }
    const certificate = socket.getPeerCertificate();
    if (certificate.raw === undefined) {
      acceptStranger(socket, from, undefined);
    } else if (!socket.authorized) {
      const why = refusal(String(socket.authorizationError), certificate);
      acceptStranger(socket, from, new SkepError("unauthenticated", why));
    } else {
      const info = certificateOf(certificate);
      const why = mistrust(info, trust, true);
      if (why === undefined) acceptMember(socket, from, certificate, info);
      else acceptStranger(socket, from, new SkepError("unauthenticated", why));
    }
  };

  const tls = createServer({
    ...contextOf(identity.current()),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: [GRPC_ALPN, RAFT_ALPN],
  });
  tls.maxConnections = MAX_CONNECTIONS;
  tls.on("secureConnection", (socket) => {
    try {
      accept(socket);
    } catch (error) {
      tellRefused(SkepError.from(error).message);
      socket.destroy();
    }
  });
  tls.on("tlsClientError", (error, socket) => {
    log.debug({ from: socket.remoteAddress, error: error.message }, "TLS handshake failed");
    socket.destroy(); // which Node leaves to us
  });
  tls.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    const release = handshakes.take(addressKey(socket.remoteAddress), () => socket.destroy());
    endOfHandshake.set(from, release);
    socket.once("close", () => {
      release();
      if (endOfHandshake.get(from) === release) endOfHandshake.delete(from);
      sockets.delete(socket);
    });
  });
  const unwatch = identity.onReplace((next) => tls.setSecureContext(contextOf(next)));

  const resolvePeer: PeerResolver = (call) => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    if (certificate !== undefined) return provePeer(certificateOf(certificate), trust);
    if (call.refusal !== undefined) throw call.refusal;
    return { kind: "anonymous" };
  };

  const dropMistrusted = (): void => {
    for (const [socket, { certificate, demoted }] of proven) {
      const why = mistrust(certificate, trust, demoted);
      if (why === undefined) continue;
      log.info({ nodeId: certificate.nodeId, why }, "cut a connection");
      socket.destroy();
    }
  };

  let closing: Promise<void> | undefined;
  const shutDown = async (graceMs: number): Promise<void> => {
    unwatch();
    tls.close();
    await Promise.all([members.close(graceMs), strangers.close(graceMs)]);
    for (const socket of sockets) socket.destroy();
  };

  return {
    grpc: [members, strangers],
    resolvePeer,
    onRaftStream: (accept) => {
      acceptRaft = accept;
    },
    listen: async () => {
      const bound = await listenTcp(tls, options.listen);
      // The kernel had no room for a connection: the next one may fit.
      tls.on("error", (error) => log.warn({ error: error.message }, "a connection could not be taken"));
      return bound;
    },
    dropMistrusted,
    close: (graceMs) => {
      closing ??= shutDown(graceMs);
      return closing;
    },
  };
}
