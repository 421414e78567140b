// What `swarm init` writes first: the cluster, with its CA and join tokens, and the node it was called on.
import {
  type Cluster,
  type ClusterSpec,
  type DispatcherConfig,
  type Network,
  type Node,
  type NodeAvailability,
  type NodeDescription,
  type NodeRole,
  newCAConfig,
  newCluster,
  newClusterSpec,
  newDispatcherConfig,
  newJoinTokens,
  newNetwork,
  newNetworkingConfig,
  newNetworkSpec,
  newNode,
  newNodeSpec,
  newNodeStatus,
  newOrchestrationConfig,
  newRaftConfig,
  newRootCA,
} from "../../proto/gen/objects.ts";
import { type ClusterId, type NetworkId, type NodeId, newId } from "../../shared/model/ids.ts";
import { newJoinToken } from "../../shared/model/join-token.ts";
import { DEFAULT_NODE_VALIDITY_MS, type RootAuthority } from "../../shared/pki/issue.ts";
import { newUnlockKey } from "../../shared/pki/unlock-key.ts";
import { parseAddress } from "../../shared/rpc/address.ts";
import { Cursors } from "../allocator/addresses.ts";
import { allocateNetwork } from "../allocator/network.ts";
import { placedNode } from "../allocator/nodes.ts";
import { DEFAULT_ADDR_POOL, DEFAULT_DATA_PATH_PORT, DEFAULT_SUBNET_SIZE } from "../allocator/pool.ts";
import { checkClusterSpec } from "../api/validate/cluster-spec.ts";
import { INGRESS_NAME } from "../api/validate/network-spec.ts";

/** Swarm's figures where Swarm has them; suspicion and grace are ours. */
const DEFAULTS = {
  name: "default",
  taskHistoryRetentionLimit: 5,
  snapshotInterval: 10_000,
  logEntriesForSlowFollowers: 500,
  heartbeatPeriodMs: 1_000,
  suspectAfterMs: 2_500,
  downAfterMs: 4_000,
} as const;

/**
 * The first spec of a cluster: what is zero or absent in `wish` gets its default; a given history limit is kept as it is.
 * @throws as checkClusterSpec.
 */
export function completeClusterSpec(wish: ClusterSpec | undefined): ClusterSpec {
  const given = wish ?? newClusterSpec();
  const complete: ClusterSpec = {
    ...given,
    name: given.name || DEFAULTS.name,
    orchestration:
      given.orchestration ?? newOrchestrationConfig({ taskHistoryRetentionLimit: DEFAULTS.taskHistoryRetentionLimit }),
    raft: newRaftConfig({
      snapshotInterval: given.raft?.snapshotInterval || DEFAULTS.snapshotInterval,
      logEntriesForSlowFollowers: given.raft?.logEntriesForSlowFollowers || DEFAULTS.logEntriesForSlowFollowers,
    }),
    dispatcher: completeDispatcher(given.dispatcher),
    caConfig: newCAConfig({ nodeCertExpiryMs: given.caConfig?.nodeCertExpiryMs || DEFAULT_NODE_VALIDITY_MS }),
    networking: newNetworkingConfig({
      defaultAddrPool:
        (given.networking?.defaultAddrPool.length ?? 0) > 0
          ? (given.networking?.defaultAddrPool ?? [])
          : [DEFAULT_ADDR_POOL],
      subnetSize: given.networking?.subnetSize || DEFAULT_SUBNET_SIZE,
      dataPathPort: given.networking?.dataPathPort || DEFAULT_DATA_PATH_PORT,
    }),
  };
  checkClusterSpec(complete);
  return complete;
}

/** Who names a heartbeat alone, as in Swarm, means the times that follow from it, too. */
function completeDispatcher(given: DispatcherConfig | undefined): DispatcherConfig {
  const heartbeatPeriodMs = given?.heartbeatPeriodMs || DEFAULTS.heartbeatPeriodMs;
  const scale = heartbeatPeriodMs / DEFAULTS.heartbeatPeriodMs;
  const suspectAfterMs = given?.suspectAfterMs || Math.round(DEFAULTS.suspectAfterMs * scale);
  const downAfterMs = given?.downAfterMs || Math.max(suspectAfterMs, Math.round(DEFAULTS.downAfterMs * scale));
  return newDispatcherConfig({ heartbeatPeriodMs, suspectAfterMs, downAfterMs });
}

export const firstCluster = (
  id: ClusterId,
  root: RootAuthority,
  spec: ClusterSpec | undefined,
  random: () => number,
): Cluster =>
  newCluster({
    id,
    spec: completeClusterSpec(spec),
    rootCa: newRootCA({
      caKey: Buffer.from(root.keyPem),
      caCert: Buffer.from(root.certificatePem),
      caCertHash: root.digest,
      joinTokens: newJoinTokens({
        worker: newJoinToken(root.digest, random),
        manager: newJoinToken(root.digest, random),
      }),
    }),
    ...(spec?.encryption?.autoLockManagers === true ? { unlockKey: newUnlockKey(random) } : {}),
  });

export interface JoiningNode {
  readonly id: NodeId;
  readonly role: NodeRole;
  readonly availability: NodeAvailability;
  /** host:port */
  readonly addr: string;
  readonly description: NodeDescription | undefined;
  readonly nowMs: number;
}

/**
 * The network of the routing mesh, and the first node with its place on it. It has both families: a client is led to tasks by
 * the one that he comes with.
 */
export function firstIngress(
  cluster: Cluster,
  node: Node,
  random: () => number,
): { readonly network: Network; readonly node: Node } {
  const spec = newNetworkSpec({ name: INGRESS_NAME, driver: "overlay", ingress: true, ipv6Enabled: true });
  const scope = { cluster, networks: () => [], nodes: () => [node] };
  const network = newNetwork({ id: newId<NetworkId>(random), spec, ...allocateNetwork(scope, spec, undefined) });
  return { network, node: placedNode({ isAddressHeld: () => false }, node, network, new Cursors(random)) };
}

/** A node as it joins: not ready before its agent has called. */
export const joiningNode = ({ id, role, availability, addr, description, nowMs }: JoiningNode): Node =>
  newNode({
    id,
    role,
    addr,
    spec: newNodeSpec({ role, availability }),
    description,
    status: newNodeStatus({
      state: "unknown",
      message: "waiting for the node's agent",
      addrs: [parseAddress("node address", addr).host],
      changedAtMs: nowMs,
    }),
  });
