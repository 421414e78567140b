// Broken invariants. A member that finds its own state impossible must stop at once: whatever it would say next could be a
// lie that others count on. Expected outcomes (not leading, compacted, busy) are values, never this.

export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/**
 * The leader has this member's word for entries that are not in its log: its disk has lost what it had acknowledged. Under its
 * raft id it must neither vote nor acknowledge again, for it may have forgotten its vote as well. Under a new one, with an
 * empty log, it is a member like any that joins.
 */
export class LostEntriesError extends InvariantError {
  constructor(acknowledgedIndex: number, lastIndex: number) {
    super(`it had acknowledged entries up to ${acknowledgedIndex} at least, and its log ends at ${lastIndex}`);
  }
}

/** @param message what should have held, with the values that show why it does not. */
export function invariant(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new InvariantError(message());
}

/** For the default branch of a switch over our own unions. */
export function unreachable(value: never): never {
  throw new InvariantError(`unhandled ${JSON.stringify(value)}`);
}
