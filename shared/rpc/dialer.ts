// Channels to other nodes. Each shows our certificate and takes an answer only from a node of our cluster in the role asked
// for: the address says where, never who. A connection shows for ever the certificate that it was made with, and with it our
// role of that time: when the certificate is replaced, every channel is made anew, and calls under way end on the old ones.
import type { Duplex } from "node:stream";
import { connect, type PeerCertificate } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { assertNever, SkepError } from "../errors.ts";
import type { NodeId } from "../model/ids.ts";
import { identityOfSubject, ROLE_NAME } from "../pki/certificate.ts";
import type { Identity, IdentityHolder } from "../pki/identity.ts";
import { parseAddress } from "./address.ts";
import { RAFT_ALPN } from "./alpn.ts";
import { MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";
import type { Trust } from "./peer-proof.ts";
import { reasonOfCode } from "./what-answers.ts";

/** Agents answer in small pieces, and one that is hostile may not make a manager keep a large one. */
const NODE_OPTIONS: grpc.ClientOptions = { "grpc.max_receive_message_length": MAX_MESSAGE_BYTES };

/** Channels that are kept at most; the one not asked for the longest is closed when there are more. */
const MAX_CHANNELS = 256;

export interface Dialer {
  /**
   * A manager of our cluster at `addr` (host:port). Cached: ask again rather than keep it. Connects when first used. Who finds
   * that nobody answers closes it, and the next one gets a new connection: an old one that was cut and then healed may keep
   * silent for as long again as the cut took, because TCP waits longer with every try.
   */
  readonly manager: (addr: string) => grpc.Client;
  /** Like `manager`, but a channel of its own with options of its own, which the caller closes. */
  readonly openManager: (addr: string, options: grpc.ClientOptions) => grpc.Client;
  /**
   * A stream to the Raft of the manager at `addr`, proven as the channels are. The caller ends it.
   * @throws {SkepError} `unavailable`: nobody answers there, or somebody else. @throws `signal.reason` when aborted.
   */
  readonly openRaftStream: (addr: string, signal: AbortSignal) => Promise<Duplex>;
  /** The node `nodeId`, whatever its role. */
  readonly node: (addr: string, nodeId: NodeId) => grpc.Client;
  readonly close: () => void;
}

export const CHANNEL_OPTIONS: grpc.ClientOptions = {
  "grpc.max_receive_message_length": MAX_ANSWER_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  "grpc.keepalive_time_ms": 5_000,
  "grpc.keepalive_timeout_ms": 3_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0,
  // A channel that is made anew must not find the old connection.
  "grpc.use_local_subchannel_pool": 1,
};

/** Whose certificates, good until they expire, are none any more: as the port's Trust has it. */
export type Mistrust = Pick<Trust, "isRemoved" | "isDemoted">;
type Expect = { readonly kind: "manager" } | { readonly kind: "node"; readonly nodeId: NodeId };

/** Undefined when the certificate, whose chain is proven, is whom we want. */
function checkServer(
  certificate: PeerCertificate,
  expect: Expect,
  own: Identity,
  { isRemoved, isDemoted }: Mistrust,
): Error | undefined {
  try {
    const server = identityOfSubject(certificate.subject);
    if (server.clusterId !== own.clusterId) return new Error(`node ${server.nodeId} is of another cluster`);
    if (isRemoved(server.nodeId)) return new Error(`node ${server.nodeId} was removed from the cluster`);
    switch (expect.kind) {
      case "manager":
        if (server.role !== "manager") return new Error(`node ${server.nodeId} is not a manager`);
        return isDemoted(server.nodeId, server.issuedVersion)
          ? new Error(`node ${server.nodeId} is no manager any more: its certificate is from when it was one`)
          : undefined;
      case "node":
        return server.nodeId === expect.nodeId
          ? undefined
          : new Error(`node ${server.nodeId} answers where node ${expect.nodeId} was expected`);
      default:
        return assertNever(expect);
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

type Provider = Parameters<typeof grpc.experimental.createCertificateProviderChannelCredentials>[0];
type CaListener = Parameters<Provider["addCaCertificateListener"]>[0];
type IdentityListener = Parameters<Provider["addIdentityCertificateListener"]>[0];

/** Tells grpc-js of our certificate, and of each that replaces it. */
function certificateProvider(identity: IdentityHolder): Provider {
  const stops = new Map<CaListener | IdentityListener, () => void>();
  function add<Update>(listener: (update: Update) => void, read: (identity: Identity) => Update): () => void {
    listener(read(identity.current()));
    return identity.onReplace((next) => listener(read(next)));
  }
  const remove = (listener: CaListener | IdentityListener): void => {
    stops.get(listener)?.();
    stops.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) => {
      stops.set(
        listener,
        add(listener, (own) => ({ caCertificate: Buffer.from(own.rootPem) })),
      );
    },
    addIdentityCertificateListener: (listener) => {
      stops.set(
        listener,
        add(listener, (own) => ({
          certificate: Buffer.from(own.certificatePem),
          privateKey: Buffer.from(own.keyPem),
        })),
      );
    },
    removeCaCertificateListener: remove,
    removeIdentityCertificateListener: remove,
  };
}

function openRaftStream(own: Identity, addr: string, mistrust: Mistrust, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { host, port } = parseAddress("manager address", addr);
    const socket = connect({
      host,
      port,
      servername: ROLE_NAME.manager,
      cert: own.certificatePem,
      key: own.keyPem,
      ca: own.rootPem,
      minVersion: "TLSv1.3",
      ALPNProtocols: [RAFT_ALPN],
      checkServerIdentity: (_host, certificate) => checkServer(certificate, { kind: "manager" }, own, mistrust),
    });
    socket.setNoDelay(true);
    const onAbort = (): void => settle(signal.reason);
    const onError = (error: NodeJS.ErrnoException): void =>
      settle(new SkepError("unavailable", reasonOfCode(error.code) ?? error.message, { cause: error }));
    const onClose = (): void => settle(new SkepError("unavailable", "the connection was closed"));
    const settle = (failure?: unknown): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("close", onClose).off("error", onError);
      if (failure === undefined) {
        resolve(socket);
        return;
      }
      socket.on("error", () => undefined).destroy();
      reject(failure);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", onError).on("close", onClose);
    socket.once("secureConnect", () => {
      settle(
        socket.alpnProtocol === RAFT_ALPN ? undefined : new SkepError("unavailable", `no raft answers at ${addr}`),
      );
    });
  });
}

const TRUSTS_ALL: Mistrust = { isRemoved: () => false, isDemoted: () => false };

/** @param mistrust asked when a connection is made. */
export function createDialer(identity: IdentityHolder, mistrust: Mistrust = TRUSTS_ALL): Dialer {
  const provider = certificateProvider(identity);
  const channels = new Map<string, grpc.Client>();

  const credentialsFor = (expect: Expect): grpc.ChannelCredentials =>
    grpc.experimental.createCertificateProviderChannelCredentials(provider, provider, {
      checkServerIdentity: (_host, certificate) => checkServer(certificate, expect, identity.current(), mistrust),
    });
  // grpc-js shares connections between channels with equal credentials: these are made anew to have new ones.
  let managerCredentials = credentialsFor({ kind: "manager" });
  const closeAll = (): void => {
    for (const client of channels.values()) client.close();
    channels.clear();
  };
  const unwatch = identity.onReplace(() => {
    closeAll();
    managerCredentials = credentialsFor({ kind: "manager" });
  });

  const open = (
    key: string,
    addr: string,
    name: string,
    credentials: () => grpc.ChannelCredentials,
    options: grpc.ClientOptions = {},
  ): grpc.Client => {
    const known = channels.get(key);
    if (known !== undefined && known.getChannel().getConnectivityState(false) !== grpc.connectivityState.SHUTDOWN) {
      channels.delete(key); // moves it to the young end
      channels.set(key, known);
      return known;
    }
    const client = new grpc.Client(addr, credentials(), {
      ...CHANNEL_OPTIONS,
      ...options,
      "grpc.ssl_target_name_override": name,
    });
    channels.set(key, client);
    if (channels.size > MAX_CHANNELS) {
      const [oldest] = channels;
      if (oldest !== undefined) {
        channels.delete(oldest[0]);
        oldest[1].close();
      }
    }
    return client;
  };

  return {
    manager: (addr) => open(addr, addr, ROLE_NAME.manager, () => managerCredentials),
    openManager: (addr, options) =>
      new grpc.Client(addr, managerCredentials, {
        ...CHANNEL_OPTIONS,
        ...options,
        "grpc.ssl_target_name_override": ROLE_NAME.manager,
      }),
    openRaftStream: (addr, signal) => openRaftStream(identity.current(), addr, mistrust, signal),
    node: (addr, nodeId) =>
      open(`${addr} ${nodeId}`, addr, nodeId, () => credentialsFor({ kind: "node", nodeId }), NODE_OPTIONS),
    close: () => {
      unwatch();
      closeAll();
    },
  };
}
