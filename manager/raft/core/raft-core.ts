// The pure core of one member: messages, ticks and proposals in, a Ready out. No clock, no disk, no network, no promise.
// What the caller owes it is the order of its acts:
//
//   const { messages, persist, committed, reads } = core.ready();
//   1. send `messages` at once: they promise nothing that is not on disk;
//   2. write `persist` (all of it in one atomic, durable write), then call `advance()`, then send `persist.messages`;
//   3. apply `committed` in order; serve each of `reads` once its index is applied.
//
// While a write is in flight the core takes further input, and `ready()` goes on handing out what need not wait for it;
// what must, queues for the next write. That is the group commit: nothing waits for a timer.
import { invariant } from "./assert.ts";
import { type ConfigChange, ConfigHistory, voterIds, wasRemoved } from "./config.ts";
import { leaseHolds } from "./lease.ts";
import { type LogReader, RaftLog } from "./log.ts";
import { type ConfigProposal, proposeConfig, refusal, stayersHave } from "./membership.ts";
import { type Message, promises } from "./messages.ts";
import { hasQuorum } from "./quorum.ts";
import type { ConfirmedRead } from "./read-queue.ts";
import { announce, broadcastHeartbeat, settledIndex } from "./replication.ts";
import {
  becomeFollower,
  becomeRemoved,
  diskOverdue,
  type Leading,
  promiseQuiet,
  type Raft,
  type RaftOptions,
} from "./state.ts";
import { progressed, step, tick } from "./step.ts";
import { type TransferStart, transferLeadership } from "./transfer.ts";
import type { Config, Entry, EntryBody, HardState, Snapshot } from "./types.ts";

/** What the disk holds beside the log. */
export interface Restored {
  readonly hardState: HardState;
  /** Of the newest snapshot; 0 and an empty config without one. */
  readonly snapshotIndex: number;
  readonly config: Config;
}

export interface Persist {
  readonly hardState: HardState;
  /** When present: the log becomes empty and continues after it. Written before the entries. */
  readonly snapshot: Snapshot | undefined;
  /** They replace everything from the first one's index on. */
  readonly entries: readonly Entry[];
  /** To be sent once the rest is on disk. */
  readonly messages: readonly Message[];
}

export interface Ready {
  readonly messages: readonly Message[];
  /** Undefined when nothing is to be written, or while a write is in flight. */
  readonly persist: Persist | undefined;
  readonly committed: readonly Entry[];
  readonly reads: readonly ConfirmedRead[];
}

export type Proposal =
  | { readonly kind: "appended"; readonly index: number; readonly term: number }
  | { readonly kind: "not-leading" }
  | { readonly kind: "transferring" };

export interface CoreStatus {
  readonly id: number;
  readonly term: number;
  readonly vote: number;
  readonly role: Raft["role"]["kind"];
  readonly leaderId: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly config: Config;
  /** Leader: what it knows of each member. */
  readonly progress: ReadonlyMap<
    number,
    {
      readonly matchIndex: number;
      /** Heard within an election timeout. */
      readonly active: boolean;
      /** A write of its disk is overdue: it is heard, and takes nothing. */
      readonly diskOverdue: boolean;
      readonly state: string;
    }
  >;
}

const SCAN_BYTES = 1 << 20;
const BULK_SHARE = 0.1;

export class RaftCore {
  readonly #raft: Raft;
  #reads: ConfirmedRead[] = [];
  /** The caller's disk is at something that the core did not ask for. */
  #diskBusy = false;
  #writing: { readonly hardState: HardState; readonly toSelf: readonly Message[] } | undefined;

