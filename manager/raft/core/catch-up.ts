// When is a learner's log close enough to the leader's for its vote? Not when the two are equal: under a steady load they never
// are. Copying is divided into rounds instead (Raft thesis, section 4.2.1): each brings what the leader's log held when the
// round began. A round that took less than an election timeout leaves less than that to bring, so that the group waits for
// its new voter no longer than for a new leader.
export class CatchUp {
  /** The present round ends when the member has this index on disk. */
  #targetIndex: number;
  /** How long the present round has lasted, in the leader's ticks. */
  #elapsedTicks = 0;
  /** Whether the round before it took less than an election timeout. */
  #quick = false;

  /** @param targetIndex of the first round: the newest entry of the leader's log. */
  constructor(targetIndex: number) {
    this.#targetIndex = targetIndex;
  }

  tick(): void {
    this.#elapsedTicks++;
  }

  /**
   * Ends the round when its aim is reached, and begins the next.
   * @returns whether the member is close: the last round was quick, and the present one has not become slow since.
   */
  advance(matchIndex: number, lastIndex: number, electionTicks: number): boolean {
    if (matchIndex >= this.#targetIndex) {
      this.#quick = this.#elapsedTicks < electionTicks;
      this.#targetIndex = lastIndex;
      this.#elapsedTicks = 0;
    }
    return this.#quick && this.#elapsedTicks < electionTicks;
  }
}
