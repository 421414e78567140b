import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { forEach } from "../each.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<network...>", "id, name, or unique prefix of an id");
  teach(
    command,
    [["skep network rm front back", "networks that no service uses"]],
    "skep network ls, skep network prune",
  );
  command.action((refs: readonly string[]) =>
    context.action(async () => {
      const { control } = await context.connect();
      return await forEach(refs, context, async (ref) => {
        await control.removeNetwork({ ref, force: false });
        context.terminal.out(`${ref}\n`);
      });
    }),
  );
}
