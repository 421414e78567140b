// Bytes that are kept for callers: of half messages, of messages that wait for their handler, and of those that it works on; and
// of answers that a caller has yet to read.
// Budgets stand in each other: a connection's in its node's, and that in the sum of all nodes, so that nobody gets more by
// opening another connection, nor all together more than there is room for.
export interface Budgets {
  /** What does not fit is refused with `resource_exhausted`. */
  readonly requests: ByteBudget;
  /** The call whose answer does not fit is cut. */
  readonly answers: ByteBudget;
}

export class ByteBudget {
  readonly #maxBytes: number;
  readonly #parent: ByteBudget | undefined;
  #bytes = 0;

  constructor(maxBytes: number, parent?: ByteBudget) {
    this.#maxBytes = maxBytes;
    this.#parent = parent;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False, and nothing taken, when they do not fit. What is taken is to be given back. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes || this.#parent?.take(bytes) === false) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
    this.#parent?.give(bytes);
  }
}
