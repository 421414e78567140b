import { type InfoResponse, newInfoResponse } from "../../../proto/gen/local.ts";
import { VERSION } from "../../../shared/version.ts";
import { describe, type Host } from "./host.ts";
import { STATE_NAME } from "./life.ts";

/** What the daemon says of itself. */
export function infoOf(host: Host, startedAtMs: number): InfoResponse {
  const life = host.life.now;
  const about = {
    version: VERSION,
    localNodeState: STATE_NAME[life.kind],
    description: describe(host),
    startedAtMs,
    rssBytes: process.memoryUsage.rss(),
    dataDir: host.dataDir,
  };
  switch (life.kind) {
    case "inactive":
    case "changing":
      return newInfoResponse({ ...about, error: host.runtime.problem() });
    case "failed":
      return newInfoResponse({ ...about, error: life.message });
    case "locked": {
      const { nodeId, clusterId, addr, managers } = life.state;
      return newInfoResponse({ ...about, nodeId, clusterId, nodeAddr: addr, managers });
    }
    case "active": {
      const { state, identity, manager, agent, problem, turnedAway } = life.node;
      return newInfoResponse({
        ...about,
        localNodeState: turnedAway === "" ? "active" : "error",
        error: problem,
        nodeId: state.nodeId,
        clusterId: state.clusterId,
        nodeAddr: state.addr,
        controlAvailable: manager !== undefined && turnedAway === "",
        managers: state.managers,
        tasksRunning: agent?.counts().running ?? 0,
        certificateExpiresAtMs: identity.notAfterMs,
      });
    }
  }
}
