// What changed in one network, and when: for an agent that has version 7 the words to say are those of all changes after 7. One
// list serves all agents, so that a change costs the same however many of them there are. It is bounded: who is further behind
// than it reaches gets the whole anew.
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";

export type ChangedKey =
  | { readonly kind: "network" }
  | { readonly kind: "node"; readonly id: NodeId }
  | { readonly kind: "service"; readonly id: ServiceId }
  | { readonly kind: "endpoint"; readonly id: TaskId };

interface Entry {
  readonly version: number;
  readonly key: ChangedKey;
}

const MIN_KEPT = 1_000;

export class ChangeLog {
  #entries: Entry[] = [];
  /** Every change after this version is in the list. */
  #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  /** @param enough a list longer than this is no shorter way than saying everything. */
  add(version: number, key: ChangedKey, enough: number): void {
    if (version <= this.#since) return;
    this.#entries.push({ version, key });
    const limit = 2 * Math.max(MIN_KEPT, enough);
    if (this.#entries.length <= limit) return;
    const dropped = this.#entries.length - limit / 2;
    this.#since = this.#entries[dropped - 1]?.version ?? version;
    this.#entries = this.#entries.slice(dropped);
  }

  /** What changed after `version`, in the order of the last change, each key once; undefined when that is not known any more. */
  after(version: number): readonly ChangedKey[] | undefined {
    if (version < this.#since) return undefined;
    const keys = new Map<string, ChangedKey>();
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry === undefined || entry.version <= version) break;
      const { key } = entry;
      const name = key.kind === "network" ? key.kind : `${key.kind} ${key.id}`;
      if (!keys.has(name)) keys.set(name, key);
    }
    return [...keys.values()].reverse();
  }
}
