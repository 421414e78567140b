import {
  DispatcherService,
  type NetworkFindingsResponse,
  newNetworkFindingsRequest,
  newNetworkFindingsResponse,
} from "../../../proto/gen/dispatcher.ts";
import { SkepError } from "../../../shared/errors.ts";
import { parseAddress } from "../../../shared/rpc/address.ts";
import { unary } from "../../../shared/rpc/client.ts";
import type { ClusterNode } from "../cluster-node.ts";
import type { Host } from "./host.ts";

const DEFAULT_DATA_PATH_PORT = 4_789;

/** A check begins 2 s after the node is ready, and takes about a second where all is well, and up to 8 s where nobody answers. */
const LIMIT_MS = 15_000;
const ASK_EVERY_MS = 250;
const ANSWER_LIMIT_MS = 2_000;

/** Waits until the check of this node's network is over: `pending` when it is not within 15 s. */
export async function networkFindingsOf(host: Host, signal: AbortSignal): Promise<NetworkFindingsResponse> {
  const { env } = host;
  const giveUpMs = env.nowMs() + LIMIT_MS;
  while (env.nowMs() < giveUpMs) {
    const life = host.life.now;
    if (life.kind !== "active") {
      throw new SkepError("failed_precondition", "this host is in no cluster, or not ready: `skep info` tells");
    }
    try {
      const findings = await life.node.askLeader((leader) =>
        unary(leader, DispatcherService.networkFindings, newNetworkFindingsRequest(), {
          signal,
          timeoutMs: ANSWER_LIMIT_MS,
        }),
      );
      if (findings.state !== "pending") return await withOwnFaults(host, life.node, findings, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { code } = SkepError.from(error);
      // A node that has just joined has no session yet; a leader may change.
      if (code !== "unavailable" && code !== "deadline_exceeded") throw error;
    }
    await env.sleep(ASK_EVERY_MS, signal);
  }
  const pending = newNetworkFindingsResponse({ state: "pending" });
  return host.life.now.kind === "active" ? await withOwnFaults(host, host.life.now.node, pending, signal) : pending;
}

/** With what this host's own rules have to do with it, whether or not a manager could ask for them. */
async function withOwnFaults(
  { ownFirewall }: Host,
  { state, agent }: ClusterNode,
  findings: NetworkFindingsResponse,
  signal: AbortSignal,
): Promise<NetworkFindingsResponse> {
  const isWell = findings.state === "tested" && findings.problems.length === 0;
  if (ownFirewall === undefined || isWell) return findings;
  const [view] = [...(agent?.networks.views.values() ?? [])];
  const { host: own, port } = parseAddress("node address", state.addr);
  try {
    const peers = state.managers.map((addr) => parseAddress("manager address", addr).host);
    const dataPathPort = view?.network.dataPathPort || DEFAULT_DATA_PATH_PORT;
    const faults = await ownFirewall({ own, peers, daemonPort: port, dataPathPort }, signal);
    return { ...findings, problems: [...findings.problems, ...faults] };
  } catch {
    signal.throwIfAborted();
    return findings; // what was found is found without it
  }
}
