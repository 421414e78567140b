// Where the next task of a group goes. Placement preferences make a tree: each level groups the nodes by a label's value,
// and a task goes down to the branch that has fewest tasks of the service. In a leaf the order is Swarm's: nodes on which
// the service keeps failing last, then fewest tasks of this service, then fewest tasks of all; equal nodes by id, so
// that the same input gives the same placement. Every level is a heap, so a placement costs the logarithm of its width.
import { Heap } from "../../shared/heap.ts";
import type { NodeEntry } from "./node-load.ts";
import type { Path } from "./topology.ts";

export interface Candidate {
  readonly entry: NodeEntry;
  readonly failing: boolean;
  ofService: number;
  tasks: number;
}

const better = (a: Candidate, b: Candidate): boolean => {
  if (a.failing !== b.failing) return b.failing;
  if (a.ofService !== b.ofService) return a.ofService < b.ofService;
  if (a.tasks !== b.tasks) return a.tasks < b.tasks;
  return a.entry.id < b.entry.id;
};

const worse = (a: Candidate, b: Candidate): boolean => better(b, a);

/**
 * The best `limit` of the candidates offered. To place `limit` tasks one after the other no more are needed: a node is
 * taken for the first time only when every better one has been taken before it.
 */
export class Best {
  readonly #limit: number;
  readonly #heap = new Heap<Candidate>([], worse);

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Might such a candidate be kept? Asked before the filters, which cost more. */
  wants(candidate: Candidate): boolean {
    const worst = this.#heap.top();
    return this.#heap.size < this.#limit || (worst !== undefined && better(candidate, worst));
  }

  offer(candidate: Candidate): void {
    if (this.#heap.size < this.#limit) this.#heap.push(candidate);
    else if (this.wants(candidate)) this.#heap.replaceTop(candidate);
  }

  release(): Candidate[] {
    return this.#heap.release();
  }
}

/** Tells that a node was chosen; returns whether it can take another. */
export type Place = (entry: NodeEntry) => boolean;

export interface Spread {
  /** Places one more task; undefined when no node is left. */
  readonly next: (place: Place) => NodeEntry | undefined;
}

class Leaf implements Spread {
  readonly #heap: Heap<Candidate>;

  constructor(candidates: Candidate[]) {
    this.#heap = new Heap(candidates, better);
  }

  next(place: Place): NodeEntry | undefined {
    const candidate = this.#heap.top();
    if (candidate === undefined) return undefined;
    const takesAnother = place(candidate.entry);
    candidate.ofService++;
    candidate.tasks++;
    if (takesAnother) this.#heap.topChanged();
    else this.#heap.removeTop();
    return candidate.entry;
  }
}

interface Branch {
  readonly value: string;
  tasks: number;
  readonly spread: Spread;
}

const branchLess = (a: Branch, b: Branch): boolean => (a.tasks === b.tasks ? a.value < b.value : a.tasks < b.tasks);

class Level implements Spread {
  readonly #branches: Heap<Branch>;

  constructor(branches: Branch[]) {
    this.#branches = new Heap(branches, branchLess);
  }

  next(place: Place): NodeEntry | undefined {
    for (;;) {
      const branch = this.#branches.top();
      if (branch === undefined) return undefined;
      const entry = branch.spread.next(place);
      if (entry !== undefined) {
        branch.tasks++;
        this.#branches.topChanged();
        return entry;
      }
      this.#branches.removeTop();
    }
  }
}

export interface LeafInput {
  readonly path: Path;
  readonly candidates: Candidate[];
  /** Tasks of the service on all nodes of this path, also on those that take no more. */
  readonly tasks: number;
}

export function newSpread(leaves: readonly LeafInput[], depth = 0): Spread {
  const [first] = leaves;
  if (first === undefined || depth >= first.path.values.length) {
    return new Leaf(leaves.flatMap(({ candidates }) => candidates));
  }
  const groups = new Map<string, LeafInput[]>();
  for (const leaf of leaves) {
    const value = leaf.path.values[depth] ?? "";
    const group = groups.get(value);
    if (group === undefined) groups.set(value, [leaf]);
    else group.push(leaf);
  }
  return new Level(
    [...groups].map(([value, group]) => ({
      value,
      tasks: group.reduce((sum, { tasks }) => sum + tasks, 0),
      spread: newSpread(group, depth + 1),
    })),
  );
}
