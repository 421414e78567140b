// How much of the log goes once a snapshot is on the disk. Pure.

export interface CompactionInput {
  /** The first entry that the log still has. */
  readonly firstIndex: number;
  /** The last entry that the saved snapshot holds. */
  readonly snapshotIndex: number;
  /** Entries kept behind a snapshot in any case, so that a member a little behind needs none. */
  readonly trailingEntries: number;
  /** Entries between two snapshots. */
  readonly snapshotIntervalEntries: number;
  /** The last entry that nobody who is alive needs any more; Infinity where all have everything, or this is no leader. */
  readonly settledIndex: number;
  /** The log has room for what a member that is behind needs. */
  readonly hasRoom: boolean;
}

/**
 * Entries are kept for members that are behind for so many snapshot intervals at most. One that takes longer for a snapshot than the
 * others write in that time needs the next snapshot.
 */
const KEPT_INTERVALS = 5;

/** The last entry to drop. At least `firstIndex - 1`, which drops nothing; at most the snapshot's last entry. */
export function dropThrough(input: CompactionInput): number {
  const { firstIndex, snapshotIndex, snapshotIntervalEntries, settledIndex, hasRoom } = input;
  const trailing = snapshotIndex - Math.min(input.trailingEntries, snapshotIntervalEntries);
  const oldest = snapshotIndex - KEPT_INTERVALS * snapshotIntervalEntries;
  const kept = hasRoom ? Math.max(settledIndex, oldest) : Number.POSITIVE_INFINITY;
  return Math.max(firstIndex - 1, Math.min(trailing, kept));
}
