import type { Command } from "commander";
import { SkepError } from "../../../shared/errors.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";

// The manager starts, and catches up with the others.
const TIMEOUT_MS = 60_000;

export function define(command: Command, context: CommandContext): void {
  teach(
    command,
    [
      ["skep swarm unlock", "asks for the key"],
      ["skep swarm unlock < key.txt", "the key from a file"],
    ],
    "skep swarm unlock-key, skep swarm update --autolock",
  );
  command.action(() =>
    context.action(async () => {
      const { local } = await context.connect();
      const { localNodeState } = await local.info({});
      switch (localNodeState) {
        case "inactive":
          throw new SkepError("failed_precondition", "this node is not part of a swarm");
        case "active":
        case "error":
          throw new SkepError("failed_precondition", "swarm is not locked");
        case "locked":
        case "pending":
          break;
      }
      const unlockKey = await context.readSecret("Please enter unlock key: ");
      await local.unlock({ unlockKey: unlockKey.trim() }, { timeoutMs: TIMEOUT_MS });
      return 0;
    }),
  );
}
