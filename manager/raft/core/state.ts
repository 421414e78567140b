// The state of one member and its transitions between roles. Each role carries only what is true in it: votes exist while
// campaigning, progress and reads while leading. Every way into a role is a `become…` here and asserts where it comes from.
import { invariant } from "./assert.ts";
import { type ConfigHistory, isVoter } from "./config.ts";
import type { WindowLimits } from "./inflight.ts";
import { BeatTimes, type LeaseOptions } from "./lease.ts";
import type { RaftLog } from "./log.ts";
import type { Body, Message } from "./messages.ts";
import { Progress } from "./progress.ts";
import { ReadQueue } from "./read-queue.ts";
import type { HardState } from "./types.ts";

/** In election timeouts. */
const WRITE_OVERDUE_AFTER = 3;

export interface RaftOptions {
  readonly id: number;
  /** A follower campaigns after this many ticks and up to as many again (drawn anew each time) without its leader. */
  readonly electionTicks: number;
  /** A leader beats every so many ticks. Less than `electionTicks`. */
  readonly heartbeatTicks: number;
  /** [0, 1) */
  readonly random: () => number;
  /** Entries of one append stop here, except that one entry always goes. */
  readonly maxAppendBytes: number;
  /** Appends on their way to one member. */
  readonly window: WindowLimits;
  /** Entries handed to the state machine at a time, in bytes. */
  readonly maxApplyBytes: number;
  /** Without, every read asks a majority. All members have it or none. */
  readonly lease?: LeaseOptions | undefined;
}

export interface Leading {
  readonly kind: "leader";
  /** Its no-op: once this is committed, so is everything of earlier terms. */
  readonly firstIndex: number;
  readonly progress: Map<number, Progress>;
  readonly reads: ReadQueue;
  transfer: { readonly target: number; elapsedTicks: number } | undefined;
  /** Members removed by a committed entry, to be told for so many more heartbeats. */
  readonly departing: Map<number, number>;
  readonly beatTimes: BeatTimes;
  /** Leadership was offered to another in this term. */
  leaseGivenUp: boolean;
  /** Entries up to here are sent or queued behind a window; new ones go out with the next Ready. */
  announcedIndex: number;
}

export type Role =
  | { readonly kind: "follower" }
  | { readonly kind: "pre-candidate"; readonly votes: Map<number, boolean> }
  | { readonly kind: "candidate"; readonly votes: Map<number, boolean> }
  | Leading
  /** By a committed entry: silent for ever. */
  | { readonly kind: "removed" };

export interface Raft {
  readonly options: RaftOptions;
  readonly log: RaftLog;
  readonly configs: ConfigHistory;
  term: number;
  /** In `term`; 0: nobody. */
  vote: number;
  role: Role;
  /** Of `term`, where known; 0: nobody. */
  leaderId: number;
  /** Since it heard from its leader or gave its vote; a leader hears itself. */
  electionElapsedTicks: number;
  heartbeatElapsedTicks: number;
  /** Ticks for which it has promised a leader to vote for nobody else (see lease.ts). */
  quietTicks: number;
  /** Drawn from [electionTicks, 2 * electionTicks). */
  electionTimeoutTicks: number;
  /** How long the disk has been at one write, in ticks; 0 while it is at none. A bulk write counts a tenth (`RaftCore.tick`). */
  writingTicks: number;
  /** What is known to be on disk: an answer that promises more waits for the next write. */
  durable: HardState;
  outbox: Message[];
}

export function send(raft: Raft, to: number, body: Body): void {
  raft.outbox.push({ from: raft.options.id, to, term: raft.term, ...body });
}

/** Starts a new term's clock, and draws how long to wait: no two members should wait equally long twice. */
function restartClock(raft: Raft): void {
  const { electionTicks, random } = raft.options;
  raft.electionElapsedTicks = 0;
  raft.heartbeatElapsedTicks = 0;
  raft.electionTimeoutTicks = electionTicks + Math.floor(random() * electionTicks);
}

function enterTerm(raft: Raft, term: number): void {
  invariant(term >= raft.term, () => `term went back from ${raft.term} to ${term}`);
  if (term === raft.term) return;
  raft.term = term;
  raft.vote = 0;
}

