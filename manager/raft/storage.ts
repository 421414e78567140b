// What the driver needs of a disk. Reads are synchronous and see the last write that has finished.
import type { LogReader } from "./core/log.ts";
import type { Restored } from "./core/raft-core.ts";
import type { Entry, HardState, Snapshot } from "./core/types.ts";

/** All of a snapshot but its data. */
export type SnapshotHead = Omit<Snapshot, "data">;

export interface LogWrite {
  readonly hardState?: HardState | undefined;
  /** From the leader: replaces the log, which continues after it. */
  readonly install?: Snapshot | undefined;
  /**
   * The snapshot that was saved for `snapshotIndex` is the newest now, and the log loses everything up to and with
   * `dropThrough` (at most that index).
   */
  readonly compact?: { readonly snapshotIndex: number; readonly dropThrough: number } | undefined;
  /**
   * First of all: everything that counts is written anew, as the sealer seals now, and nothing of the files before stays. What
   * the disk says is as it was.
   */
  readonly rewrite?: boolean | undefined;
  /** They replace everything from the first one's index on. */
  readonly entries?: readonly Entry[] | undefined;
}

export interface RaftStorage extends LogReader {
  /** The member whose log this is; 0 when the disk is fresh. */
  readonly raftId: number;
  /** As the disk has it now. */
  readonly restored: Restored;
  /** Bytes of entries in the log that no snapshot stands for, roughly. */
  readonly logBytes: number;
  /** What was found on the disk and does not count, with its file and the reason. Nobody was told of a write that was torn. */
  readonly leftOut?: readonly string[];
  /** Makes the disk this member's: what it held before `first` counts no more. All or nothing, durable when it resolves. */
  readonly format: (raftId: number, first: LogWrite) => Promise<void>;
  /**
   * All or nothing, durable when it resolves. When it rejects nothing has changed and the same write may be tried again.
   * One at a time.
   */
  readonly write: (write: LogWrite) => Promise<void>;
  /**
   * Of this member's own state machine. Runs beside writes, asks for a piece at a time and gives everybody else a turn in
   * between; a later write with `compact` makes it count. One at a time. When it rejects there is no such snapshot.
   */
  readonly saveSnapshot: (head: SnapshotHead, pieces: Iterable<Uint8Array>) => Promise<void>;
  readonly close: () => Promise<void>;
}
