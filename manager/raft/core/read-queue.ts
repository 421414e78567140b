// Linearizable reads without a log entry (Raft thesis, section 6.4). A read may be served at any commit index since
// its arrival once a majority has confirmed, after that arrival, that this leader still leads. Rounds are numbered; a heartbeat
// carries the newest number and its answer repeats it. All reads that arrive while a round is out share the next one.

export interface ConfirmedRead {
  readonly token: number;
  /** Serve when this much is applied. */
  readonly index: number;
}

export class ReadQueue {
  /** The newest round that was started. */
  #round = 0;
  /** The one that reads wait for. */
  #askedRound = 0;
  /** Reads of the round that is out; empty when none is. */
  #asking: readonly ConfirmedRead[] = [];
  #waiting: number[] = [];

  get round(): number {
    return this.#round;
  }

  get askedRound(): number {
    return this.#askedRound;
  }

  /** A beat for itself, with a number of its own. */
  beat(): void {
    this.#round++;
  }

  add(token: number): void {
    this.#waiting.push(token);
  }

  /** Starts a round when reads wait and none is out: the caller then beats. Returns whether it did. */
  start(commitIndex: number): boolean {
    if (this.#asking.length > 0 || this.#waiting.length === 0) return false;
    this.#asking = this.#waiting.map((token) => ({ token, index: commitIndex }));
    this.#waiting = [];
    this.#round++;
    this.#askedRound = this.#round;
    return true;
  }

  /** All that wait, when no majority needs to be asked. */
  takeAll(commitIndex: number): readonly ConfirmedRead[] {
    const waiting = this.#waiting.map((token) => ({ token, index: commitIndex }));
    this.#waiting = [];
    return [...this.finish(), ...waiting];
  }

  /** The round that is out is confirmed by a majority. */
  finish(): readonly ConfirmedRead[] {
    const confirmed = this.#asking;
    this.#asking = [];
    return confirmed;
  }

  get asking(): boolean {
    return this.#asking.length > 0;
  }
}
