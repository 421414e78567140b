// The newest entries in memory, bounded by bytes: what followers that keep up and the state machine read, without a disk.
import { type Entry, entryBytes } from "./core/types.ts";

export class EntryCache {
  readonly #maxBytes: number;
  #first: number;
  #entries: Entry[] = [];
  #bytes = 0;

  /** @param first index at which the next entry will come. */
  constructor(first: number, maxBytes: number) {
    this.#first = first;
    this.#maxBytes = maxBytes;
  }

  get(index: number): Entry | undefined {
    return this.#entries[index - this.#first];
  }

  /** From `low` to before `high`; undefined unless all are here. */
  range(low: number, high: number): readonly Entry[] | undefined {
    if (low < this.#first || high > this.#first + this.#entries.length) return undefined;
    return this.#entries.slice(low - this.#first, high - this.#first);
  }

  /** `entries` replace everything from `firstNew` on. */
  write(firstNew: number, entries: readonly Entry[]): void {
    // Before what is here, or beyond it: then nothing of it is a neighbour.
    if (firstNew < this.#first || firstNew > this.#first + this.#entries.length) this.reset(firstNew);
    for (const gone of this.#entries.splice(firstNew - this.#first)) this.#bytes -= entryBytes(gone);
    for (const entry of entries) {
      this.#entries.push(withOwnBytes(entry));
      this.#bytes += entryBytes(entry);
    }
    let drop = 0;
    for (let over = this.#bytes - this.#maxBytes; over > 0 && drop < this.#entries.length; drop++) {
      over -= entryBytes(this.#entries[drop] ?? { index: 0, term: 0, body: { kind: "noop" } });
    }
    if (drop > 0) this.dropThrough(this.#first + drop - 1);
  }

  dropThrough(index: number): void {
    const count = Math.min(this.#entries.length, index - this.#first + 1);
    if (count <= 0) return;
    for (const gone of this.#entries.splice(0, count)) this.#bytes -= entryBytes(gone);
    this.#first += count;
  }

  reset(first: number): void {
    this.#first = first;
    this.#entries = [];
    this.#bytes = 0;
  }
}

/**
 * An entry's bytes are a small window into something large: the message they came in, or a slab of the encoder. Kept as they
 * are they would keep all of that, ten times what is counted here.
 */
function withOwnBytes(entry: Entry): Entry {
  const { body } = entry;
  if (body.kind !== "data" || body.value.buffer.byteLength <= 2 * body.value.length) return entry;
  return { ...entry, body: { ...body, value: new Uint8Array(body.value) } };
}
