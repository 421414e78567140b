// Ports in mode host: open on the node of the task, so that two tasks cannot have the same one there. What a service leaves
// open is chosen when the task is assigned.
import type { Node, PortConfig, Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { isDead } from "../../shared/model/tasks.ts";
import { portsOfNodes } from "../allocator/node-ports.ts";
import { meet } from "../allocator/ports.ts";
import type { View } from "../store/types.ts";

/** Where Linux chooses ports for itself, beyond what is chosen for the routing mesh. */
const FIRST = 32_768;
const LAST = 60_999;

const keyOf = ({ protocol, publishedPort }: PortConfig): string => `${protocol}/${publishedPort}`;

/** Those that tasks of one node hold. */
export class HostPorts {
  readonly #held = new Map<string, PortConfig[]>();

  isFree(port: PortConfig): boolean {
    return this.#held.get(keyOf(port))?.some((other) => meet(other, port)) !== true;
  }

  add(ports: readonly PortConfig[]): void {
    for (const port of ports) {
      if (port.publishedPort === 0) continue;
      const held = this.#held.get(keyOf(port));
      if (held === undefined) this.#held.set(keyOf(port), [port]);
      else held.push(port);
    }
  }

  remove(ports: readonly PortConfig[]): void {
    for (const port of ports) {
      const held = this.#held.get(keyOf(port));
      const at = held?.findIndex(({ hostIp }) => hostIp === port.hostIp) ?? -1;
      if (held === undefined || at < 0) continue;
      held.splice(at, 1);
      if (held.length === 0) this.#held.delete(keyOf(port));
    }
  }
}

/**
 * The task's ports as they are on `node`.
 * @throws {SkepError} `resource_exhausted`
 */
export function chooseHostPorts(
  view: Pick<View, "tasksOfNode" | "servicesOnPort" | "cluster">,
  task: Task,
  node: Node,
  random: () => number,
): Task["ports"] {
  if (task.ports.every(({ publishedPort }) => publishedPort !== 0)) return task.ports;
  const held = new HostPorts();
  for (const other of view.tasksOfNode(node.id)) {
    if (other.id !== task.id && !isDead(other)) held.add(other.ports);
  }
  held.add(task.ports);
  const needOf = portsOfNodes([node], view.cluster());
  const span = LAST - FIRST + 1;
  return task.ports.map((wish) => {
    if (wish.publishedPort !== 0) return wish;
    const start = Math.floor(random() * span);
    for (let tried = 0; tried < span; tried++) {
      const port = { ...wish, publishedPort: FIRST + ((start + tried) % span) };
      if (!held.isFree(port) || isPublished(view, port) || needOf(port) !== undefined) continue;
      held.add([port]);
      return port;
    }
    throw new SkepError(
      "resource_exhausted",
      `every ${wish.protocol} port from ${FIRST} to ${LAST} is in use on node ${node.id}`,
    );
  });
}

/** By a service, on every node or wherever its tasks are. */
function isPublished(view: Pick<View, "servicesOnPort">, { protocol, publishedPort }: PortConfig): boolean {
  for (const _service of view.servicesOnPort(protocol, publishedPort)) return true;
  return false;
}
