// Runs a core over a disk, a transport and a state machine. The order is the safety contract:
//
//   take a Ready -> send what promises nothing -> write -> advance -> send what promises -> apply
//
// One write is in flight at a time; what comes in meanwhile is stepped into the core at once and written together by the
// next one. There is no timer but the tick. A snapshot is saved beside all that, piece by piece: the log goes on meanwhile, and
// is cut by a write of its own once the snapshot is whole on the disk.
//
// A disk that refuses a write makes this member stand aside: it stops leading, answers nobody, and tries the same write
// again with back-off; when it succeeds the member goes on as a follower. One that neither writes nor refuses is watched by the
// core (core/disk-watch.ts), which counts the ticks of a write, and told of here. A broken invariant is different: what the member
// believes is wrong, so it halts for good and leaves the cluster to the others; one whose disk has lost entries can come back as
// a new member. Neither ends the process.
import type { Env, Timer } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { CommitWaiters } from "./commit-waiters.ts";
import { dropThrough } from "./compaction.ts";
import { LostEntriesError } from "./core/assert.ts";
import type { ConfigChange } from "./core/config.ts";
import type { ConfigProposal } from "./core/membership.ts";
import type { Message } from "./core/messages.ts";
import type { Persist, RaftCore } from "./core/raft-core.ts";
import type { Entry } from "./core/types.ts";
import type { StateMachine } from "./raft-node.ts";
import { ReadWaiters } from "./read-waiters.ts";
import type { LogWrite, RaftStorage, SnapshotHead } from "./storage.ts";

/** A function is asked each time: the cluster's setting may change. */
export type Setting = number | (() => number);
const present = (setting: Setting): number => (typeof setting === "number" ? setting : setting());

export interface DriverOptions {
  readonly env: Env;
  readonly log: Log;
  readonly core: RaftCore;
  readonly storage: RaftStorage;
  readonly machine: StateMachine;
  readonly send: (message: Message) => void;
  /** Role, term, leader or membership may have changed. Called after every round. */
  readonly onProgress: () => void;
  readonly tickIntervalMs: number;
  readonly snapshotIntervalEntries: Setting;
  /** Entries kept behind a snapshot, so that a member a little behind needs none; never more than between snapshots. 500. */
  readonly trailingEntries?: Setting | undefined;
}

const TRAILING_ENTRIES = 500;
/** A log of large entries is compacted by size. */
const SNAPSHOT_INTERVAL_BYTES = 64 << 20;
/** Ticks without a write before the newest record gets an empty one behind it. */
const QUIET_TICKS = 2;
/** A stop waits so long for a write in flight: the disk may hang. */
const STOP_PATIENCE_MS = 3000;
const OVERDUE =
  "its disk hangs: a write of the Raft log neither returns nor fails; until it does, it neither leads nor votes. Look at the disk (dmesg, a frozen or remote file system)";
const FIRST_DISK_RETRY_MS = 100;
const MAX_DISK_RETRY_MS = 5000;

