import type { Command } from "commander";
import { SkepError } from "../../../shared/errors.ts";
import { oneLine } from "../../../shared/safe-text.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, listOption, teach } from "../../options.ts";
import { groupFilters, type Pair, parseFilter } from "../../parse/pairs.ts";
import { UsageError } from "../../usage-error.ts";

interface Options {
  readonly force?: boolean;
  readonly filter?: readonly Pair[];
}

export function define(command: Command, context: CommandContext): void {
  command.addOption(listOption("--filter <key=value>", "only what matches: label=key=value", parseFilter));
  booleanOption(command, "-f, --force", "do it: without it, only tell what would be removed");
  teach(
    command,
    [
      ["skep network prune", "which networks nobody uses"],
      ["skep network prune --force", "remove them"],
    ],
    "skep network ls --filter dangling=true, skep network rm",
  );
  command.action((options: Options) =>
    context.action(async () => {
      const filters = options.filter ?? [];
      const other = filters.find(({ key }) => key !== "label");
      if (other !== undefined) throw new UsageError(`--filter ${other.key}=…: networks are pruned by label only`);
      const { control } = await context.connect();
      const unused = [...filters, { key: "dangling", value: "true" }, { key: "type", value: "custom" }];
      const { networks } = await control.listNetworks({ filters: groupFilters(unused) });
      const { terminal } = context;
      if (networks.length === 0) {
        terminal.out("Every network is in use.\n");
        return 0;
      }
      if (options.force !== true) {
        terminal.out("Nobody uses these networks; `skep network prune --force` removes them:\n");
        for (const { spec } of networks) terminal.out(`${oneLine(spec?.name ?? "")}\n`);
        return 0;
      }
      terminal.out("Deleted Networks:\n");
      for (const { id, spec } of networks) {
        try {
          await control.removeNetwork({ ref: id, force: false });
          terminal.out(`${oneLine(spec?.name ?? "")}\n`);
        } catch (error) {
          // Somebody has begun to use it, or removed it, since the list was made.
          const { code } = SkepError.from(error);
          if (code !== "failed_precondition" && code !== "not_found") throw error;
        }
      }
      return 0;
    }),
  );
}
