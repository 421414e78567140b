import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { renderList } from "../../render/list.ts";
import { NETWORK_HEADERS, networkListView } from "../../render/networks.ts";
import { addListOptions, filtersOf, type ListCommandOptions } from "../list-options.ts";

export function define(command: Command, context: CommandContext): void {
  addListOptions(command, NETWORK_HEADERS, "id, name, driver, label, scope, type (custom, builtin), dangling");
  booleanOption(command, "--no-trunc", "whole ids");
  teach(
    command,
    [
      ["skep network ls", "all networks of the swarm"],
      ["skep network ls --filter dangling=true -q", "ids of those that nobody uses"],
    ],
    "skep network inspect, skep network create",
  );
  command.action((options: ListCommandOptions & { readonly trunc?: boolean }) =>
    context.action(async () => {
      const { control } = await context.connect();
      const { networks } = await control.listNetworks({ filters: filtersOf(options) });
      context.terminal.out(renderList(networkListView(networks, options.trunc === false), options));
      return 0;
    }),
  );
}
