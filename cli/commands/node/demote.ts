import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { forEach } from "../each.ts";
import { warn } from "../warn.ts";
import { resolveSelf } from "./self.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<node...>", "id, name, unique prefix of an id, or self");
  teach(
    command,
    [["skep node demote node4", "a manager becomes a worker: refused when the rest would be no quorum"]],
    "skep node promote, skep node ls, skep status",
  );
  command.action((refs: readonly string[]) =>
    context.action(async () => {
      const connection = await context.connect();
      let warnings: readonly string[] = [];
      const status = await forEach(refs, context, async (given) => {
        const ref = await resolveSelf(given, connection);
        const answer = await connection.control.setNodeRole({ ref, role: "worker" });
        warnings = answer.warnings;
        context.terminal.out(
          answer.changed ? `Manager ${given} demoted in the swarm.\n` : `Node ${given} is already a worker.\n`,
        );
      });
      warn(context, warnings);
      return status;
    }),
  );
}
