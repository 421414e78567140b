// Broken invariants. A member that finds its own state impossible must stop at once: whatever it would say next could be a
// lie that others count on. Expected outcomes (not leading, compacted, busy) are values, never this.

export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** @param message what should have held, with the values that show why it does not. */
export function invariant(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new InvariantError(message());
}

/** For the default branch of a switch over our own unions. */
export function unreachable(value: never): never {
  throw new InvariantError(`unhandled ${JSON.stringify(value)}`);
}
