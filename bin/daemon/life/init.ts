import { type InitRequest, type InitResponse, newInitResponse } from "../../../proto/gen/local.ts";
import { type ClusterId, type NodeId, newId } from "../../../shared/model/ids.ts";
import { openIdentity } from "../../../shared/pki/identity.ts";
import { issueNodeCertificate, newRootAuthority } from "../../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../../shared/pki/keys.ts";
import { formatUnlockKey } from "../../../shared/pki/unlock-key.ts";
import type { NodeState } from "../state-dir.ts";
import { addressesOf, describe, type Host, startFresh } from "./host.ts";

/** `skep swarm init`: this host is the first node of a cluster, its manager and its CA. @throws {SkepError} */
export async function init(host: Host, request: InitRequest): Promise<InitResponse> {
  const { env, log, life, stopping } = host;
  return await life.changeTo("making a cluster", life.requireInactive(), async () => {
    const { firstCluster, firstIngress, joiningNode } = await import("../../../manager/ca/new-cluster.ts");
    const { advertise, ...place } = addressesOf(host, request);
    const { addr } = place;
    const clusterId = newId<ClusterId>(env.random);
    const nodeId = newId<NodeId>(env.random);
    const nowMs = env.wallMs();
    const root = newRootAuthority(clusterId, nowMs);
    const cluster = firstCluster(clusterId, root, request.spec, env.random);
    const { availability } = request;
    const joining = joiningNode({
      id: nodeId,
      role: "manager",
      availability,
      addr,
      description: describe(host, place),
      nowMs,
    });
    const { network, node } = firstIngress(cluster, joining, env.random);
    const keys = newKeyPair();
    const validityMs = cluster.spec?.caConfig?.nodeCertExpiryMs ?? 0;
    const certificatePem = issueNodeCertificate(
      { nodeId, role: "manager", clusterId, publicKey: keys.publicKey, validityMs, nowMs, issuedVersion: 0 },
      root,
    );
    const identity = openIdentity({
      certificatePem,
      keyPem: privateKeyToPem(keys.privateKey),
      rootPem: root.certificatePem,
    });
    const raft = { raftId: 1 };
    const state: NodeState = { nodeId, clusterId, ...place, advertise, managers: [addr], raft };
    const unlockKey = cluster.unlockKey.length === 0 ? undefined : cluster.unlockKey;
    const start = { kind: "bootstrap", raftId: 1, cluster, network, node } as const;
    const started = await startFresh(
      host,
      state,
      identity,
      (fresh) => fresh.start({ kind: "bootstrap", start }, stopping),
      unlockKey,
    );
    log.info({ nodeId, clusterId, addr }, "made a cluster");
    return {
      life: { kind: "active", node: started },
      answer: newInitResponse({
        nodeId,
        addr,
        joinTokens: cluster.rootCa?.joinTokens,
        unlockKey: unlockKey === undefined ? "" : formatUnlockKey(unlockKey),
      }),
    };
  });
}
