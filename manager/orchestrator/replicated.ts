// Replicated services: N slots, numbered from 1, each with one task that shall run. Swarm's rules for both directions: scale up
// fills the lowest free slots, scale down takes from the nodes that have most copies, what does not run first.
import type { Service, Task } from "../../proto/gen/objects.ts";
import { isWanted, stateOf } from "../../shared/model/tasks.ts";
import type { Draft } from "./draft.ts";
import { mayRestart, restartSlot } from "./restart.ts";

export interface FilledSlot {
  readonly slot: number;
  /** Its task: the wanted one, or else the last one, which ended and by its policy stays so. */
  readonly task: Task;
}

/**
 * The task that fills a slot: one that is wanted, or the newest when it ended for good. A slot whose tasks are all on
 * their way out (scaled down) is free.
 */
export function occupant(tasks: readonly Task[], nowMs: number): Task | undefined {
  const wanted = tasks.findLast(isWanted);
  if (wanted !== undefined) return wanted;
  const newest = tasks.at(-1);
  if (newest === undefined || newest.desiredState === "remove" || mayRestart(newest, tasks, nowMs)) return undefined;
  return newest;
}

export function filledSlots(draft: Draft): FilledSlot[] {
  const filled: FilledSlot[] = [];
  for (const [slot, tasks] of draft.slots) {
    const task = occupant(tasks, draft.input.nowMs);
    if (task !== undefined && typeof slot === "number") filled.push({ slot, task });
  }
  return filled.sort((a, b) => a.slot - b.slot);
}

export function planReplicated(draft: Draft, service: Service, replicas: number): void {
  for (const key of draft.slots.keys()) restartSlot(draft, key, true);
  const filled = filledSlots(draft);
  if (filled.length > replicas) {
    for (const { slot } of keepOrder(filled).slice(replicas)) {
      if (draft.full()) return;
      removeSlot(draft, slot);
    }
  } else if (filled.length < replicas) {
    const taken = new Set(filled.map(({ slot }) => slot));
    let missing = replicas - filled.length;
    for (let slot = 1; missing > 0; slot++) {
      if (taken.has(slot)) continue;
      if (draft.full()) return;
      draft.create(service, slot, "running", 0);
      missing--;
    }
  }
}

/**
 * Slots in the order in which scale-down keeps them: of every node the first running copy, then the second ones, and so
 * on; what has no node last.
 */
function keepOrder(filled: readonly FilledSlot[]): FilledSlot[] {
  const runningFirst = [...filled].sort(
    (a, b) => Number(stateOf(b.task) === "running") - Number(stateOf(a.task) === "running") || a.slot - b.slot,
  );
  const copies = new Map<string, number>();
  return runningFirst
    .map((slot) => {
      const { nodeId } = slot.task;
      if (nodeId === "") return { slot, copy: Number.POSITIVE_INFINITY };
      const copy = (copies.get(nodeId) ?? 0) + 1;
      copies.set(nodeId, copy);
      return { slot, copy };
    })
    .sort((a, b) => (a.copy === b.copy ? 0 : a.copy - b.copy))
    .map(({ slot }) => slot);
}

function removeSlot(draft: Draft, key: number): void {
  for (const task of [...(draft.slots.get(key) ?? [])]) {
    if (task.meta === undefined) draft.remove(task);
    else draft.desire(task, "remove");
  }
}
