// The agent's end of Dispatcher.Session: one stream to the leader, assignments and beats down, statuses and beats up. It
// looks for the leader, and for ever tries again; the tasks never notice. What arrives is handed on in the same turn, what
// is reported goes out with everything else that was reported in that turn, and waits only for a full transport.
import {
  type AgentMessage,
  type Assignments,
  type DispatcherMessage,
  newAgentMessage,
  type SessionInfo,
} from "../../proto/gen/dispatcher.ts";
import type { NetworkHeld, NetworkUpdate } from "../../proto/gen/network.ts";
import type { NodeDescription, TaskStatus } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { assertNever, SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NetworkId, TaskId } from "../../shared/model/ids.ts";
import { parseAddress } from "../../shared/rpc/address.ts";
import type { Duplex } from "../../shared/rpc/client.ts";
import { Pulse } from "../pulse.ts";
import {
  connectLimitMs,
  type Ending,
  firstAttempt,
  nextAttempt,
  type SearchState,
  startSearch,
  withManagers,
  withMet,
} from "./leader-search.ts";
import type { LeaderCheck } from "./meeting.ts";
import { NetworkWords } from "./network-words.ts";
import { Outbox } from "./outbox.ts";

export type SessionLink = Duplex<AgentMessage, DispatcherMessage>;

export type ConnectionState =
  | { readonly kind: "connected"; readonly addr: string }
  /** `error` is what the last attempt ended with; empty before the first. */
  | {
      readonly kind: "searching";
      readonly error: string;
      /** A manager refused this node because it was removed from the cluster. */
      readonly turnedAway?: true;
    };

export interface SessionOptions {
  readonly env: Env;
  readonly log: Log;
  /** Opens Dispatcher.Session at a manager; failures may also come out of the stream. Must end when the signal aborts. */
  readonly connect: (addr: string, signal: AbortSignal) => SessionLink;
  /** host:port; at least one. Replaced by what the session says. */
  readonly managers: readonly string[];
  /** Unset: who serves a session is believed to lead, in simulations. */
  readonly leaders?: LeaderCheck | undefined;
  /** host:port where this node's daemon answers; a function is asked for each session, and is empty when it is no news. */
  readonly addr: string | (() => string);
  readonly description: () => NodeDescription;
  /** Must not throw, and must not wait. */
  readonly onAssignments: (assignments: Assignments) => void;
  /** As the node knows them; unset: not at all. */
  readonly networks?: () => readonly NetworkHeld[];
  /** Must not throw, and must not wait. */
  readonly onNetwork: (update: NetworkUpdate) => void;
  /** No node sends new connections to these tasks any more. */
  readonly onDrained: (ids: readonly TaskId[]) => void;
  /** At the start of every session and whenever something of it changes. */
  readonly onSession: (info: SessionInfo) => void;
  readonly onConnection: (state: ConnectionState) => void;
}

/** As a manager's port words it (shared/rpc/peer-proof.ts). */
const WAS_REMOVED = /was removed from the cluster/;
const DEFAULT_PERIOD_MS = 1_000;
const MIN_PERIOD_MS = 50;
/** Periods without a word from the dispatcher after which it counts as dead; looked at once a period, so on the third. */
const SILENT_PERIODS = 2.5;
const MAX_UPDATES_PER_MESSAGE = 512;
/** Without a session for so long, a node listens to a manager that calls it: by then every leader change is over. */
const MEET_AFTER_MS = 10_000;
const MAX_MET_ADDRESS_LENGTH = 300;
/** Unacknowledged for so long within one session: sent again, in case a leader dropped it. */
const RESEND_AFTER_MS = 10_000;

