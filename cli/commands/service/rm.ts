import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { forEach } from "../each.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<service...>", "id, name, or unique prefix of an id");
  teach(
    command,
    [["skep service rm web api", "two services, without asking back"]],
    "skep service ls, skep service scale",
  );
  command.action((refs: readonly string[]) =>
    context.action(async () => {
      const { control } = await context.connect();
      return await forEach(refs, context, async (ref) => {
        await control.removeService({ ref, force: false });
        context.terminal.out(`${ref}\n`);
      });
    }),
  );
}
