// What a node may ask about its own network, on the leader.
import { type DispatcherService, newNetworkFindingsResponse } from "../../proto/gen/dispatcher.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { NetworkChecks } from "../network-check/checks.ts";

type FindingsHandler = Pick<Handlers<typeof DispatcherService>, "networkFindings">;

export const createNetworkFindingsHandler = (checks: Pick<NetworkChecks, "findings">): FindingsHandler => ({
  networkFindings: async (_request, { peer }) => {
    if (peer.kind !== "node") throw new SkepError("permission_denied", "only a node of this cluster has findings");
    const { kind: state, ...rest } = checks.findings(peer.nodeId);
    return newNetworkFindingsResponse({ state, ...rest });
  },
});
