// The other managers, as a node that is to be one of them, or no longer, speaks to them.
import type * as grpc from "@grpc/grpc-js";
import type { RaftMember } from "../../../manager/raft/raft-node.ts";
import { newJoinRaftRequest, newLeaveRaftRequest, RaftService } from "../../../proto/gen/raft.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { unary } from "../../../shared/rpc/client.ts";
import { plainReason } from "../enroll.ts";

const JOIN_TIMEOUT_MS = 15_000;

export type AskManagers = <T>(ask: (client: grpc.Client) => Promise<T>, addrs?: readonly string[]) => Promise<T>;

/**
 * Asks one manager after the other until one can be reached.
 * @throws {SkepError} what the one that was reached answered; `unavailable`: none was, with the reason for each.
 */
export async function askManagers<T>(
  addrs: readonly string[],
  dial: (addr: string) => grpc.Client,
  ask: (client: grpc.Client) => Promise<T>,
): Promise<T> {
  const failures: string[] = [];
  for (const addr of addrs) {
    try {
      return await ask(dial(addr));
    } catch (cause) {
      const error = SkepError.from(cause);
      if (error.code !== "unavailable" && error.code !== "deadline_exceeded") throw error;
      failures.push(`${addr}: ${plainReason(error)}`);
    }
  }
  throw new SkepError("unavailable", `no manager answers: ${failures.join("; ")}`);
}

export interface Joined {
  readonly raftId: number;
  readonly members: readonly RaftMember[];
}

/** A place in the Raft group. */
export async function joinRaft(
  ask: AskManagers,
  self: { readonly nodeId: NodeId; readonly addr: string },
  signal: AbortSignal,
): Promise<Joined> {
  const { nodeId, addr } = self;
  const request = newJoinRaftRequest({ nodeId, addr });
  const joined = await ask((client) =>
    unary(client, RaftService.joinRaft, request, { signal, timeoutMs: JOIN_TIMEOUT_MS }),
  );
  const members = joined.members.map(({ raftId, addr, nodeId }) => ({ raftId, addr, nodeId }));
  return { raftId: joined.raftId, members };
}

export async function leaveRaft(
  ask: AskManagers,
  nodeId: NodeId,
  { signal, timeoutMs = JOIN_TIMEOUT_MS }: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<void> {
  const request = newLeaveRaftRequest({ nodeId });
  await ask((client) =>
    unary(client, RaftService.leaveRaft, request, { timeoutMs, ...(signal === undefined ? {} : { signal }) }),
  );
}
