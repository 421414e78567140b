// Raft without consensus, for tests of what stands on it: some managers in one process share one log, the test says who leads
// and when entries commit.
//
//   const raft = createMemoryRaft(3);          // three members, nobody leads
//   const [a, b] = raft.nodes; a.bind(machineA); …
//   raft.elect(0);                             // member 0 leads in a new term
//   raft.hold(); … raft.commit(1); raft.release();
//   raft.elect(1, "lose");                     // what was proposed and not committed is lost

import type { LeadershipEvent, RaftMember, RaftNode, RaftStatus, StateMachine } from "../../manager/raft/raft-node.ts";
import { SkepError } from "../../shared/errors.ts";

interface Entry {
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array;
}

interface InFlight {
  readonly term: number;
  readonly data: Uint8Array;
  readonly resolve: (at: { readonly index: number }) => void;
  readonly reject: (error: SkepError) => void;
}

export interface MemoryRaftNode extends RaftNode {
  /** Gives the member its state machine, and the log so far. */
  readonly bind: (machine: StateMachine) => void;
  /** The member misses everything from now on, until `restore` or `catchUp`. */
  readonly isolate: () => void;
  /** Applies what the member missed, entry by entry. */
  readonly catchUp: () => void;
  /** Replaces its state by a snapshot of member `from`. */
  readonly restore: (from: number) => void;
}

export interface MemoryRaft {
  readonly nodes: readonly MemoryRaftNode[];
  readonly log: readonly Entry[];
  /** Proposals that are not committed. */
  readonly inFlight: () => number;
  /** From now on nothing commits but by `commit`. */
  readonly hold: () => void;
  /** Commits what was held, and again at once from now on. */
  readonly release: () => void;
  /** Commits the oldest `count` proposals. */
  readonly commit: (count?: number) => void;
  /**
   * Member `index` leads in a new term. `keep` of the proposals in flight were replicated far enough to survive; those who
   * proposed hear "outcome unknown" either way.
   */
  readonly elect: (index: number, fate?: "keep" | "lose") => void;
  /** Nobody leads. */
  readonly depose: (fate?: "keep" | "lose") => void;
  /** The next proposals are refused with `error`, without effect. */
  readonly refuse: (error: SkepError | undefined) => void;
}

/** A queue of leadership events per listener: the current state first, then every change. */
class Listener implements AsyncIterableIterator<LeadershipEvent> {
  readonly #events: LeadershipEvent[];
  #wake: (() => void) | undefined;
  #done = false;

  constructor(first: LeadershipEvent, signal: AbortSignal) {
    this.#events = [first];
    this.#done = signal.aborted;
    signal.addEventListener("abort", () => {
      this.#done = true;
      this.#wake?.();
    });
  }

