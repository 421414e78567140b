import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { renderList } from "../../render/list.ts";
import { NODE_HEADERS, nodeListView } from "../../render/nodes.ts";
import { addListOptions, filtersOf, type ListCommandOptions } from "../list-options.ts";

export function define(command: Command, context: CommandContext): void {
  addListOptions(command, NODE_HEADERS, "id, name, label (of the engine), node.label, role, membership");
  teach(
    command,
    [
      ["skep node ls", "all nodes; * is the one that answers"],
      ["skep node ls -q --filter role=worker", "ids of the workers"],
      ["skep node ls --format '{{.Hostname}} {{.Status}}'", "two fields"],
    ],
    "skep node inspect, skep node ps, skep status",
  );
  command.action((options: ListCommandOptions) =>
    context.action(async () => {
      const { control, local } = await context.connect();
      const [{ nodes }, info] = await Promise.all([control.listNodes({ filters: filtersOf(options) }), local.info({})]);
      const view = nodeListView(nodes, info.nodeId);
      // The star belongs to the table; whoever asks for ids or JSON wants the id.
      const plain = options.quiet === true || (options.format !== undefined && !options.format.startsWith("table"));
      const rows = plain ? view.rows.map((row, i) => ({ ...row, ID: view.ids[i] ?? "" })) : view.rows;
      context.terminal.out(renderList({ ...view, rows }, options));
      return 0;
    }),
  );
}
