import type { Command } from "commander";
import type { Task } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { forEach } from "../each.ts";
import { filtersOf } from "../list-options.ts";
import { addTaskListOptions, showTasks, type TaskListCommandOptions } from "../task-list.ts";
import { resolveSelf } from "./self.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("[node...]", "id, name, unique prefix of an id, or self", ["self"]);
  addTaskListOptions(command);
  teach(
    command,
    [
      ["skep node ps", "tasks of the node that answers"],
      ["skep node ps node2 node3 --filter desired-state=running", "what is to run on two nodes"],
    ],
    "skep service ps, skep node ls",
  );
  command.action((refs: readonly string[], options: TaskListCommandOptions) =>
    context.action(async () => {
      const connection = await context.connect();
      const tasks: Task[] = [];
      const status = await forEach(refs, context, async (ref) => {
        const node = await connection.control.getNode({ ref: await resolveSelf(ref, connection) });
        const filters = [...filtersOf(options).filter(({ key }) => key !== "node"), { key: "node", values: [node.id] }];
        tasks.push(...(await connection.control.listTasks({ filters })).tasks);
      });
      if (tasks.length > 0 || status === 0) await showTasks(tasks, options, connection, context);
      return status;
    }),
  );
}
