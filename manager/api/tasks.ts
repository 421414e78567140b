import { type ControlService, newListTasksResponse } from "../../proto/gen/control.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { ControlOptions } from "./context.ts";
import { compileFilters, taskFilters } from "./filters.ts";
import { redactTask } from "./redact.ts";
import { resolveTask } from "./refs.ts";

type TaskHandlers = Pick<Handlers<typeof ControlService>, "getTask" | "listTasks">;

export function createTaskHandlers({ store }: ControlOptions): TaskHandlers {
  return {
    getTask: async ({ ref }) => store.view((view) => redactTask(resolveTask(view, ref))),
    listTasks: async ({ filters }) =>
      store.view((view) => {
        const matches = compileFilters("tasks", filters, taskFilters(view));
        return newListTasksResponse({ tasks: [...view.all("task")].filter(matches).map(redactTask) });
      }),
  };
}
