import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { manualPage } from "../../reference/manual.ts";
import { commandTree } from "../../reference/tree.ts";

export function define(command: Command, context: CommandContext): void {
  teach(command, [["skep man | man -l -", "read it"]], "skep completion");
  command.action(() =>
    context.action(async () => {
      context.terminal.out(manualPage(await commandTree(context)));
      return 0;
    }),
  );
}
