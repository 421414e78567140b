import { newRestoreResponse, type RestoreRequest, type RestoreResponse } from "../../../proto/gen/local.ts";
import type { NodeState } from "../state-dir.ts";
import { addressesOf, describe, type Host, startFresh } from "./host.ts";

/** `skep swarm restore`: this host, which is no node, takes up a cluster from a backup, as its only manager. @throws {SkepError} */
export async function restore(host: Host, requests: AsyncIterable<RestoreRequest>): Promise<RestoreResponse> {
  const { env, log, dir, life, stopping } = host;
  return await life.changeTo("restoring a cluster", life.requireInactive(), async () => {
    const { openBackup, restoreSoleManager } = await import("../../../manager/recovery/disk.ts");
    const recovery = await import("../recovery.ts");
    const upload = await recovery.receiveBackup(requests);
    const { backup, cluster } = openBackup(upload.file);
    const { addr, listenAddr, advertise } = addressesOf(host, upload.options);
    const identity = recovery.newIdentityOf(cluster, env);
    const { nodeId, clusterId } = identity;
    const self = await recovery.restoredNode(nodeId, addr, describe(host), env);
    // With autolock on, the cluster's key locks this manager from its first file on.
    const unlockKey = cluster.unlockKey.length === 0 ? undefined : cluster.unlockKey;
    const raft = { raftId: Math.max(1, backup.header.nextRaftId) };
    const state: NodeState = { nodeId, clusterId, addr, listenAddr, advertise, managers: [addr], raft };
    let notes: readonly string[] = [];
    const started = await startFresh(
      host,
      state,
      identity,
      async (fresh) => {
        const disk = { env, log, dir: dir.raftDir, sealer: await fresh.keys.sealer() };
        const recovered = await restoreSoleManager(disk, backup, self);
        notes = recovery.restoredNotes(recovered, backup, env.wallMs());
        await fresh.start({ kind: "resume" }, stopping);
        if (fresh.manager !== undefined) await recovery.leadsAlone(fresh.manager, env);
      },
      unlockKey,
    );
    log.info({ nodeId, clusterId, addr }, "restored a cluster");
    return {
      life: { kind: "active", node: started },
      answer: newRestoreResponse({ nodeId, clusterId, addr, notes }),
    };
  });
}
