// A cluster's settings as they may be, when it is made and when they are changed.
import type { ClusterSpec } from "../../../proto/gen/objects.ts";
import { checkLabels, invalid } from "./problem.ts";

const HOUR_MS = 60 * 60 * 1000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const MIN_HEARTBEAT_MS = 100;

/** @throws {SkepError} `invalid_argument` */
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
  // Far beyond it the end of a certificate has no date any more, and every node would renew itself out of the cluster.
  if (caConfig !== undefined && caConfig.nodeCertExpiryMs > 100 * YEAR_MS) {
    throw invalid("certificate expiry", "node certificates last at most 100 years");
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
