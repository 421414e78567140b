// A leader's view of one other member.
//
//   probe      one append at a time, to find where the logs agree
//   replicate  appends are pipelined within a window of messages and bytes
//   snapshot   entries it needs are compacted; nothing is sent until the snapshot has arrived
//
// Invariant: matchIndex < nextIndex. `matchIndex` is what the member is known to have on disk; it never moves back, because
// a member that lost its disk comes back under another id.
import { invariant, unreachable } from "./assert.ts";
import { CatchUp } from "./catch-up.ts";
import { Inflight, type WindowLimits } from "./inflight.ts";

export type ReplicationState =
  | { readonly kind: "probe"; sent: boolean }
  | { readonly kind: "replicate"; readonly inflight: Inflight }
  | { readonly kind: "snapshot"; readonly index: number; elapsedTicks: number };

export class Progress {
  readonly #limits: WindowLimits;
  #matchIndex = 0;
  #nextIndex: number;
  #state: ReplicationState = { kind: "probe", sent: false };
  /** Since it was last heard from. */
  silentTicks = 0;
  /** It says that a write of its disk is overdue: it is heard, and takes nothing. */
  diskOverdue = false;
  /** The newest round of the read index that it has answered. */
  readRound = 0;
  /** How close its log is, as long as it is a learner. */
  readonly catchUp: CatchUp;

  /** @param nextIndex the newest entry of the leader's log: what a member is sent first. */
  constructor(nextIndex: number, limits: WindowLimits) {
    this.#nextIndex = nextIndex;
    this.catchUp = new CatchUp(nextIndex);
    this.#limits = limits;
  }

  get matchIndex(): number {
    return this.#matchIndex;
  }

  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** The last entry that it needs no more, as far as is known: what comes behind it is to be sent, perhaps again. */
  get settledIndex(): number {
    switch (this.#state.kind) {
      case "probe":
        return this.#nextIndex - 1;
      case "replicate":
        return this.#matchIndex;
      case "snapshot":
        return this.#state.index;
      default:
        return unreachable(this.#state);
    }
  }

  get state(): ReplicationState {
    return this.#state;
  }

  /** Whether nothing may be sent until it answers. */
  get paused(): boolean {
    switch (this.#state.kind) {
      case "probe":
        return this.#state.sent;
      case "replicate":
        return this.#state.inflight.full;
      case "snapshot":
        return true;
      default:
        return unreachable(this.#state);
    }
  }

  /** An append with entries up to `lastIndex` left. */
  sent(lastIndex: number, bytes: number): void {
    switch (this.#state.kind) {
      case "probe":
        this.#state.sent = true;
        return;
      case "replicate":
        if (lastIndex < this.#nextIndex) return; // without entries: asks only
        this.#nextIndex = lastIndex + 1;
        this.#state.inflight.add(lastIndex, bytes);
        return;
      case "snapshot":
        invariant(false, () => "append sent while a snapshot is on its way");
    }
  }

  sentSnapshot(index: number): void {
    this.#state = { kind: "snapshot", index, elapsedTicks: 0 };
  }

  /** It has everything up to `matchIndex`. Returns whether that is news. */
  accepted(matchIndex: number): boolean {
    const news = matchIndex > this.#matchIndex;
    if (news) {
      this.#matchIndex = matchIndex;
      this.diskOverdue = false;
    }
    this.#nextIndex = Math.max(this.#nextIndex, matchIndex + 1);
    switch (this.#state.kind) {
      case "probe":
        this.#startReplicating();
        break;
      case "replicate":
        this.#state.inflight.freeTo(matchIndex);
        break;
      case "snapshot":
        // It may also have caught up from entries that were on their way.
        if (this.#matchIndex >= this.#state.index) this.#startReplicating();
        break;
    }
    return news;
  }

  /** It has no match at `rejectedIndex`; `retryAt` is the best next guess. Returns whether this was news. */
  rejected(rejectedIndex: number, retryAt: number): boolean {
    if (rejectedIndex <= this.#matchIndex) return false; // an old answer: it has accepted more since
    switch (this.#state.kind) {
      case "snapshot":
        return false;
      case "replicate":
        this.probe(this.#matchIndex + 1);
        return true;
      case "probe":
        if (rejectedIndex !== this.#nextIndex - 1) return false; // answers an older probe
        this.probe(Math.min(rejectedIndex, retryAt + 1));
        return true;
    }
  }

  /** Starts over from `nextIndex`, one message at a time. */
  probe(nextIndex: number): void {
    this.#nextIndex = Math.max(nextIndex, this.#matchIndex + 1);
    this.#state = { kind: "probe", sent: false };
  }

  /** Time to ask again: what was sent may be lost. */
  unpause(): void {
    if (this.#state.kind === "probe") this.#state.sent = false;
  }

  /** The snapshot arrived (`index` is then on its disk or will be) or got lost. */
  snapshotDone(delivered: boolean): void {
    if (this.#state.kind !== "snapshot") return;
    const retryAt = delivered ? this.#state.index + 1 : 0;
    this.#nextIndex = Math.max(retryAt, this.#matchIndex + 1);
    // Delivered: give it time to write; the answer to the next heartbeat starts the probe.
    this.#state = { kind: "probe", sent: delivered };
  }

  #startReplicating(): void {
    this.#nextIndex = this.#matchIndex + 1;
    this.#state = { kind: "replicate", inflight: new Inflight(this.#limits) };
  }
}
