// Global services: one task on every node that the service's placement allows. The slot is the node. A node that is paused
// keeps what it has and gets nothing new; a drained one is emptied; one that no longer matches loses the task for good.
import type { Node, Service, Task } from "../../proto/gen/objects.ts";
import { isWanted, stateOf } from "../../shared/model/tasks.ts";
import { placementOf } from "../scheduler/placement.ts";
import type { Draft } from "./draft.ts";
import { takesNewTasks } from "./node-fate.ts";
import { occupant } from "./replicated.ts";
import { restartSlot } from "./restart.ts";

export function planGlobal(draft: Draft, service: Service): void {
  const allows = placementOf(service.spec?.taskTemplate);
  const eligible = new Set<Node["id"]>();
  const forbidden = new Set<Node["id"]>();
  for (const node of draft.input.nodes()) {
    if (!allows(node)) forbidden.add(node.id);
    else if (takesNewTasks(node)) eligible.add(node.id);
  }
  for (const key of [...draft.slots.keys()]) {
    if (typeof key === "number") continue;
    restartSlot(draft, key, eligible.has(key));
    if (forbidden.has(key)) {
      for (const task of draft.slots.get(key) ?? []) {
        if (!isWanted(task)) continue;
        if (draft.full()) return;
        draft.desire(task, "remove");
      }
    }
  }
  for (const id of eligible) {
    if (occupant(draft.slots.get(id) ?? [], draft.input.nowMs) !== undefined) continue;
    if (draft.full()) return;
    fill(draft, service, id);
  }
}

/** A task that is still stopping here (the node was drained or unreachable) goes first. */
function fill(draft: Draft, service: Service, id: Node["id"]): void {
  draft.create(service, id, "ready", draft.input.nowMs);
}

/** The tasks that an update may replace: those on nodes that take new ones. */
export function updatableTasks(draft: Draft): Task[] {
  const tasks: Task[] = [];
  for (const [key, slot] of draft.slots) {
    if (typeof key === "number") continue;
    const node = draft.input.node(key);
    const task = occupant(slot, draft.input.nowMs);
    if (task !== undefined && node !== undefined && takesNewTasks(node)) tasks.push(task);
  }
  return tasks.sort((a, b) => Number(stateOf(a) === "running") - Number(stateOf(b) === "running") || order(a, b));
}

const order = (a: Task, b: Task): number => (a.nodeId < b.nodeId ? -1 : 1);
