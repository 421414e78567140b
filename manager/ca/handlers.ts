// The CA service of a manager. Certificates are issued by the leader, which has just written the node into the store; any
// other manager passes the request on, and vouches for the caller it has proven (metadata below, taken from managers only).
import type * as grpc from "@grpc/grpc-js";
import {
  type CAService as CAMethods,
  CAService,
  type IssueCertificateRequest,
  type IssueCertificateResponse,
  newIssueCertificateResponse,
  newLeaveClusterResponse,
} from "../../proto/gen/ca.ts";
import { type Cluster, type Node, newNodeSpec, newNodeStatus } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { type NodeId, newId, parseId } from "../../shared/model/ids.ts";
import { parseJoinToken } from "../../shared/model/join-token.ts";
import { DEFAULT_NODE_VALIDITY_MS, issueNodeCertificate, verifyCertificateRequest } from "../../shared/pki/issue.ts";
import { parseAddress } from "../../shared/rpc/address.ts";
import { unary } from "../../shared/rpc/client.ts";
import type { RequestOf, ResponseOf } from "../../shared/rpc/method.ts";
import type { CallContext, Handlers } from "../../shared/rpc/server.ts";
import { TokenBuckets } from "../../shared/token-buckets.ts";
import { Cursors } from "../allocator/addresses.ts";
import { placedNode } from "../allocator/nodes.ts";
import { ingressNetwork } from "../allocator/places.ts";
import { checkAddress, checkDescription } from "../dispatcher/check-report.ts";
import type { RaftNode } from "../raft/raft-node.ts";
import type { Store } from "../store/types.ts";
import { type Admission, type Applicant, admit } from "./admission.ts";
import { joiningNode } from "./new-cluster.ts";
import { withMembership } from "./role-plan.ts";
import { issuingAuthority, trustedRoots } from "./root-rotation.ts";

const FORWARD_TIMEOUT_MS = 10_000;
/** Whom a forwarding manager speaks for: a node id, or empty for a caller without a certificate. */
const ON_BEHALF_OF = "skep-on-behalf-of";

export interface CaOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly raft: Pick<RaftNode, "status" | "readIndex">;
  readonly dialManager: (addr: string) => grpc.Client;
}

/** Of a node's certificates: it needs one in weeks, or a few while its role changes. Each is a write of all managers. */
const RENEWALS = { burst: 20, everyMs: 5_000 } as const;

export function createCaHandlers(options: CaOptions): Handlers<typeof CAMethods> {
  const { env, store, raft } = options;
  const renewals = new TokenBuckets<NodeId>(RENEWALS);
  const checkRate = (applicant: Applicant): void => {
    if (applicant.kind !== "node") return;
    const waitMs = renewals.take(applicant.nodeId, env.nowMs());
    if (waitMs === 0) return;
    throw new SkepError(
      "resource_exhausted",
      `node ${applicant.nodeId} asks for a new certificate too often: the next one in ${Math.ceil(waitMs / 1000)} s`,
    );
  };
  return {
    getRootCA: async () => {
      const certificate = store.view((view) => view.cluster()?.rootCa?.caCert);
      if (certificate === undefined) throw notYet();
      return { certificate };
    },
    issueCertificate: async (request, context) => {
      const applicant = applicantOf(request, context);
      // What is no request, or no token, is told here, without the leader; which token is valid the leader knows for certain.
      if (applicant.kind === "stranger") parseJoinToken(applicant.token);
      verifyCertificateRequest(Buffer.from(request.csr).toString());
      checkRate(applicant);
      if (raft.status().state === "leader") return await issue(request, applicant, context.signal, options);
      return await forward(CAService.issueCertificate, request, applicant, context, options);
    },
    leaveCluster: async (request, context) => {
      const applicant = applicantOf({ token: "" }, context);
      if (applicant.kind !== "node") throw new SkepError("unauthenticated", "only a node of the cluster can leave it");
      if (raft.status().state !== "leader") {
        return await forward(CAService.leaveCluster, request, applicant, context, options);
      }
      await leave(applicant.nodeId, options);
      return newLeaveClusterResponse();
    },
  };
}

/** Its tasks are replaced at once, since nobody has to wait whether it comes back. */
async function leave(nodeId: NodeId, { env, log, store }: CaOptions): Promise<void> {
  await store.update((tx) => {
    const node = tx.get("node", nodeId);
    if (node === undefined) return undefined;
    const status = newNodeStatus({
      ...node.status,
      state: "disconnected",
      message: "left the cluster",
      changedAtMs: env.wallMs(),
    });
    const spec = newNodeSpec({ ...node.spec, role: "worker" });
    return tx.put("node", { ...node, role: "worker", spec, status, managerStatus: undefined });
  });
  log.info({ nodeId }, "a node has left the cluster");
}

