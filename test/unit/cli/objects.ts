// Small builders of the objects that the CLI's tests show.
import {
  type Node,
  type NodeState,
  newContainerSpec,
  newEngineDescription,
  newManagerStatus,
  newMeta,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newNodeStatus,
  newService,
  newServiceSpec,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Service,
  type ServiceSpec,
  type Task,
  type TaskState,
} from "../../../proto/gen/objects.ts";
import { type NodeId, parseId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { NOW_MS } from "./harness.ts";

const id = (prefix: string, n: number): string => `${prefix}${n}`.padEnd(25, "x");
export const nodeId = (n: number): NodeId => parseId("node id", id("node", n));
export const serviceId = (n: number): ServiceId => parseId("service id", id("svc", n));
export const taskId = (n: number): TaskId => parseId("task id", id("task", n));

export function node(n: number, state: NodeState = "ready", manager?: "leader" | "reachable" | "unreachable"): Node {
  return newNode({
    id: nodeId(n),
    meta: newMeta({ version: n, createdAtMs: NOW_MS - 3_600_000 }),
    spec: newNodeSpec({ role: manager === undefined ? "worker" : "manager" }),
    role: manager === undefined ? "worker" : "manager",
    description: newNodeDescription({
      hostname: `node${n}`,
      platform: { os: "linux", architecture: "amd64" },
      engine: newEngineDescription({ engineVersion: "0.1.0", runtime: "containerd 1.6.20" }),
    }),
    status: newNodeStatus({ state, addrs: [`10.0.0.${n}`] }),
    managerStatus:
      manager === undefined
        ? undefined
        : newManagerStatus({
            addr: `10.0.0.${n}:7377`,
            leader: manager === "leader",
            reachability: manager === "unreachable" ? "unreachable" : "reachable",
          }),
  });
}

export function service(
  n: number,
  name: string,
  spec: Partial<ServiceSpec> = {},
  rest: Partial<Service> = {},
): Service {
  return newService({
    id: serviceId(n),
    meta: newMeta({ version: 10 + n, createdAtMs: NOW_MS - 60_000, updatedAtMs: NOW_MS - 60_000 }),
    specVersion: 10 + n,
    spec: newServiceSpec({
      name,
      mode: { kind: "replicated", replicas: 1 },
      taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: `docker.io/library/${name}:1` }) }),
      ...spec,
    }),
    ...rest,
  });
}

export interface TaskShape {
  readonly n: number;
  readonly of: Service;
  readonly slot: number;
  readonly state: TaskState;
  readonly node?: number;
  readonly desired?: TaskState;
  readonly err?: string;
  readonly exit?: number;
  readonly agoMs?: number;
  readonly specVersion?: number;
}

export function task(shape: TaskShape): Task {
  const atMs = NOW_MS - (shape.agoMs ?? 5_000);
  return newTask({
    id: taskId(shape.n),
    meta: newMeta({ version: 100 + shape.n, createdAtMs: atMs, updatedAtMs: atMs }),
    spec: shape.of.spec?.taskTemplate,
    specVersion: shape.specVersion ?? shape.of.specVersion,
    serviceId: shape.of.id,
    serviceName: shape.of.spec?.name ?? "",
    slot: shape.slot,
    ...(shape.node === undefined ? {} : { nodeId: nodeId(shape.node) }),
    desiredState: shape.desired ?? "running",
    status: newTaskStatus({
      state: shape.state,
      timestampMs: atMs,
      err: shape.err ?? "",
      containerStatus:
        shape.exit === undefined ? undefined : { containerId: "c", pid: 0, exitCode: shape.exit, oomKilled: false },
    }),
  });
}
