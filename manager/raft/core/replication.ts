// Copying the log from the leader to everybody else, and committing it (Raft paper, sections 5.3, 5.4.2 and 7).
import { LostEntriesError } from "./assert.ts";
import { voterIds } from "./config.ts";
import { noteBeat } from "./lease.ts";
import type { MessageOf } from "./messages.ts";
import type { Progress } from "./progress.ts";
import { committedIndex } from "./quorum.ts";
import { becomeFollower, diskOverdue, isActive, type Leading, promiseQuiet, type Raft, send } from "./state.ts";
import { entryBytes } from "./types.ts";

/** A snapshot without a word about its fate for so many election timeouts is tried again. */
const SNAPSHOT_PATIENCE = 10;

/**
 * Leader: sends everybody what is new. Called once per Ready, so that what was proposed together travels together. A new commit index
 * alone is no reason to send: followers learn it by the next append or heartbeat. Nothing that a follower holds is read before
 * the leader was asked, and a message more to everybody for every write would be paid for by all of them.
 */
export function announce(raft: Raft): void {
  const { role } = raft;
  if (role.kind !== "leader" || role.announcedIndex === raft.log.lastIndex) return;
  role.announcedIndex = raft.log.lastIndex;
  for (const [to, progress] of others(raft, role)) sendPending(raft, to, progress);
}

export function* others(raft: Raft, role: Leading): Generator<readonly [number, Progress]> {
  for (const pair of role.progress) if (pair[0] !== raft.options.id) yield pair;
}

/** Leader: the last entry that no member that is alive needs any more. Infinity: nobody is behind, or this is no leader. */
export function settledIndex(raft: Raft): number {
  const { role } = raft;
  let least = Number.POSITIVE_INFINITY;
  if (role.kind !== "leader") return least;
  for (const [id, progress] of others(raft, role)) {
    if (isActive(raft, role, id)) least = Math.min(least, progress.settledIndex);
  }
  return least;
}

/** Sends as much as the window takes. */
function sendPending(raft: Raft, to: number, progress: Progress): void {
  while (progress.nextIndex <= raft.log.lastIndex && sendAppend(raft, to, progress)) {}
}

/** Sends one append (or a snapshot where the entries are gone). Returns whether it sent anything. */
function sendAppend(raft: Raft, to: number, progress: Progress): boolean {
  if (progress.paused) return false;
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = raft.log.term(prevIndex);
  const entries = raft.log.entriesFrom(progress.nextIndex, raft.options.maxAppendBytes);
  if (prevTerm === undefined || entries === undefined) return sendSnapshot(raft, to, progress);
  send(raft, to, { kind: "append", prevIndex, prevTerm, entries, commit: raft.log.committed });
  progress.sent(
    entries.at(-1)?.index ?? prevIndex,
    entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
  );
  return true;
}

function sendSnapshot(raft: Raft, to: number, progress: Progress): boolean {
  if (progress.silentTicks > 2 * raft.options.heartbeatTicks) return false; // only to who is there to take it
  const snapshot = raft.log.snapshot();
  if (snapshot === undefined) return false;
  send(raft, to, { kind: "snapshot", snapshot });
  progress.sentSnapshot(snapshot.index);
  return true;
}

/** Asks a member that is behind where it stands, even if its window is full: what is in it may be lost. */
function nudge(raft: Raft, to: number, progress: Progress): void {
  progress.unpause();
  if (progress.state.kind !== "replicate") {
    sendAppend(raft, to, progress);
    return;
  }
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = raft.log.term(prevIndex);
  if (prevTerm === undefined) progress.probe(progress.matchIndex + 1);
  else send(raft, to, { kind: "append", prevIndex, prevTerm, entries: [], commit: raft.log.committed });
}

export function broadcastHeartbeat(raft: Raft, role: Leading): void {
  noteBeat(raft, role);
  for (const [to, progress] of others(raft, role)) {
    // Never more than it is known to have: its log beyond that may still be another leader's.
    const commit = Math.min(progress.matchIndex, raft.log.committed);
    send(raft, to, { kind: "heartbeat", commit, readRound: role.reads.round });
  }
}

/** Leader: commits what a majority has, if it is of this term. Returns whether anything was. */
export function maybeCommit(raft: Raft, role: Leading): boolean {
  const { id } = raft.options;
  const matched = voterIds(raft.configs.current).map((voter) =>
    voter === id ? raft.log.stable : (role.progress.get(voter)?.matchIndex ?? 0),
  );
  const index = committedIndex(matched);
  // An entry of an earlier term may be on a majority and still be replaced (paper, figure 8): only one of the own term
  // commits, and with it all before it.
  return raft.log.matches(index, raft.term) && raft.log.commitTo(index);
}

