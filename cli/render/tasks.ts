// `service ps`: what runs where, with the history of each slot under it.
import type { Node, Task } from "../../proto/gen/objects.ts";
import { imageWithoutDigest } from "../../shared/image/reference.ts";
import { rank, taskName } from "../../shared/model/tasks.ts";
import { ago } from "../parse/time.ts";
import { type ListView, shortId } from "./list.ts";
import { portText } from "./ports.ts";

export const TASK_HEADERS = {
  ID: "ID",
  Name: "NAME",
  Image: "IMAGE",
  Node: "NODE",
  DesiredState: "DESIRED STATE",
  CurrentState: "CURRENT STATE",
  Error: "ERROR",
  Ports: "PORTS",
} as const;

export interface TaskListOptions {
  readonly noTrunc: boolean;
  readonly noResolve: boolean;
}

const ERROR_COLUMNS = 50;

const title = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** A node that does not answer: nobody knows what became of what ran there. */
export const isSilent = (node: Node | undefined): boolean => node !== undefined && node.status?.state !== "ready";

/** Is what the task was last seen doing no longer known? What has ended, has ended. */
const isUnknown = (task: Task, node: Node | undefined): boolean => {
  const state = rank(task.status?.state ?? "new");
  return isSilent(node) && state >= rank("assigned") && state <= rank("running");
};

function currentState(task: Task, node: Node | undefined, nowMs: number): string {
  const seen = `${title(task.status?.state ?? "new")} ${ago(task.status?.timestampMs ?? nowMs, nowMs)}`;
  return isUnknown(task, node) ? `Unknown (${seen})` : seen;
}

/** By name as people count (web.2 before web.10), and within a slot the newest first. */
export function sortTasks(tasks: readonly Task[]): readonly Task[] {
  return [...tasks].sort(
    (a, b) =>
      compare(a.serviceName, b.serviceName) ||
      a.slot - b.slot ||
      (a.slot === 0 ? compare(a.nodeId, b.nodeId) : 0) ||
      (b.meta?.createdAtMs ?? 0) - (a.meta?.createdAtMs ?? 0) ||
      (b.meta?.version ?? 0) - (a.meta?.version ?? 0),
  );
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const slotKey = (task: Task): string => `${task.serviceId}/${task.slot === 0 ? task.nodeId : task.slot}`;

/** What is wrong with a task, in full: its error, else the exit status that a failed one left. */
export function taskError(task: Task): string {
  const status = task.status;
  if (status === undefined) return "";
  if (status.err !== "") return status.err;
  const exit = status.containerStatus;
  if (status.state !== "failed" || exit === undefined) return "";
  return exit.oomKilled ? `task: out of memory (exit ${exit.exitCode})` : `task: non-zero exit (${exit.exitCode})`;
}

export const imageText = (image: string, noTrunc: boolean): string => (noTrunc ? image : imageWithoutDigest(image));

export function taskListView(
  tasks: readonly Task[],
  nodes: ReadonlyMap<string, Node>,
  nowMs: number,
  options: TaskListOptions,
): ListView {
  let previous = "";
  const rows = sortTasks(tasks).map((task) => {
    const node = nodes.get(task.nodeId);
    const key = slotKey(task);
    const name = `${key === previous ? " \\_ " : ""}${taskName(task)}`;
    previous = key;
    const error = taskError(task);
    const shown = options.noTrunc || error.length <= ERROR_COLUMNS ? error : `${error.slice(0, ERROR_COLUMNS - 1)}…`;
    return {
      ID: shortId(task.id, options.noTrunc),
      Name: name,
      Image: imageText(task.spec?.containerSpec?.image ?? "", options.noTrunc),
      Node: options.noResolve ? task.nodeId : (node?.description?.hostname ?? task.nodeId),
      DesiredState: title(task.desiredState),
      CurrentState: currentState(task, node, nowMs),
      Error: shown === "" ? "" : `"${shown}"`,
      Ports: task.ports.map(portText).join(", "),
    };
  });
  return { headers: TASK_HEADERS, columns: Object.keys(TASK_HEADERS), rows };
}
