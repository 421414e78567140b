import type { NodeRole } from "../../../proto/gen/objects.ts";
import { oneLine } from "../../../shared/safe-text.ts";

/** Docker's words around the line that a new node must run. */
export const joinText = (role: NodeRole, token: string, addr: string): string =>
  `To add a ${role} to this swarm, run the following command:\n\n    skep swarm join --token ${oneLine(token)} ${oneLine(addr)}\n`;

/** Docker's words around the unlock key. */
export const unlockText = (unlockKey: string): string =>
  "To unlock a swarm manager after it restarts, run the `skep swarm unlock`\n" +
  `command and provide the following key:\n\n    ${unlockKey}\n\n` +
  "Remember to store this key in a password manager, since without it you\n" +
  "will not be able to restart the manager.\n";
