import { Argument, type Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { completionScript, SHELLS, type Shell } from "../../reference/completion.ts";
import { commandTree } from "../../reference/tree.ts";

export function define(command: Command, context: CommandContext): void {
  command.addArgument(new Argument("<shell>", "the shell").choices(SHELLS));
  teach(
    command,
    [
      ["source <(skep completion bash)", "for this bash"],
      ["skep completion fish > ~/.config/fish/completions/skep.fish", "for every fish from now on"],
    ],
    "skep man",
  );
  command.action((shell: Shell) =>
    context.action(async () => {
      context.terminal.out(completionScript(shell, await commandTree(context)));
      return 0;
    }),
  );
}