/** @param leaderId 0 when not known. */
export function becomeFollower(raft: Raft, term: number, leaderId: number): void {
  invariant(
    term > raft.term || leaderId === 0 || raft.leaderId === 0 || raft.leaderId === leaderId,
    () => `two leaders in term ${term}: ${raft.leaderId} and ${leaderId}`,
  );
  enterTerm(raft, term);
  raft.role = { kind: "follower" };
  raft.leaderId = leaderId;
  restartClock(raft);
}

/** Asks whether an election could be won, without disturbing the one who leads (Raft thesis, section 9.6). */
export function becomePreCandidate(raft: Raft): void {
  invariant(raft.role.kind !== "leader", () => `a leader of term ${raft.term} cannot campaign`);
  raft.role = { kind: "pre-candidate", votes: new Map() };
  raft.leaderId = 0;
  restartClock(raft);
}

export function becomeCandidate(raft: Raft): void {
  invariant(raft.role.kind !== "leader", () => `a leader of term ${raft.term} cannot campaign`);
  enterTerm(raft, raft.term + 1);
  raft.vote = raft.options.id;
  raft.role = { kind: "candidate", votes: new Map() };
  raft.leaderId = 0;
  restartClock(raft);
}

export function becomeLeader(raft: Raft): void {
  const { id, window } = raft.options;
  invariant(raft.role.kind === "candidate", () => `${raft.role.kind} cannot become leader`);
  const firstIndex = raft.log.lastIndex + 1;
  const progress = new Map(
    raft.configs.current.members.map(({ raftId }) => [raftId, new Progress(firstIndex, window)]),
  );
  raft.role = {
    kind: "leader",
    firstIndex,
    progress,
    reads: new ReadQueue(),
    transfer: undefined,
    departing: new Map(),
    beatTimes: new BeatTimes(),
    leaseGivenUp: false,
    announcedIndex: firstIndex - 1,
  };
  raft.leaderId = id;
  restartClock(raft);
  // A leader commits entries of its own term only; the empty one makes sure that there is one (Raft paper, section 5.4.2).
  raft.log.append([{ index: firstIndex, term: raft.term, body: { kind: "noop" } }]);
}

export function becomeRemoved(raft: Raft): void {
  raft.role = { kind: "removed" };
  raft.leaderId = 0;
}

/**
 * Whether this member may ask for votes. One whose own removal is in its log and not committed must: it may be the only one
 * whose log is long enough to win (Raft thesis, section 4.2.2). It does not count its own vote then.
 */
export function promotable({ configs, log, options }: Raft): boolean {
  return isVoter(configs.current, options.id) || isVoter(configs.at(log.committed), options.id);
}

/** Whether it has heard from a leader recently enough to refuse votes (Raft thesis, section 4.2.3). */
export const hearsLeader = (raft: Raft): boolean =>
  raft.quietTicks > 0 || (raft.leaderId !== 0 && raft.electionElapsedTicks < raft.options.electionTicks);

/** A leader is heard, or may have been heard just before this process was started. */
export function promiseQuiet(raft: Raft): void {
  if (raft.options.lease !== undefined) raft.quietTicks = raft.options.electionTicks;
}

/** Leader: whether a member was heard from within an election timeout. */
export const isActive = (raft: Raft, role: Leading, raftId: number): boolean =>
  raftId === raft.options.id || (role.progress.get(raftId)?.silentTicks ?? Infinity) < raft.options.electionTicks;

/** Whether its disk has been at one write for so long that this member neither leads nor votes (disk-watch.ts). */
export const diskOverdue = ({ writingTicks, options }: Raft): boolean =>
  writingTicks >= WRITE_OVERDUE_AFTER * options.electionTicks;

/** Leader: whether a member was heard of late, and its disk writes as far as is known. */
export const isSound = (raft: Raft, role: Leading, raftId: number): boolean =>
  raftId === raft.options.id
    ? !diskOverdue(raft)
    : isActive(raft, role, raftId) && role.progress.get(raftId)?.diskOverdue === false;
