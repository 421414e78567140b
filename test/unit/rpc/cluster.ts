// A certificate authority and what it takes to make servers and clients of its cluster, for tests.
import * as grpc from "@grpc/grpc-js";
import { AgentService, newMeetManagersResponse } from "../../../proto/gen/agent.ts";
import { CAService } from "../../../proto/gen/ca.ts";
import type { NodeRole } from "../../../proto/gen/objects.ts";
import type { Env } from "../../../shared/env/env.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import { type ClusterId, type NodeId, newId, type TaskId } from "../../../shared/model/ids.ts";
import {
  createIdentityHolder,
  type Identity,
  type IdentityHolder,
  openIdentity,
} from "../../../shared/pki/identity.ts";
import { issueNodeCertificate, newRootAuthority, type RootAuthority } from "../../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../../shared/pki/keys.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import type { Trust } from "../../../shared/rpc/peer-proof.ts";
import { addService } from "../../../shared/rpc/server.ts";
import { createTlsServer, type NodeServer } from "../../../shared/rpc/tls-server.ts";

export const id = <T extends NodeId | ClusterId | TaskId>(letter: string): T => letter.repeat(25) as T;

export interface TestCluster {
  readonly id: ClusterId;
  readonly root: RootAuthority;
  readonly identity: (nodeId: NodeId, role: NodeRole, options?: IdentityOptions) => Identity;
}

interface IdentityOptions {
  /** When it was issued: in the past for an expired one. */
  readonly nowMs?: number;
  readonly validityMs?: number;
  readonly issuedVersion?: number;
}

export function testCluster(clusterId: ClusterId = newId(realEnv.random)): TestCluster {
  const root = newRootAuthority(clusterId, realEnv.wallMs());
  return {
    id: clusterId,
    root,
    identity: (nodeId, role, options = {}) => {
      const keys = newKeyPair();
      const certificatePem = issueNodeCertificate(
        {
          nodeId,
          role,
          clusterId,
          publicKey: keys.publicKey,
          validityMs: options.validityMs ?? 86_400_000,
          nowMs: options.nowMs ?? realEnv.wallMs(),
          issuedVersion: options.issuedVersion ?? 1,
        },
        root,
      );
      return openIdentity({ certificatePem, keyPem: privateKeyToPem(keys.privateKey), rootPem: root.certificatePem });
    },
  };
}

export interface TestServer {
  readonly addr: string;
  readonly server: NodeServer;
  readonly holder: IdentityHolder;
  readonly removed: Set<NodeId>;
  readonly demoted: Set<NodeId>;
  /** What `wallMs` of the server's trust adds to the real clock. */
  readonly clock: { aheadMs: number };
  /** Calls of leaveCluster that are open, and the most there were at once. */
  readonly leaving: { now: number; most: number };
  readonly close: () => Promise<void>;
}

/**
 * Serves CA (answers with the caller, as text; leaving never ends) and Agent (one answer, empty or with so many warnings as
 * tasks were asked for of 1 MiB each, then waits for the caller to go).
 */
export async function testServer(cluster: TestCluster, identity: Identity, env: Env = realEnv): Promise<TestServer> {
  const holder = createIdentityHolder(identity);
  const removed = new Set<NodeId>();
  const demoted = new Set<NodeId>();
  const clock = { aheadMs: 0 };
  const leaving = { now: 0, most: 0 };
  const trust: Trust = {
    clusterId: cluster.id,
    isRemoved: (nodeId) => removed.has(nodeId),
    isDemoted: (nodeId) => demoted.has(nodeId),
    wallMs: () => realEnv.wallMs() + clock.aheadMs,
  };
  const server = createTlsServer({
    env,
    log: silentLog,
    identity: holder,
    trust,
    listen: { host: "127.0.0.1", port: 0 },
  });
  addService(
    server.grpc,
    CAService,
    {
      getRootCA: async (_request, { peer }) => ({
        certificate: Buffer.from(peer.kind === "node" ? `${peer.role} ${peer.nodeId}` : peer.kind),
      }),
      issueCertificate: async () => {
        throw new Error("boom");
      },
      leaveCluster: (_request, { signal }) =>
        new Promise((resolve) => {
          leaving.now++;
          leaving.most = Math.max(leaving.most, leaving.now);
          const done = (): void => {
            leaving.now--;
            resolve({});
          };
          signal.addEventListener("abort", done, { once: true });
        }),
    },
    server.resolvePeer,
    authorizeByRole,
  );
  addService(
    server.grpc,
    AgentService,
    {
      taskLogs: async function* ({ taskIds }, { signal }) {
        yield { lines: [], warnings: taskIds.map(() => "x".repeat(1 << 20)), caughtUp: false };
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      },
      meetManagers: async () => newMeetManagersResponse(),
      // biome-ignore lint/correctness/useYield: it is never asked
      probeNetwork: async function* () {
        throw new SkepError("unimplemented", "nobody tests the network");
      },
    },
    server.resolvePeer,
    authorizeByRole,
  );
  const { port } = await server.listen();
  return {
    addr: `127.0.0.1:${port}`,
    server,
    holder,
    removed,
    demoted,
    clock,
    leaving,
    close: () => server.close(100),
  };
}

/** A client that shows what it is given and takes any server. */
export function looseClient(
  addr: string,
  shown?: { readonly certificatePem: string; readonly keyPem: string },
): grpc.Client {
  const credentials = grpc.credentials.createSsl(
    null,
    shown === undefined ? null : Buffer.from(shown.keyPem),
    shown === undefined ? null : Buffer.from(shown.certificatePem),
    { rejectUnauthorized: false, checkServerIdentity: () => undefined },
  );
  return new grpc.Client(addr, credentials, { "grpc.use_local_subchannel_pool": 1 });
}
