import type { NodeRole } from "../../../proto/gen/objects.ts";

/** Docker's words around the line that a new node must run. */
export const joinText = (role: NodeRole, token: string, addr: string): string =>
  `To add a ${role} to this swarm, run the following command:\n\n    skep swarm join --token ${token} ${addr}\n`;