export class Driver {
  readonly #options: DriverOptions;
  readonly #waiters = new CommitWaiters();
  readonly #stop = new AbortController();
  readonly #reads = new ReadWaiters();
  #snapshotIndex: number;
  /** What the machine holds. The core counts entries as applied when it hands them out, a moment earlier. */
  #machineIndex: number;
  #writing: Promise<void> | undefined;
  /** The leader's snapshot is on its way into the machine, which may be of either state. */
  #installing = false;
  /** A snapshot of the machine on its way to the disk, beside the writes. */
  #saving: Promise<void> | undefined;
  /** The index of one that is there and counts with the next write. */
  #savedIndex: number | undefined;
  /** Asked for, and not begun. */
  #rewrite: PromiseWithResolvers<void> | undefined;
  /** Since the last write began. */
  #quietTicks = 0;
  /** The newest record has none behind it: sectors that the disk loses of it would pass for a write that a power cut tore. */
  #newestIsBare = true;
  /** The storage has been given a write, and has not said what became of it. */
  #storing = false;
  /** It is a large one: a snapshot, or all of the log anew. */
  #bulk = false;
  /** Its write is overdue, in words. */
  #overdue: string | undefined;
  #pumping = false;
  #timer: Timer | undefined;
  #fault: { readonly message: string; readonly halted: boolean } | undefined;
  #lostEntries = false;
  #leadingTerm = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#snapshotIndex = options.storage.restored.snapshotIndex;
    this.#machineIndex = this.#snapshotIndex;
    this.#scheduleTick();
    this.#wake();
  }

  get fault(): string | undefined {
    return this.#fault?.message ?? this.#overdue;
  }

  /** It halted because its disk has lost what it had acknowledged. */
  get lostEntries(): boolean {
    return this.#lostEntries;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted || this.#fault?.halted === true;
  }

  /** Aborts when this member stops for any reason. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** From a peer. Dropped while standing aside: every message may get lost anyway. */
  step(message: Message): void {
    if (this.stopped || this.#fault !== undefined) return;
    this.#guard(() => this.#options.core.step(message));
    this.#wake();
  }

  propose(data: Uint8Array): Promise<{ readonly index: number }> {
    return new Promise((resolve, reject) => {
      this.#waiters.admit(data.length);
      const proposal = this.#guard(() => this.#options.core.propose(data));
      if (proposal?.kind !== "appended") throw this.#notLeading(proposal?.kind === "transferring");
      this.#waiters.add(proposal.index, proposal.term, data.length, { resolve, reject });
      this.#wake();
    });
  }

  /** Resolves when the change is committed, or at once with why it was not taken. */
  async changeConfig(change: ConfigChange): Promise<ConfigProposal> {
    const { core } = this.#options;
    const proposal = this.#guard(() => core.proposeConfig(change)) ?? { kind: "not-leading" };
    if (proposal.kind !== "appended") return proposal;
    const { promise, resolve, reject } = Promise.withResolvers<{ readonly index: number }>();
    this.#waiters.add(proposal.index, core.term, 0, { resolve, reject });
    this.#wake();
    await promise;
    return proposal;
  }

  async readIndex(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const token = this.#reads.newToken();
    if (this.#guard(() => this.#options.core.readIndex(token)) !== true) throw this.#notLeading(false);
    this.#wake();
    await this.#reads.wait(token, signal);
  }

  /**
   * Resolves once the disk holds nothing that was written before the call: all of it has been written anew, as the sealer seals
   * now. Rejects when this member stops before that.
   */
  rewrite(): Promise<void> {
    if (this.stopped) return Promise.reject(this.#notLeading(false));
    this.#rewrite ??= Promise.withResolvers<void>();
    this.#wake();
    return this.#rewrite.promise;
  }

  /** Lets `act` use the core from outside a round. Undefined when the member has stopped. */
  withCore<R>(act: (core: RaftCore) => R): R | undefined {
    const result = this.#guard(() => act(this.#options.core));
    this.#wake();
    return result;
  }

  /**
   * Idempotent. Waits for the write in flight, not for its retries, and not for a disk that hangs.
   * @returns whether the disk is at rest: else nothing may be closed under it.
   */
  async stop(): Promise<boolean> {
    this.#stop.abort(new SkepError("unavailable", "this manager is stopping"));
    this.#timer?.cancel();
    this.#abandon("this manager is stopping");
    const atRest = Promise.all([this.#writing, this.#saving]).then(() => true);
    let timer: Timer | undefined;
    const patience = new Promise<boolean>((resolve) => {
      timer = this.#options.env.timer(STOP_PATIENCE_MS, () => resolve(false));
    });
    const rests = await Promise.race([atRest, patience]);
    timer?.cancel();
    if (!rests) this.#options.log.warn({}, "stops without waiting any longer for a write of the Raft log");
    return rests;
  }

  #notLeading(transferring: boolean): SkepError {
    if (this.stopped) return new SkepError("unavailable", "this manager's raft member has stopped");
    if (this.#fault !== undefined)
      return new SkepError("unavailable", `this manager stands aside: ${this.#fault.message}`);
    if (transferring) return new SkepError("unavailable", "leadership is being handed over: try again shortly");
    return new SkepError("unavailable", "this manager does not lead");
  }

  // One tick per interval, however late: after a stall of this process nobody is blamed for the time in between.
  #scheduleTick(): void {
    this.#timer = this.#options.env.timer(this.#options.tickIntervalMs, () => {
      if (this.stopped) return;
      this.#scheduleTick();
      if (this.#fault !== undefined) return;
      this.#quietTicks++;
      this.#guard(() => this.#options.core.tick(this.#bulk));
      this.#watchDisk();
      this.#wake();
    });
  }

  /** What the core does about an overdue write is told to people here. */
  #watchDisk(): void {
    const { core, log, onProgress } = this.#options;
    const overdue = core.diskOverdue && this.#storing ? OVERDUE : undefined;
    if (overdue === this.#overdue) return;
    this.#overdue = overdue;
    if (overdue === undefined) log.info({}, "the disk writes the Raft log again");
    else log.error({}, overdue);
    onProgress();
  }

  /** A round at the end of this turn: what arrives together is handled together. */
  #wake(): void {
    if (this.#pumping || this.stopped) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      if (!this.stopped && this.#fault === undefined) this.#guard(() => this.#round());
    });
  }

  #round(): void {
    const { core, send, onProgress } = this.#options;
    const ready = core.ready(this.#writing !== undefined);
    for (const message of ready.messages) send(message);
    if (this.#writing === undefined) this.#startWrite(ready.persist);
    this.#apply(ready.committed);
    this.#reads.serve(ready.reads, this.#machineIndex);
    this.#checkLeadership();
    this.#considerSnapshot();
    onProgress();
    // A long backlog is applied in portions, with a turn for everybody else between them.
    if (ready.committed.length > 0)
      this.#options.env.breathe().then(
        () => this.#wake(),
        () => undefined,
      );
  }

  #apply(entries: readonly Entry[]): void {
    const { machine } = this.#options;
    for (const { index, term, body } of entries) {
      if (body.kind === "data") machine.apply({ index, term, data: body.value });
      this.#machineIndex = index;
      this.#waiters.applied(index, term);
    }
  }

  #checkLeadership(): void {
    const { core } = this.#options;
    const leadingTerm = core.role === "leader" ? core.term : 0;
    if (this.#leadingTerm !== 0 && leadingTerm !== this.#leadingTerm) this.#abandon("this manager lost leadership");
    this.#leadingTerm = leadingTerm;
  }

  /** What waits for this leadership will not come from here. */
  #abandon(why: string): void {
    this.#waiters.abandon(new SkepError("unavailable", `${why}: outcome unknown`));
    this.#reads.abandon(new SkepError("unavailable", why));
    if (!this.stopped) return;
    this.#rewrite?.reject(new SkepError("unavailable", why));
    this.#rewrite = undefined;
  }

  // ---- the disk ----

  #startWrite(persist: Persist | undefined): void {
    const compact = persist?.snapshot === undefined ? this.#compaction() : undefined;
    // A snapshot under way may have been begun before: it comes to count first, and is written anew with the rest.
    const rewrite = this.#saving === undefined && compact === undefined ? this.#rewrite : undefined;
    const marker = this.#newestIsBare && this.#quietTicks >= QUIET_TICKS;
    if (persist === undefined && compact === undefined && rewrite === undefined && !marker) return;
    this.#quietTicks = 0;
    if (rewrite !== undefined) this.#rewrite = undefined;
    const write: LogWrite = {
      rewrite: rewrite !== undefined,
      hardState: persist?.hardState,
      install: persist?.snapshot,
      entries: persist?.entries,
      compact,
    };
    this.#bulk = write.install !== undefined || write.rewrite === true;
    this.#writing = this.#writeAll(write).then((written) => {
      this.#writing = undefined;
      this.#bulk = false;
      if (written) rewrite?.resolve();
      else rewrite?.reject(this.#notLeading(false));
      if (written && !this.stopped) this.#guard(() => this.#written(write, persist));
      this.#wake();
    });
  }

  /** To the disk, and a snapshot into the machine too. Returns false when stopped before that. */
  async #writeAll(write: LogWrite): Promise<boolean> {
    if (!(await this.#write(write))) return false;
    if (write.install === undefined || this.stopped) return true;
    this.#installing = true;
    try {
      await this.#options.machine.restore(write.install.data, this.#options.env.breathe);
    } catch (error) {
      this.#halt(error);
      return false;
    }
    return true;
  }

  #written({ install, compact }: LogWrite, persist: Persist | undefined): void {
    const { core, send } = this.#options;
    if (install !== undefined) {
      this.#snapshotIndex = install.index;
      this.#machineIndex = install.index;
      this.#installing = false;
    }
    if (compact !== undefined) {
      this.#savedIndex = undefined;
      this.#snapshotIndex = Math.max(this.#snapshotIndex, compact.snapshotIndex);
      core.compacted(this.#snapshotIndex);
    }
    this.#newestIsBare = persist !== undefined || compact !== undefined;
    if (persist === undefined) return;
    core.advance();
    for (const message of persist.messages) send(message);
  }

  #compaction(): LogWrite["compact"] {
    // One that the leader's has overtaken meanwhile is of no use.
    if (this.#savedIndex !== undefined && this.#savedIndex <= this.#snapshotIndex) this.#savedIndex = undefined;
    if (this.#savedIndex === undefined) return undefined;
    const { core, storage, snapshotIntervalEntries, trailingEntries = TRAILING_ENTRIES } = this.#options;
    return {
      snapshotIndex: this.#savedIndex,
      dropThrough: dropThrough({
        firstIndex: storage.firstIndex,
        snapshotIndex: this.#savedIndex,
        trailingEntries: present(trailingEntries),
        snapshotIntervalEntries: present(snapshotIntervalEntries),
        settledIndex: core.settledIndex,
        hasRoom: storage.logBytes < SNAPSHOT_INTERVAL_BYTES,
      }),
    };
  }

  /** Begins a snapshot of the machine when the log has grown enough since the last one. */
  #considerSnapshot(): void {
    const { core, storage, machine, snapshotIntervalEntries } = this.#options;
    const index = this.#machineIndex;
    const entries = index - this.#snapshotIndex;
    if (this.#installing || this.#saving !== undefined || this.#savedIndex !== undefined || entries <= 0) return;
    if (this.#rewrite !== undefined) return; // it waits for the last one
    if (entries < present(snapshotIntervalEntries) && storage.logBytes < SNAPSHOT_INTERVAL_BYTES) return;
    const term = storage.term(index);
    if (term === undefined) return;
    this.#saving = this.#save({ index, term, config: core.configAt(index) }, machine.snapshot()).then(() => {
      this.#saving = undefined;
      this.#wake();
    });
  }

  /** Never rejects. The log only grows while there is none, so a failure is tried again, and is no reason to stand aside. */
  async #save(head: SnapshotHead, pieces: Iterable<Uint8Array>): Promise<void> {
    const { env, log, storage } = this.#options;
    try {
      await storage.saveSnapshot(head, this.#whileRunning(pieces));
      this.#savedIndex = head.index;
    } catch (error) {
      if (this.stopped) return;
      log.warn({ index: head.index, error: String(error) }, "a snapshot could not be saved");
      await env.sleep(MAX_DISK_RETRY_MS, this.#stop.signal).catch(() => undefined);
    }
  }

  *#whileRunning(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const piece of pieces) {
      this.#stop.signal.throwIfAborted();
      yield piece;
    }
  }

  /** Tries until the disk takes it. Returns false when stopped before that. */
  async #write(write: LogWrite): Promise<boolean> {
    const { env, storage, log } = this.#options;
    for (let retryMs = FIRST_DISK_RETRY_MS; ; retryMs = Math.min(MAX_DISK_RETRY_MS, retryMs * 2)) {
      try {
        this.#storing = true;
        await storage.write(write).finally(() => {
          this.#storing = false;
        });
        if (this.#fault?.halted === false) {
          log.info({ fault: this.#fault.message }, "the disk takes raft's writes again");
          this.#fault = undefined;
          this.#options.onProgress();
        }
        return true;
      } catch (error) {
        if (this.stopped) return false;
        this.#guard(() => this.#standAside(SkepError.from(error))); // nobody would hear of an error from here
      }
      try {
        await env.sleep(retryMs, this.#stop.signal);
      } catch {
        return false;
      }
    }
  }

  #standAside(error: SkepError): void {
    const message = `the disk refuses raft's writes: ${error.message}; free space or repair it`;
    if (this.#fault?.message !== message) this.#options.log.error({ error: error.message }, message);
    this.#fault = { message, halted: false };
    this.#options.core.stepDown();
    this.#leadingTerm = 0;
    this.#abandon("this manager stands aside, because its disk refuses writes");
    this.#options.onProgress();
  }

  /** Undefined when stopped, or when `act` found the state broken: then this member halts. */
  #guard<R>(act: () => R): R | undefined {
    if (this.stopped) return undefined;
    try {
      return act();
    } catch (error) {
      this.#halt(error);
      return undefined;
    }
  }

  #halt(error: unknown): void {
    this.#lostEntries = error instanceof LostEntriesError;
    const { message: why } = SkepError.from(error);
    const message = this.#lostEntries
      ? `its disk has lost entries of the Raft log (${why}): it votes no more, and joins the managers anew once they have a quorum`
      : `raft state is broken, this member has halted: ${why}`;
    this.#options.log.error({ error: error instanceof Error ? error.stack : String(error) }, message);
    this.#fault = { message, halted: true };
    this.#timer?.cancel();
    this.#abandon("this manager's raft member has halted");
    this.#stop.abort(new SkepError("unavailable", message));
    this.#options.onProgress();
  }
}
