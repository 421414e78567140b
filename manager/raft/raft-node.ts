// What the rest of a manager sees of Raft. The pure core, the log on disk and the transport are behind it.

export interface RaftMember {
  /** Never reused. */
  readonly raftId: number;
  /** host:port of the member's daemon. */
  readonly addr: string;
  /** Who the member is to the cluster: its node id. */
  readonly nodeId: string;
  /** False while it catches up: it has the log and counts for nothing. Absent means true. */
  readonly voter?: boolean | undefined;
}

export interface RaftStatus {
  readonly raftId: number;
  readonly term: number;
  readonly state: "leader" | "follower" | "candidate" | "pre-candidate" | "removed" | "stopped";
  /** 0 when unknown. */
  readonly leaderId: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly members: readonly RaftMember[];
  /** Ids from here on were never given out. */
  readonly nextRaftId?: number | undefined;
  /** Leader only: what it knows of each member. `diskOverdue`: it is heard, but a write of its disk has not come back for long. */
  readonly progress: ReadonlyMap<
    number,
    { readonly matchIndex: number; readonly active: boolean; readonly diskOverdue?: boolean }
  >;
  /** Why this member stands aside: its disk refuses writes, or hangs, or it found its own state broken. Absent while it is well. */
  readonly fault?: string | undefined;
  /** It halted because its disk has lost what it had acknowledged: only as a new member can it come back. */
  readonly lostEntries?: boolean | undefined;
}

/** What Raft replicates: `apply` and `restore` are functions of their input and the state alone. */
export interface StateMachine {
  /** Entries arrive once each, in order, after commit. */
  readonly apply: (entry: { readonly index: number; readonly term: number; readonly data: Uint8Array }) => void;
  /**
   * The state as of this call, in pieces. They are made as they are asked for, a few milliseconds' work each, whatever is
   * applied in between.
   */
  readonly snapshot: () => Iterable<Uint8Array>;
  /**
   * The state becomes the snapshot's, at once and whole, when it resolves; nothing is applied meanwhile.
   * @param breathe awaited every few milliseconds. Without it, it is all done when the call returns.
   */
  readonly restore: (snapshot: Uint8Array, breathe?: () => Promise<void>) => Promise<void>;
}

export type LeadershipEvent =
  /** This member leads, and has applied every entry of earlier terms: it may write. */
  | { readonly kind: "leading"; readonly term: number }
  | { readonly kind: "following"; readonly leader: RaftMember | undefined };

export interface RaftNode {
  /**
   * Appends `data` to the replicated log. Calls are pipelined: the order of calls is the order in the log, and none waits
   * for another's fsync. Resolves once the entry is committed and applied here.
   * @throws {SkepError} `unavailable`: not leading, or lost leadership; the entry may still be committed later when the
   * message says "outcome unknown". `resource_exhausted`: larger than the limit, or the queue is full.
   */
  readonly propose: (data: Uint8Array) => Promise<{ readonly index: number }>;
  /**
   * Resolves once a read of the applied state is linearizable.
   * @throws {SkepError} `unavailable`: not leading, or lost leadership. `resource_exhausted`: too many wait. `signal.reason`.
   */
  readonly readIndex: (signal: AbortSignal) => Promise<void>;
  readonly status: () => RaftStatus;
  /** The current state at once, then every change; until `signal` aborts. A slow consumer gets the newest state only. */
  readonly leadership: (signal: AbortSignal) => AsyncIterable<LeadershipEvent>;
  /**
   * One change at a time: waits while another is under way. A new member gets the log first and counts for nothing; the
   * leader makes it a voter by itself once it has caught up.
   * @throws `unavailable` when not leading; `failed_precondition` when the change itself is impossible: the id was given
   * out before, or those left and alive would be no majority.
   */
  readonly addMember: (member: RaftMember, signal: AbortSignal) => Promise<void>;
  readonly removeMember: (raftId: number, signal: AbortSignal) => Promise<void>;
  /** The member answers at `addr` (host:port) from now on; nothing to do when it does so already. Errors as above. */
  readonly readdressMember: (raftId: number, addr: string, signal: AbortSignal) => Promise<void>;
  /** Hands leadership to the most up-to-date other member; resolves when this one no longer leads. */
  readonly transferLeadership: (signal: AbortSignal) => Promise<void>;
  /** Transfers leadership away when leading, then stops. Idempotent. */
  readonly stop: () => Promise<void>;
}
