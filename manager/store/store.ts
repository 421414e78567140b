// The store: committed state, and on the leader the *head*, an overlay of the transactions that are proposed and not yet
// committed.
//
//   update(write) ── runs write over the head ──▶ entry {version, term, writes} ──▶ raft.propose ──▶ … ──▶ apply ──▶ watchers
//
// Transactions are pipelined: the next one is made over the head without waiting for the one before it. That is a bet on the
// log, and three rules keep it honest when the bet is lost:
// - An entry is applied only if its version is the next one and it stands in an entry of the very term its leader made it in.
//   Within a term one leader makes all transactions and Raft keeps their order, so a transaction is applied only over the very
//   state it was made over. The rule looks at the log alone: every manager applies and skips the same.
// - When a proposal is refused, it and all made after it are dropped from the head and their callers are told.
// - When leadership is lost, the whole head is dropped. It starts anew, from committed state, with the next term's `leading`.
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { RaftNode, StateMachine } from "../raft/raft-node.ts";
import { type DecodedTransaction, decodeTransaction, type EncodedWrite, encodeTransaction } from "./codec.ts";
import { CommittedState } from "./committed.ts";
import { newOverlayTables, type OverlayTables, openView } from "./tables.ts";
import { type OpenTransaction, openTransaction, setRow } from "./transaction.ts";
import type { Store, Tx } from "./types.ts";
import { CommitQueue } from "./watch.ts";

/** Largest transaction in the log. Raft messages are limited to 8 MiB. */
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
/** A batch begins its next transaction beyond these: large entries would hold up heartbeats. */
const BATCH_BYTES = 512 * 1024;
const BATCH_ITEMS = 1000;
/** Transactions of one batch in flight at once. */
const BATCH_WINDOW = 8;
const MAX_PENDING_TRANSACTIONS = 10_000;
const DEFAULT_MAX_BUFFERED_COMMITS = 10_000;

interface Pending {
  readonly version: number;
  readonly timeMs: number;
  readonly data: Uint8Array;
  readonly writes: readonly EncodedWrite[];
  readonly settle: (error?: SkepError) => void;
  /** As its caller has it. */
  readonly done: Promise<void>;
}

export interface StoreParts {
  readonly store: Store;
  /** What Raft drives: its `apply` and `restore` are the only way into committed state. */
  readonly machine: StateMachine;
  /** Follows `raft`'s leadership until `signal` aborts; from the first `leading` on the store takes writes. */
  readonly attach: (raft: RaftNode, signal: AbortSignal) => Promise<void>;
}

const notLeading = (raft: RaftNode | undefined): SkepError => {
  const status = raft?.status();
  const leader = status?.members.find((member) => member.raftId === status.leaderId);
  const hint = leader === undefined ? "there is no leader now" : `the leader is ${leader.addr}`;
  return new SkepError("unavailable", `this manager does not lead: ${hint}`);
};

const lostLeadership = (): SkepError =>
  new SkepError(
    "unavailable",
    "this manager lost leadership before the write was committed; outcome unknown: read again before repeating it",
  );

/** As RaftNode.propose words it. */
const OUTCOME_UNKNOWN = /outcome unknown/;

const droppedWith = (cause: SkepError): SkepError =>
  new SkepError("unavailable", `a write before this one failed, so this one was not done: ${cause.message}`, { cause });

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;

class StoreCore {
  readonly #env: Env;
  readonly #log: Log;
  readonly #committed = new CommittedState();
  readonly #watchers = new Set<CommitQueue>();
  #raft: RaftNode | undefined;
  /** The term this manager leads in; 0 when it does not lead. */
  #term = 0;
  /** The newest term seen in an applied entry. */
  #appliedTerm = 0;
  #head: OverlayTables;
  #pending: Pending[] = [];
  #writing = false;

  constructor(env: Env, log: Log) {
    this.#env = env;
    this.#log = log;
    this.#head = newOverlayTables(this.#committed.rows);
  }

  // ------------------------------------------------------------------------------------------------------------ reading

