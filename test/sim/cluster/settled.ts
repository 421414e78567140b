// Is the cluster as it shall be? Judged from what was committed (Truth), from what each manager holds and from the containers
// that run; what a task waits for legitimately is room on a node, and that is counted here and not taken from the scheduler.
import type { Service, Task } from "../../../proto/gen/objects.ts";
import { rank } from "../../../shared/model/tasks.ts";
import type { SimAgent } from "./agent.ts";
import type { SimManager } from "./manager.ts";
import { type Truth, viewHash } from "./truth.ts";

export interface Judged {
  readonly truth: Truth;
  readonly managers: readonly SimManager[];
  readonly agents: readonly SimAgent[];
}

/** What is not yet as it shall be; undefined when all is. */
export function unsettled(judged: Judged): string | undefined {
  return managersUnsettled(judged) ?? servicesUnsettled(judged);
}

function managersUnsettled({ truth, managers }: Judged): string | undefined {
  const leaders = managers.filter(({ leads }) => leads);
  if (leaders.length !== 1) return `${leaders.length} managers lead`;
  for (const { life, name } of managers) {
    if (life === undefined) return `${name} is down`;
    const at = life.store.view((view) => ({ version: view.version, hash: viewHash(view) }));
    if (at.version !== truth.version) return `${name} is at version ${at.version} of ${truth.version}`;
    truth.viewed(name, at.version, at.hash);
  }
  return undefined;
}

function servicesUnsettled({ truth, agents }: Judged): string | undefined {
  const { services, tasks, nodes } = truth;
  for (const { id, status, spec } of nodes.values()) {
    if (status?.state !== "ready") return `node ${id} is ${status?.state}`;
    if (spec?.availability !== "active") return `node ${id} is in ${spec?.availability}`;
  }
  const live = new Set<string>();
  const running = new Map<string, number>();
  const roomless = new Map<string, number>();
  for (const task of tasks.values()) {
    if (!services.has(task.serviceId)) return `task ${task.id} of a removed service is still there`;
    if (rank(task.desiredState) > rank("running")) continue;
    if (task.status?.state === "running") {
      live.add(task.id);
      count(running, task);
    } else if (task.status?.state === "pending" && !hasRoom(truth, task)) {
      count(roomless, task);
    }
  }
  for (const service of services.values()) {
    const waiting = roomless.get(service.id) ?? 0;
    const problem = serviceUnsettled(service, nodes.size, running.get(service.id) ?? 0, waiting);
    if (problem !== undefined) return problem;
  }
  const containers = agents.flatMap((agent) => agent.running());
  const orphan = containers.find((id) => !live.has(id));
  if (orphan !== undefined) return `container ${orphan} runs and nobody wants it`;
  if (containers.length !== live.size) return `${containers.length} containers of ${live.size} run`;
  return undefined;
}

/** @param waiting its tasks for which no node has room: tasks are not moved to make room for others. */
function serviceUnsettled(
  { spec, updateStatus }: Service,
  nodes: number,
  running: number,
  waiting: number,
): string | undefined {
  const wanted = spec?.mode?.kind === "replicated" ? spec.mode.replicas : nodes;
  const update = updateStatus?.state;
  const updated = update === undefined || update === "completed" || update === "paused";
  // An update whose replacement finds no room goes on when there is some: the slots after it are as they were.
  if (waiting > 0 && running <= wanted && running + waiting >= wanted) return undefined;
  if (running !== wanted) return `service ${spec?.name} runs ${running} of ${wanted}`;
  return updated ? undefined : `${spec?.name} is ${update}`;
}

const count = (counts: Map<string, number>, { serviceId }: Task): void => {
  counts.set(serviceId, (counts.get(serviceId) ?? 0) + 1);
};

function hasRoom(truth: Truth, task: Task): boolean {
  const wanted = task.spec?.resources?.reservations?.nanoCpus ?? 0;
  const places = task.nodeId === "" ? [...truth.nodes.keys()] : [task.nodeId];
  return places.some((id) => {
    const { reserved, capacity } = truth.reservedOn(id);
    return reserved + wanted <= capacity;
  });
}
