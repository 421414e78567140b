// What a task's assignment says of its network. Pure.
import { newPublishedPort, type PublishedPort } from "../../proto/gen/network.ts";
import type { PortConfig, Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { parseIp } from "../../shared/model/ip.ts";
import type { TaskPlace } from "./room.ts";

export type TaskNetwork =
  /** The node's own network. */
  | { readonly kind: "host" }
  /** Nothing but loopback. */
  | { readonly kind: "none" }
  /** A namespace of its own, with a link for each attachment and one to the node. */
  | { readonly kind: "own"; readonly task: TaskPlace };

/** A way out and a name server, and nothing else: what a task has that names no network. */
const BRIDGE = "bridge";

/** @throws {SkepError} `unavailable`: managers have given it no address on a network that its service names. */
export function taskNetwork(task: Task): TaskNetwork {
  const targets = (task.spec?.networks ?? []).map(({ target }) => target);
  const [target] = targets;
  if (targets.length === 1 && (target === "host" || target === "none")) return { kind: target };
  const { attachments } = task;
  const missing = targets.find((name) => name !== BRIDGE && !attachments.some(({ networkId }) => networkId === name));
  if (missing !== undefined) {
    throw new SkepError("unavailable", `network ${missing}: the task was given no address on it`);
  }
  const named = task.spec?.containerSpec?.dnsConfig?.nameservers ?? [];
  // Questions are passed on by the node, to which loopback is another one than to the task.
  const nameservers = named.filter((address) => parseIp(address) !== undefined && !/^(127\.|::1$)/.test(address));
  return { kind: "own", task: { taskId: task.id, attachments, ports: task.ports.map(publishedPort), nameservers } };
}

const publishedPort = (port: PortConfig): PublishedPort =>
  newPublishedPort({
    protocol: port.protocol,
    publishedPort: port.publishedPort,
    targetPort: port.targetPort,
    mode: "host",
    hostIps: port.hostIp === "" ? [] : [port.hostIp],
  });
