import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { unlockText } from "./words.ts";

export function define(command: Command, context: CommandContext): void {
  booleanOption(command, "--rotate", "make a new one: managers that run seal their keys with it at once");
  booleanOption(command, "-q, --quiet", "the key only");
  teach(
    command,
    [
      ["skep swarm unlock-key", "the key, and what it is for"],
      ["skep swarm unlock-key --rotate -q", "a new key, for a script"],
    ],
    "skep swarm unlock, skep swarm update --autolock",
  );
  command.action((options: { readonly rotate?: boolean; readonly quiet?: boolean }) =>
    context.action(async () => {
      const { control } = await context.connect();
      const { unlockKey } =
        options.rotate === true ? await control.rotateUnlockKey({}) : await control.getUnlockKey({});
      if (options.quiet === true) {
        context.terminal.out(`${unlockKey}\n`);
        return 0;
      }
      if (options.rotate === true) {
        context.terminal.out(
          "Successfully rotated manager unlock key.\n\n" +
            "Keep the old one until every manager that was off has been unlocked with it.\n\n",
        );
      }
      context.terminal.out(unlockText(unlockKey));
      return 0;
    }),
  );
}
