import type { ControlService } from "../../proto/gen/control.ts";
import { type Cluster, type ClusterSpec, newJoinTokens } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { newJoinToken } from "../../shared/model/join-token.ts";
import { newUnlockKey } from "../../shared/pki/unlock-key.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { DEFAULT_DATA_PATH_PORT } from "../allocator/pool.ts";
import type { View } from "../store/types.ts";
import type { ControlOptions } from "./context.ts";
import { redactCluster } from "./redact.ts";
import { checkClusterSpec } from "./validate/cluster-spec.ts";

type ClusterHandlers = Pick<Handlers<typeof ControlService>, "getCluster" | "updateCluster">;

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
          spec: spec === undefined ? cluster.spec : withNetworking(spec, cluster.spec),
          rootCa: cluster.rootCa && { ...cluster.rootCa, joinTokens },
          unlockKey: unlockKeyFor(spec ?? cluster.spec, cluster, env.random),
        });
      });
      return read();
    },
  };
}

/**
 * A spec that says nothing of networking leaves it. New networks come from the pool as it is then; the port is in every node's
 * kernel already.
 */
function withNetworking(spec: ClusterSpec, before: ClusterSpec | undefined): ClusterSpec {
  const networking = spec.networking ?? before?.networking;
  const port = before?.networking?.dataPathPort || DEFAULT_DATA_PATH_PORT;
  if (networking === undefined || (networking.dataPathPort || DEFAULT_DATA_PATH_PORT) === port)
    return { ...spec, networking };
  throw new SkepError(
    "failed_precondition",
    `the data path port is chosen when the cluster is made: it is ${port} and cannot become ${networking.dataPathPort || DEFAULT_DATA_PATH_PORT}`,
  );
}

/** There is a key exactly while the managers shall lock themselves; turned on again it is another one. */
function unlockKeyFor(spec: ClusterSpec | undefined, cluster: Cluster, random: () => number): Uint8Array {
  if (spec?.encryption?.autoLockManagers !== true) return new Uint8Array(0);
  return cluster.unlockKey.length > 0 ? cluster.unlockKey : newUnlockKey(random);
}
