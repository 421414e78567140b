// Natural batching towards the store: the first write goes at once, what comes while a commit is in flight waits for it and
// goes together. One entry per key: what is queued twice is merged, so the queue holds no more than there are keys.
export class WriteQueue<K, V> {
  readonly #merge: (earlier: V, later: V) => V;
  readonly #write: (batch: readonly (readonly [K, V])[]) => Promise<"done" | "again" | "over">;
  #queued = new Map<K, V>();
  #writing = false;

  /** @param write must not throw; `again` puts the batch back, before what came meanwhile; `over` ends the queue. */
  constructor(
    merge: (earlier: V, later: V) => V,
    write: (batch: readonly (readonly [K, V])[]) => Promise<"done" | "again" | "over">,
  ) {
    this.#merge = merge;
    this.#write = write;
  }

  /** Keys that wait for the write after the one in flight. */
  get size(): number {
    return this.#queued.size;
  }

  add(key: K, value: V): void {
    const queued = this.#queued.get(key);
    this.#queued.set(key, queued === undefined ? value : this.#merge(queued, value));
    if (!this.#writing) void this.#run();
  }

  async #run(): Promise<void> {
    this.#writing = true;
    await Promise.resolve(); // what one message brings is one batch
    while (this.#queued.size > 0) {
      const batch = [...this.#queued];
      this.#queued = new Map();
      const outcome = await this.#write(batch);
      if (outcome === "over") return; // and nothing is written any more
      if (outcome === "again") this.#putBack(batch);
    }
    this.#writing = false;
  }

  #putBack(batch: readonly (readonly [K, V])[]): void {
    const later = this.#queued;
    this.#queued = new Map(batch);
    for (const [key, value] of later) {
      const earlier = this.#queued.get(key);
      this.#queued.set(key, earlier === undefined ? value : this.#merge(earlier, value));
    }
  }
}
