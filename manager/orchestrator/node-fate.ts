// What a node's condition means for the tasks on it.
import type { Node } from "../../proto/gen/objects.ts";

/** here: tasks run, or may again. down: lost until it returns. drained: must be empty. gone: removed from the cluster. */
export type NodeFate = "here" | "down" | "drained" | "gone";

/** A suspect node keeps its tasks, and so does one that has not yet been heard of (`unknown`). */
export function fateOf(node: Node | undefined): NodeFate {
  if (node === undefined) return "gone";
  const state = node.status?.state;
  if (state === "down" || state === "disconnected") return "down";
  return node.spec?.availability === "drain" ? "drained" : "here";
}

/** May a global service start a task here? */
export function takesNewTasks(node: Node): boolean {
  const state = node.status?.state;
  return (state === "ready" || state === "suspect") && (node.spec?.availability ?? "active") === "active";
}
