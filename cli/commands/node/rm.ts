import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { forEach } from "../each.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<node...>", "id, name, or unique prefix of an id");
  booleanOption(command, "-f, --force", "also a node that is not down; its certificate opens nothing any more");
  teach(
    command,
    [
      ["skep swarm leave", "on the node itself, first"],
      ["skep node rm node4", "then forget it"],
      ["skep node rm --force node4", "a node that is lost for good"],
    ],
    "skep swarm leave, skep node update --availability drain",
  );
  command.action((refs: readonly string[], options: { readonly force?: boolean }) =>
    context.action(async () => {
      const { control } = await context.connect();
      return await forEach(refs, context, async (ref) => {
        await control.removeNode({ ref, force: options.force === true });
        context.terminal.out(`${ref}\n`);
      });
    }),
  );
}
