// The one port of a node. TLS 1.3 where a client certificate is asked for and may be missing: a host that wants to join has
// none yet, and may speak to the CA only (authorize.ts). A certificate that is not ours is refused, never taken for none.
//
// Node's own TLS server accepts the connections and hands them to grpc-js, for two reasons: grpc-js can only demand a
// client certificate or not ask at all, and `setSecureContext` puts a renewed certificate in use without a restart. A
// connection takes no new calls after `MAX_CONNECTION_AGE_MS` (its streams live on), so that callers come back with theirs
// renewed.
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type TLSSocket } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import type { Env } from "../env/env.ts";
import { SkepError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { CertificateInfo } from "../pki/certificate.ts";
import type { Identity, IdentityHolder } from "../pki/identity.ts";
import type { Address } from "./address.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { listenTcp } from "./listen.ts";
import { createCertificateCache, provePeer, refusal, type Trust } from "./peer-proof.ts";
import type { PeerResolver } from "./server.ts";

const MAX_CONNECTION_AGE_MS = 60 * 60_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections that the port holds; more are cut at once. A cluster of 5,000 agents has about as many on one manager. */
const MAX_CONNECTIONS = 20_000;

export interface TlsServerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly identity: IdentityHolder;
  readonly trust: Trust;
  readonly listen: Address;
}

export interface NodeServer {
  /** Services are added here, with `resolvePeer`, before `listen`. */
  readonly grpc: grpc.Server;
  readonly resolvePeer: PeerResolver;
  /**
   * Resolves with the port in use.
   * @throws {SkepError} `failed_precondition`: the port is taken, or the address is not this host's.
   */
  readonly listen: () => Promise<Address>;
  /** Cuts the connections of nodes that `trust` takes no longer: their streams were opened before the removal. */
  readonly dropRemoved: () => void;
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

export function createTlsServer(options: TlsServerOptions): NodeServer {
  const { env, log, identity, trust } = options;
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_connection_age_ms": MAX_CONNECTION_AGE_MS,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.enable_channelz": 0,
  });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const certificateOf = createCertificateCache();
  const sockets = new Set<Socket>();
  const proven = new Map<TLSSocket, CertificateInfo>();
  // Words for connections whose certificate was refused, by "address:port" of the other end. Only words: trust comes from
  // the connection itself.
  const refused = new Map<string, string>();

  const accept = (socket: TLSSocket): void => {
    socket.on("error", (error) => log.debug({ error: error.message }, "connection failed"));
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return;
    }
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    const certificate = socket.getPeerCertificate();
    const given = certificate.raw !== undefined;
    if (given && !socket.authorized) {
      const why = refusal(String(socket.authorizationError), certificate);
      log.warn({ from, why }, "refused a certificate");
      refused.set(from, why);
      socket.once("close", () => refused.delete(from));
    } else if (given) {
      try {
        proven.set(socket, certificateOf(certificate));
        socket.once("close", () => proven.delete(socket));
      } catch (error) {
        log.warn({ from, why: SkepError.from(error).message }, "refused a certificate");
        socket.destroy();
        return;
      }
    }
    injector.injectConnection(socket);
  };

  const tls = createServer({
    ...contextOf(identity.current()),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  tls.maxConnections = MAX_CONNECTIONS;
  tls.on("secureConnection", accept);
  tls.on("tlsClientError", (error, socket) => {
    log.debug({ from: socket.remoteAddress, error: error.message }, "TLS handshake failed");
  });
  tls.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const unwatch = identity.onReplace((next) => tls.setSecureContext(contextOf(next)));

  const resolvePeer: PeerResolver = (call) => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    if (certificate !== undefined) return provePeer(certificateOf(certificate), trust);
    const why = refused.get(call.getPeer());
    if (why !== undefined) throw new SkepError("unauthenticated", why);
    return { kind: "anonymous" };
  };

  const dropRemoved = (): void => {
    for (const [socket, certificate] of proven) {
      try {
        provePeer(certificate, trust);
      } catch (error) {
        log.info({ nodeId: certificate.nodeId, why: SkepError.from(error).message }, "cut a connection");
        socket.destroy();
      }
    }
  };

  let closing: Promise<void> | undefined;
  const shutDown = async (graceMs: number): Promise<void> => {
    unwatch();
    tls.close();
    await new Promise<void>((resolve) => {
      const timer = env.timer(graceMs, () => resolve());
      server.tryShutdown(() => {
        timer.cancel();
        resolve();
      });
    });
    server.forceShutdown();
    for (const socket of sockets) socket.destroy();
  };

  return {
    grpc: server,
    resolvePeer,
    listen: () => listenTcp(tls, options.listen),
    dropRemoved,
    close: (graceMs) => {
      closing ??= shutDown(graceMs);
      return closing;
    },
  };
}
