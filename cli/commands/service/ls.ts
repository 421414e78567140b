import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { renderList } from "../../render/list.ts";
import { SERVICE_HEADERS, serviceListView } from "../../render/services.ts";
import { addListOptions, filtersOf, type ListCommandOptions } from "../list-options.ts";

export function define(command: Command, context: CommandContext): void {
  addListOptions(command, SERVICE_HEADERS, "id, name, label, mode");
  teach(
    command,
    [
      ["skep service ls", "all services; REPLICAS is running/wanted"],
      ["skep service ls --filter label=tier=front -q", "ids of some"],
      ["skep service ls --format 'table {{.Name}}\\t{{.Replicas}}'", "a table of your own"],
    ],
    "skep service ps, skep status",
  );
  command.action((options: ListCommandOptions) =>
    context.action(async () => {
      const { control } = await context.connect();
      const { services } = await control.listServices({ filters: filtersOf(options) });
      context.terminal.out(renderList(serviceListView(services), options));
      return 0;
    }),
  );
}
