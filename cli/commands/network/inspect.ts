import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { networkJson } from "../../docker-json/network.ts";
import { booleanOption, teach } from "../../options.ts";
import { prettyNetwork } from "../../render/networks.ts";
import { addInspectOptions, inspectAll } from "../inspect.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<network...>", "id, name, or unique prefix of an id");
  addInspectOptions(command);
  booleanOption(command, "-v, --verbose", "its services, tasks and nodes too");
  teach(
    command,
    [
      ["skep network inspect --pretty --verbose front", "who is on it, where, and at which address"],
      ["skep network inspect --format '{{(index .IPAM.Config 0).Subnet}}' front", "one field"],
    ],
    "skep network ls, skep network check",
  );
  command.action((refs: readonly string[], options: { readonly verbose?: boolean }) =>
    context.action(async () => {
      const verbose = options.verbose === true;
      const { control } = await context.connect();
      const hostnames = new Map(
        verbose
          ? (await control.listNodes({ filters: [] })).nodes.map((n) => [n.id, n.description?.hostname ?? ""])
          : [],
      );
      return await inspectAll(refs, command, context, async (ref) => {
        const details = await control.getNetwork({ ref });
        return {
          json: networkJson(details, verbose, hostnames),
          pretty: () => prettyNetwork(details, verbose, hostnames),
        };
      });
    }),
  );
}
