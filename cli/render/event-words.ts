// One event as a person tells it: names for ids, and what changed to what. Pure. docker's own form is in events.ts.
import type { Event } from "../../proto/gen/control.ts";
import { imageWithoutDigest } from "../../shared/image/reference.ts";
import { isTaskState, isTerminal } from "../../shared/model/tasks.ts";

type Attributes = Readonly<Record<string, string>>;

export function eventWords({ type, action, id, attributes }: Event): string {
  switch (type) {
    case "task":
      return taskWords(id, action, attributes);
    case "node":
      return nodeWords(id, action, attributes);
    case "service":
      return action === "update" ? serviceWords(id, attributes) : `service ${nameOf(id, attributes)} ${DONE[action]}`;
    case "cluster":
      return clusterWords(action, attributes);
    default:
      return `${type} ${nameOf(id, attributes)} ${DONE[action]}`;
  }
}

const DONE = { create: "created", update: "updated", remove: "removed" } as const;

/** The name, or as much of the id as `docker` shows. */
const nameOf = (id: string, attributes: Attributes): string => attributes["name"] || id.slice(0, 12);

// ----------------------------------------------------------------------------------------------------------------- tasks

export interface TaskPlace {
  /** "web" */
  readonly service: string;
  /** "web.3"; of a global service, whose tasks are named by their node, "web". */
  readonly task: string;
  /** Empty while it has none. */
  readonly node: string;
}

export function placeOf(id: string, attributes: Attributes): TaskPlace {
  const name = nameOf(id, attributes);
  const dot = name.lastIndexOf(".");
  const service = dot < 0 ? name : name.slice(0, dot);
  const nodeId = attributes["node"] ?? "";
  const isGlobal = nodeId !== "" && name.endsWith(`.${nodeId}`);
  return { service, task: isGlobal ? service : name, node: attributes["node.name"] ?? nodeId.slice(0, 12) };
}

/** "failed on node4: why" and the like: what a task's new state means, without who. */
export function outcomeWords(attributes: Attributes, node: string): string | undefined {
  const { "state.new": state = "", err = "" } = attributes;
  const on = node === "" ? "" : ` on ${node}`;
  if (state === "failed") return `failed${on}${because(err)}`;
  if (state === "rejected") return `${node === "" ? "rejected" : `rejected by ${node}`}${because(err)}`;
  return undefined;
}

export const because = (err: string): string => (err === "" ? "" : `: ${err}`);

function taskWords(id: string, action: Event["action"], attributes: Attributes): string {
  const { task, node } = placeOf(id, attributes);
  const where = node === "" ? task : `${task} on ${node}`;
  if (action !== "update") return `${where}: ${action === "create" ? "new" : DONE[action]}`;
  const outcome = outcomeWords(attributes, node);
  if (outcome !== undefined) return `${task} ${outcome}`;
  const { "state.new": state = "", err = "" } = attributes;
  if (state === "" && err !== "") return `${where} waits${because(err)}`;
  const ended = isTaskState(state) && isTerminal(state);
  const changes = [arrow(attributes, "state"), labelled("wanted", arrow(attributes, "desiredstate"))].filter(isSaid);
  return `${where}: ${changes.join(", ") || "updated"}${ended ? "" : because(err)}`;
}

// ----------------------------------------------------------------------------------------------- nodes, services, cluster

const isSaid = (words: string): boolean => words !== "";

/** "old → new", or nothing where it did not change. */
function arrow(attributes: Attributes, key: string, show: (value: string) => string = (value) => value): string {
  const { [`${key}.old`]: before, [`${key}.new`]: after } = attributes;
  if (after === undefined && before === undefined) return "";
  return `${show(before || "none")} → ${show(after || "none")}`;
}

const labelled = (label: string, words: string): string => (words === "" ? "" : `${label} ${words}`);

function nodeWords(id: string, action: Event["action"], attributes: Attributes): string {
  const name = nameOf(id, attributes);
  if (action !== "update") return `${name} ${action === "create" ? "joined" : "was removed from the cluster"}`;
  if (attributes["leader.new"] !== undefined)
    return attributes["leader.new"] === "true" ? `${name} is the leader now` : `${name} is no longer the leader`;
  const why = attributes["message"] ?? "";
  const state = arrow(attributes, "state");
  const changes = [
    state === "" || why === "" ? state : `${state} (${why})`,
    labelled("availability", arrow(attributes, "availability")),
    labelled("role", arrow(attributes, "role")),
    labelled("wanted role", arrow(attributes, "desiredrole")),
  ].filter(isSaid);
  return changes.length === 0 ? `${name}: labels changed` : `${name}: ${changes.join(", ")}`;
}

const UPDATE_WORDS: Readonly<Record<string, string>> = {
  updating: "update started",
  paused: "update paused",
  completed: "update completed",
  rollback_started: "rollback started",
  rollback_paused: "rollback paused",
  rollback_completed: "rollback completed",
};

function serviceWords(id: string, attributes: Attributes): string {
  const changes = [
    labelled("replicas", arrow(attributes, "replicas")),
    labelled("image", arrow(attributes, "image", imageWithoutDigest)),
    UPDATE_WORDS[attributes["updatestate.new"] ?? ""] ?? "",
  ].filter(isSaid);
  const name = nameOf(id, attributes);
  return changes.length === 0 ? `service ${name} updated` : `service ${name}: ${changes.join(", ")}`;
}

function clusterWords(action: Event["action"], attributes: Attributes): string {
  const rotated = ["worker", "manager"].filter((role) => attributes[`jointoken.${role}`] !== undefined);
  if (rotated.length > 0) return `join token of ${rotated.join(" and ")} rotated`;
  return `cluster ${DONE[action]}`;
}
