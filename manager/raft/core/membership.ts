// Changing who is a member, one change at a time (Raft thesis, chapter 4). A change is an entry with the whole new
// membership, in force from the moment it is in the log (see config.ts for why not from its commit).
//
// The leader takes a change only when no other is under way and when it has committed an entry of its own term: without
// the second, two leaders could each hold a change that the other has never seen, and the majorities would not overlap.
import { type ChangeOutcome, type ConfigChange, changeConfig, memberOf, voterIds } from "./config.ts";
import { Progress } from "./progress.ts";
import { hasQuorum } from "./quorum.ts";
import { isSound, type Leading, type Raft, send } from "./state.ts";

/** For so many heartbeats a removed member is told; later it hears it when it asks for votes. */
const FAREWELL_HEARTBEATS = 50;

export type ConfigProposal =
  | { readonly kind: "appended"; readonly index: number }
  | { readonly kind: "not-leading" }
  /** Another change is under way, or the leader is new: try again shortly. */
  | { readonly kind: "busy"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Why a change would not be taken now; undefined when it would be. */
export function refusal(raft: Raft, change: ConfigChange): Exclude<ConfigProposal, { kind: "appended" }> | undefined {
  const judged = judge(raft, change);
  return judged.kind === "changed" ? undefined : judged;
}

/** Leader: whether a majority of the voters that stay without `leavingId` has `index` on disk. */
export function stayersHave(raft: Raft, role: Leading, index: number, leavingId: number): boolean {
  const stay = voterIds(raft.configs.current).filter((id) => id !== leavingId);
  return hasQuorum(stay, (id) =>
    id === raft.options.id ? raft.log.stable >= index : (role.progress.get(id)?.matchIndex ?? 0) >= index,
  );
}

export function proposeConfig(raft: Raft, change: ConfigChange): ConfigProposal {
  const { role, log, configs } = raft;
  const judged = judge(raft, change);
  if (judged.kind !== "changed") return judged;
  if (role.kind !== "leader") return { kind: "not-leading" };
  const index = log.lastIndex + 1;
  const { members, nextRaftId } = judged.config;
  log.append([{ index, term: raft.term, body: { kind: "config", members, nextRaftId } }]);
  configs.append(index, judged.config);
  syncProgress(raft, role);
  return { kind: "appended", index };
}

function judge(raft: Raft, change: ConfigChange): Exclude<ConfigProposal, { kind: "appended" }> | ChangeOutcome {
  const { role, log, configs } = raft;
  if (role.kind !== "leader") return { kind: "not-leading" };
  if (role.transfer !== undefined) return { kind: "busy", reason: "leadership is being transferred" };
  if (log.committed < role.firstIndex) return { kind: "busy", reason: "the leader has not committed in its term yet" };
  if (configs.currentIndex > log.committed) return { kind: "busy", reason: "another membership change is under way" };
  const outcome = changeConfig(configs.current, change);
  if (outcome.kind === "refused") return outcome;
  if (change.kind === "remove" && !hasQuorum(voterIds(outcome.config), (id) => isSound(raft, role, id))) {
    return {
      kind: "refused",
      reason: `without ${change.raftId} the managers that answer, and whose disks write, would be no majority`,
    };
  }
  return outcome;
}

/** One progress per member, no more. */
function syncProgress(raft: Raft, role: Leading): void {
  const { members } = raft.configs.current;
  for (const { raftId } of members) {
    if (role.progress.has(raftId)) continue;
    // From the entry that adds it, so that it hears of itself at once; it then says what it lacks.
    role.progress.set(raftId, new Progress(raft.log.lastIndex, raft.options.window));
  }
  // One that is being removed keeps getting the log until the removal is committed, and so usually learns of it there.
  const committed = raft.configs.at(raft.log.committed);
  for (const raftId of role.progress.keys()) {
    if (memberOf(raft.configs.current, raftId) === undefined && memberOf(committed, raftId) === undefined) {
      role.progress.delete(raftId);
      role.departing.set(raftId, FAREWELL_HEARTBEATS);
    }
  }
}

/** Leader: the commit index moved. */
export function configCommitted(raft: Raft, role: Leading): void {
  if (raft.configs.currentIndex <= raft.log.committed) syncProgress(raft, role);
}

/**
 * Leader: a learner that has come close to the end of the log, and is there, becomes a voter. A dead one would weaken the
 * quorum, and one far behind would hold up every commit that needs it.
 */
export function promoteReady(raft: Raft, role: Leading): void {
  for (const member of raft.configs.current.members) {
    const progress = role.progress.get(member.raftId);
    if (member.voter || progress === undefined) continue;
    const close = progress.catchUp.advance(progress.matchIndex, raft.log.lastIndex, raft.options.electionTicks);
    if (!close || progress.state.kind !== "replicate" || !isSound(raft, role, member.raftId)) continue;
    if (proposeConfig(raft, { kind: "promote", raftId: member.raftId }).kind === "appended") return;
  }
}

/** Tells those who are out that they are. */
export function farewell(raft: Raft, role: Leading): void {
  for (const [to, left] of role.departing) {
    send(raft, to, { kind: "removed" });
    if (left <= 1) role.departing.delete(to);
    else role.departing.set(to, left - 1);
  }
}