export function tickSnapshots(raft: Raft, role: Leading): void {
  for (const [, progress] of others(raft, role)) {
    if (progress.state.kind !== "snapshot") continue;
    progress.state.elapsedTicks++;
    if (progress.state.elapsedTicks >= SNAPSHOT_PATIENCE * raft.options.electionTicks) progress.snapshotDone(false);
  }
}

// ---- the leader hears ----

/** Returns whether the member is known to have more than before. */
export function handleAccepted(raft: Raft, role: Leading, m: MessageOf<"append-accepted">): boolean {
  const progress = role.progress.get(m.from);
  if (progress === undefined) return false;
  progress.silentTicks = 0;
  const news = progress.accepted(m.matchIndex);
  sendPending(raft, m.from, progress);
  return news;
}

export function handleRejected(raft: Raft, role: Leading, m: MessageOf<"append-rejected">): void {
  const progress = role.progress.get(m.from);
  if (progress === undefined) return;
  progress.silentTicks = 0;
  // Skip a whole term at a time (paper, end of section 5.3): the logs cannot agree where our term is beyond its hint's.
  const retryAt = raft.log.lastIndexNotAfter(m.hintIndex, m.hintTerm);
  if (progress.rejected(m.rejectedIndex, retryAt)) sendAppend(raft, m.from, progress);
}

export function handleHeartbeatResponse(raft: Raft, role: Leading, m: MessageOf<"heartbeat-response">): void {
  const progress = role.progress.get(m.from);
  if (progress === undefined) return;
  progress.silentTicks = 0;
  progress.readRound = Math.max(progress.readRound, m.readRound);
  progress.diskOverdue = m.diskOverdue;
  if (progress.matchIndex < raft.log.lastIndex || progress.state.kind === "probe") nudge(raft, m.from, progress);
}

// ---- the follower hears ----

/** A message from the leader of this term. */
export function follow(raft: Raft, leaderId: number): void {
  promiseQuiet(raft);
  if (raft.role.kind === "follower" && raft.leaderId === leaderId) raft.electionElapsedTicks = 0;
  else becomeFollower(raft, raft.term, leaderId);
}

export function handleAppend(raft: Raft, m: MessageOf<"append">): void {
  const { log } = raft;
  if (m.prevIndex < log.committed) {
    // Old news, or the start of it is: what is committed matches every leader there will be.
    send(raft, m.from, { kind: "append-accepted", matchIndex: log.committed });
    return;
  }
  if (!log.matches(m.prevIndex, m.prevTerm)) {
    const hintIndex = log.lastIndexNotAfter(Math.min(m.prevIndex, log.lastIndex), m.prevTerm);
    const hintTerm = log.term(hintIndex) ?? 0;
    send(raft, m.from, { kind: "append-rejected", rejectedIndex: m.prevIndex, hintIndex, hintTerm });
    return;
  }
  const firstNew = log.merge(m.entries);
  if (firstNew !== undefined) {
    raft.configs.truncate(firstNew);
    for (const { index, body } of m.entries) {
      if (index >= firstNew && body.kind === "config") raft.configs.append(index, body);
    }
  }
  const matchIndex = m.prevIndex + m.entries.length;
  log.commitTo(Math.min(m.commit, matchIndex));
  send(raft, m.from, { kind: "append-accepted", matchIndex });
}

export function handleHeartbeat(raft: Raft, m: MessageOf<"heartbeat">): void {
  // The leader names no index that this member has not acknowledged.
  if (m.commit > raft.log.lastIndex) throw new LostEntriesError(m.commit, raft.log.lastIndex);
  raft.log.commitTo(m.commit);
  send(raft, m.from, { kind: "heartbeat-response", readRound: m.readRound, diskOverdue: diskOverdue(raft) });
}

export function handleSnapshot(raft: Raft, { from, snapshot }: MessageOf<"snapshot">): void {
  const { log } = raft;
  if (snapshot.index > log.committed) {
    if (log.matches(snapshot.index, snapshot.term)) {
      log.commitTo(snapshot.index); // it has the entries: no need for their sum
    } else {
      log.restore(snapshot);
      raft.configs.reset(snapshot.index, snapshot.config);
    }
  }
  send(raft, from, { kind: "append-accepted", matchIndex: log.committed });
}
