// What the driver needs of a disk. Reads are synchronous and see the last write that has finished.
import type { LogReader } from "./core/log.ts";
import type { Restored } from "./core/raft-core.ts";
import type { Entry, HardState, Snapshot } from "./core/types.ts";

export interface LogWrite {
  readonly hardState?: HardState | undefined;
  /** From the leader: replaces the log, which continues after it. */
  readonly install?: Snapshot | undefined;
  /** Of this member's own state machine, with the log dropped up to and with `dropThrough` (at most the snapshot's index). */
  readonly compact?: { readonly snapshot: Snapshot; readonly dropThrough: number } | undefined;
  /** They replace everything from the first one's index on. */
  readonly entries?: readonly Entry[] | undefined;
}

export interface RaftStorage extends LogReader {
  /** The member whose log this is; 0 when the disk is fresh. */
  readonly raftId: number;
  /** As the disk has it now. */
  readonly restored: Restored;
  /** Bytes of entries in the log, roughly. */
  readonly logBytes: number;
  /** Marks a fresh disk. All or nothing, durable when it resolves. */
  readonly format: (raftId: number, first: LogWrite) => Promise<void>;
  /**
   * All or nothing, durable when it resolves. When it rejects nothing has changed and the same write may be tried again.
   * One at a time.
   */
  readonly write: (write: LogWrite) => Promise<void>;
  readonly close: () => Promise<void>;
}
