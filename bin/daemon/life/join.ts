import { type JoinRequest, type JoinResponse, newJoinResponse } from "../../../proto/gen/local.ts";
import { formatAddress, parseAddress } from "../../../shared/rpc/address.ts";
import { enroll } from "../enroll.ts";
import type { NodeState } from "../state-dir.ts";
import { addressesOf, describe, type Host, startFresh } from "./host.ts";

/** `skep swarm join`. @throws {SkepError} as `enroll` and `ClusterNode.start`. */
export async function join(host: Host, request: JoinRequest): Promise<JoinResponse> {
  const { env, log, life, runtime, stopping } = host;
  return await life.changeTo("joining a cluster", life.requireInactive(), async () => {
    const { advertise, ...place } = addressesOf(host, request);
    const { addr } = place;
    const remoteAddrs = request.remoteAddrs.map((remote) => formatAddress(parseAddress("manager address", remote)));
    await runtime.get().catch(() => undefined); // its name is part of the description; without it the node still joins
    const { token, availability } = request;
    const { identity, managers } = await enroll(
      env,
      { token, remoteAddrs, addr, availability, description: describe(host, place) },
      stopping,
    );
    const { nodeId, clusterId, role } = identity;
    const known = [...new Set([...managers, ...remoteAddrs])];
    const state: NodeState = { nodeId, clusterId, ...place, advertise, managers: known };
    const started = await startFresh(host, state, identity, (fresh) => fresh.start({ kind: "join" }, stopping));
    log.info({ nodeId, clusterId, role, addr }, "joined a cluster");
    return { life: { kind: "active", node: started }, answer: newJoinResponse({ nodeId, role }) };
  });
}
