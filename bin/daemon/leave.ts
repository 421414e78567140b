// Leaving a cluster: as a manager get out of the Raft group first, or the others would miss a vote that never comes again;
// then say goodbye, so that the tasks are replaced elsewhere and nothing new comes; then stop what runs here.
import { CAService, newLeaveClusterRequest } from "../../proto/gen/ca.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { unary } from "../../shared/rpc/client.ts";
import type { ClusterNode } from "./cluster-node.ts";
import { leaveRaft } from "./node/managers.ts";

const CALL_TIMEOUT_MS = 5_000;
const PERSISTENCE_MS = 3_000;
/** A worker that is to leave anyway does not insist. */
const FORCED_PERSISTENCE_MS = 500;
const RETRY_MS = 100;
/** Containers get their grace period; longer than this nobody waits for a command. */
const STOP_TASKS_LIMIT_MS = 60_000;

export interface LeaveOptions {
  readonly env: Env;
  readonly log: Log;
  /** Leave though the cluster cannot be told, or though this is a manager. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** @throws {SkepError} why it cannot leave without force. */
export async function leaveCluster(node: ClusterNode, options: LeaveOptions): Promise<void> {
  const members = node.manager?.raft.status().members;
  if (members !== undefined && !options.force) throw refusal(members.length);
  // Before the group is left: afterwards this member's own view of it is stale.
  const others = (members?.map(({ addr }) => addr) ?? node.state.managers).filter((addr) => addr !== node.state.addr);
  const steps: readonly (readonly [name: string, step: () => Promise<void>])[] = [
    ["leave the managers", () => leaveManagers(node, others, options)],
    ["tell the cluster", () => sayGoodbye(node, others, options)],
    ["stop the tasks", () => stopTasks(node, options)],
  ];
  for (const [name, step] of steps) {
    try {
      await step();
    } catch (cause) {
      options.signal.throwIfAborted();
      const { code, message } = SkepError.from(cause);
      // Removed already: nobody is left who would want to hear it.
      if (code === "unauthenticated") continue;
      if (!options.force) {
        throw new SkepError(code, `cannot ${name}: ${message}; "skep swarm leave --force" leaves without`, { cause });
      }
      options.log.warn({ error: message }, `cannot ${name}; leaving all the same`);
    }
  }
}

function refusal(managers: number): SkepError {
  const words =
    managers === 1
      ? "it is the last one, and without it the cluster's state is lost"
      : `of ${managers} managers ${managers - 1} would remain`;
  return new SkepError(
    "failed_precondition",
    `this node is a manager: ${words}. Demote it first ("skep node update --role worker"), or leave with --force`,
  );
}

/** While the managers change their leader nobody can answer; they have one again within a second or two. */
async function persistently<T>(
  node: ClusterNode,
  { env, force, signal }: LeaveOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  const endMs = env.nowMs() + (force && node.manager === undefined ? FORCED_PERSISTENCE_MS : PERSISTENCE_MS);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isCode(error, "unavailable") || env.nowMs() > endMs) throw error;
    }
    await env.sleep(RETRY_MS, signal);
  }
}

async function leaveManagers(node: ClusterNode, others: readonly string[], options: LeaveOptions): Promise<void> {
  const { env, signal } = options;
  const { manager } = node;
  if (manager === undefined || others.length === 0) return;
  const limit = new AbortController();
  const timer = env.timer(CALL_TIMEOUT_MS, () => limit.abort(new SkepError("deadline_exceeded", "nobody takes over")));
  try {
    if (manager.raft.status().state === "leader") {
      await manager.raft.transferLeadership(AbortSignal.any([signal, limit.signal]));
    }
  } finally {
    timer.cancel();
  }
  await persistently(node, options, () =>
    leaveRaft((ask) => node.askManagers(ask, others), node.state.nodeId, { signal, timeoutMs: CALL_TIMEOUT_MS }),
  );
}

async function sayGoodbye(node: ClusterNode, others: readonly string[], options: LeaveOptions): Promise<void> {
  if (node.manager !== undefined && others.length === 0) return; // nobody is left to be told
  await persistently(node, options, () =>
    node.askManagers(
      (client) =>
        unary(client, CAService.leaveCluster, newLeaveClusterRequest(), {
          signal: options.signal,
          timeoutMs: CALL_TIMEOUT_MS,
        }),
      others,
    ),
  );
}

async function stopTasks(node: ClusterNode, { env, signal }: LeaveOptions): Promise<void> {
  if (node.agent === undefined) return;
  const limit = new AbortController();
  const timer = env.timer(STOP_TASKS_LIMIT_MS, () =>
    limit.abort(new SkepError("deadline_exceeded", "they did not stop in time")),
  );
  try {
    await node.agent.removeAllTasks(AbortSignal.any([signal, limit.signal]));
  } finally {
    timer.cancel();
  }
}