const notYet = (): SkepError =>
  new SkepError("unavailable", "this manager has not received the cluster's state yet; try again in a moment");

function applicantOf(request: Pick<IssueCertificateRequest, "token">, { peer, metadata }: CallContext): Applicant {
  const stranger: Applicant = { kind: "stranger", token: request.token };
  switch (peer.kind) {
    case "local":
      throw new SkepError("permission_denied", "certificates are not issued over the local socket");
    case "anonymous":
      return stranger;
    case "node": {
      const other = peer.role === "manager" ? metadata.get(ON_BEHALF_OF) : undefined;
      if (other === undefined) return { kind: "node", nodeId: peer.nodeId };
      return other === "" ? stranger : { kind: "node", nodeId: parseId<NodeId>("node id", other) };
    }
  }
}

async function forward<M extends (typeof CAService)["issueCertificate" | "leaveCluster"]>(
  method: M,
  request: RequestOf<M>,
  applicant: Applicant,
  { metadata, signal }: CallContext,
  { raft, dialManager }: CaOptions,
): Promise<ResponseOf<M>> {
  const status = raft.status();
  const leader = status.members.find((member) => member.raftId === status.leaderId);
  if (leader === undefined || leader.raftId === status.raftId || metadata.has(ON_BEHALF_OF)) {
    throw new SkepError("unavailable", "the managers have no leader now; try again in a moment");
  }
  return await unary(dialManager(leader.addr), method, request, {
    signal,
    timeoutMs: FORWARD_TIMEOUT_MS,
    metadata: { [ON_BEHALF_OF]: applicant.kind === "node" ? applicant.nodeId : "" },
  });
}

async function issue(
  request: IssueCertificateRequest,
  applicant: Applicant,
  signal: AbortSignal,
  { env, log, store, raft }: CaOptions,
): Promise<IssueCertificateResponse> {
  await raft.readIndex(signal);
  const publicKey = verifyCertificateRequest(Buffer.from(request.csr).toString());
  const { node, cluster, admission, issuedVersion } = await store.update((tx) => {
    const cluster = tx.cluster();
    if (cluster === undefined) throw notYet();
    // Read here, where nothing comes between it and the version that the certificate tells.
    const { members } = raft.status();
    const admission = admit(applicant, {
      cluster,
      node: (id) => tx.get("node", id),
      isMember: (id) => members.some((member) => member.nodeId === id),
    });
    // With its place on the ingress network at once, so that nothing but its agent changes it soon after.
    const admitted = admittedNode(admission, request, env);
    const placed = placedNode(tx, admitted, ingressNetwork(tx), new Cursors(env.random));
    const node = placed.role === "manager" ? withMembership(placed, members) : placed;
    tx.put("node", node);
    return { node, cluster, admission, issuedVersion: tx.version };
  });
  log.info({ nodeId: node.id, role: node.role, as: admission.kind }, "issued a certificate");
  return newIssueCertificateResponse({
    certificate: Buffer.from(signFor(node, cluster, publicKey, issuedVersion, env)),
    nodeId: node.id,
    clusterId: cluster.id,
    role: node.role,
    managers: raft.status().members.map((member) => member.addr),
    trustRoots: trustedRoots(cluster),
  });
}

function admittedNode(admission: Admission, request: IssueCertificateRequest, env: Env): Node {
  switch (admission.kind) {
    case "renew":
      return { ...admission.node, role: admission.role };
    case "new":
      checkAddress(request.addr);
      parseAddress("node address", request.addr);
      if (request.description !== undefined) checkDescription(request.description);
      return joiningNode({
        id: newId<NodeId>(env.random),
        role: admission.role,
        availability: request.availability,
        addr: request.addr,
        description: request.description,
        nowMs: env.wallMs(),
      });
  }
}

function signFor(
  node: Node,
  cluster: Cluster,
  publicKey: ReturnType<typeof verifyCertificateRequest>,
  issuedVersion: number,
  env: Env,
): string {
  const authority = issuingAuthority(cluster);
  const certificate = issueNodeCertificate(
    {
      nodeId: node.id,
      role: node.role,
      clusterId: cluster.id,
      publicKey,
      validityMs: cluster.spec?.caConfig?.nodeCertExpiryMs || DEFAULT_NODE_VALIDITY_MS,
      nowMs: env.wallMs(),
      issuedVersion,
    },
    authority,
  );
  return certificate + authority.chainPem;
}
