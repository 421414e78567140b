// The constraint enforcer: a node that changed may no longer satisfy what its tasks asked for. Such a task is rejected, and
// its slot then gets a new one elsewhere like any other.
import type { Node, Task } from "../../proto/gen/objects.ts";
import { isDead, isWanted, rank, stateOf } from "../../shared/model/tasks.ts";
import { placementOf } from "../scheduler/placement.ts";
import { addUse, amountsOf, fits, nothingUsed, reservationOf } from "../scheduler/resources.ts";
import { fateOf } from "./node-fate.ts";

/** Swarm's words; they also tell such an end from one that costs a restart attempt. */
export const ENFORCER_MESSAGE = "task rejected by constraint enforcer";

/** The tasks of `node` that must go, with their new status. Oldest reservations win. */
export function enforceNode(node: Node, tasks: Iterable<Task>, nowMs: number): Task[] {
  if (fateOf(node) !== "here") return []; // its tasks are replaced anyway
  const rejected: Task[] = [];
  const capacity = amountsOf(node.description?.resources);
  const used = nothingUsed();
  const live = [...tasks]
    .filter((task) => !isDead(task) && rank(stateOf(task)) >= rank("assigned"))
    .sort((a, b) => (a.meta?.createdVersion ?? 0) - (b.meta?.createdVersion ?? 0) || (a.id < b.id ? -1 : 1));
  const placements = new Map<Task["spec"], (node: Node) => boolean>();
  for (const task of live) {
    const reservation = reservationOf(task);
    if (isWanted(task)) {
      let allowed = placements.get(task.spec);
      if (allowed === undefined) {
        allowed = placementOf(task.spec);
        placements.set(task.spec, allowed);
      }
      if (!allowed(node) || !fits(capacity, used, reservation)) {
        rejected.push(reject(task, nowMs));
        continue;
      }
    }
    addUse(used, reservation, 1);
  }
  return rejected;
}

function reject(task: Task, nowMs: number): Task {
  return {
    ...task,
    status: {
      ...task.status,
      state: "rejected",
      timestampMs: nowMs,
      message: ENFORCER_MESSAGE,
      err: "assigned node no longer meets constraints",
    },
  };
}
