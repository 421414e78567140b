import type * as grpc from "@grpc/grpc-js";
import { AgentService, newMeetManagersRequest } from "../../proto/gen/agent.ts";
import type { Env } from "../../shared/env/env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { connected } from "../api/connected.ts";

const CONNECT_LIMIT_MS = 3_000;

/** Over gRPC. @param client of the node; closed when it does not answer. @throws {SkepError} why it could not be told. */
export async function meetOver(
  client: grpc.Client,
  env: Env,
  managers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await connected(client, env, CONNECT_LIMIT_MS, signal);
    await unary(client, AgentService.meetManagers, newMeetManagersRequest({ managers }), { signal });
  } catch (error) {
    client.close(); // the next one connects anew
    throw error;
  }
}
