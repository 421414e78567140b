import type { Node } from "../../proto/gen/objects.ts";
import type { Connection } from "../connection.ts";

/** All nodes by id, to name them where a list shows ids. */
export async function nodesById(connection: Connection): Promise<ReadonlyMap<string, Node>> {
  const { nodes } = await connection.control.listNodes({ filters: [] });
  return new Map(nodes.map((node) => [node.id, node]));
}
