import type { InfoResponse } from "../../proto/gen/local.ts";
import { formatTimestamp, humanDuration } from "../parse/time.ts";
import { renderLines } from "./lines.ts";
import { cpus, memory } from "./units.ts";

/** Docker's names where it has them. */
export const infoFields = (info: InfoResponse): Readonly<Record<string, unknown>> => ({
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
    Error: info.error,
    RemoteManagers: info.managers.map((addr) => ({ Addr: addr })),
    Cluster: { ID: info.clusterId },
    CertificateExpiresAt: info.certificateExpiresAtMs === 0 ? "" : formatTimestamp(info.certificateExpiresAtMs),
  },
});

export function infoText(info: InfoResponse, nowMs: number): string {
  const resources = info.description?.resources;
  const active = info.localNodeState !== "inactive";
  return renderLines([
    [0, "Server Version", info.version],
    [0, "Swarm", info.localNodeState],
    [1, "Error", info.error],
    [1, "NodeID", info.nodeId],
    [1, "Is Manager", active ? String(info.controlAvailable) : ""],
    [1, "ClusterID", info.clusterId],
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

const certificateText = (expiresAtMs: number, nowMs: number): string =>
  expiresAtMs <= nowMs
    ? `expired at ${formatTimestamp(expiresAtMs)}`
    : `valid for ${humanDuration(expiresAtMs - nowMs).toLowerCase()} more`;
