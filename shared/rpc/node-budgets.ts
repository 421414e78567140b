// What the requests of each node may keep in memory, over all of its connections.
import type { NodeRole } from "../../proto/gen/objects.ts";
import type { NodeId } from "../model/ids.ts";
import { ByteBudget } from "./grpc/budget.ts";
import { REQUEST_BYTES } from "./limits.ts";

export class NodeBudgets {
  readonly #all = new ByteBudget(REQUEST_BYTES.allNodes);
  /** By role and node: one that was promoted has connections of both roles for a while. */
  readonly #nodes = new Map<string, { readonly budget: ByteBudget; connections: number }>();

  /** The budget of a new connection. `release` when it has been closed. */
  open(nodeId: NodeId, role: NodeRole): { readonly budget: ByteBudget; readonly release: () => void } {
    const key = `${role} ${nodeId}`;
    const node = this.#nodes.get(key) ?? { budget: new ByteBudget(REQUEST_BYTES[role], this.#all), connections: 0 };
    node.connections++;
    this.#nodes.set(key, node);
    const release = (): void => {
      node.connections--;
      if (node.connections === 0) this.#nodes.delete(key);
    };
    return { budget: new ByteBudget(REQUEST_BYTES.connection, node.budget), release };
  }
}
