// How many tasks of a service run, told truthfully: a task on a node that does not answer is not known to run.
import { newServiceStatus, type ServiceStatus } from "../../proto/gen/control.ts";
import type { Node, Service, Task } from "../../proto/gen/objects.ts";
import { isWanted, stateOf } from "../../shared/model/tasks.ts";
import type { View } from "../store/types.ts";

/** The place a task fills: its slot, or its node for a global service. */
export const placeOf = (task: Task): string => (task.slot === 0 ? task.nodeId : String(task.slot));

/** By place, the task that was made last. */
export function newestByPlace(tasks: Iterable<Task>): Map<string, Task> {
  const newest = new Map<string, Task>();
  for (const task of tasks) {
    const place = placeOf(task);
    const other = newest.get(place);
    const born = task.meta?.createdVersion ?? 0;
    const otherBorn = other?.meta?.createdVersion ?? 0;
    const isNewer =
      other === undefined || born > otherBorn || (born === otherBorn && isWanted(task) && !isWanted(other));
    if (isNewer) newest.set(place, task);
  }
  return newest;
}

export const answers = (node: Node | undefined): boolean => node?.status?.state === "ready";

export function serviceStatus(view: View, service: Service): ServiceStatus {
  let runningTasks = 0;
  let unknownTasks = 0;
  let wanted = 0;
  const tasks = [...view.tasksOfService(service.id)];
  for (const task of tasks) {
    // What shall stop was replaced already; whether it has stopped on a silent node is not this service's strength.
    if (!isWanted(task)) continue;
    wanted++;
    if (stateOf(task) !== "running") continue;
    if (answers(view.get("node", task.nodeId))) runningTasks++;
    else unknownTasks++;
  }
  const mode = service.spec?.mode;
  let completedTasks = 0;
  for (const task of newestByPlace(tasks).values()) if (stateOf(task) === "complete") completedTasks++;
  return newServiceStatus({
    runningTasks,
    unknownTasks,
    completedTasks,
    desiredTasks: mode?.kind === "replicated" ? mode.replicas : wanted,
  });
}
