import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";

export function define(command: Command, context: CommandContext): void {
  booleanOption(
    command,
    "-f, --force",
    "also as a manager, though the swarm may lose its quorum, or end with its last one",
  );
  teach(
    command,
    [
      ["skep swarm leave", "on a worker"],
      ["skep swarm leave --force", "on a manager"],
    ],
    "skep node rm, skep node update --role worker",
  );
  command.action((options: { readonly force?: boolean }) =>
    context.action(async () => {
      const { local } = await context.connect();
      await local.leave({ force: options.force === true });
      context.terminal.out("Node left the swarm.\n");
      return 0;
    }),
  );
}
