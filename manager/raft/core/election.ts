// Elections (Raft paper, sections 5.2 and 5.4; pre-vote and the refusal to vote while a leader is heard: thesis, sections
// 9.6 and 4.2.3). A member that was cut off comes back without raising the term, and so without unseating anybody.
import { voterIds, wasRemoved } from "./config.ts";
import type { MessageOf } from "./messages.ts";
import { tallyVotes } from "./quorum.ts";
import { announce } from "./replication.ts";
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
  diskOverdue,
  hearsLeader,
  promotable,
  type Raft,
  send,
} from "./state.ts";

const logEnd = (raft: Raft) => ({ lastIndex: raft.log.lastIndex, lastTerm: raft.log.lastTerm });

/** Not while its disk hangs: its vote for itself waits for the disk. */
export const mayCampaign = (raft: Raft): boolean => promotable(raft) && !diskOverdue(raft);

/** The election timeout passed. */
export function preCampaign(raft: Raft): void {
  if (!mayCampaign(raft)) return;
  becomePreCandidate(raft);
  askForPreVotes(raft);
  // The own opinion promises nothing, so it needs no disk.
  recordPreVote(raft, raft.options.id, true);
}

/**
 * Those who have not answered. Repeated with every tick: one that still heard the leader a moment ago does not answer, and it
 * would cost a whole election timeout to ask it again only then.
 */
export function askForPreVotes(raft: Raft): void {
  if (raft.role.kind !== "pre-candidate") return;
  for (const to of otherVoters(raft)) {
    if (!raft.role.votes.has(to)) send(raft, to, { kind: "pre-vote-request", ...logEnd(raft) });
  }
}

/** @param transfer the leader asked for it: skip the pre-vote, and voters need not wait for its lease to pass. */
export function campaign(raft: Raft, transfer: boolean): void {
  if (!mayCampaign(raft)) return;
  becomeCandidate(raft);
  for (const to of otherVoters(raft)) send(raft, to, { kind: "vote-request", transfer, ...logEnd(raft) });
  // The own vote counts when it is on disk: as a message to itself it waits for that like any other promise.
  send(raft, raft.options.id, { kind: "vote-response", granted: true });
}

const otherVoters = (raft: Raft): readonly number[] =>
  voterIds(raft.configs.current).filter((id) => id !== raft.options.id);

/** Tells an asker that a committed entry has removed it. Returns whether it was so. */
export function turnAway(raft: Raft, from: number): boolean {
  if (!wasRemoved(raft.configs.at(raft.log.committed), from)) return false;
  send(raft, from, { kind: "removed" });
  return true;
}

export function handlePreVoteRequest(raft: Raft, m: MessageOf<"pre-vote-request">): void {
  if (diskOverdue(raft)) return; // no answer: what it would promise cannot be written
  if (hearsLeader(raft) && m.term >= raft.term) return; // no answer: it will hear from that leader too
  const granted = m.term >= raft.term && raft.log.isUpToDate(m.lastIndex, m.lastTerm);
  send(raft, m.from, { kind: "pre-vote-response", granted, askedTerm: m.term });
  // Two that ask at the same time would both go on to campaign, and split the votes: one of them steps back.
  if (granted && raft.role.kind === "pre-candidate" && outranks(raft, m)) becomeFollower(raft, raft.term, 0);
}

/** By its log, and by its id where the logs are equally long. */
function outranks({ log, options }: Raft, m: MessageOf<"pre-vote-request">): boolean {
  return !log.endsLike(m.lastIndex, m.lastTerm) || m.from > options.id;
}

export function handlePreVoteResponse(raft: Raft, m: MessageOf<"pre-vote-response">): void {
  // An answer from a later term has made this member a follower of it already.
  if (raft.role.kind === "pre-candidate" && m.askedTerm === raft.term) recordPreVote(raft, m.from, m.granted);
}

function recordPreVote(raft: Raft, from: number, granted: boolean): void {
  if (raft.role.kind !== "pre-candidate") return;
  raft.role.votes.set(from, granted);
  const outcome = tallyVotes(voterIds(raft.configs.current), raft.role.votes);
  if (outcome === "won") campaign(raft, false);
  else if (outcome === "lost") becomeFollower(raft, raft.term, 0);
}

/** The term of the request is entered already; whoever hears a leader never got here (see `step`). */
export function handleVoteRequest(raft: Raft, m: MessageOf<"vote-request">): void {
  const quiet = raft.quietTicks > 0 && !m.transfer && raft.vote !== m.from;
  const free = raft.vote === m.from || (raft.vote === 0 && raft.leaderId === 0 && !quiet);
  const granted = free && raft.log.isUpToDate(m.lastIndex, m.lastTerm);
  if (granted) {
    raft.vote = m.from;
    raft.electionElapsedTicks = 0; // give the candidate the time to win
  }
  send(raft, m.from, { kind: "vote-response", granted });
}

export function handleVoteResponse(raft: Raft, m: MessageOf<"vote-response">): void {
  if (raft.role.kind !== "candidate") return;
  raft.role.votes.set(m.from, m.granted);
  const outcome = tallyVotes(voterIds(raft.configs.current), raft.role.votes);
  if (outcome === "won") {
    becomeLeader(raft);
    announce(raft);
  } else if (outcome === "lost") {
    becomeFollower(raft, raft.term, 0);
  }
}
