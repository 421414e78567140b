// Nodes call their managers, and know them by the addresses that the last session told. One that was away while every manager
// of that time went away too knows nobody any more, and would stay down until somebody told it by hand. So the leader calls
// the nodes that are down, where they answered last, and says who the managers are; the node then calls as ever.
//
// It is a hint and no order: a node that has a session, or had one just now, ignores it (agent/session). What came from a
// backup is not called before it has called: the cluster that the backup is of may still be in use.
import type { Node } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { RaftNode } from "../raft/raft-node.ts";
import type { Store } from "../store/types.ts";

export interface NodeCallerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly raft: Pick<RaftNode, "status">;
  /** Says to the node who the managers are (host:port). Rejects when it cannot be reached. */
  readonly meet: (node: Node, managers: readonly string[], signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 2_000;
/** At once; the others come in the next rounds. */
const MAX_PARALLEL = 32;
const CALL_LIMIT_MS = 5_000;
const CALL_AGAIN_MS = 10_000;

/** Whom to call now, who was not called for the longest first. @param calledAtMs by this leader. */
export function nodesToCall(nodes: Iterable<Node>, calledAtMs: ReadonlyMap<NodeId, number>, nowMs: number): Node[] {
  const due: { readonly node: Node; readonly atMs: number }[] = [];
  for (const node of nodes) {
    if (node.status?.state !== "down" || node.addr === "" || node.onlyRestored) continue;
    const atMs = calledAtMs.get(node.id);
    if (atMs === undefined || nowMs - atMs >= CALL_AGAIN_MS) due.push({ node, atMs: atMs ?? -1 });
  }
  return due
    .sort((a, b) => a.atMs - b.atMs)
    .slice(0, MAX_PARALLEL)
    .map(({ node }) => node);
}

/** Until `signal` aborts; this manager leads. */
export async function runNodeCaller({ env, log, store, raft, meet, signal }: NodeCallerOptions): Promise<void> {
  let called: ReadonlyMap<NodeId, number> = new Map();
  while (!signal.aborted) {
    await env.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    const nowMs = env.nowMs();
    const { due, down } = store.view((view) => {
      const silent = [...view.all("node")].filter(({ status }) => status?.state === "down");
      return { due: nodesToCall(silent, called, nowMs), down: new Set(silent.map(({ id }) => id)) };
    });
    const next = new Map([...called].filter(([id]) => down.has(id))); // who was back begins anew
    for (const { id } of due) next.set(id, nowMs);
    called = next;
    const managers = raft.status().members.map(({ addr }) => addr);
    await Promise.all(due.map((node) => callNode(node, managers)));
  }

  async function callNode(node: Node, managers: readonly string[]): Promise<void> {
    const limit = new AbortController();
    const timer = env.timer(CALL_LIMIT_MS, () => limit.abort(new SkepError("deadline_exceeded", "no answer in time")));
    const { id, addr } = node;
    try {
      await meet(node, managers, AbortSignal.any([signal, limit.signal]));
      log.info({ node: id, addr }, "told a node that is down who the managers are");
    } catch (error) {
      log.debug({ node: id, addr, error: SkepError.from(error).message }, "a node that is down does not answer");
    } finally {
      timer.cancel();
    }
  }
}
