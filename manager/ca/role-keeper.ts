// The leader's loop that makes the Raft group follow the nodes' roles, and tells the store who is in it. Demoting a manager
// goes: its spec says worker; it is taken out of the group here; only then the CA gives it a worker's certificate.
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { RaftNode } from "../raft/raft-node.ts";
import type { Store } from "../store/types.ts";
import { planRoles, type RoleStep } from "./role-plan.ts";

/** The group's membership tells nobody when it changes. */
const LOOK_EVERY_MS = 1_000;

export interface RoleKeeperOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly raft: Pick<RaftNode, "status" | "removeMember" | "readdressMember" | "transferLeadership">;
  readonly signal: AbortSignal;
}

/** Until `signal` aborts. @throws {SkepError} `unavailable` when leadership is lost; starting again is all it takes. */
export async function runRoleKeeper(options: RoleKeeperOptions): Promise<void> {
  const { env, log, store, raft, signal } = options;
  while (!signal.aborted) {
    const { members, raftId } = raft.status();
    const steps = store.view((view) => planRoles(view.all("node"), members, raftId));
    let hasLeft = false;
    for (const step of steps) {
      try {
        await take(step, options);
        hasLeft ||= step.kind === "remove-member";
      } catch (error) {
        if (signal.aborted) return;
        if (!isCode(error, "failed_precondition") && !isCode(error, "conflict")) throw error;
        log.warn({ step, error: SkepError.from(error).message }, "the managers cannot change now; trying again");
      }
    }
    // Until the store has it, too, the node's certificate of a manager opens workers.
    if (!hasLeft) await env.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

async function take(step: RoleStep, { log, store, raft, signal }: RoleKeeperOptions): Promise<void> {
  switch (step.kind) {
    case "set-status":
      await store.update((tx) => {
        const node = tx.get("node", step.nodeId);
        return node === undefined ? undefined : tx.put("node", { ...node, managerStatus: step.status });
      });
      return;
    case "remove-member":
      log.info({ nodeId: step.nodeId, raftId: step.raftId }, "takes a manager out of the Raft group");
      await raft.removeMember(step.raftId, signal);
      return;
    case "readdress-member":
      log.info({ nodeId: step.nodeId, raftId: step.raftId, addr: step.addr }, "a manager has moved");
      await raft.readdressMember(step.raftId, step.addr, signal);
      return;
    case "hand-over":
      log.info({}, "hands leadership over: this node is to be no manager");
      await raft.transferLeadership(signal);
      return;
  }
}