export class Session {
  readonly #options: SessionOptions;
  readonly #outbox = new Outbox();
  readonly #outgoing = new Pulse();
  readonly #networks = new NetworkWords();
  #search: SearchState;
  #described: NodeDescription | undefined;
  #turnedAway = false;
  /** Undefined while in session. */
  #aloneSinceMs: number | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#search = startSearch(options.managers, options.env.random());
    this.#aloneSinceMs = options.env.nowMs();
  }

  /** Managers as known now, for the next start of the daemon. */
  get managers(): readonly string[] {
    return this.#search.managers;
  }

  /** Would it listen to a manager that calls? */
  mayMeet(): boolean {
    return this.#aloneSinceMs !== undefined && this.#options.env.nowMs() - this.#aloneSinceMs >= MEET_AFTER_MS;
  }

  /**
   * A manager called and said who the managers are. Listened to only after a while without a session: the managers that this
   * node knows come first. @throws {SkepError} `invalid_argument`
   */
  meet(managers: readonly string[]): void {
    const { log } = this.#options;
    for (const addr of managers) checkMet(addr);
    if (!this.mayMeet()) return;
    const before = this.#search;
    this.#search = withMet(before, managers);
    if (this.#search !== before) log.info({ managers }, "a manager called and named others than this node knew");
  }

  /** Reports a task's status until the managers have it. Never waits, never throws. */
  report(id: TaskId, status: TaskStatus): void {
    this.#outbox.put(id, status);
    this.#outgoing.fire();
  }

  /** The node does what this version of the network says. For the present session; without one nobody is told. */
  networkApplied(id: NetworkId, version: number): void {
    this.#networks.applied.set(id, version);
    this.#outgoing.fire();
  }

  /** Asks for the whole of a network. */
  networkResync(id: NetworkId): void {
    this.#networks.resync.add(id);
    this.#outgoing.fire();
  }

  /** The description may have changed: it is sent again when it has. */
  describe(): void {
    this.#described = undefined;
    this.#outgoing.fire();
  }

  /** Resolves when the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { env, log, onConnection } = this.#options;
    let attempt = firstAttempt(this.#search);
    while (!signal.aborted) {
      const ending = await this.#attempt(attempt.addr, signal);
      if (signal.aborted) return;
      const { message } = ending;
      const error = `${attempt.addr}: ${message}`;
      onConnection({ kind: "searching", error, ...(this.#turnedAway ? { turnedAway: true } : {}) });
      const next = nextAttempt(this.#search, ending, env.random());
      log.debug({ addr: attempt.addr, message, next: next.attempt.addr, pauseMs: next.attempt.pauseMs }, "no session");
      this.#search = next.state;
      attempt = next.attempt;
      if (attempt.pauseMs > 0) await env.sleep(attempt.pauseMs, signal).catch(() => undefined);
    }
  }

  async #attempt(addr: string, signal: AbortSignal): Promise<Ending> {
    const { env, log } = this.#options;
    if (addr === "") return { kind: "refused", message: "no manager's address is known", silent: false };
    const startedAtMs = env.nowMs();
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const live = new LiveSession(this.#options, this.#outbox, this.#outgoing, {
      addr,
      abort,
      connectLimitMs: connectLimitMs(this.#search.failures),
      networks: this.#networks,
      onInfo: (info) => this.#onInfo(info),
      description: () => this.#newDescription(),
    });
    this.#turnedAway = false;
    try {
      this.#described = undefined;
      await live.run();
    } catch (error) {
      const { code, message } = SkepError.from(abort.signal.reason ?? error);
      this.#turnedAway = code === "not_found" || (code === "unauthenticated" && WAS_REMOVED.test(message));
      if (live.greeted && !signal.aborted) log.warn({ addr, message }, "lost the session with the dispatcher");
      // A leader that steps down says who leads: that is worth following also at the end of a good session.
      if (!live.greeted) return { kind: "refused", message, silent: abort.signal.aborted };
      const servedMs = env.nowMs() - startedAtMs;
      return { kind: "lost", message, servedMs, again: code === "conflict", silent: abort.signal.aborted };
    } finally {
      this.#aloneSinceMs ??= env.nowMs();
      signal.removeEventListener("abort", onAbort);
      abort.abort(new SkepError("canceled", "the session ended"));
    }
    const message = "the dispatcher ended the stream";
    if (!live.greeted) return { kind: "refused", message, silent: false };
    return { kind: "lost", message, servedMs: env.nowMs() - startedAtMs, again: false, silent: false };
  }

  #onInfo(info: SessionInfo): void {
    this.#aloneSinceMs = undefined;
    this.#search = withManagers(this.#search, info.managers);
    this.#options.onSession(info);
  }

  /** Once per session and change. */
  #newDescription(): NodeDescription | undefined {
    if (this.#described !== undefined) return undefined;
    this.#described = this.#options.description();
    return this.#described;
  }
}

