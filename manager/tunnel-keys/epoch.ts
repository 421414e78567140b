// When all nodes replace the keys of their tunnels: managers count epochs, and each node makes a key of its own for each
// (agent/network/encryption/plan.ts has the other half). Pure.
import type { Cluster, Network, Node } from "../../proto/gen/objects.ts";
import { isEncrypted } from "../../shared/model/networks.ts";

/** As often as Swarm replaces the keys of its encrypted networks. */
export const ROTATE_AFTER_MS = 12 * 3_600_000;

/** The epoch that nodes should have keys of. */
export const epochOf = (cluster: Pick<Cluster, "networkKeyEpoch"> | undefined): number => cluster?.networkKeyEpoch || 1;

const anyEncrypted = (networks: Iterable<Network>): boolean => {
  for (const { spec } of networks) if (isEncrypted(spec)) return true;
  return false;
};

export type EpochPlan =
  | { readonly kind: "nothing" }
  /** The time of the present epoch begins: nothing was encrypted before, or the clock was wrong. */
  | { readonly kind: "begin" }
  | { readonly kind: "next" }
  /** It is time, but these nodes do not have a key of the present epoch yet: their tunnels would be lost. */
  | { readonly kind: "wait"; readonly nodes: readonly Node[] };

/** @param nowMs the leader's clock. */
export function planEpoch(
  cluster: Cluster,
  networks: Iterable<Network>,
  nodes: Iterable<Node>,
  nowMs: number,
): EpochPlan {
  if (!anyEncrypted(networks)) return { kind: "nothing" };
  const sinceMs = cluster.networkKeyEpochAtMs;
  if (sinceMs === 0 || sinceMs > nowMs) return { kind: "begin" };
  if (nowMs - sinceMs < ROTATE_AFTER_MS) return { kind: "nothing" };
  const late = [...nodes].filter((node) => isLate(node, epochOf(cluster)));
  return late.length > 0 ? { kind: "wait", nodes: late } : { kind: "next" };
}

/** A node that is away is not waited for: it gets its tunnels anew when it is back. Nor one that has none. */
function isLate({ status, description }: Node, epoch: number): boolean {
  const keys = description?.tunnelKeys ?? [];
  return status?.state === "ready" && keys.length > 0 && !keys.some((key) => key.epoch === epoch);
}
