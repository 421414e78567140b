import type * as grpc from "@grpc/grpc-js";
import { AgentService, newMeetManagersRequest } from "../../proto/gen/agent.ts";
import type { LeaderProof } from "../../proto/gen/dispatcher.ts";
import type { Env } from "../../shared/env/env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { connected } from "../api/connected.ts";

const CONNECT_LIMIT_MS = 3_000;

/**
 * Over gRPC. @param client of the node; closed when it does not answer. @param prove that this is a manager, to the node.
 * @throws {SkepError} why it could not be told.
 */
export async function meetOver(
  client: grpc.Client,
  env: Env,
  managers: readonly string[],
  prove: (challenge: Uint8Array) => readonly LeaderProof[],
  signal: AbortSignal,
): Promise<void> {
  const say = (proofs: readonly LeaderProof[]) =>
    unary(client, AgentService.meetManagers, newMeetManagersRequest({ managers, proofs }), { signal });
  try {
    await connected(client, env, CONNECT_LIMIT_MS, signal);
    const { challenge } = await say([]);
    if (challenge.length > 0) await say(prove(challenge));
  } catch (error) {
    client.close(); // the next one connects anew
    throw error;
  }
}
