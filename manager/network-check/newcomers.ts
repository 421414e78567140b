// The nodes that join while this manager leads: which of them are to be tested, and what the test of each has found. Pure.
import type { Node } from "../../proto/gen/objects.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { Change, View } from "../store/types.ts";
import type { Problem } from "./words.ts";

export type NewcomerFindings =
  /** Its test is not over. */
  | { readonly kind: "pending" }
  | { readonly kind: "tested"; readonly problems: readonly string[] }
  /** It has been a node for longer than this manager leads, or could not be tested. */
  | { readonly kind: "untested" };

const WELL: NewcomerFindings = { kind: "tested", problems: [] };

/** One for each time that a manager leads. Bounded by the nodes of the cluster. */
export class Newcomers {
  /** All that have ever been ready. */
  readonly #known = new Map<NodeId, NewcomerFindings>();
  readonly #fresh = new Set<NodeId>();

  /** Nodes that are there at the start have been tested when they joined. */
  start(view: View): void {
    for (const node of view.all("node")) if (hasBeenReady(node)) this.#known.set(node.id, { kind: "untested" });
  }

  get areThere(): boolean {
    return this.#fresh.size > 0;
  }

  see(change: Change): void {
    if (change.table !== "node") return;
    const node = change.object;
    if (change.action === "remove") {
      this.#known.delete(node.id);
      this.#fresh.delete(node.id);
    } else if (!this.#known.has(node.id) && node.status?.state === "ready") {
      // The first node has nobody to talk to; one whose runtime pretends has no network.
      const isTested = this.#known.size > 0 && !isHollow(node);
      this.#known.set(node.id, isTested ? { kind: "pending" } : WELL);
      if (isTested) this.#fresh.add(node.id);
    }
  }

  /** Those to test now: they are given once. */
  take(): readonly NodeId[] {
    const nodes = [...this.#fresh];
    this.#fresh.clear();
    return nodes;
  }

  /** @param problems undefined: they could not be tested. */
  tested(nodes: readonly NodeId[], problems: readonly Problem[] | undefined): void {
    for (const nodeId of nodes) {
      if (!this.#known.has(nodeId)) continue; // removed meanwhile
      const own = problems?.filter(({ nodeIds }) => nodeIds.has(nodeId)).map(({ text }) => text);
      this.#known.set(nodeId, own === undefined ? { kind: "untested" } : { kind: "tested", problems: own });
    }
  }

  findings(nodeId: NodeId): NewcomerFindings {
    return this.#known.get(nodeId) ?? { kind: "pending" };
  }
}

const hasBeenReady = ({ status }: Node): boolean => status !== undefined && status.state !== "unknown";
const isHollow = ({ description }: Node): boolean => description?.engine?.runtime.startsWith("hollow") === true;