interface LiveOptions {
  readonly addr: string;
  readonly networks: NetworkWords;
  readonly abort: AbortController;
  readonly connectLimitMs: number;
  readonly onInfo: (info: SessionInfo) => void;
  readonly description: () => NodeDescription | undefined;
}

/** One stream, from its opening to its end. */
class LiveSession {
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #outgoing: Pulse;
  readonly #live: LiveOptions;
  readonly #challenge: Uint8Array;
  #greeted = false;
  #periodMs = DEFAULT_PERIOD_MS;
  #heardAtMs: number;
  /** Of the last assignments applied; undefined before the first COMPLETE. */
  #sequence: number | undefined;

  constructor(options: SessionOptions, outbox: Outbox, outgoing: Pulse, live: LiveOptions) {
    this.#options = options;
    this.#outbox = outbox;
    this.#outgoing = outgoing;
    this.#live = live;
    this.#challenge = options.leaders?.newChallenge() ?? new Uint8Array(0);
    this.#heardAtMs = options.env.nowMs();
  }

  get greeted(): boolean {
    return this.#greeted;
  }

  /** Ends when the dispatcher ends the stream; throws when it breaks, or stays silent. */
  async run(): Promise<void> {
    const { env, connect } = this.#options;
    const { abort, connectLimitMs: limitMs } = this.#live;
    const { signal } = abort;
    const greeting = env.timer(limitMs, () => {
      if (!this.#greeted) abort.abort(new SkepError("unavailable", `no answer within ${Math.round(limitMs)} ms`));
    });
    const description = this.#live.description();
    let link: SessionLink | undefined;
    try {
      link = connect(this.#live.addr, signal);
      const { addr } = this.#options;
      const told = typeof addr === "string" ? addr : addr();
      const networks = this.#options.networks?.() ?? [];
      link.send(
        newAgentMessage({ message: { kind: "hello", addr: told, description, networks, challenge: this.#challenge } }),
      );
      for await (const { message } of untilAborted(link.messages, signal)) {
        this.#heardAtMs = env.nowMs();
        if (message !== undefined) this.#receive(message, link, signal);
      }
    } finally {
      greeting.cancel();
      link?.cancel();
    }
  }

  #receive(message: NonNullable<DispatcherMessage["message"]>, link: SessionLink, signal: AbortSignal): void {
    // Before it is proven who leads, nothing else is listened to.
    if (!this.#greeted && message.kind !== "session") {
      throw new SkepError("failed_precondition", `a session begins with what it is, not with ${message.kind}`);
    }
    switch (message.kind) {
      case "session":
        this.#onSession(message, link, signal);
        return;
      case "assignments":
        this.#onAssignments(message);
        return;
      case "stored":
        this.#outbox.stored(message.updates);
        return;
      case "network":
        this.#options.onNetwork(message);
        return;
      case "drained":
        this.#options.onDrained(message.taskIds);
        return;
      case "beat":
        return;
      default:
        assertNever(message);
    }
  }

  #onSession(info: SessionInfo, link: SessionLink, signal: AbortSignal): void {
    const { leaders } = this.#options;
    if (!this.#greeted && leaders?.isProven("session", this.#challenge, info.proofs) === false) {
      const { addr } = this.#live;
      this.#options.log.warn({ addr }, "refused a leader that does not prove that it is a manager now");
      throw new SkepError(
        "permission_denied",
        `${addr} does not prove that it is a manager now: it was demoted, or has lost the cluster's state`,
      );
    }
    if (info.heartbeatPeriodMs > 0) this.#periodMs = Math.max(MIN_PERIOD_MS, info.heartbeatPeriodMs);
    this.#live.onInfo(info);
    if (this.#greeted) return;
    this.#greeted = true;
    this.#options.log.info({ addr: this.#live.addr }, "in session with the dispatcher");
    this.#live.networks.clear();
    this.#options.onConnection({ kind: "connected", addr: this.#live.addr });
    this.#outbox.resendAll();
    this.#background(this.#beat(link, signal));
    this.#background(this.#send(link, signal));
  }

  #onAssignments(assignments: Assignments): void {
    if (assignments.type === "incremental" && assignments.appliesTo !== this.#sequence) {
      const gap = `assignments ${assignments.sequence} apply to ${assignments.appliesTo}, this node is at ${this.#sequence ?? "none"}`;
      throw new SkepError("conflict", `${gap}: asking for all of them again`);
    }
    this.#sequence = assignments.sequence;
    this.#options.onAssignments(assignments);
    // What managers do not know any more, nobody acknowledges.
    if (assignments.type === "complete") this.#outbox.retain(new Set(assignments.tasks.map((task) => task.id)));
    for (const id of assignments.removedTaskIds) this.#outbox.drop(id);
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) => this.#live.abort.abort(error));
  }

  async #beat(link: SessionLink, signal: AbortSignal): Promise<void> {
    const { env } = this.#options;
    for (;;) {
      const before = env.nowMs();
      await env.sleep(this.#periodMs, signal);
      const now = env.nowMs();
      // Who slept through several periods itself (a stopped virtual machine) has heard nobody, and blames nobody.
      if (now - before > 2 * this.#periodMs) this.#heardAtMs = now;
      if (now - this.#heardAtMs > SILENT_PERIODS * this.#periodMs) {
        throw new SkepError("unavailable", `no word from the dispatcher for ${Math.round(now - this.#heardAtMs)} ms`);
      }
      // A full transport means that the dispatcher is behind, not that it needs one more beat.
      link.send(newAgentMessage({ message: { kind: "beat" } }));
      this.#outbox.resendOld(now - RESEND_AFTER_MS);
      if (this.#outbox.unsent > 0) this.#outgoing.fire();
    }
  }

  async #send(link: SessionLink, signal: AbortSignal): Promise<void> {
    const { env } = this.#options;
    for (;;) {
      const description = this.#live.description();
      if (description !== undefined) link.send(newAgentMessage({ message: { kind: "description", ...description } }));
      for (const word of this.#live.networks.take()) link.send(word);
      const updates = this.#outbox.take(MAX_UPDATES_PER_MESSAGE, env.nowMs());
      if (updates.length > 0) {
        if (!link.send(newAgentMessage({ message: { kind: "statuses", updates } }))) await drained(link, signal);
      } else {
        await this.#outgoing.wait(env, signal);
        await env.breathe(); // all that happens in this turn goes out together
      }
    }
  }
}

/** @throws {SkepError} `invalid_argument` */
function checkMet(addr: string): void {
  if (addr.length > MAX_MET_ADDRESS_LENGTH) {
    throw new SkepError("invalid_argument", `a manager's address has at most ${MAX_MET_ADDRESS_LENGTH} characters`);
  }
  parseAddress("manager address", addr);
}

function drained(link: SessionLink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    link.drained().then(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, reject);
  });
}

/** The messages, until the stream ends or the signal aborts: a dead connection does not hold up the next one. */
async function* untilAborted<T>(messages: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  // One listener and one promise per message: racing against one long-lived promise would keep them all.
  let giveUp: (reason: unknown) => void = () => undefined;
  const onAbort = (): void => giveUp(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        giveUp = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    iterator.return?.()?.catch(() => undefined);
  }
}
