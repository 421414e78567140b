import type { Connection } from "../../connection.ts";

/** "self" is the node whose daemon answers. */
export const resolveSelf = async (ref: string, connection: Connection): Promise<string> =>
  ref === "self" ? (await connection.local.info({})).nodeId : ref;
