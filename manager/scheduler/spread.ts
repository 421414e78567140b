// Where the next task of a group goes. Placement preferences make a tree: each level groups the nodes by a label's value,
// and a task goes down to the branch that has fewest tasks of the service. In a leaf the order is Swarm's: nodes on which
// the service keeps failing last, then fewest tasks of this service, then fewest tasks of all; equal nodes by id, so
// that the same input gives the same placement. Every level is a heap, so a placement costs the logarithm of its width.
import type { Node, PlacementPreference } from "../../proto/gen/objects.ts";
import { Heap } from "./heap.ts";
import type { NodeEntry } from "./node-load.ts";

export interface Candidate {
  readonly entry: NodeEntry;
  readonly failing: boolean;
  ofService: number;
  tasks: number;
}

const candidateLess = (a: Candidate, b: Candidate): boolean => {
  if (a.failing !== b.failing) return b.failing;
  if (a.ofService !== b.ofService) return a.ofService < b.ofService;
  if (a.tasks !== b.tasks) return a.tasks < b.tasks;
  return a.entry.id < b.entry.id;
};

interface Spread {
  /** Takes one more task if `place` accepts a node. */
  readonly next: (place: (entry: NodeEntry) => { readonly full: boolean }) => NodeEntry | undefined;
}

class Leaf implements Spread {
  readonly #heap: Heap<Candidate>;

  constructor(candidates: Candidate[]) {
    this.#heap = new Heap(candidates, candidateLess);
  }

  next(place: (entry: NodeEntry) => { readonly full: boolean }): NodeEntry | undefined {
    const candidate = this.#heap.top();
    if (candidate === undefined) return undefined;
    const { full } = place(candidate.entry);
    candidate.ofService++;
    candidate.tasks++;
    if (full) this.#heap.removeTop();
    else this.#heap.topChanged();
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

  next(place: (entry: NodeEntry) => { readonly full: boolean }): NodeEntry | undefined {
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

const NODE_LABELS = "node.labels.";
const ENGINE_LABELS = "engine.labels.";

/** Undefined: not a preference we know; it is left out, as Swarm does. */
function labelReader(preference: PlacementPreference): ((node: Node) => string) | undefined {
  const descriptor = preference.spread?.spreadDescriptor ?? "";
  const lower = descriptor.toLowerCase();
  if (lower.startsWith(NODE_LABELS) && lower.length > NODE_LABELS.length) {
    const label = descriptor.slice(NODE_LABELS.length);
    return (node) => ownLabel(node.spec?.labels, label);
  }
  if (lower.startsWith(ENGINE_LABELS) && lower.length > ENGINE_LABELS.length) {
    const label = descriptor.slice(ENGINE_LABELS.length);
    return (node) => ownLabel(node.description?.engine?.labels, label);
  }
  return undefined;
}

const ownLabel = (labels: Readonly<Record<string, string>> | undefined, label: string): string =>
  labels !== undefined && Object.hasOwn(labels, label) ? (labels[label] ?? "") : "";

/**
 * @param candidates nodes that can take a task.
 * @param others all other nodes: their tasks count in the branches, though they get no more.
 */
export function newSpread(
  candidates: Candidate[],
  others: readonly Candidate[],
  preferences: readonly PlacementPreference[],
): Spread {
  const readers = preferences.map(labelReader).filter((reader) => reader !== undefined);
  return level(candidates, others, readers);
}

function level(
  candidates: Candidate[],
  others: readonly Candidate[],
  [read, ...deeper]: readonly ((node: Node) => string)[],
): Spread {
  if (read === undefined) return new Leaf(candidates);
  const groups = new Map<string, { readonly candidates: Candidate[]; readonly others: Candidate[]; tasks: number }>();
  const groupOf = (candidate: Candidate) => {
    const value = read(candidate.entry.node);
    let group = groups.get(value);
    if (group === undefined) {
      group = { candidates: [], others: [], tasks: 0 };
      groups.set(value, group);
    }
    group.tasks += candidate.ofService;
    return group;
  };
  for (const candidate of candidates) groupOf(candidate).candidates.push(candidate);
  for (const other of others) groupOf(other).others.push(other);
  return new Level(
    [...groups]
      .filter(([, group]) => group.candidates.length > 0)
      .map(([value, group]) => ({ value, tasks: group.tasks, spread: level(group.candidates, group.others, deeper) })),
  );
}
