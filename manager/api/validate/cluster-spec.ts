// A cluster's settings as they may be, when it is made and when they are changed.
import type { ClusterSpec, DispatcherConfig, NetworkingConfig } from "../../../proto/gen/objects.ts";
import { formatSubnet, parseSubnet, type Subnet, subnetsOverlap } from "../../../shared/model/ip.ts";
import type { Range } from "../../../shared/model/ranges.ts";
import { DEFAULT_SUBNET_SIZE, IPV6_SUBNET_SIZE } from "../../allocator/pool.ts";
import { checkSubnet } from "./network-spec.ts";
import { checkDurations, checkLabels, checkRange, invalid } from "./problem.ts";

const HOUR_MS = 60 * 60 * 1000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const MIN_HEARTBEAT_MS = 100;
/** Whatever is negative keeps all. */
const HISTORY_LIMIT: Range = { least: -(2 ** 53), most: 1_000_000 };

/** @throws {SkepError} `invalid_argument` */
export function checkClusterSpec({
  labels,
  dispatcher,
  orchestration,
  raft,
  caConfig,
  insecureRegistries,
  networking,
}: ClusterSpec): void {
  checkLabels("cluster labels", labels);
  if (dispatcher !== undefined) checkDispatcher(dispatcher);
  if (orchestration !== undefined)
    checkRange("task-history-limit", orchestration.taskHistoryRetentionLimit, HISTORY_LIMIT);
  if (raft !== undefined && !(raft.snapshotInterval >= 1)) throw invalid("snapshot-interval", "at least 1 log entry");
  if (caConfig !== undefined && !(caConfig.nodeCertExpiryMs >= HOUR_MS)) {
    throw invalid("cert-expiry", "node certificates last at least 1 hour");
  }
  // Far beyond it the end of a certificate has no date any more, and every node would renew itself out of the cluster.
  if (caConfig !== undefined && caConfig.nodeCertExpiryMs > 100 * YEAR_MS) {
    throw invalid("cert-expiry", "node certificates last at most 100 years");
  }
  if (networking !== undefined) checkNetworking(networking);
  for (const registry of insecureRegistries) {
    if (!/^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5}|\/[0-9]{1,3})?$/.test(registry)) {
      throw invalid(
        "insecure-registry",
        `${JSON.stringify(registry)} is not HOST, HOST:PORT or a subnet such as 10.0.0.0/8`,
      );
    }
  }
}

/** What one time must be beside another names both flags: who changes one of them has to change the other. */
function checkDispatcher({ heartbeatPeriodMs, suspectAfterMs, downAfterMs }: DispatcherConfig): void {
  checkDurations({
    "dispatcher-heartbeat": heartbeatPeriodMs,
    "node-suspect-after": suspectAfterMs,
    "node-down-after": downAfterMs,
  });
  if (heartbeatPeriodMs < MIN_HEARTBEAT_MS)
    throw invalid("dispatcher-heartbeat", `the heartbeat period is at least ${MIN_HEARTBEAT_MS} ms`);
  if (suspectAfterMs <= heartbeatPeriodMs) {
    throw invalid(
      "dispatcher-heartbeat",
      `nodes would report every ${heartbeatPeriodMs} ms and get no new task after ${suspectAfterMs} ms of silence: ` +
        "give node-suspect-after a longer time than dispatcher-heartbeat, and node-down-after one at least as long",
    );
  }
  if (downAfterMs < suspectAfterMs) {
    throw invalid(
      "node-down-after",
      `a node cannot be down (${downAfterMs} ms) before it is suspect (node-suspect-after, ${suspectAfterMs} ms)`,
    );
  }
}

const MIN_DATA_PATH_PORT = 1024;
const MAX_DATA_PATH_PORT = 49_151;
/** Two tasks and a gateway. */
const LONGEST_PREFIX = 29;

/** Zero and empty are the defaults. */
function checkNetworking({ defaultAddrPool, subnetSize, dataPathPort }: NetworkingConfig): void {
  if (dataPathPort !== 0 && (dataPathPort < MIN_DATA_PATH_PORT || dataPathPort > MAX_DATA_PATH_PORT)) {
    throw invalid("data-path-port", `${dataPathPort} is not from ${MIN_DATA_PATH_PORT} to ${MAX_DATA_PATH_PORT}`);
  }
  const size = subnetSize || DEFAULT_SUBNET_SIZE;
  if (size > LONGEST_PREFIX)
    throw invalid("default-addr-pool-mask-length", `the mask length is at most ${LONGEST_PREFIX}`);
  const pools: Subnet[] = [];
  for (const text of defaultAddrPool) {
    const pool = parseSubnet(text);
    if (pool === undefined)
      throw invalid("default-addr-pool", `${JSON.stringify(text)} is not a subnet like 10.0.0.0/8`);
    checkSubnet("default-addr-pool", text, pool);
    const length = pool.base.family === 4 ? size : IPV6_SUBNET_SIZE;
    if (pool.prefixLength > length) {
      throw invalid("default-addr-pool", `${text} has no room for a subnet of /${length}: choose another mask length`);
    }
    const other = pools.find((one) => subnetsOverlap(one, pool));
    if (other !== undefined) throw invalid("default-addr-pool", `${text} overlaps ${formatSubnet(other)}`);
    pools.push(pool);
  }
}
