// Which tasks are an agent's business, and what of them is news to it.
import type { Task } from "../../proto/gen/objects.ts";
import { rank, stateOf } from "../../shared/model/tasks.ts";

/** What no agent has seen yet is the orchestrator's and the scheduler's. */
export const isAssigned = (task: Task): boolean => task.nodeId !== "" && rank(stateOf(task)) >= rank("assigned");

/** Does the agent have to hear of this change? What it reported itself, it knows. */
export function isNews(old: Task, task: Task): boolean {
  if (!isAssigned(task)) return false;
  return (
    !isAssigned(old) ||
    old.desiredState !== task.desiredState ||
    old.specVersion !== task.specVersion ||
    old.notBeforeMs !== task.notBeforeMs
  );
}
