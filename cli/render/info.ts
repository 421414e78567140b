import type { InfoResponse } from "../../proto/gen/local.ts";
import { type Cluster, type Node, newClusterSpec } from "../../proto/gen/objects.ts";
import { clusterJson } from "../docker-json/cluster.ts";
import { formatDuration } from "../parse/duration.ts";
import { formatTimestamp, humanDuration } from "../parse/time.ts";
import { type Line, renderLines } from "./lines.ts";
import { cpus, memory } from "./units.ts";

/** What a manager knows of the whole swarm; "unknown" while no leader answers. */
export type SwarmFacts =
  | { readonly kind: "known"; readonly cluster: Cluster; readonly nodes: readonly Node[] }
  | { readonly kind: "unknown"; readonly why: string };

const isManager = (node: Node): boolean => node.role === "manager";

/** Docker's names where it has them. @param swarm undefined: this node is no manager. */
export const infoFields = (info: InfoResponse, swarm: SwarmFacts | undefined): Readonly<Record<string, unknown>> => ({
  ServerVersion: info.version,
  Name: info.description?.hostname ?? "",
  NCPU: (info.description?.resources?.nanoCpus ?? 0) / 1e9,
  MemTotal: info.description?.resources?.memoryBytes ?? 0,
  OSType: info.description?.platform?.os ?? "",
  Architecture: info.description?.platform?.architecture ?? "",
  Runtime: info.description?.engine?.runtime ?? "",
  DataDir: info.dataDir,
  TasksRunning: info.tasksRunning,
  DaemonMemory: info.rssBytes,
  Swarm: {
    NodeID: info.nodeId,
    NodeAddr: info.nodeAddr,
    LocalNodeState: info.localNodeState,
    ControlAvailable: info.controlAvailable,
    Error: info.error || (swarm?.kind === "unknown" ? swarm.why : ""),
    RemoteManagers: info.managers.map((addr) => ({ Addr: addr })),
    ...(swarm?.kind === "known"
      ? {
          Nodes: swarm.nodes.length,
          Managers: swarm.nodes.filter(isManager).length,
          Cluster: clusterJson(swarm.cluster),
        }
      : { Nodes: 0, Managers: 0, Cluster: { ID: info.clusterId } }),
    CertificateExpiresAt: info.certificateExpiresAtMs === 0 ? "" : formatTimestamp(info.certificateExpiresAtMs),
  },
});

export function infoText(info: InfoResponse, swarm: SwarmFacts | undefined, nowMs: number): string {
  const resources = info.description?.resources;
  const active = info.localNodeState !== "inactive";
  return renderLines([
    [0, "Server Version", info.version],
    [0, "Swarm", info.localNodeState],
    [1, "Error", info.error || (swarm?.kind === "unknown" ? swarm.why : "")],
    [1, "NodeID", info.nodeId],
    [1, "Is Manager", active ? String(info.controlAvailable) : ""],
    [1, "ClusterID", info.clusterId],
    ...(swarm?.kind === "known" ? swarmLines(swarm.cluster, swarm.nodes) : []),
    [1, "Node Address", info.nodeAddr],
    [1, "Manager Addresses", info.managers.join(", ")],
    [1, "Certificate", info.certificateExpiresAtMs === 0 ? "" : certificateText(info.certificateExpiresAtMs, nowMs)],
    [0, "Runtime", info.description?.engine?.runtime ?? ""],
    [0, "Running tasks", String(info.tasksRunning)],
    [0, "OSType", info.description?.platform?.os ?? ""],
    [0, "Architecture", info.description?.platform?.architecture ?? ""],
    [0, "CPUs", resources === undefined ? "" : cpus(resources.nanoCpus)],
    [0, "Total Memory", resources === undefined ? "" : memory(resources.memoryBytes)],
    [0, "Name", info.description?.hostname ?? ""],
    [0, "Daemon Memory", info.rssBytes === 0 ? "" : memory(info.rssBytes)],
    [
      0,
      "Running since",
      info.startedAtMs === 0 ? "" : `${formatTimestamp(info.startedAtMs)} (${humanDuration(nowMs - info.startedAtMs)})`,
    ],
    [0, "Data Directory", info.dataDir],
  ]).replaceAll("\t", " ");
}

function swarmLines({ spec, rootCa }: Cluster, nodes: readonly Node[]): readonly Line[] {
  const { networking, orchestration, raft, dispatcher, caConfig } = spec ?? newClusterSpec();
  const time = (ms: number | undefined): string => formatDuration(ms ?? 0);
  return [
    [1, "Managers", String(nodes.filter(isManager).length)],
    [1, "Nodes", String(nodes.length)],
    [1, "Default Address Pool", (networking?.defaultAddrPool ?? []).join(", ")],
    [1, "SubnetSize", String(networking?.subnetSize ?? 0)],
    [1, "Data Path Port", String(networking?.dataPathPort ?? 0)],
    [1, "Task History Retention Limit", String(orchestration?.taskHistoryRetentionLimit ?? 0)],
    [1, "Raft Snapshot Interval", String(raft?.snapshotInterval ?? 0)],
    [1, "Heartbeat Period", time(dispatcher?.heartbeatPeriodMs)],
    [1, "Node Suspect After", time(dispatcher?.suspectAfterMs)],
    [1, "Node Down After", time(dispatcher?.downAfterMs)],
    [1, "Certificate Expiry Duration", time(caConfig?.nodeCertExpiryMs)],
    [1, "Insecure Registries", (spec?.insecureRegistries ?? []).join(", ")],
    [1, "Autolock Managers", String(spec?.encryption?.autoLockManagers === true)],
    [1, "Root Rotation In Progress", String(rootCa?.rotation !== undefined)],
  ];
}

const certificateText = (expiresAtMs: number, nowMs: number): string =>
  expiresAtMs <= nowMs
    ? `expired at ${formatTimestamp(expiresAtMs)}`
    : `valid for ${humanDuration(expiresAtMs - nowMs).toLowerCase()} more`;
