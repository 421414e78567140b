// Is the cluster as it shall be? Judged from what was committed (Truth), from what each manager holds and from the containers
// that run; what a task waits for legitimately is room on a node, and that is counted here and not taken from the scheduler.
import type { Node, Service, Task } from "../../../proto/gen/objects.ts";
import { isTerminal, rank } from "../../../shared/model/tasks.ts";
import type { SimAgent } from "./agent.ts";
import type { SimManager } from "./manager.ts";
import { type Truth, viewHash } from "./truth.ts";

export interface Judged {
  readonly truth: Truth;
  readonly managers: readonly SimManager[];
  /** Those that are lost are not judged, only what the others make of it. */
  readonly agents: readonly SimAgent[];
}

/** What is not yet as it shall be; undefined when all is. */
export function unsettled(judged: Judged): string | undefined {
  const problem = managersUnsettled(judged) ?? rolesUnsettled(judged) ?? servicesUnsettled(judged);
  if (problem === undefined) haveOneState(judged);
  return problem;
}

function managersUnsettled({ truth, managers }: Judged): string | undefined {
  const leaders = managers.filter(({ leads }) => leads);
  if (leaders.length !== 1) return `${leaders.length} managers lead`;
  for (const { life, name } of managers) {
    if (life === undefined) return `${name} is down`;
    const version = life.store.view((view) => view.version);
    if (version !== truth.version) return `${name} is at version ${version} of ${truth.version}`;
  }
  return undefined;
}

function haveOneState({ truth, managers }: Judged): void {
  for (const { life, name } of managers) {
    life?.store.view((view) => truth.viewed(name, view.version, viewHash(view)));
  }
}

/** The Raft group is made of those whose nodes are managers, and of nobody else; and their nodes say so. */
function rolesUnsettled({ truth, managers }: Judged): string | undefined {
  const members = managers.find(({ leads }) => leads)?.life?.core.config.members ?? [];
  for (const { id, spec, managerStatus } of truth.nodes.values()) {
    const member = members.find(({ nodeId }) => nodeId === id);
    if (spec?.role === "manager" && member?.voter !== true) return `node ${id} shall be a manager, and does not vote`;
    if (spec?.role !== "manager" && member !== undefined) return `node ${id} is in the Raft group, and no manager`;
    if (managerStatus?.raftId !== member?.raftId) return `node ${id} is said to be member ${managerStatus?.raftId}`;
  }
  const stray = members.find(({ nodeId }) => !truth.nodes.has(nodeId));
  return stray === undefined ? undefined : `member ${stray.raftId} is of no node`;
}

function servicesUnsettled({ truth, agents }: Judged): string | undefined {
  const { services, tasks, nodes } = truth;
  const lost = new Set<string>(agents.filter((agent) => agent.lost).map(({ nodeId }) => nodeId));
  const workers = agents.flatMap(({ nodeId }) => nodes.get(nodeId) ?? []);
  const here = workers.filter(({ id }) => !lost.has(id));
  for (const { id, status, spec } of workers) {
    const state = lost.has(id) ? "down" : "ready";
    if (status?.state !== state) return `node ${id} is ${status?.state}`;
    if (spec?.availability !== "active") return `node ${id} is in ${spec?.availability}`;
  }
  const running = new Map<string, number>();
  const roomless = new Map<string, number>();
  for (const task of tasks.values()) {
    if (!services.has(task.serviceId)) return `task ${task.id} of a removed service is still there`;
    if (lost.has(task.nodeId)) continue;
    if (rank(task.desiredState) > rank("running")) {
      if (!isTerminal(task.status?.state ?? "new")) return `task ${task.id} still stops`;
      continue;
    }
    if (task.status?.state === "running") {
      count(running, task);
    } else if (task.status?.state === "pending" && !hasRoom(truth, task, here)) {
      count(roomless, task);
    } else if (task.status?.state === "new" && hasNoAddress(truth, task)) {
      count(roomless, task);
    }
  }
  for (const service of services.values()) {
    const waiting = roomless.get(service.id) ?? 0;
    const problem = serviceUnsettled(service, here.length, running.get(service.id) ?? 0, waiting);
    if (problem !== undefined) return problem;
  }
  return agents
    .filter((agent) => !agent.lost)
    .map((agent) => agentUnsettled(agent, truth))
    .find((problem) => problem !== undefined);
}

/** Its containers are those of the tasks that it has, and nothing is kept of a task that is gone. */
function agentUnsettled(agent: SimAgent, { tasks }: Truth): string | undefined {
  const running = new Set(agent.running());
  for (const id of agent.kept()) {
    const task = tasks.get(id);
    if (task?.nodeId !== agent.nodeId)
      return `${agent.name} keeps something of task ${id}, which is not there any more`;
    const wanted = rank(task.desiredState) <= rank("running") && task.status?.state === "running";
    if (running.has(id) && !wanted) return `container ${id} runs and nobody wants it`;
  }
  for (const { id, nodeId, desiredState, status } of tasks.values()) {
    if (nodeId !== agent.nodeId || rank(desiredState) > rank("running") || status?.state !== "running") continue;
    if (!running.has(id)) return `task ${id} is said to run on ${agent.name}, and does not`;
  }
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

/** Nor can it get one before another task ends. */
const hasNoAddress = ({ places }: Truth, { spec }: Task): boolean =>
  (spec?.networks ?? []).some(({ target }) => places.isFull(target));

function hasRoom(truth: Truth, task: Task, nodes: readonly Node[]): boolean {
  const wanted = task.spec?.resources?.reservations?.nanoCpus ?? 0;
  const places = task.nodeId === "" ? nodes : nodes.filter(({ id }) => id === task.nodeId);
  const taken = new Set(task.ports.flatMap((port) => truth.nodesWithPort(port.publishedPort)));
  return places.some(({ id }) => {
    const { reserved, capacity } = truth.reservedOn(id);
    return reserved + wanted <= capacity && !taken.has(id);
  });
}
