// What Raft keeps and replicates. Indexes and terms count from 1; 0 is "before the first". A raft id of 0 is nobody.

export interface Member {
  /** Given out by the leader, never reused: an id below `Config.nextRaftId` that is not a member was removed. */
  readonly raftId: number;
  readonly nodeId: string;
  readonly addr: string;
  /** A learner gets the log and counts for nothing; the leader promotes it once it has caught up. */
  readonly voter: boolean;
}

export interface Config {
  readonly members: readonly Member[];
  readonly nextRaftId: number;
}

export type EntryBody =
  /** The first entry of every term: a leader commits what came before by committing it. */
  | { readonly kind: "noop" }
  | { readonly kind: "data"; readonly value: Uint8Array }
  /** The whole new membership, not the change: reading one entry is enough to know it. */
  | { readonly kind: "config"; readonly members: readonly Member[]; readonly nextRaftId: number };

export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly body: EntryBody;
}

/** What must be on disk before this member answers anybody about `term`. */
export interface HardState {
  readonly term: number;
  /** Whom this member voted for in `term`; 0: nobody. */
  readonly vote: number;
  /** A hint only: a restart may apply up to here at once. Never beyond the log on disk. */
  readonly commit: number;
}

export interface Snapshot {
  /** The last entry that the snapshot stands for. */
  readonly index: number;
  readonly term: number;
  /** The membership as of `index`. */
  readonly config: Config;
  /** The state. Of a snapshot that lies on a disk it is read when it is asked for, whole and at once: see `stream`. */
  readonly data: Uint8Array;
  /** For one that lies on a disk: reads it piece by piece, with a turn for everybody else after each. Unset: `data` is at hand. */
  readonly stream?: () => Promise<SnapshotStream>;
}

export interface SnapshotStream {
  /** Of all pieces together, in bytes. */
  readonly size: number;
  /** Once only. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Lets go of the file: once it is read, or given up. */
  readonly close: () => Promise<void>;
}

/** Bytes that an entry counts in windows and batches: its payload and a fixed share for the rest. */
export function entryBytes(entry: Entry): number {
  return entry.body.kind === "data" ? entry.body.value.length + 16 : 16;
}
