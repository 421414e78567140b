// Restart policy: a task is never started again, a slot gets a new one.
//
// - The delay is the replacement's `not_before_ms`. It is born at once with desired state ready, so that its image is
//   pulled while it waits, and becomes desired running when the time has come and the old task has stopped.
// - Clocks of two leaders may be hours apart. So no leader waits longer for a time that another one wrote than the whole
//   delay; and it gives up waiting for a task to stop only when it has waited long enough itself, since then two run at once.
// - Attempts are counted from the slot's history: the tasks of the same spec version that ended by themselves. The first of
//   them was no attempt, so `max_attempts` = 3 is exhausted when four have ended. The reaper therefore keeps
//   max_attempts + 1 tasks of such a slot, and takes away those that count last.
// - Tasks that were taken away by their node's loss, a drain, an update or the constraint enforcer did not end by
//   themselves and cost no attempt.
import type { Task } from "../../proto/gen/objects.ts";
import {
  DEFAULT_MONITOR_MS,
  DEFAULT_RESTART_DELAY_MS,
  DEFAULT_STOP_GRACE_MS,
} from "../../shared/model/service-defaults.ts";
import { isDead, isWanted, stateOf } from "../../shared/model/tasks.ts";
import type { Draft, SlotKey } from "./draft.ts";
import { ENFORCER_MESSAGE } from "./enforcer.ts";

const STOP_WAIT_MS = 60_000;
const STOP_SLACK_MS = 10_000;

const isEnforced = (task: Task): boolean => task.status?.message === ENFORCER_MESSAGE;

/** Did its own process (or its preparation) end it? */
export function endedByItself(task: Task): boolean {
  const state = stateOf(task);
  return (state === "complete" || state === "failed" || state === "rejected") && !isEnforced(task);
}

/** Whether the slot gets a successor for `task`, its newest. `slot` is the slot's whole history. */
export function mayRestart(task: Task, slot: readonly Task[], nowMs: number): boolean {
  const policy = task.spec?.restartPolicy;
  if (policy === undefined) return true;
  if (policy.condition === "none") return false;
  if (policy.condition === "on_failure" && stateOf(task) === "complete") return false;
  if (policy.maxAttempts === 0) return true;
  const lookback = policy.windowMs === 0 ? 0 : (endedByItself(task) ? endOf(task) : nowMs) - policy.windowMs;
  let ended = 0;
  for (const other of slot) {
    if (other.specVersion === task.specVersion && endedByItself(other) && endOf(other) > lookback) ended++;
  }
  return ended <= policy.maxAttempts;
}

const endOf = (task: Task): number => task.status?.timestampMs ?? 0;

/**
 * How long a replacement waits at most for the task before it to stop: Swarm's minute, or longer where the service asks
 * for a longer grace, since two at once is what a user of stop-first does not want.
 */
const stopWaitMs = (old: Task): number =>
  Math.max(STOP_WAIT_MS, (old.spec?.containerSpec?.stopGracePeriodMs ?? DEFAULT_STOP_GRACE_MS) + STOP_SLACK_MS);

/**
 * Retires what is dead or lost in a slot and puts the successor in its place, both in one step.
 * @param replace false where the slot may get nothing new (the node of a global service is paused, say).
 */
export function restartSlot(draft: Draft, key: SlotKey, replace: boolean): void {
  const { service, nowMs } = draft.input;
  const slot = draft.slots.get(key) ?? [];
  const isGlobal = typeof key !== "number";
  const [only] = slot;
  if (slot.length === 1 && only !== undefined && isWanted(only) && !isLost(only, isGlobal, draft)) return; // by far the most
  const wanted = slot.filter(isWanted);
  if (service === undefined || wanted.length === 0) return;
  const lost = wanted.filter((task) => isLost(task, isGlobal, draft));
  const alive = wanted.filter((task) => !lost.includes(task));
  const keep = alive.reduce<Task | undefined>((best, task) => better(best, task, service.specVersion), undefined);
  if (lost.length === 0 && alive.length <= 1) return;
  // A replacement that fails while it is prepared must not shorten its own delay: the next one is born when it was to start.
  const waits = lost.find(
    (task) => task.desiredState === "ready" && endedByItself(task) && dueAtMs(task, draft) > nowMs,
  );
  if (waits !== undefined && alive.length === 0) {
    draft.wakeAt(dueAtMs(waits, draft));
    return;
  }
  if (draft.full()) return;

  for (const task of wanted) if (task !== keep) draft.desire(task, "shutdown");
  for (const task of lost) {
    if (task.specVersion === service.specVersion && endedByItself(task) && isEarly(task, draft)) {
      draft.earlyEnds.push(task);
    }
  }
  const newest = lost.at(-1);
  if (keep !== undefined || newest === undefined || !replace || !mayRestart(newest, slot, nowMs)) return;
  const fate = draft.fateOf(newest);
  // A drained node's task is stopped first, without the delay. A task on a lost node is nobody to wait for; but an older one
  // of the slot, which it waited for itself, may still be stopping.
  if (isDead(newest)) draft.create(service, key, "ready", nowMs + (fate === "drained" ? 0 : delayMs(newest)));
  else if (stoppingOf(draft, draft.slots.get(key) ?? []).length > 0) draft.create(service, key, "ready", nowMs);
  else draft.create(service, key, "running", 0);
}

