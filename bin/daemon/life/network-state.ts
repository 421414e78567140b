import { snapshotOf } from "../../../agent/network/view.ts";
import { type NetworkStateResponse, newNetworkStateResponse } from "../../../proto/gen/local.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Host } from "./host.ts";

/** @throws {SkepError} `unavailable`: this host is in no cluster now, or its kernel cannot be read. */
export async function networkStateOf(host: Host, signal: AbortSignal): Promise<NetworkStateResponse> {
  const life = host.life.now;
  const agent = life.kind === "active" ? life.node.agent : undefined;
  if (life.kind !== "active" || agent === undefined) {
    throw new SkepError("unavailable", "this node has no network now: no agent is running; `skep info` tells why");
  }
  const differences = await agent.networks.check(signal);
  const networks = [...agent.networks.views.values()].map(snapshotOf);
  return newNetworkStateResponse({ nodeId: life.node.state.nodeId, networks, differences });
}
