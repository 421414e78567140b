// The end of tasks. A task leaves the store when nobody needs it: it was to be removed and has stopped (or there is nobody
// left to stop it), it never reached a node, or its slot has newer history enough.
import { newTaskStatus, type Task } from "../../proto/gen/objects.ts";
import { isDead, isWanted, rank, stateOf } from "../../shared/model/tasks.ts";
import type { Draft, SlotKey } from "./draft.ts";
import { occupant } from "./replicated.ts";
import { endedByItself } from "./restart.ts";

/** Swarm's: after this long on a node that is down a task is given up. */
const ORPHAN_AFTER_MS = 24 * 60 * 60 * 1000;

/** Ends what can no longer end by itself, and removes what was to go and is gone. Every task ends one way or another. */
export function finalise(draft: Draft): void {
  const { nowMs, node } = draft.input;
  for (const slot of draft.slots.values()) {
    const [only] = slot;
    if (slot.length === 1 && only !== undefined && isWanted(only) && draft.fateOf(only) !== "gone") continue;
    for (const task of [...slot]) {
      const fate = draft.fateOf(task);
      if (!isDead(task) && fate === "gone") {
        if (draft.full()) return;
        orphan(draft, task, `node ${task.nodeId} was removed from the cluster`);
      } else if (!isDead(task) && fate === "down" && !isWanted(task) && task.desiredState !== "remove") {
        const atMs = (node(task.nodeId)?.status?.changedAtMs ?? 0) + ORPHAN_AFTER_MS;
        if (atMs > nowMs) draft.wakeAt(atMs);
        else {
          if (draft.full()) return;
          orphan(draft, task, `node ${task.nodeId} has been down for 24 hours`);
        }
      }
    }
    for (const task of [...slot]) {
      if (isWanted(task)) continue;
      const unborn = rank(stateOf(task)) < rank("assigned");
      const released = task.desiredState === "remove" && (isDead(task) || draft.fateOf(task) === "down");
      if (!unborn && !released) continue;
      if (draft.full()) return;
      draft.remove(task);
    }
  }
}

function orphan(draft: Draft, task: Task, err: string): void {
  const status = newTaskStatus({ ...task.status, timestampMs: draft.input.nowMs, state: "orphaned", err });
  draft.put({ ...task, status });
}

/**
 * Keeps `limit` tasks per slot, the current one included. The newest task of a slot is never taken while it fills the slot:
 * it is what says that the slot needs no other. A slot that nothing fills (scaled down, its node removed) keeps nothing.
 */
export function reap(draft: Draft): void {
  const { historyLimit, service } = draft.input;
  const maxAttempts = service?.spec?.taskTemplate?.restartPolicy?.maxAttempts ?? 0;
  const limit = maxAttempts > 0 ? maxAttempts + 1 : historyLimit < 0 ? Number.POSITIVE_INFINITY : historyLimit;
  for (const [key, slot] of draft.slots) {
    if (slot.length === 1 && slot[0] !== undefined && isWanted(slot[0])) continue;
    const fills = occupant(slot, draft.input.nowMs);
    const history = slot.filter((task) => task !== fills && isDead(task) && !isWanted(task));
    const kept = fills === undefined && isAbandoned(draft, key) ? 0 : limit;
    let excess = slot.length - kept;
    if (excess <= 0) continue;
    // Restart attempts are counted from history: what counts goes last, and never below what the policy may still ask for.
    const version = slot.at(-1)?.specVersion;
    const counts = (task: Task): boolean => task.specVersion === version && endedByItself(task);
    const counted = history.filter(counts);
    const spare = kept === 0 ? counted : counted.slice(0, Math.max(0, counted.length - maxAttempts));
    for (const task of [...history.filter((other) => !counts(other)), ...spare]) {
      if (excess <= 0) break;
      if (draft.full()) return;
      draft.remove(task);
      excess--;
    }
  }
}

const isAbandoned = (draft: Draft, key: SlotKey): boolean =>
  typeof key === "number" || draft.input.node(key) === undefined;
