// What the calls of each node may keep in memory, over all of its connections.
import type { NodeRole } from "../../proto/gen/objects.ts";
import type { NodeId } from "../model/ids.ts";
import { type Budgets, ByteBudget } from "./grpc/budget.ts";
import { ANSWER_BYTES, REQUEST_BYTES } from "./limits.ts";

export class NodeBudgets {
  readonly #requests = new ByteBudget(REQUEST_BYTES.allNodes);
  readonly #answers = new ByteBudget(ANSWER_BYTES.allNodes);
  /** By role and node: one that was promoted has connections of both roles for a while. */
  readonly #nodes = new Map<string, Budgets & { connections: number }>();

  /** The budgets of a new connection. `release` when it has been closed. */
  open(nodeId: NodeId, role: NodeRole): Budgets & { readonly release: () => void } {
    const key = `${role} ${nodeId}`;
    const node = this.#nodes.get(key) ?? {
      requests: new ByteBudget(REQUEST_BYTES[role], this.#requests),
      answers: new ByteBudget(ANSWER_BYTES[role], this.#answers),
      connections: 0,
    };
    node.connections++;
    this.#nodes.set(key, node);
    const release = (): void => {
      node.connections--;
      if (node.connections === 0) this.#nodes.delete(key);
    };
    return { requests: new ByteBudget(REQUEST_BYTES.connection, node.requests), answers: node.answers, release };
  }
}
