// Published ports. One in mode ingress is open on every node, so it is one service's alone; one in mode host is open where its
// task is, so two services may have it, on different nodes, and the scheduler keeps them apart. TCP, UDP and SCTP are three
// worlds. Two ports that name different addresses of a node never meet. What the nodes need themselves is nobody's.
import type { PortConfig, PortProtocol } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { ServiceId } from "../../shared/model/ids.ts";
import { fullTaskName } from "../../shared/model/tasks.ts";
import type { View } from "../store/types.ts";
import type { Cursors } from "./addresses.ts";
import { portsOfNodes } from "./node-ports.ts";

/** Swarm's: where a port is chosen when the user names none. */
const FIRST_INGRESS_PORT = 30_000;
const LAST_INGRESS_PORT = 32_767;

export type PortScope = Pick<View, "servicesOnPort" | "tasksOnPort" | "all" | "cluster">;

export const portText = ({ publishedPort, protocol, hostIp }: PortConfig): string =>
  `${hostIp === "" ? "" : `${hostIp.includes(":") ? `[${hostIp}]` : hostIp}:`}${publishedPort}/${protocol}`;

/** Would both be open at one address of a node? */
export const meet = (a: PortConfig, b: PortConfig): boolean =>
  a.protocol === b.protocol &&
  a.publishedPort === b.publishedPort &&
  (a.hostIp === "" || b.hostIp === "" || a.hostIp === b.hostIp);

/**
 * The ports of a service as it has them: as wished, and those in mode ingress that leave it open, chosen. One that was chosen
 * before stays.
 * @throws {SkepError} `failed_precondition` that names who has a port; `resource_exhausted`.
 */
export function allocatePorts(
  view: PortScope,
  id: ServiceId,
  wished: readonly PortConfig[],
  before: readonly PortConfig[],
  cursors: Cursors,
): readonly PortConfig[] {
  if (wished.length === 0) return wished;
  const needOf = portsOfNodes(view.all("node"), view.cluster());
  for (const port of wished) {
    if (port.publishedPort === 0) continue;
    const need = needOf(port);
    if (need !== undefined) {
      throw new SkepError("failed_precondition", `port '${portText(port)}' is for ${need}: publish another`);
    }
    refuseTaken(view, id, port);
  }
  const isOpen = ({ publishMode, publishedPort }: PortConfig): boolean =>
    publishedPort === 0 && publishMode === "ingress";
  if (!wished.some(isOpen)) return wished;
  const given = new Set(wished.map(keyOf));
  const left = before.filter((old) => !given.has(keyOf(old)));
  return wished.map((port) => {
    if (!isOpen(port)) return port;
    const kept = left.findIndex((old) => isSameWish(old, port));
    const [old] = kept < 0 ? [] : left.splice(kept, 1);
    const chosen = { ...port, publishedPort: old?.publishedPort ?? choose(view, port, given, needOf, cursors) };
    given.add(keyOf(chosen));
    return chosen;
  });
}

const keyOf = ({ protocol, publishedPort }: Pick<PortConfig, "protocol" | "publishedPort">): string =>
  `${protocol}/${publishedPort}`;

const isSameWish = (old: PortConfig, port: PortConfig): boolean =>
  old.publishMode === port.publishMode &&
  old.protocol === port.protocol &&
  old.targetPort === port.targetPort &&
  old.hostIp === port.hostIp &&
  old.publishedPort >= FIRST_INGRESS_PORT &&
  old.publishedPort <= LAST_INGRESS_PORT;

function refuseTaken(view: PortScope, id: ServiceId, port: PortConfig): void {
  for (const service of view.servicesOnPort(port.protocol, port.publishedPort)) {
    if (service.id === id) continue;
    for (const theirs of service.endpoint?.ports ?? []) {
      if (!meet(theirs, port) || (theirs.publishMode === "host" && port.publishMode === "host")) continue;
      throw taken(port, `service '${service.spec?.name ?? service.id}' (${service.id})`, theirs);
    }
  }
  if (port.publishMode === "host") return;
  for (const task of view.tasksOnPort(port.protocol, port.publishedPort)) {
    if (task.serviceId === id) continue; // its own, on their way out
    const theirs = task.ports.find((other) => meet(other, port));
    if (theirs !== undefined) throw taken(port, `task ${fullTaskName(task)}`, theirs);
  }
}

const taken = (port: PortConfig, who: string, { publishMode }: PortConfig): SkepError =>
  new SkepError(
    "failed_precondition",
    `port '${portText(port)}' is already in use by ${who} as ${publishMode === "host" ? "a host-published" : "an ingress"} port`,
  );

function choose(
  view: PortScope,
  port: PortConfig,
  given: ReadonlySet<string>,
  needOf: ReturnType<typeof portsOfNodes>,
  cursors: Cursors,
): number {
  const span = LAST_INGRESS_PORT - FIRST_INGRESS_PORT + 1;
  const key = `port/${port.protocol}`;
  const start = cursors.start(key, span);
  for (let tried = 0; tried < span; tried++) {
    const at = (start + tried) % span;
    const publishedPort = FIRST_INGRESS_PORT + at;
    if (given.has(keyOf({ protocol: port.protocol, publishedPort }))) continue;
    if (!isFree(view, port.protocol, publishedPort) || needOf({ ...port, publishedPort }) !== undefined) continue;
    cursors.passed(key, at);
    return publishedPort;
  }
  throw new SkepError(
    "resource_exhausted",
    `every ${port.protocol} port from ${FIRST_INGRESS_PORT} to ${LAST_INGRESS_PORT} is in use: name another`,
  );
}

/** Of services and of tasks, whatever address they are open at. */
function isFree(view: PortScope, protocol: PortProtocol, port: number): boolean {
  for (const _service of view.servicesOnPort(protocol, port)) return false;
  for (const _task of view.tasksOnPort(protocol, port)) return false;
  return true;
}
