// What an agent is told at the start of its session, and again when something of it changes.
import { type DemotedNode, type LeaderProof, newSessionInfo, type SessionInfo } from "../../proto/gen/dispatcher.ts";
import type { Cluster, ClusterSpec } from "../../proto/gen/objects.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { issuingAuthority, trustedRoots } from "../ca/root-rotation.ts";
import type { RaftMember } from "../raft/raft-node.ts";
import type { View } from "../store/types.ts";
import { epochOf } from "../tunnel-keys/epoch.ts";
import { DEFAULT_LIVENESS, type LivenessConfig } from "./liveness.ts";

export interface Leadership {
  readonly liveness: LivenessConfig;
  /** Every manager. */
  readonly members: readonly RaftMember[];
  /** Nodes that were managers. */
  readonly demoted: readonly DemotedNode[];
}

/** @param proofs that this is a manager, for the node. */
export function sessionInfo(
  view: View,
  nodeId: NodeId,
  { liveness: { heartbeatPeriodMs, suspectAfterMs }, members, demoted }: Leadership,
  proofs: readonly LeaderProof[],
): SessionInfo {
  const node = view.get("node", nodeId);
  return newSessionInfo({
    nodeId,
    heartbeatPeriodMs,
    suspectAfterMs,
    managers: members.map(({ addr }) => addr),
    managerIds: members.map((member) => member.nodeId),
    insecureRegistries: view.cluster()?.spec?.insecureRegistries ?? [],
    role: node?.spec?.role ?? "worker",
    addr: node?.addr ?? "",
    networkKeyEpoch: epochOf(view.cluster()),
    proofs,
    demoted,
    certificateMinVersion: node?.demotedVersion ?? 0,
    ...trustOf(view.cluster()),
  });
}

/** Whom to trust, and whom no longer. */
function trustOf(cluster: Cluster | undefined): Partial<SessionInfo> {
  if (cluster?.rootCa === undefined) return {};
  return {
    trustRoots: trustedRoots(cluster),
    issuingRoot: issuingAuthority(cluster).digest,
    blacklistedCertificates: cluster.blacklistedCertificates,
  };
}

/** A cluster without a setting has the default. */
export function livenessOf(spec: ClusterSpec | undefined): LivenessConfig {
  const config = spec?.dispatcher;
  const heartbeatPeriodMs = config?.heartbeatPeriodMs || DEFAULT_LIVENESS.heartbeatPeriodMs;
  const suspectAfterMs = config?.suspectAfterMs || DEFAULT_LIVENESS.suspectAfterMs;
  const downAfterMs = Math.max(suspectAfterMs, config?.downAfterMs || DEFAULT_LIVENESS.downAfterMs);
  return { heartbeatPeriodMs, suspectAfterMs, downAfterMs };
}
