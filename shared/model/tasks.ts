// The rules every part shares about tasks: which states are final, and that observed state only grows.
import { type Task, type TaskState, TaskStateNumber, type TaskStatus } from "../../proto/gen/objects.ts";

export const rank = (state: TaskState): number => TaskStateNumber[state];

export const isTaskState = (word: string): word is TaskState => Object.hasOwn(TaskStateNumber, word);

export const isTerminal = (state: TaskState): boolean => rank(state) > rank("running");

export const stateOf = (task: Task): TaskState => task.status?.state ?? "new";

export const isDead = (task: Task): boolean => isTerminal(stateOf(task));

/** Shall it run? It may be dead all the same: then it waits for its replacement. */
export const isWanted = (task: Task): boolean => rank(task.desiredState) <= rank("running");

/** Of two observations of one task the later one: state first, then time. */
export function laterStatus(a: TaskStatus, b: TaskStatus): TaskStatus {
  if (rank(a.state) !== rank(b.state)) return rank(b.state) > rank(a.state) ? b : a;
  return b.timestampMs > a.timestampMs ? b : a;
}

/** Shall this task run, and has it not ended? */
export const isLive = (task: Task): boolean => isWanted(task) && !isDead(task);

/** It runs, and takes connections at the ports that its service publishes. */
export const isUp = (task: Task): boolean =>
  task.status?.state === "running" && (task.status.portStatus?.awaited ?? []).length === 0;

/** `<service>.<slot>`, or `<service>.<node>` for a task of a global service: what `service ps` shows. */
export const taskName = (task: Task): string =>
  `${task.serviceName}.${task.slot === 0 ? task.nodeId : String(task.slot)}`;

/** `<service>.<slot>.<task id>`: Docker's container name, and what {{.Task.Name}} stands for. */
export const fullTaskName = (task: Task): string => `${taskName(task)}.${task.id}`;

export const hasFailed = (task: Task): boolean => {
  const state = stateOf(task);
  return state === "failed" || state === "rejected" || state === "orphaned";
};

/** How often tasks of its slot and spec version have failed, `task` itself, the slot's newest, included. */
export const failuresUpTo = (task: Task): number => task.failuresBefore + (hasFailed(task) ? 1 : 0);
