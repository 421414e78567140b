import type { ControlService } from "../../proto/gen/control.ts";
import { type Cluster, type ClusterSpec, newJoinTokens } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { newJoinToken } from "../../shared/model/join-token.ts";
import { newUnlockKey } from "../../shared/pki/unlock-key.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { View } from "../store/types.ts";
import type { ControlOptions } from "./context.ts";
import { redactCluster } from "./redact.ts";
import { checkLabels, invalid } from "./validate/problem.ts";

type ClusterHandlers = Pick<Handlers<typeof ControlService>, "getCluster" | "updateCluster">;

const HOUR_MS = 60 * 60 * 1000;
const MIN_HEARTBEAT_MS = 100;

/** @throws {SkepError} `unavailable` before the cluster's first write is here. */
export function requiredCluster(view: View): Cluster {
  const cluster = view.cluster();
  if (cluster === undefined) throw new SkepError("unavailable", "the cluster is being made: try again");
  return cluster;
}

export function createClusterHandlers({ env, store }: ControlOptions): ClusterHandlers {
  const read = (): Cluster => redactCluster(store.view(requiredCluster));
  return {
    getCluster: async () => read(),

    updateCluster: async ({ version, spec, rotateWorkerToken, rotateManagerToken }) => {
      if (spec !== undefined) checkClusterSpec(spec);
      await store.update((tx) => {
        const cluster = requiredCluster(tx);
        const tokens = cluster.rootCa?.joinTokens ?? newJoinTokens();
        const fresh = (): string => newJoinToken(cluster.rootCa?.caCertHash ?? "", env.random);
        const joinTokens = {
          worker: rotateWorkerToken ? fresh() : tokens.worker,
          manager: rotateManagerToken ? fresh() : tokens.manager,
        };
        tx.put("cluster", {
          ...cluster,
          meta: cluster.meta && { ...cluster.meta, version },
          spec: spec ?? cluster.spec,
          rootCa: cluster.rootCa && { ...cluster.rootCa, joinTokens },
          unlockKey: unlockKeyFor(spec ?? cluster.spec, cluster, env.random),
        });
      });
      return read();
    },
  };
}

/** There is a key exactly while the managers shall lock themselves; turned on again it is another one. */
function unlockKeyFor(spec: ClusterSpec | undefined, cluster: Cluster, random: () => number): Uint8Array {
  if (spec?.encryption?.autoLockManagers !== true) return new Uint8Array(0);
  return cluster.unlockKey.length > 0 ? cluster.unlockKey : newUnlockKey(random);
}

export function checkClusterSpec({ labels, dispatcher, raft, caConfig, insecureRegistries }: ClusterSpec): void {
  checkLabels("cluster labels", labels);
  if (dispatcher !== undefined) {
    const { heartbeatPeriodMs, suspectAfterMs, downAfterMs } = dispatcher;
    if (heartbeatPeriodMs < MIN_HEARTBEAT_MS)
      throw invalid("dispatcher", `the heartbeat period is at least ${MIN_HEARTBEAT_MS} ms`);
    if (suspectAfterMs <= heartbeatPeriodMs)
      throw invalid("dispatcher", "the time to suspicion must be longer than a heartbeat period");
    if (downAfterMs < suspectAfterMs) throw invalid("dispatcher", "a node cannot be down before it is suspect");
  }
  if (raft !== undefined && raft.snapshotInterval < 1)
    throw invalid("raft", "the snapshot interval is at least 1 entry");
  if (caConfig !== undefined && caConfig.nodeCertExpiryMs < HOUR_MS) {
    throw invalid("certificate expiry", "node certificates last at least 1 hour");
  }
  for (const registry of insecureRegistries) {
    if (!/^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5}|\/[0-9]{1,3})?$/.test(registry)) {
      throw invalid(
        "insecure registry",
        `${JSON.stringify(registry)} is not HOST, HOST:PORT or a subnet such as 10.0.0.0/8`,
      );
    }
  }
}