  constructor(options: RaftOptions, reader: LogReader, restored: Restored) {
    invariant(options.id > 0, () => `raft id ${options.id} is not positive`);
    invariant(
      options.heartbeatTicks > 0 && options.heartbeatTicks < options.electionTicks,
      () => `${options.heartbeatTicks} heartbeat ticks are not between 0 and ${options.electionTicks} election ticks`,
    );
    const { hardState, snapshotIndex, config } = restored;
    this.#raft = {
      options,
      log: new RaftLog(reader, Math.max(hardState.commit, snapshotIndex), snapshotIndex),
      configs: scanConfigs(reader, snapshotIndex, config),
      term: hardState.term,
      vote: hardState.vote,
      role: { kind: "follower" },
      leaderId: 0,
      electionElapsedTicks: 0,
      heartbeatElapsedTicks: 0,
      electionTimeoutTicks: options.electionTicks,
      quietTicks: 0,
      writingTicks: 0,
      durable: hardState,
      outbox: [],
    };
    becomeFollower(this.#raft, hardState.term, 0);
    promiseQuiet(this.#raft); // to whom it heard before it was stopped
    const { log, configs } = this.#raft;
    if (wasRemoved(configs.at(log.committed), options.id)) becomeRemoved(this.#raft);
    // Nobody else could lead: no need to wait for them. A membership that is not known to be committed may be the work of a
    // leader that is not in it and still leads, under the promise to vote for nobody else for a while.
    const voters = voterIds(configs.current);
    const alone = configs.currentIndex <= log.committed && voters.length === 1 && voters[0] === options.id;
    if (alone) this.#raft.electionElapsedTicks = options.electionTicks * 2;
  }

  get id(): number {
    return this.#raft.options.id;
  }

  get role(): Raft["role"]["kind"] {
    return this.#raft.role.kind;
  }

  get term(): number {
    return this.#raft.term;
  }

  /** 0 when unknown. */
  get leaderId(): number {
    return this.#raft.leaderId;
  }

  get commitIndex(): number {
    return this.#raft.log.committed;
  }

  get appliedIndex(): number {
    return this.#raft.log.applied;
  }

  /** The membership in force: that of the newest entry in the log. */
  get config(): Config {
    return this.#raft.configs.current;
  }

  /** Leading, and everything of earlier terms is handed to the state machine. */
  get settled(): boolean {
    const { role, log } = this.#raft;
    return role.kind === "leader" && log.applied >= role.firstIndex;
  }

  /** The last entry that no member that is alive needs any more; Infinity where that is all, or this is no leader. */
  get settledIndex(): number {
    return settledIndex(this.#raft);
  }

  get transferring(): boolean {
    const { role } = this.#raft;
    return role.kind === "leader" && role.transfer !== undefined;
  }

  step(message: Message): void {
    step(this.#raft, message);
  }

  /** @param bulk the disk is at something large (a snapshot, all of the log anew), which may take ten times as long. */
  tick(bulk = false): void {
    const busy = this.#diskBusy || this.#writing !== undefined;
    if (busy) this.#raft.writingTicks += bulk ? BULK_SHARE : 1;
    tick(this.#raft);
  }

  /** The disk has been at one write for so long that this member neither leads nor votes. */
  get diskOverdue(): boolean {
    return diskOverdue(this.#raft);
  }

  propose(data: Uint8Array): Proposal {
    return this.#propose({ kind: "data", value: data });
  }

  #propose(body: EntryBody): Proposal {
    const raft = this.#raft;
    if (raft.role.kind !== "leader") return { kind: "not-leading" };
    if (raft.role.transfer !== undefined) return { kind: "transferring" };
    const index = raft.log.lastIndex + 1;
    raft.log.append([{ index, term: raft.term, body }]);
    return { kind: "appended", index, term: raft.term };
  }

  proposeConfig(change: ConfigChange): ConfigProposal {
    return proposeConfig(this.#raft, change);
  }

  /** Why a change would not be taken now; undefined when it would be. */
  refusal(change: ConfigChange): Exclude<ConfigProposal, { kind: "appended" }> | undefined {
    return refusal(this.#raft, change);
  }

  /** Appends an entry that says nothing, to see whose disks write. */
  proposeNothing(): Proposal {
    return this.#propose({ kind: "noop" });
  }

  /** Whether a majority of the voters that stay without `leavingId` has `index` on disk, as far as this leader knows. */
  stayersHave(index: number, leavingId: number): boolean {
    const { role } = this.#raft;
    return role.kind === "leader" && stayersHave(this.#raft, role, index, leavingId);
  }

  /** `token` comes back in a Ready's reads. Returns false when not leading; a leader that steps down forgets its reads. */
  readIndex(token: number): boolean {
    if (this.#raft.role.kind !== "leader") return false;
    this.#raft.role.reads.add(token);
    return true;
  }

  /** @param target 0: the voter that has most of the log. */
  transferLeadership(target = 0): TransferStart {
    return transferLeadership(this.#raft, target);
  }

  /** Stops leading or campaigning, whatever the reason: for a caller whose disk fails. */
  stepDown(): void {
    const { role, term } = this.#raft;
    if (role.kind !== "removed" && role.kind !== "follower") becomeFollower(this.#raft, term, 0);
  }

  /** The fate of a snapshot message, where the transport knows it. */
  reportSnapshot(to: number, delivered: boolean): void {
    const { role } = this.#raft;
    if (role.kind === "leader") role.progress.get(to)?.snapshotDone(delivered);
  }

  /** Undefined when compacted or beyond the end. */
  termAt(index: number): number | undefined {
    return this.#raft.log.term(index);
  }

  /** The membership as of `index`, which must be committed and not compacted: a snapshot at `index` carries it. */
  configAt(index: number): Config {
    return this.#raft.configs.at(index);
  }

  /** The disk holds a snapshot at `index` now, and may have dropped entries up to there. */
  compacted(index: number): void {
    this.#raft.configs.forget(index);
  }

  /** @param diskBusy the caller's disk is at something else: hand out nothing to write, and nothing that waits for it. */
  ready(diskBusy = false): Ready {
    const raft = this.#raft;
    const { role } = raft;
    const blocked = diskBusy || this.#writing !== undefined;
    this.#diskBusy = diskBusy;
    if (!blocked) raft.writingTicks = 0;
    if (role.kind === "leader") {
      if (!blocked) announce(raft); // what is proposed during a write is sent together, after it
      this.#readRounds(role);
    }
    const persist = blocked ? undefined : this.#takePersist();
    const messages = this.#takeMessages(blocked || persist !== undefined);
    const committed = raft.log.takeCommitted(raft.options.maxApplyBytes);
    const reads = this.#reads;
    this.#reads = [];
    return { messages, persist, committed, reads };
  }

  /** What the last Ready with `persist` asked for is on disk. Its messages may now be sent. */
  advance(): void {
    const raft = this.#raft;
    const written = this.#writing;
    invariant(written !== undefined, () => "advance without a write in flight");
    this.#writing = undefined;
    raft.writingTicks = 0;
    raft.durable = written.hardState;
    raft.log.endPersist();
    for (const message of written.toSelf) step(raft, message);
    if (raft.role.kind === "leader") progressed(raft, raft.role);
  }

  status(): CoreStatus {
    const { role, log, configs, term, vote, leaderId, options } = this.#raft;
    const leading = role.kind === "leader" ? role : undefined;
    return {
      id: options.id,
      term,
      vote,
      role: role.kind,
      leaderId,
      commitIndex: log.committed,
      appliedIndex: log.applied,
      lastIndex: log.lastIndex,
      config: configs.current,
      progress: new Map(
        [...(leading?.progress ?? [])].map(([id, { matchIndex, silentTicks, diskOverdue, state }]) => [
          id,
          id === options.id
            ? { matchIndex: log.stable, active: true, diskOverdue: this.diskOverdue, state: "self" }
            : { matchIndex, active: silentTicks < options.electionTicks, diskOverdue, state: state.kind },
        ]),
      ),
    };
  }

  /** Confirms the round that is out, and starts the next: reads that came in together share it. */
  #readRounds(role: Leading): void {
    const { log, configs, options } = this.#raft;
    if (log.committed < role.firstIndex) return; // what earlier leaders committed may not be known to be committed here
    const { reads, progress } = role;
    const confirmed = (): boolean =>
      hasQuorum(
        voterIds(configs.current),
        (id) => id === options.id || (progress.get(id)?.readRound ?? 0) >= reads.askedRound,
      );
    if (leaseHolds(this.#raft, role)) {
      this.#reads.push(...reads.takeAll(log.committed));
      return;
    }
    if (reads.asking && confirmed()) this.#reads.push(...reads.finish());
    if (!reads.start(log.committed)) return;
    broadcastHeartbeat(this.#raft, role);
    if (confirmed()) this.#reads.push(...reads.finish()); // the only voter needs nobody's word
  }

  #takePersist(): Persist | undefined {
    const { log, term, vote, durable, options } = this.#raft;
    const { snapshot, entries } = log.unpersisted;
    if (snapshot === undefined && entries.length === 0 && term === durable.term && vote === durable.vote)
      return undefined;
    const hardState = { term, vote, commit: log.committed };
    const held = this.#takeOutbox((message) => this.#mustWait(message));
    const toSelf = held.filter((message) => message.to === options.id);
    this.#writing = { hardState, toSelf };
    log.beginPersist();
    const messages = toSelf.length === 0 ? held : held.filter((message) => message.to !== options.id);
    return { hardState, snapshot, entries: entries.slice(), messages };
  }

  #takeMessages(writing: boolean): readonly Message[] {
    return this.#takeOutbox((message) => !writing || !this.#mustWait(message));
  }

  #takeOutbox(wanted: (message: Message) => boolean): readonly Message[] {
    const { outbox } = this.#raft;
    if (outbox.length === 0) return []; // never the live array
    this.#raft.outbox = outbox.filter((message) => !wanted(message));
    return outbox.filter(wanted);
  }

  #mustWait(message: Message): boolean {
    if (!promises(message.kind)) return false;
    // A heartbeat's answer promises its term only: a slow disk must not look like a dead member.
    return message.kind !== "heartbeat-response" || message.term !== this.#raft.durable.term;
  }
}

/** The memberships that the log on disk holds, from the snapshot on. */
function scanConfigs(reader: LogReader, snapshotIndex: number, config: Config): ConfigHistory {
  const history = new ConfigHistory(snapshotIndex, config);
  let at = snapshotIndex + 1;
  while (at <= reader.lastIndex) {
    const entries = reader.entries(at, reader.lastIndex + 1, SCAN_BYTES);
    for (const { index, body } of entries) if (body.kind === "config") history.append(index, body);
    at += entries.length;
  }
  return history;
}
