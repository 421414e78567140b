// What a session changes in the store, as functions from the object that is there to the one that shall be.
// What agents say was held against its ranges before (check-report.ts).
import type { TaskStatusUpdate } from "../../proto/gen/dispatcher.ts";
import {
  encodeNode,
  type Node,
  type NodeDescription,
  type NodeRole,
  newNodeStatus,
  newPortConfig,
  type PortConfig,
  type Task,
  type TaskStatus,
} from "../../proto/gen/objects.ts";
import { parseIp } from "../../shared/model/ip.ts";
import { isTerminal, laterStatus, rank } from "../../shared/model/tasks.ts";

const MAX_TEXT_LENGTH = 4 * 1024;
/** Of those at which nothing listens yet; which ones more is of no use to anybody. */
const MAX_AWAITED_PORTS = 64;

const cut = (text: string): string => (text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text);

function bounded(status: TaskStatus): TaskStatus {
  const { message, err, containerStatus, portStatus } = status;
  const longest = Math.max(message.length, err.length, containerStatus?.containerId.length ?? 0);
  if (longest <= MAX_TEXT_LENGTH && portStatus === undefined) return status;
  const container = containerStatus && { ...containerStatus, containerId: cut(containerStatus.containerId) };
  const awaited = portStatus?.awaited.slice(0, MAX_AWAITED_PORTS).map(bareOf);
  return {
    ...status,
    message: cut(message),
    err: cut(err),
    containerStatus: container,
    portStatus: portStatus && { ...portStatus, awaited: awaited ?? [] },
  };
}

const bareOf = ({ protocol, publishedPort, targetPort }: PortConfig): PortConfig =>
  newPortConfig({ protocol, publishedPort, targetPort });

/** What is to change of a node; the later of two merged ones wins, field by field. */
export interface NodeChange {
  readonly description?: NodeDescription;
  /** host:port */
  readonly addr?: string;
  readonly role?: NodeRole;
  readonly state?: "ready" | "suspect" | "down";
  readonly message?: string;
}

/** The node with the change made; undefined when that changes nothing. */
export function changedNode(node: Node, change: NodeChange, nowMs: number): Node | undefined {
  const status = node.status ?? newNodeStatus();
  const state = change.state ?? status.state;
  const addrs = change.addr === undefined ? status.addrs : (ipsOf(change.addr) ?? status.addrs);
  const next: Node = {
    ...node,
    description: change.description ?? node.description,
    role: change.role ?? node.role,
    addr: change.addr !== undefined && change.addr !== "" ? change.addr : node.addr,
    onlyRestored: node.onlyRestored && change.state !== "ready",
    status: {
      ...status,
      addrs,
      state,
      message: change.state === undefined ? status.message : (change.message ?? ""),
      changedAtMs: state === status.state ? status.changedAtMs : nowMs,
    },
  };
  return Buffer.compare(encodeNode(node), encodeNode(next)) === 0 ? undefined : next;
}

function ipsOf(addr: string): readonly string[] | undefined {
  const host = addr.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return parseIp(host) === undefined ? undefined : [host];
}

/**
 * The task with a status that its agent reported; undefined when that is no news. A task's state never goes backwards, one
 * that has ended stays so, and an agent says nothing about what is not its to say.
 */
export function reportedTask(task: Task, update: TaskStatusUpdate, nowMs: number): Task | undefined {
  const current = task.status;
  if (update.status === undefined || current === undefined) return undefined;
  const status = bounded(update.status);
  if (rank(status.state) < rank("accepted") || status.state === "orphaned" || status.state === "remove")
    return undefined;
  if (isTerminal(current.state) || laterStatus(current, status) === current) return undefined;
  const startedAtMs = status.state === "running" && task.startedAtMs === 0 ? nowMs : task.startedAtMs;
  const same =
    status.state === current.state &&
    status.err === current.err &&
    status.message === current.message &&
    (status.portStatus?.awaited.length ?? 0) === (current.portStatus?.awaited.length ?? 0) &&
    status.containerStatus?.containerId === current.containerStatus?.containerId &&
    status.containerStatus?.pid === current.containerStatus?.pid;
  return same ? undefined : { ...task, status, startedAtMs };
}