/** The slot's tasks that are on their way out on a node that can be waited for. */
const stoppingOf = (draft: Draft, slot: readonly Task[]): Task[] =>
  slot.filter((task) => {
    if (isWanted(task) || isDead(task) || task.nodeId === "") return false;
    const fate = draft.fateOf(task);
    return fate === "here" || fate === "drained";
  });

const delayMs = (task: Task): number =>
  endedByItself(task) || stateOf(task) === "shutdown"
    ? (task.spec?.restartPolicy?.delayMs ?? DEFAULT_RESTART_DELAY_MS)
    : 0;

/**
 * A global service's task on a node that is down stays: no other node could take it over, and when the node was only
 * unreachable the task has never stopped.
 */
function isLost(task: Task, isGlobal: boolean, draft: Draft): boolean {
  if (isDead(task)) return true;
  switch (draft.fateOf(task)) {
    case "here":
      return false;
    case "down":
      return !isGlobal || draft.input.node(task.nodeId)?.status?.state === "disconnected";
    case "drained":
    case "gone":
      return true;
  }
}

/** Of two live tasks in one slot (two leaders may each have made one): current version, further on, older. */
function better(best: Task | undefined, task: Task, specVersion: number): Task {
  if (best === undefined) return task;
  const current = Number(task.specVersion === specVersion) - Number(best.specVersion === specVersion);
  if (current !== 0) return current > 0 ? task : best;
  return stateOf(task) === "running" && stateOf(best) !== "running" ? task : best;
}

export const monitorMs = (draft: Draft): number =>
  draft.input.service?.spec?.updateConfig?.monitorMs ?? DEFAULT_MONITOR_MS;

/**
 * Did `task` end within the monitor time? A leader that did not see it up has only the start that another one wrote down; one
 * that lies further ahead than the monitor time is of a clock that was wrong, and says nothing.
 */
function isEarly(task: Task, draft: Draft): boolean {
  const { nowMs, waits } = draft.input;
  const sinceMs = waits.get(task.id) ?? task.startedAtMs;
  return task.startedAtMs === 0 || (sinceMs <= nowMs + monitorMs(draft) && sinceMs + monitorMs(draft) > nowMs);
}

/**
 * When `task`, which is up, has been so for the monitor time, as this leader has seen it: by the clock of the one before it, it
 * could be over too early. So a change of leaders makes an update longer, by the monitor time at most.
 */
export const settledAtMs = (task: Task, draft: Draft): number => draft.sinceMs(task) + monitorMs(draft);

/** Tasks that wait in desired state ready start when their time has come and the slot's old task has stopped. */
export function startWaiting(draft: Draft): void {
  const { nowMs } = draft.input;
  for (const slot of draft.slots.values()) {
    for (const task of slot) {
      if (task.desiredState !== "ready" || isDead(task)) continue;
      const sinceMs = draft.sinceMs(task);
      const startAtMs = dueAtMs(task, draft);
      if (startAtMs > nowMs) {
        draft.wakeAt(startAtMs);
        continue;
      }
      const stopping = stoppingOf(draft, slot);
      const giveUpAtMs = Math.max(0, ...stopping.map((other) => sinceMs + stopWaitMs(other)));
      if (stopping.length > 0 && giveUpAtMs > nowMs) {
        draft.wakeAt(giveUpAtMs);
        continue;
      }
      if (draft.full()) return;
      draft.desire(task, "running");
      draft.forget(task); // counted anew when it is up
    }
  }
}

const dueAtMs = (task: Task, draft: Draft): number =>
  Math.min(task.notBeforeMs, draft.sinceMs(task) + (task.spec?.restartPolicy?.delayMs ?? DEFAULT_RESTART_DELAY_MS));
