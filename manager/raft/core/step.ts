// The transition function: one message or one tick in, the new state and an outbox out. First the term decides whether the
// message counts at all (Raft paper, figure 2, "rules for servers"), then its kind.
import { unreachable } from "./assert.ts";
import { voterIds, wasRemoved } from "./config.ts";
import { giveWay } from "./disk-watch.ts";
import {
  askForPreVotes,
  campaign,
  handlePreVoteRequest,
  handlePreVoteResponse,
  handleVoteRequest,
  handleVoteResponse,
  mayCampaign,
  preCampaign,
  turnAway,
} from "./election.ts";
import { configCommitted, farewell, promoteReady } from "./membership.ts";
import type { Message } from "./messages.ts";
import { hasQuorum } from "./quorum.ts";
import {
  broadcastHeartbeat,
  follow,
  handleAccepted,
  handleAppend,
  handleHeartbeat,
  handleHeartbeatResponse,
  handleRejected,
  handleSnapshot,
  maybeCommit,
  others,
  tickSnapshots,
} from "./replication.ts";
import {
  becomeFollower,
  becomeRemoved,
  diskOverdue,
  hearsLeader,
  isActive,
  type Leading,
  type Raft,
  send,
} from "./state.ts";
import { handOver, tickTransfer, transferLeadership } from "./transfer.ts";

export function step(raft: Raft, m: Message): void {
  if (raft.role.kind === "removed" || m.to !== raft.options.id) return;
  if (m.kind === "removed") {
    becomeRemoved(raft); // ids are not reused, so this stays true whatever the terms
    return;
  }
  if (m.kind === "pre-vote-request") {
    if (!turnAway(raft, m.from)) handlePreVoteRequest(raft, m);
    return;
  }
  if (m.kind === "pre-vote-response" && m.term <= raft.term) {
    handlePreVoteResponse(raft, m); // who grants it may be of an older term
    return;
  }
  if (m.term > raft.term && !enterNewerTerm(raft, m)) return;
  if (m.term < raft.term) {
    refuseOlderTerm(raft, m);
    return;
  }
  dispatch(raft, m);
  if (wasRemoved(raft.configs.at(raft.log.committed), raft.options.id)) becomeRemoved(raft);
}

/** Returns whether the message is to be handled in its term. */
function enterNewerTerm(raft: Raft, m: Message): boolean {
  switch (m.kind) {
    case "append":
    case "heartbeat":
    case "snapshot":
      becomeFollower(raft, m.term, m.from);
      return true;
    case "vote-request":
      if (turnAway(raft, m.from)) return false;
      // A leader is there and well: whoever asks does not hear it, and must not unseat it for that.
      if (hearsLeader(raft) && !m.transfer) return false;
      becomeFollower(raft, m.term, 0);
      return true;
    default:
      becomeFollower(raft, m.term, 0);
      return true;
  }
}

/** Who speaks for an older term is told of the newer one, or it would go on (it may lead, or campaign, unheard). */
function refuseOlderTerm(raft: Raft, m: Message): void {
  switch (m.kind) {
    case "append":
    case "heartbeat":
    case "snapshot":
    case "vote-request":
      send(raft, m.from, { kind: "newer-term" });
      return;
    default:
      return; // an answer to a question that this member no longer asks
  }
}

function dispatch(raft: Raft, m: Message): void {
  switch (m.kind) {
    case "append":
      follow(raft, m.from);
      handleAppend(raft, m);
      return;
    case "heartbeat":
      follow(raft, m.from);
      handleHeartbeat(raft, m);
      return;
    case "snapshot":
      follow(raft, m.from);
      handleSnapshot(raft, m);
      return;
    case "vote-request":
      handleVoteRequest(raft, m);
      return;
    case "vote-response":
      handleVoteResponse(raft, m);
      return;
    case "timeout-now":
      if (raft.leaderId === m.from) campaign(raft, true);
      return;
    case "append-accepted":
      if (raft.role.kind !== "leader") return;
      if (handleAccepted(raft, raft.role, m)) progressed(raft, raft.role);
      return;
    case "append-rejected":
      if (raft.role.kind === "leader") handleRejected(raft, raft.role, m);
      return;
    case "heartbeat-response":
      if (raft.role.kind !== "leader") return;
      handleHeartbeatResponse(raft, raft.role, m);
      promoteReady(raft, raft.role);
      return;
    case "newer-term":
    case "removed":
    case "pre-vote-request":
    case "pre-vote-response":
      return; // all said by its term, or handled before
    default:
      unreachable(m);
  }
}

/** Leader: some member, or this one's disk, has more of the log than before. */
export function progressed(raft: Raft, role: Leading): void {
  if (maybeCommit(raft, role)) {
    configCommitted(raft, role);
    if (wasRemoved(raft.configs.at(raft.log.committed), raft.options.id)) {
      // It led until its own removal was committed, without counting itself. Somebody who has that entry takes over now.
      transferLeadership(raft, 0);
      becomeRemoved(raft);
      return;
    }
  }
  handOver(raft, role);
  promoteReady(raft, role);
}

export function tick(raft: Raft): void {
  const { role, options } = raft;
  if (role.kind === "removed") return;
  raft.electionElapsedTicks++;
  raft.quietTicks = Math.max(0, raft.quietTicks - 1);
  if (role.kind === "leader") {
    tickLeader(raft, role);
    return;
  }
  if (diskOverdue(raft) && role.kind !== "follower") becomeFollower(raft, raft.term, 0);
  if (raft.electionElapsedTicks < raft.electionTimeoutTicks) {
    askForPreVotes(raft);
    return;
  }
  if (mayCampaign(raft)) preCampaign(raft);
  else if (raft.leaderId !== 0) becomeFollower(raft, raft.term, 0);
  else raft.electionElapsedTicks = options.electionTicks;
}

function tickLeader(raft: Raft, role: Leading): void {
  raft.electionElapsedTicks = 0;
  for (const [, progress] of others(raft, role)) {
    progress.silentTicks++;
    progress.catchUp.tick();
  }
  if (!hasQuorum(voterIds(raft.configs.current), (id) => isActive(raft, role, id))) {
    becomeFollower(raft, raft.term, 0); // cut off: others may have a new leader, and callers must go and find it
    return;
  }
  tickTransfer(raft, role);
  if (diskOverdue(raft) && giveWay(raft, role)) return;
  tickSnapshots(raft, role);
  raft.heartbeatElapsedTicks++;
  if (raft.heartbeatElapsedTicks < raft.options.heartbeatTicks) return;
  raft.heartbeatElapsedTicks = 0;
  if (raft.options.lease !== undefined) role.reads.beat();
  broadcastHeartbeat(raft, role);
  farewell(raft, role);
  handOver(raft, role);
}