  push(event: LeadershipEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<LeadershipEvent>> {
    while (!this.#done) {
      const event = this.#events.shift();
      if (event !== undefined) return { done: false, value: event };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<LeadershipEvent>> {
    this.#done = true;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export const memoryMember = (index: number): RaftMember => ({
  raftId: index + 1,
  addr: `10.0.0.${index + 1}:7377`,
  nodeId: `node${index + 1}`.padEnd(25, "x"),
});

export function createMemoryRaft(count = 1): MemoryRaft {
  const log: Entry[] = [];
  let members = Array.from({ length: count }, (_, index) => memoryMember(index));
  const listeners = new Set<{ readonly node: number; readonly listener: Listener }>();
  const machines = new Map<number, { readonly machine: StateMachine; applied: number; isolated: boolean }>();
  let queue: InFlight[] = [];
  let leader: number | undefined;
  let term = 1;
  let held = false;
  let refusal: SkepError | undefined;
  let scheduled = false;

  const applyTo = (at: { readonly machine: StateMachine; applied: number; isolated: boolean }): void => {
    while (!at.isolated && at.applied < log.length) {
      const entry = log[at.applied];
      if (entry === undefined) return;
      at.applied++;
      at.machine.apply(entry);
    }
  };
  const append = (entryTerm: number, data: Uint8Array): number => {
    log.push({ index: log.length + 1, term: entryTerm, data: data.slice() });
    for (const at of machines.values()) applyTo(at);
    return log.length;
  };
  const commit = (limit = queue.length): void => {
    for (let n = Math.min(limit, queue.length); n > 0; n--) {
      const proposal = queue.shift();
      if (proposal !== undefined) proposal.resolve({ index: append(proposal.term, proposal.data) });
    }
  };
  // In a later turn, as a commit is never instant.
  const schedule = (): void => {
    if (scheduled || held) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (!held) commit();
    });
  };
  const eventFor = (node: number): LeadershipEvent =>
    leader === node
      ? { kind: "leading", term }
      : { kind: "following", leader: leader === undefined ? undefined : members[leader] };
  const tell = (): void => {
    for (const { node, listener } of listeners) listener.push(eventFor(node));
  };
  const change = (next: number | undefined, fate: "keep" | "lose"): void => {
    const lost = queue;
    queue = [];
    for (const proposal of lost) if (fate === "keep") append(proposal.term, proposal.data);
    for (const proposal of lost) {
      proposal.reject(new SkepError("unavailable", "lost leadership before the commit; outcome unknown"));
    }
    term++;
    leader = next;
    // A leader has applied every entry of earlier terms before it says so.
    const at = next === undefined ? undefined : machines.get(next);
    if (at !== undefined) at.isolated = false;
    if (next !== undefined) append(term, new Uint8Array(0));
    tell();
  };
  const mustLead = (node: number): void => {
    if (leader !== node) throw new SkepError("unavailable", "this member does not lead");
  };

  const newNode = (node: number): MemoryRaftNode => ({
    bind: (machine) => {
      const at = { machine, applied: 0, isolated: false };
      machines.set(node, at);
      applyTo(at);
    },
    isolate: () => {
      const at = machines.get(node);
      if (at !== undefined) at.isolated = true;
    },
    catchUp: () => {
      const at = machines.get(node);
      if (at === undefined) return;
      at.isolated = false;
      applyTo(at);
    },
    restore: (from) => {
      const [at, other] = [machines.get(node), machines.get(from)];
      if (at === undefined || other === undefined) return;
      at.machine.restore(Buffer.concat([...other.machine.snapshot()])).catch(() => undefined); // done when it returns
      at.applied = other.applied;
      at.isolated = false;
      applyTo(at);
    },
    propose: (data) =>
      new Promise((resolve, reject) => {
        mustLead(node);
        if (refusal !== undefined) throw refusal;
        queue.push({ term, data, resolve, reject });
        schedule();
      }),
    readIndex: async () => mustLead(node),
    status: (): RaftStatus => ({
      raftId: node + 1,
      term,
      state: leader === node ? "leader" : "follower",
      leaderId: leader === undefined ? 0 : leader + 1,
      commitIndex: log.length,
      appliedIndex: machines.get(node)?.applied ?? 0,
      members,
      progress: new Map(
        leader === node
          ? [...machines]
              .filter(([other]) => other !== node)
              .map(([other, at]) => [other + 1, { matchIndex: at.applied, active: !at.isolated }])
          : [],
      ),
    }),
    leadership: (signal) => {
      const entry = { node, listener: new Listener(eventFor(node), signal) };
      listeners.add(entry);
      signal.addEventListener("abort", () => listeners.delete(entry), { once: true });
      return entry.listener;
    },
    addMember: async (member) => {
      mustLead(node);
      members = [...members.filter(({ raftId }) => raftId !== member.raftId), member];
    },
    removeMember: async (raftId) => {
      mustLead(node);
      members = members.filter((member) => member.raftId !== raftId);
    },
    readdressMember: async (raftId, addr) => {
      mustLead(node);
      members = members.map((member) => (member.raftId === raftId ? { ...member, addr } : member));
    },
    transferLeadership: async () => {
      mustLead(node);
      if (count > 1) change((node + 1) % count, "keep");
    },
    stop: async () => {
      if (leader === node) change(undefined, "keep");
    },
  });

  return {
    nodes: Array.from({ length: count }, (_, index) => newNode(index)),
    log,
    inFlight: () => queue.length,
    hold: () => {
      held = true;
    },
    release: () => {
      held = false;
      commit();
    },
    commit,
    elect: (index, fate = "keep") => change(index, fate),
    depose: (fate = "keep") => change(undefined, fate),
    refuse: (error) => {
      refusal = error;
    },
  };
}
