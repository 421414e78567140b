// What `service ps` and `node ps` share.
import type { Command } from "commander";
import type { Task } from "../../proto/gen/objects.ts";
import type { Connection } from "../connection.ts";
import type { CommandContext } from "../context.ts";
import { booleanOption } from "../options.ts";
import { renderList } from "../render/list.ts";
import { TASK_HEADERS, taskListView } from "../render/tasks.ts";
import { addListOptions, type ListCommandOptions } from "./list-options.ts";
import { nodesById } from "./nodes.ts";

export interface TaskListCommandOptions extends ListCommandOptions {
  readonly trunc?: boolean;
  readonly resolve?: boolean;
}

export function addTaskListOptions(command: Command): void {
  addListOptions(command, TASK_HEADERS, "id, name, service, node, desired-state");
  booleanOption(command, "--no-trunc", "ids, digests and errors in full");
  booleanOption(command, "--no-resolve", "ids of nodes instead of names");
}

export async function showTasks(
  tasks: readonly Task[],
  options: TaskListCommandOptions,
  connection: Connection,
  context: CommandContext,
): Promise<void> {
  const nodes = await nodesById(connection);
  const view = taskListView(tasks, nodes, context.env.wallMs(), {
    noTrunc: options.trunc === false,
    noResolve: options.resolve === false,
  });
  context.terminal.out(renderList(view, options));
}
