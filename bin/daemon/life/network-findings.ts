import {
  DispatcherService,
  type NetworkFindingsResponse,
  newNetworkFindingsRequest,
  newNetworkFindingsResponse,
} from "../../../proto/gen/dispatcher.ts";
import { SkepError } from "../../../shared/errors.ts";
import { unary } from "../../../shared/rpc/client.ts";
import type { Host } from "./host.ts";

/** A check begins 2 s after the node is ready, and takes about a second where nobody is slow. */
const LIMIT_MS = 10_000;
const ASK_EVERY_MS = 250;
const ANSWER_LIMIT_MS = 2_000;

/** Waits until the check of this node's network is over: `pending` when it is not within 10 s. */
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
      if (findings.state !== "pending") return findings;
    } catch (error) {
      signal.throwIfAborted();
      const { code } = SkepError.from(error);
      // A node that has just joined has no session yet; a leader may change.
      if (code !== "unavailable" && code !== "deadline_exceeded") throw error;
    }
    await env.sleep(ASK_EVERY_MS, signal);
  }
  return newNetworkFindingsResponse({ state: "pending" });
}
