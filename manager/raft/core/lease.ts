// Leases: a leader that has just been heard by a majority reads without asking it again (Raft thesis, section 6.4.1).
//
// Who hears a leader votes for nobody else for `electionTicks` of its own ticks, whatever terms it hears of meanwhile and also
// when it restarts in between (`quietTicks`). So, counted from the moment at which a beat left that a majority has answered,
// nobody else can be elected for that long, and nothing can be committed that this leader does not know. A transfer breaks
// the promise on purpose: the leader that begins one has no lease any more, for the word may be long on its way.
//
// Two clocks are compared, so this is as good as they are. The lease is `LEASE_SHARE` of what the others' promise comes to at
// the least: the clocks of two members, each as it counts milliseconds (CLOCK_MONOTONIC), may differ in rate by 30 %. A host
// that is suspended as a whole (a virtual machine that is paused) may count none of that time: its leader may answer reads
// with what was true when it was paused, until it hears of the newer term. A stopped process is no danger: its clock goes on.
import { voterIds } from "./config.ts";
import { committedIndex } from "./quorum.ts";
import type { Leading, Raft } from "./state.ts";

const LEASE_SHARE = 0.75;

export interface LeaseOptions {
  /** Monotonic; counts also while this process is stopped. */
  readonly nowMs: () => number;
  readonly tickIntervalMs: number;
}

/** When each of the newest beats left. */
export class BeatTimes {
  #beats: { readonly round: number; readonly sentMs: number }[] = [];

  sent(round: number, sentMs: number, keptMs: number): void {
    const old = this.#beats.findIndex((beat) => beat.sentMs > sentMs - keptMs);
    this.#beats.splice(0, old < 0 ? this.#beats.length : old);
    this.#beats.push({ round, sentMs });
  }

  /** Undefined when that is long ago. */
  sentMs(round: number): number | undefined {
    return this.#beats.find((beat) => beat.round === round)?.sentMs;
  }
}

/** The first tick of a promise may come at once. */
const durationMs = (lease: LeaseOptions, electionTicks: number): number =>
  (electionTicks - 1) * lease.tickIntervalMs * LEASE_SHARE;

/** A beat leaves now, to everybody. */
export function noteBeat(raft: Raft, role: Leading): void {
  const { lease, electionTicks } = raft.options;
  if (lease !== undefined) role.beatTimes.sent(role.reads.round, lease.nowMs(), durationMs(lease, electionTicks));
}

export function leaseHolds(raft: Raft, role: Leading): boolean {
  const { lease, electionTicks, id } = raft.options;
  if (lease === undefined || role.leaseGivenUp) return false;
  const answered = voterIds(raft.configs.current).map((voter) =>
    voter === id ? role.reads.round : (role.progress.get(voter)?.readRound ?? 0),
  );
  const sentMs = role.beatTimes.sentMs(committedIndex(answered));
  return sentMs !== undefined && lease.nowMs() < sentMs + durationMs(lease, electionTicks);
}