  readonly view: Store["view"] = (read) => {
    const view = openView(this.#committed.rows, this.#committed.version);
    try {
      return read(view);
    } finally {
      view.close();
    }
  };

  readonly viewAndWatch: Store["viewAndWatch"] = (read, { signal, maxBuffered = DEFAULT_MAX_BUFFERED_COMMITS }) => {
    const onAbort = (): void => queue.close();
    const queue = new CommitQueue(maxBuffered, (closed) => {
      this.#watchers.delete(closed);
      signal.removeEventListener("abort", onAbort);
    });
    const view = this.view(read);
    if (signal.aborted) queue.close();
    else {
      this.#watchers.add(queue);
      signal.addEventListener("abort", onAbort, { once: true });
    }
    return { view, commits: queue };
  };

  // ------------------------------------------------------------------------------------------------------------ writing

  readonly update: Store["update"] = (write) => {
    try {
      this.#admit();
    } catch (error) {
      return Promise.reject(error); // nothing was read: it holds whatever becomes of the head, and who is refused need not wait
    }
    try {
      const { result, done } = this.#transact((transaction) => write(transaction.tx));
      return done.then(() => result);
    } catch (error) {
      return this.#headCommitted().then(() => Promise.reject(error));
    }
  };

  readonly batch: Store["batch"] = async <I>(items: Iterable<I>, write: (tx: Tx, item: I) => undefined) => {
    const failed: { readonly item: I; readonly error: SkepError }[] = [];
    const rest = items[Symbol.iterator]();
    const inFlight = new Set<Promise<void>>();
    let next = rest.next();
    while (next.done !== true) {
      const { done } = this.#transact((transaction) => {
        for (let count = 0; count < BATCH_ITEMS && transaction.bytes() < BATCH_BYTES && next.done !== true; count++) {
          const { value } = next;
          const error = this.#item(transaction, (tx) => write(tx, value));
          if (error !== undefined) failed.push({ item: value, error });
          next = rest.next();
        }
      });
      const settled = done.finally(() => inFlight.delete(settled));
      inFlight.add(settled);
      settled.catch(() => undefined); // told by one of the two waits
      if (inFlight.size >= BATCH_WINDOW) await Promise.race(inFlight);
    }
    await Promise.all(inFlight);
    return { failed };
  };

  /** Runs one item of a batch on top of the batch's transaction. */
  #item(outer: OpenTransaction, write: (tx: Tx) => void): SkepError | undefined {
    const inner = openTransaction(outer.rows, outer.tx.version, this.#headVersion() + 1, this.#env.wallMs());
    try {
      write(inner.tx);
      outer.absorb(inner);
      return undefined;
    } catch (error) {
      return SkepError.from(error);
    } finally {
      inner.close();
    }
  }

  #headVersion(): number {
    return this.#committed.version + this.#pending.length;
  }

  /**
   * What was read from the head is true only if the head comes to be: a conflict with a write that is lost is none. Resolves
   * when all that is pending now is committed; rejects when it was dropped.
   */
  async #headCommitted(): Promise<void> {
    const last = this.#pending.at(-1);
    if (last === undefined) return;
    try {
      await last.done;
    } catch (error) {
      const what = "what this call was decided by was not committed, so it was not done: repeat it";
      throw new SkepError("unavailable", what, { cause: error });
    }
  }

  /** Throws what `write` throws; `done` settles with the commit. */
  #transact<R>(write: (transaction: OpenTransaction) => R): { readonly result: R; readonly done: Promise<void> } {
    const raft = this.#admit();
    const version = this.#headVersion();
    const nowMs = this.#env.wallMs();
    const transaction = openTransaction(this.#head, version, version + 1, nowMs);
    this.#writing = true;
    let result: R;
    try {
      result = write(transaction);
    } finally {
      this.#writing = false;
      transaction.close();
    }
    const writes = transaction.writes();
    if (writes.length === 0) return { result, done: this.#headCommitted() };
    return { result, done: this.#propose(raft, version + 1, nowMs, writes) };
  }

  /** @throws {SkepError} when no transaction may begin now. */
  #admit(): RaftNode {
    const raft = this.#raft;
    if (raft === undefined || this.#term === 0) throw notLeading(raft);
    if (this.#writing) throw new SkepError("internal", "a transaction was begun inside another");
    if (this.#pending.length >= MAX_PENDING_TRANSACTIONS) {
      throw new SkepError(
        "resource_exhausted",
        `${MAX_PENDING_TRANSACTIONS} writes wait for a quorum of managers; repeat when the cluster has caught up`,
      );
    }
    return raft;
  }

  #propose(raft: RaftNode, version: number, timeMs: number, writes: readonly EncodedWrite[]): Promise<void> {
    const data = encodeTransaction({ version, term: this.#term, timeMs }, writes);
    if (data.length > MAX_TRANSACTION_BYTES) {
      throw new SkepError(
        "resource_exhausted",
        `a write of ${writes.length} objects is ${data.length} bytes, more than the limit of ${MAX_TRANSACTION_BYTES}`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (error?: SkepError): void => (error === undefined ? resolve() : reject(error));
    const pending: Pending = { version, timeMs, data, writes, settle, done: promise };
    // In place before the proposal: a single manager may commit at once.
    this.#pending.push(pending);
    for (const write of writes) setRow(this.#head, write, version);
    raft.propose(data).catch((error: unknown) => this.#refused(pending, SkepError.from(error)));
    return promise;
  }

  /** Raft did not take the proposal: what was made over it has no ground any more. */
  #refused(refused: Pending, error: SkepError): void {
    const at = this.#pending.indexOf(refused);
    if (at < 0) return;
    const dropped = this.#pending.splice(at);
    this.#head = newOverlayTables(this.#committed.rows);
    for (const { writes, version } of this.#pending) for (const write of writes) setRow(this.#head, write, version);
    // When nobody knows what became of it, nobody knows what became of those behind it.
    const unknown = OUTCOME_UNKNOWN.test(error.message);
    for (const pending of dropped) {
      pending.settle(pending === refused ? error : unknown ? lostLeadership() : droppedWith(error));
    }
  }

  #dropHead(error: () => SkepError): void {
    const dropped = this.#pending;
    this.#pending = [];
    this.#head = newOverlayTables(this.#committed.rows);
    for (const pending of dropped) pending.settle(error());
  }

  // ----------------------------------------------------------------------------------------------------------- applying

  readonly apply: StateMachine["apply"] = ({ index, term, data }) => {
    if (data.length === 0) return; // an election's empty entry
    if (term > this.#appliedTerm) this.#appliedTerm = term;
    if (this.#term !== 0 && term > this.#term) this.#stopLeading();
    const first = this.#pending[0];
    const own = first !== undefined && sameBytes(first.data, data) ? first : undefined;
    const transaction = own === undefined ? this.#decode(index, term, data) : { ...own, term: this.#term };
    if (transaction === undefined) return;
    if (transaction.term !== term || transaction.version !== this.#committed.version + 1) {
      const { version } = transaction;
      this.#log.warn({ index, term, version }, "skipped a transaction made over a state that never came to be");
      return;
    }
    if (own === undefined) this.#dropHead(lostLeadership); // the version is taken by another's write
    const commit = this.#committed.commit(transaction);
    if (own !== undefined) {
      this.#pending.shift();
      for (const { table, id } of own.writes) this.#head[table].settle(id, own.version);
      own.settle();
    }
    for (const watcher of [...this.#watchers]) watcher.push(commit);
  };

  #decode(index: number, term: number, data: Uint8Array): DecodedTransaction | undefined {
    try {
      return decodeTransaction(data);
    } catch (error) {
      // The same bytes on every manager, so the same skip on every manager.
      this.#log.error({ index, term, error: String(error) }, "skipped a log entry that is not a store transaction");
      return undefined;
    }
  }

  readonly snapshot: StateMachine["snapshot"] = () => this.#committed.pieces();

  readonly restore: StateMachine["restore"] = async (snapshot, breathe) => {
    for (const _ of this.#committed.restoring(snapshot)) if (breathe !== undefined) await breathe();
    this.#stopLeading(); // a leader is never sent a snapshot: whoever gets one does not lead
    const { version } = this.#committed;
    for (const watcher of [...this.#watchers]) {
      const what = `the store was replaced by a snapshot at version ${version}: view it again`;
      watcher.fail(new SkepError("resource_exhausted", what));
    }
  };

  // --------------------------------------------------------------------------------------------------------- leadership

  readonly attach = async (raft: RaftNode, signal: AbortSignal): Promise<void> => {
    this.#raft = raft;
    try {
      for await (const event of raft.leadership(signal)) {
        if (event.kind === "following") this.#stopLeading();
        else if (event.term >= this.#appliedTerm && event.term !== this.#term) {
          this.#stopLeading();
          this.#term = event.term;
          this.#log.info({ term: event.term, version: this.#committed.version }, "the store takes writes");
        }
      }
    } catch (error) {
      if (!signal.aborted && !isCode(error, "canceled")) throw error;
    } finally {
      this.#stopLeading();
    }
  };

  #stopLeading(): void {
    this.#term = 0;
    this.#dropHead(lostLeadership);
  }
}

/** An empty store. It fills from `machine` and takes writes once it is attached to a Raft that leads. */
export function createStore({ env, log }: { readonly env: Env; readonly log: Log }): StoreParts {
  const core = new StoreCore(env, log.child({ room: "store" }));
  const { view, update, batch, viewAndWatch, apply, snapshot, restore, attach } = core;
  return { store: { view, update, batch, viewAndWatch }, machine: { apply, snapshot, restore }, attach };
}
