import type { Command } from "commander";
import type { Task } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { forEach } from "../each.ts";
import { filtersOf } from "../list-options.ts";
import { addTaskListOptions, showTasks, type TaskListCommandOptions } from "../task-list.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<service...>", "id, name, or unique prefix of an id");
  addTaskListOptions(command);
  teach(
    command,
    [
      ["skep service ps web", "its tasks, newest first in each slot; \\_ marks history"],
      ["skep service ps --no-trunc web", "with errors in full"],
      ["skep service ps -q --filter desired-state=running web", "ids of the tasks that are to run"],
    ],
    "skep service logs, skep service inspect",
  );
  command.action((refs: readonly string[], options: TaskListCommandOptions) =>
    context.action(async () => {
      const connection = await context.connect();
      const tasks: Task[] = [];
      let found = 0;
      const status = await forEach(refs, context, async (ref) => {
        const { service } = await connection.control.getService({ ref });
        const filters = [
          ...filtersOf(options).filter(({ key }) => key !== "service"),
          { key: "service", values: [service?.id ?? ""] },
        ];
        tasks.push(...(await connection.control.listTasks({ filters })).tasks);
        found += 1;
      });
      if (found > 0) await showTasks(tasks, options, connection, context);
      return status;
    }),
  );
}
