// When a task is an endpoint, and in which state. Pure.
//
// A task has its place on a network from its assignment to its end. Whether others send to it depends on three things: what is
// wanted of it, how far it has come, and what is known of its node.
// - A node that is down, or has left, has no endpoints: nobody can reach them.
// - A node that misses heartbeats is doubtful. New connections go elsewhere as long as the service has a ready task on
//   another node; otherwise a doubtful task is better than none. Its established connections go on in any case.
import type { EndpointState } from "../../../proto/gen/network.ts";
import type { Node, Task } from "../../../proto/gen/objects.ts";
import { isDead, isUp, isWanted } from "../../../shared/model/tasks.ts";
import { isAssigned } from "../assigned.ts";

/** Is the node's agent to hold the task's networks? */
export const needsNetworks = (task: Task): boolean => task.attachments.length > 0 && isAssigned(task) && !isDead(task);

export const isStopping = (task: Task): boolean => !isWanted(task);

/** A task's own part in its endpoint's state. */
export function phaseOf(task: Task): EndpointState {
  if (isStopping(task)) return "draining";
  return isUp(task) ? "ready" : "starting";
}

export type Presence = "here" | "doubtful" | "gone";

export function presenceOf(node: Node | undefined): Presence {
  switch (node?.status?.state ?? "unknown") {
    case "ready":
    case "unknown":
      return node === undefined ? "gone" : "here";
    case "suspect":
      return "doubtful";
    case "down":
    case "disconnected":
      return "gone";
  }
}
