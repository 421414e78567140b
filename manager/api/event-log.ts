// The last events, and those who listen. Every manager keeps its own from the commits it applies, so that listening goes on
// while leadership changes; after a start, the log that Raft plays back is the first content.
import { type Event, newEvent } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { LeadershipEvent, RaftNode } from "../raft/raft-node.ts";
import type { Store } from "../store/types.ts";
import { eventsOf } from "./event-of.ts";
import { hostnameOf } from "./refs.ts";

const MAX_KEPT = 4096;
const MAX_BUFFERED = 10_000;

interface Listener {
  readonly buffered: Event[];
  wake: () => void;
  overflown: boolean;
}

export interface EventLogOptions {
  readonly env: Env;
  readonly store: Store;
  readonly raft: Pick<RaftNode, "status" | "leadership">;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #listeners = new Set<Listener>();
  #kept: Event[] = [];
  #leader = "";

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** The newest `count`, oldest first. */
  last(count: number): readonly Event[] {
    return this.#kept.slice(-count);
  }

  /** Collects until `signal` aborts. May be called again after a failure. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    try {
      await Promise.all([this.#followStore(either), this.#followLeadership(either)]);
    } finally {
      stop.abort();
    }
  }

  async #followStore(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { commits } = this.#options.store.viewAndWatch(() => undefined, { signal });
      try {
        for await (const commit of commits) for (const event of eventsOf(commit)) this.#add(event);
      } catch (error) {
        // Far behind, or the state came as a snapshot: what happened meanwhile is not known one by one.
        if (!isCode(error, "resource_exhausted")) throw error;
      }
    }
  }

  async #followLeadership(signal: AbortSignal): Promise<void> {
    for await (const event of this.#options.raft.leadership(signal)) this.#led(event);
  }

  #led(event: LeadershipEvent): void {
    const { raftId, members } = this.#options.raft.status();
    const leader = event.kind === "leading" ? members.find((member) => member.raftId === raftId) : event.leader;
    // While nobody leads nothing is known to have changed.
    if (leader === undefined || leader.nodeId === this.#leader) return;
    if (this.#leader !== "") this.#add(this.#leaderEvent(this.#leader, false));
    this.#leader = leader.nodeId;
    this.#add(this.#leaderEvent(leader.nodeId, true));
  }

  #leaderEvent(id: string, leads: boolean): Event {
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
        version: view.version,
      }),
    );
  }

  #add(event: Event): void {
    this.#kept.push(event);
    if (this.#kept.length >= 2 * MAX_KEPT) this.#kept = this.#kept.slice(-MAX_KEPT);
    for (const listener of this.#listeners) {
      if (listener.buffered.length < MAX_BUFFERED) listener.buffered.push(event);
      else listener.overflown = true;
      listener.wake();
    }
  }

  /**
   * Events kept from `sinceMs` on (0: none of them), then each as it happens, until `signal` aborts.
   * @throws {SkepError} `resource_exhausted`: read too slowly.
   */
  async *listen(sinceMs: number, signal: AbortSignal): AsyncGenerator<Event> {
    const listener: Listener = {
      buffered: sinceMs === 0 ? [] : this.#kept.filter((event) => event.timeMs >= sinceMs),
      wake: () => undefined,
      overflown: false,
    };
    const onAbort = (): void => listener.wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const event = listener.buffered.shift();
        if (event !== undefined) yield event;
        else if (listener.overflown) {
          throw new SkepError(
            "resource_exhausted",
            `more than ${MAX_BUFFERED} events wait to be read: read faster, or filter`,
          );
        } else {
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
