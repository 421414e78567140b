// Handing over leadership (Raft thesis, section 3.10): stop taking proposals, bring the target's log up to date, then tell
// it to campaign at once. If it does not take over within an election timeout, this leader goes on.
import { isVoter } from "./config.ts";
import { others } from "./replication.ts";
import { isSound, type Leading, type Raft, send } from "./state.ts";

export type TransferStart =
  | { readonly kind: "started"; readonly target: number }
  | { readonly kind: "not-leading" }
  | { readonly kind: "no-target"; readonly reason: string };

/** @param target 0: the voter that has most of the log. */
export function transferLeadership(raft: Raft, target: number): TransferStart {
  const { role } = raft;
  if (role.kind !== "leader") return { kind: "not-leading" };
  const chosen = target === 0 ? mostUpToDate(raft, role) : target;
  if (chosen === 0) return { kind: "no-target", reason: "no other voter is alive" };
  if (!isVoter(raft.configs.current, chosen) || chosen === raft.options.id) {
    return { kind: "no-target", reason: `${chosen} is not another voter` };
  }
  role.transfer = { target: chosen, elapsedTicks: 0 };
  role.leaseGivenUp = true;
  handOver(raft, role);
  return { kind: "started", target: chosen };
}

function mostUpToDate(raft: Raft, role: Leading): number {
  let best = 0;
  let bestIndex = -1;
  for (const [id, progress] of others(raft, role)) {
    if (!isSound(raft, role, id) || !isVoter(raft.configs.current, id) || progress.matchIndex <= bestIndex) continue;
    best = id;
    bestIndex = progress.matchIndex;
  }
  return best;
}

/** Sends the word once the target has everything. Called whenever that may have become true. */
export function handOver(raft: Raft, role: Leading): void {
  if (role.transfer === undefined) return;
  const { target } = role.transfer;
  if (role.progress.get(target)?.matchIndex === raft.log.lastIndex) send(raft, target, { kind: "timeout-now" });
}

export function tickTransfer(raft: Raft, role: Leading): void {
  if (role.transfer === undefined) return;
  role.transfer.elapsedTicks++;
  if (role.transfer.elapsedTicks >= raft.options.electionTicks) role.transfer = undefined;
}
