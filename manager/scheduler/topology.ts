// Placement preferences as a path per node: for `spread=node.labels.zone, spread=node.labels.rack` the path of a node is its
// zone and its rack. Kept until the node changes, since every group of tasks asks for every node.
import type { Node, PlacementPreference } from "../../proto/gen/objects.ts";
import type { NodeEntry } from "./node-load.ts";

/** One object per set of values, so that paths are compared by identity. */
export interface Path {
  /** Outermost first; a node without the label has the empty value. */
  readonly values: readonly string[];
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

export class Topology {
  readonly #readers: readonly ((node: Node) => string)[];
  readonly #paths = new Map<string, Path>();
  readonly #byIndex: (Path | undefined)[] = [];

  constructor(preferences: readonly PlacementPreference[]) {
    this.#readers = preferences.map(labelReader).filter((reader) => reader !== undefined);
  }

  static key(preferences: readonly PlacementPreference[]): string {
    return preferences.length === 0 ? "" : JSON.stringify(preferences.map(({ spread }) => spread?.spreadDescriptor));
  }

  pathOf(entry: NodeEntry): Path {
    const known = this.#byIndex[entry.index];
    if (known !== undefined) return known;
    const values = this.#readers.map((read) => read(entry.node));
    const key = JSON.stringify(values);
    let path = this.#paths.get(key);
    if (path === undefined) {
      path = { values };
      this.#paths.set(key, path);
    }
    this.#byIndex[entry.index] = path;
    return path;
  }

  forget(index: number): void {
    this.#byIndex[index] = undefined;
  }
}
