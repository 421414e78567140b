// Short ways to write down a service's state for the plans.
import type { Plan, PlanInput } from "../../../manager/orchestrator/draft.ts";
import { planService } from "../../../manager/orchestrator/service-plan.ts";
import {
  type Node,
  newContainerSpec,
  newMeta,
  newNode,
  newNodeSpec,
  newNodeStatus,
  newRestartPolicy,
  newService,
  newServiceSpec,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Service,
  type Task,
  type TaskSpec,
  type TaskState,
} from "../../../proto/gen/objects.ts";
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";

export const NOW = 1_000_000;
export const ID = "web" as ServiceId;

export interface TaskInput {
  readonly node?: string;
  readonly desired?: TaskState;
  readonly version?: number;
  readonly createdVersion?: number;
  readonly endedAtMs?: number;
  readonly startedAtMs?: number;
  readonly notBeforeMs?: number;
  readonly message?: string;
  readonly err?: string;
  readonly policy?: Parameters<typeof newRestartPolicy>[0];
  readonly spec?: Partial<TaskSpec>;
}

let births = 0;

/** `slot` 0 and a node: a task of a global service. */
export const task = (id: string, slot: number, state: TaskState, input: TaskInput = {}): Task =>
  newTask({
    id: id as TaskId,
    meta: newMeta({ version: 1, createdVersion: input.createdVersion ?? ++births }),
    serviceId: ID,
    slot,
    nodeId: (input.node ?? (state === "pending" ? "" : "n1")) as NodeId,
    specVersion: input.version ?? 1,
    desiredState: input.desired ?? "running",
    notBeforeMs: input.notBeforeMs ?? 0,
    startedAtMs: input.startedAtMs ?? 0,
    status: newTaskStatus({
      state,
      timestampMs: input.endedAtMs ?? NOW,
      message: input.message ?? "",
      err: input.err ?? "",
    }),
    spec: templateOf(input),
  });

const templateOf = (input: Pick<TaskInput, "policy" | "spec">): TaskSpec =>
  newTaskSpec({
    containerSpec: newContainerSpec({ image: "web:1" }),
    ...(input.policy === undefined ? {} : { restartPolicy: newRestartPolicy(input.policy) }),
    ...input.spec,
  });

export interface ServiceInput {
  readonly replicas?: number | "global";
  readonly version?: number;
  readonly policy?: Parameters<typeof newRestartPolicy>[0];
  readonly spec?: Partial<TaskSpec>;
  readonly change?: Partial<Service>;
}

export const service = (input: ServiceInput = {}): Service =>
  newService({
    id: ID,
    specVersion: input.version ?? 1,
    spec: newServiceSpec({
      name: "web",
      mode: input.replicas === "global" ? { kind: "global" } : { kind: "replicated", replicas: input.replicas ?? 1 },
      taskTemplate: templateOf(input),
    }),
    ...input.change,
  });

export interface NodeInput {
  readonly state?: Node["status"] extends infer S ? (S extends { state: infer State } ? State : never) : never;
  readonly availability?: "active" | "pause" | "drain";
  readonly labels?: Readonly<Record<string, string>>;
  readonly changedAtMs?: number;
}

export const node = (id: string, input: NodeInput = {}): Node =>
  newNode({
    id: id as NodeId,
    spec: newNodeSpec({ availability: input.availability ?? "active", labels: input.labels ?? {} }),
    status: newNodeStatus({ state: input.state ?? "ready", changedAtMs: input.changedAtMs ?? 0 }),
  });

export interface Scene {
  readonly service?: Service | undefined;
  readonly tasks?: readonly Task[];
  readonly nodes?: readonly Node[];
  readonly historyLimit?: number;
  readonly nowMs?: number;
  readonly maxChanges?: number;
  /** How long the leader has known that these tasks wait. */
  readonly waitedMs?: Readonly<Record<string, number>>;
}

export function plan(scene: Scene): Plan {
  let ids = 0;
  const nodes = scene.nodes ?? [node("n1"), node("n2")];
  const input: PlanInput = {
    serviceId: ID,
    service: "service" in scene ? scene.service : service(),
    tasks: scene.tasks ?? [],
    node: (id) => nodes.find((other) => other.id === id),
    nodes: () => nodes,
    historyLimit: scene.historyLimit ?? 5,
    nowMs: scene.nowMs ?? NOW,
    waits: new Map(Object.entries(scene.waitedMs ?? {}).map(([id, ms]) => [id as TaskId, NOW - ms])),
    newTaskId: () => `new${++ids}` as TaskId,
    maxChanges: scene.maxChanges ?? 1_000,
  };
  return planService(input);
}

/** One line per change: "+slot desired [@node] [in ms]", "id -> desired", "id = state", "- id". */
export function lines(made: Plan, before: readonly Task[]): string[] {
  const changed = made.puts.map((next) => {
    const old = before.find(({ id }) => id === next.id);
    if (old === undefined) {
      const at = next.slot === 0 ? `@${next.nodeId}` : String(next.slot);
      const wait = next.notBeforeMs > NOW ? ` in ${next.notBeforeMs - NOW}` : "";
      return `+${at} ${next.desiredState}${wait}`;
    }
    const parts = [];
    if (old.status?.state !== next.status?.state) parts.push(`= ${next.status?.state}`);
    if (old.desiredState !== next.desiredState) parts.push(`-> ${next.desiredState}`);
    if (old.specVersion !== next.specVersion) parts.push(`v${next.specVersion}`);
    return `${next.id} ${parts.join(" ")}`;
  });
  return [...changed, ...made.removals.map((id) => `- ${id}`)].sort();
}
