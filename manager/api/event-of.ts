// Docker's events from what the store commits: type, action, who, and for an update what was and what is. An update that
// changes nothing an event tells (a task's message, a node's description) is none.
import { type Event, newEvent } from "../../proto/gen/control.ts";
import type { Cluster, Node, Service, Task } from "../../proto/gen/objects.ts";
import { assertNever } from "../../shared/errors.ts";
import { stateOf, taskName } from "../../shared/model/tasks.ts";
import type { Change, Commit } from "../store/types.ts";
import { hostnameOf } from "./refs.ts";

type Hostname = (nodeId: string) => string;

type Facts = Readonly<Record<string, string | undefined>>;

const factsOfNode = (node: Node): Facts => ({
  state: node.status?.state ?? "unknown",
  availability: node.spec?.availability ?? "active",
  role: node.role,
  desiredrole: node.spec?.role ?? node.role,
});

const factsOfService = (service: Service): Facts => ({
  image: service.spec?.taskTemplate?.containerSpec?.image ?? "",
  replicas: service.spec?.mode?.kind === "replicated" ? String(service.spec.mode.replicas) : undefined,
  updatestate: service.updateStatus?.state,
});

const factsOfTask = (task: Task): Facts => ({
  state: stateOf(task),
  desiredstate: task.desiredState,
});

const factsOfCluster = (cluster: Cluster): Facts => ({
  "jointoken.worker": cluster.rootCa?.joinTokens?.worker.slice(-25),
  "jointoken.manager": cluster.rootCa?.joinTokens?.manager.slice(-25),
});

function differences(before: Facts, after: Facts): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const key of Object.keys(after)) {
    const [old, now] = [before[key] ?? "", after[key] ?? ""];
    if (old === now) continue;
    attributes[`${key}.old`] = old;
    attributes[`${key}.new`] = now;
  }
  return attributes;
}

/** Secrets themselves are not told, only that they are others. */
const rotated = (attributes: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.keys(attributes).flatMap((key) => (key.endsWith(".new") ? [[key.slice(0, -".new".length), "rotated"]] : [])),
  );

/** Undefined: nothing to tell. */
function attributesOf(change: Change, hostname: Hostname): Record<string, string> | undefined {
  const isUpdate = change.action === "update";
  switch (change.table) {
    case "node": {
      const name = hostnameOf(change.object);
      const changed = isUpdate ? differences(factsOfNode(change.old), factsOfNode(change.object)) : {};
      const message = changed["state.new"] === undefined ? "" : (change.object.status?.message ?? "");
      const labelled = isUpdate && JSON.stringify(change.old.spec) !== JSON.stringify(change.object.spec);
      return isUpdate && Object.keys(changed).length === 0 && !labelled
        ? undefined
        : { name, ...changed, ...(message === "" ? {} : { message }) };
    }
    case "service": {
      const name = change.object.spec?.name ?? "";
      return { name, ...(isUpdate ? differences(factsOfService(change.old), factsOfService(change.object)) : {}) };
    }
    case "task": {
      const { object } = change;
      const changed = isUpdate ? differences(factsOfTask(change.old), factsOfTask(object)) : {};
      if (isUpdate && Object.keys(changed).length === 0 && change.old.status?.err === object.status?.err)
        return undefined;
      const err = object.status?.err ?? "";
      const isNews = isUpdate && (changed["state.new"] !== undefined || change.old.status?.err !== err);
      const exit = object.status?.containerStatus;
      return {
        name: taskName(object),
        service: object.serviceId,
        ...(object.nodeId === "" ? {} : { node: object.nodeId }),
        ...(hostname(object.nodeId) === "" ? {} : { "node.name": hostname(object.nodeId) }),
        ...changed,
        ...(err !== "" && isNews ? { err } : {}),
        ...(changed["state.new"] === "failed" && exit !== undefined ? { exitCode: String(exit.exitCode) } : {}),
      };
    }
    case "network":
    case "secret":
    case "config":
      return { name: change.object.spec?.name ?? "" };
    case "cluster": {
      const tokens = isUpdate ? rotated(differences(factsOfCluster(change.old), factsOfCluster(change.object))) : {};
      return { name: change.object.spec?.name ?? "", ...tokens };
    }
    default:
      return assertNever(change);
  }
}

/**
 * The same on every manager, their numbers included.
 * @param hostname of a node by its id; empty where it is not known (any more).
 */
export function eventsOf({ version, timeMs, changes }: Commit, hostname: Hostname): Event[] {
  const events: Event[] = [];
  for (const change of changes) {
    const attributes = attributesOf(change, hostname);
    if (attributes === undefined) continue;
    const { table: type, action, object } = change;
    events.push(newEvent({ type, action, id: object.id, attributes, timeMs, version, index: events.length + 1 }));
  }
  return events;
}
