// The last events, and those who listen. Every manager keeps its own from the commits it applies, so that listening goes on
// while leadership changes. They are in memory only: after a start they are made anew from the log that Raft plays back, so
// `collect` is to run before the first entry of it is applied. What is older than the snapshot which the log begins after is
// not known one by one any more, and who asks for it is told so.
import { type Event, newEvent } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { LeadershipEvent, RaftNode, RaftStatus } from "../raft/raft-node.ts";
import type { Store } from "../store/types.ts";
import { eventsOf } from "./event-of.ts";
import { hostnameOf } from "./refs.ts";

const MAX_KEPT = 4096;
const MAX_BUFFERED = 10_000;

interface Listener {
  readonly buffered: Event[];
  wake: () => void;
  /** Ends the listening once what is buffered is read. */
  failure: SkepError | undefined;
}

/** The last event that was seen; index 0: all of that version. */
export interface EventPosition {
  readonly version: number;
  readonly index: number;
}

export interface ListenFrom {
  /** Events kept from this time on come first; 0 is none. */
  readonly sinceMs: number;
  /** Every change after this one; `sinceMs` does not count then. */
  readonly after?: EventPosition | undefined;
}

const isAfter = (event: Event, { version, index }: EventPosition): boolean =>
  event.version > version || (event.version === version && index > 0 && event.index > index);

const tooSlow = (): SkepError =>
  new SkepError("resource_exhausted", `more than ${MAX_BUFFERED} events wait to be read: read faster, or filter`);

export interface EventLogOptions {
  readonly env: Env;
  readonly store: Store;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #listeners = new Set<Listener>();
  #kept: Event[] = [];
  /** Events of every version after this one are kept; undefined before there is any state. */
  #completeAfter: number | undefined;
  #seenVersion = 0;
  #leader = "";

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** The newest `count`, oldest first. */
  last(count: number): readonly Event[] {
    return this.#kept.slice(-count);
  }

  /** Collects every commit from the one after the store's present version on, until `signal` aborts. May be called again. */
  async collect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { view, commits } = this.#options.store.viewAndWatch(({ version }) => version, { signal });
      if (this.#completeAfter !== undefined && view !== this.#seenVersion) this.#missed(view);
      this.#completeAfter ??= view;
      this.#seenVersion = view;
      try {
        for await (const commit of commits) {
          for (const event of eventsOf(commit, this.#hostname)) this.#add(event);
          this.#seenVersion = commit.version;
        }
      } catch (error) {
        // Far behind, or the state came as a snapshot: what happened meanwhile is not known one by one.
        if (!isCode(error, "resource_exhausted")) throw error;
      }
    }
  }

  /** What led to `version` is not known one by one: nobody may take what follows for all there was. */
  #missed(version: number): void {
    this.#completeAfter = version;
    for (const listener of this.#listeners) {
      listener.failure ??= new SkepError(
        "unavailable",
        `this manager received version ${version} as a whole and does not know the changes that led to it: resume, at another manager`,
      );
      listener.wake();
    }
  }

  /** Tells who leads, as events between those that were collected, until `signal` aborts. May be called again. */
  async followLeadership(raft: Pick<RaftNode, "status" | "leadership">, signal: AbortSignal): Promise<void> {
    for await (const event of raft.leadership(signal)) this.#led(event, raft.status());
  }

  #led(event: LeadershipEvent, { raftId, members }: RaftStatus): void {
    const leader = event.kind === "leading" ? members.find((member) => member.raftId === raftId) : event.leader;
    // While nobody leads nothing is known to have changed.
    if (leader === undefined || leader.nodeId === this.#leader) return;
    if (this.#leader !== "") this.#add(this.#leaderEvent(this.#leader, false));
    this.#leader = leader.nodeId;
    this.#add(this.#leaderEvent(leader.nodeId, true));
  }

  readonly #hostname = (nodeId: string): string =>
    nodeId === "" ? "" : this.#options.store.view((view) => hostnameOf(view.get("node", nodeId)));

  #leaderEvent(id: string, leads: boolean): Event {
    // No change of the store: without a version.
    return this.#options.store.view((view) =>
      newEvent({
        type: "node",
        action: "update",
        id,
        attributes: {
          name: hostnameOf(view.get("node", id)),
          "leader.old": String(!leads),
          "leader.new": String(leads),
        },
        timeMs: this.#options.env.wallMs(),
      }),
    );
  }

  #add(event: Event): void {
    this.#kept.push(event);
    if (this.#kept.length >= 2 * MAX_KEPT) {
      const dropped = this.#kept.splice(0, this.#kept.length - MAX_KEPT);
      this.#completeAfter = dropped.reduce((last, { version }) => Math.max(last, version), this.#completeAfter ?? 0);
    }
    for (const listener of this.#listeners) {
      if (listener.failure !== undefined) continue;
      if (listener.buffered.length < MAX_BUFFERED) listener.buffered.push(event);
      else listener.failure = tooSlow();
      listener.wake();
    }
  }

  #keptFrom({ sinceMs, after }: ListenFrom): Event[] {
    if (after === undefined) return sinceMs === 0 ? [] : this.#kept.filter((event) => event.timeMs >= sinceMs);
    const completeAfter = this.#completeAfter ?? Number.POSITIVE_INFINITY;
    // Of a version that was seen in part the rest must be there as well.
    const seen = after.index === 0 ? after.version : after.version - 1;
    if (seen < completeAfter) {
      throw new SkepError(
        "failed_precondition",
        `this manager does not keep all events after version ${seen}, only those after ${completeAfter}: ` +
          "try another manager, or list again and listen from there",
      );
    }
    return this.#kept.filter((event) => isAfter(event, after));
  }

  /**
   * What is kept of the past as `from` asks for it, then each as it happens, until `signal` aborts.
   * @throws {SkepError} `failed_precondition`: what is to come after `from.after` is not kept. `resource_exhausted`: read
   * too slowly. `unavailable`: this manager missed changes; another has them.
   */
  async *listen(from: ListenFrom, signal: AbortSignal): AsyncGenerator<Event> {
    const { after } = from;
    const listener: Listener = { buffered: this.#keptFrom(from), wake: () => undefined, failure: undefined };
    const onAbort = (): void => listener.wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        const event = listener.buffered.shift();
        if (event !== undefined) {
          // A manager that is behind still applies what the listener saw elsewhere.
          if (after === undefined || event.version === 0 || isAfter(event, after)) yield event;
        } else if (listener.failure !== undefined) throw listener.failure;
        else if (signal.aborted) return;
        else {
          await new Promise<void>((resolve) => {
            listener.wake = resolve;
          });
        }
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", onAbort);
    }
  }
}
