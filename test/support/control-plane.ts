// A whole control plane in one process and in simulated time: managers with their stores over the memory Raft, the leader
// loops and dispatchers, and hollow agents that walk tasks through their states. Same seed, same run.
//
//   const sim = await createControlPlane({ seed: 1, managers: 3, nodes: 5 });
//   const web = await sim.createService(service("web", 3));
//   await sim.until("all run", () => sim.running(web) === 3);
//   sim.agents[0].cut(); … await sim.close();
import assert from "node:assert/strict";
import { Cursors } from "../../manager/allocator/addresses.ts";
import { allocateEndpoint } from "../../manager/allocator/endpoint.ts";
import { changesTasks, updatedService } from "../../manager/api/service-update.ts";
import { createDispatcher, type Dispatcher } from "../../manager/dispatcher/dispatcher.ts";
import { runLeaderLoops } from "../../manager/leader-loops.ts";
import { createStore } from "../../manager/store/store.ts";
import type { Store } from "../../manager/store/types.ts";
import {
  type Node,
  type NodeSpec,
  newCluster,
  newClusterSpec,
  newContainerSpec,
  newDispatcherConfig,
  newEngineDescription,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newOrchestrationConfig,
  newPlatform,
  newResources,
  newService,
  newServiceSpec,
  newTaskSpec,
  type Service,
  type ServiceSpec,
  type Task,
  type TaskSpec,
} from "../../proto/gen/objects.ts";
import { createSimEnv, type SimEnv } from "../../shared/env/sim-env.ts";
import { silentLog } from "../../shared/log.ts";
import { type NodeId, newId, type ServiceId, type TaskId } from "../../shared/model/ids.ts";
import { rank } from "../../shared/model/tasks.ts";
import { type HollowAgent, type Outcome, startHollowAgent } from "./hollow-agent.ts";
import { createMemoryRaft, type MemoryRaft, type MemoryRaftNode } from "./memory-raft.ts";
import { leads } from "./test-store.ts";

export interface Manager {
  readonly raft: MemoryRaftNode;
  readonly store: Store;
  readonly dispatcher: Dispatcher;
}

export interface ControlPlaneOptions {
  readonly seed?: number;
  readonly managers?: number;
  readonly nodes?: number;
  readonly historyLimit?: number;
  /** What becomes of a task that started to run; the default runs for ever. */
  readonly outcome?: (task: Task) => Outcome;
  readonly resources?: (index: number) => { readonly nanoCpus: number; readonly memoryBytes: number };
  readonly labels?: (index: number) => Record<string, string>;
}

export interface ControlPlane {
  readonly env: SimEnv;
  readonly raft: MemoryRaft;
  readonly managers: readonly Manager[];
  readonly agents: readonly HollowAgent[];
  readonly leader: () => Manager;
  readonly elect: (index: number, fate?: "keep" | "lose") => Promise<void>;
  readonly createService: (spec: ServiceSpec) => Promise<ServiceId>;
  /** As the API does: a change of what tasks are made of gives a new spec version and clears the update's status. */
  readonly updateService: (id: ServiceId, change: (spec: ServiceSpec) => ServiceSpec) => Promise<void>;
  readonly removeService: (id: ServiceId) => Promise<void>;
  readonly updateNode: (id: NodeId, change: (spec: NodeSpec) => NodeSpec) => Promise<void>;
  readonly removeNode: (id: NodeId) => Promise<void>;
  readonly service: (id: ServiceId) => Service;
  readonly node: (id: NodeId) => Node;
  /** Oldest first. */
  readonly tasks: (id: ServiceId) => Task[];
  /** Tasks that shall run and do. */
  readonly live: (id: ServiceId) => Task[];
  readonly running: (id: ServiceId) => number;
  /** Lets time pass until `condition` holds. */
  readonly until: (what: string, condition: () => boolean, limitMs?: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export const service = (name: string, replicas: number, template: Partial<TaskSpec> = {}): ServiceSpec =>
  newServiceSpec({
    name,
    mode: { kind: "replicated", replicas },
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: `${name}:1` }), ...template }),
  });

export const globalService = (name: string, template: Partial<TaskSpec> = {}): ServiceSpec => ({
  ...service(name, 0, template),
  mode: { kind: "global" },
});

export const withImage =
  (image: string) =>
  (spec: ServiceSpec): ServiceSpec => ({
    ...spec,
    taskTemplate: {
      ...spec.taskTemplate,
      ...newTaskSpec(spec.taskTemplate),
      containerSpec: newContainerSpec({ image }),
    },
  });

export const withReplicas =
  (replicas: number) =>
  (spec: ServiceSpec): ServiceSpec => ({
    ...spec,
    mode: { kind: "replicated", replicas },
  });

export async function createControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { seed = 1, managers: managerCount = 1, nodes: nodeCount = 3 } = options;
  const env = createSimEnv(seed);
  const raft = createMemoryRaft(managerCount);
  const abort = new AbortController();
  const { signal } = abort;
  const running: Promise<unknown>[] = [];

  const managers = raft.nodes.map((node): Manager => {
    const { store, machine, attach } = createStore({ env, log: silentLog });
    node.bind(machine);
    running.push(attach(node, signal));
    const dispatcher = createDispatcher({ env, log: silentLog, store, raft: node });
    running.push(dispatcher.run(signal));
    running.push(leadWhenElected(env, node, store, signal));
    return { raft: node, store, dispatcher };
  });
  const cursors = new Cursors(env.random);
  const leader = (): Manager => {
    const found = managers.find(({ raft: node }) => node.status().state === "leader");
    assert.ok(found !== undefined, "nobody leads");
    return found;
  };
  const elect = async (index: number, fate: "keep" | "lose" = "keep"): Promise<void> => {
    raft.elect(index, fate);
    await leads(leader().store);
  };
  await elect(0);
  await leader().store.update((tx) => {
    tx.put(
      "cluster",
      newCluster({
        id: newId(env.random),
        spec: newClusterSpec({
          name: "default",
          orchestration: newOrchestrationConfig({ taskHistoryRetentionLimit: options.historyLimit ?? 5 }),
          dispatcher: newDispatcherConfig({ heartbeatPeriodMs: 1_000, suspectAfterMs: 3_000, downAfterMs: 5_000 }),
        }),
      }),
    );
  });

  const agents: HollowAgent[] = [];
  for (let index = 0; index < nodeCount; index++) {
    const id = newId<NodeId>(env.random);
    await leader().store.update((tx) => {
      tx.put("node", newNode({ id, spec: newNodeSpec({ labels: options.labels?.(index) ?? {} }) }));
    });
    const agent = startHollowAgent({
      env,
      id,
      addr: `10.0.1.${index + 1}:7377`,
      description: newNodeDescription({
        hostname: `host${index + 1}`,
        platform: newPlatform({ os: "linux", architecture: "x86_64" }),
        resources: newResources(options.resources?.(index) ?? { nanoCpus: 4e9, memoryBytes: 8 * 2 ** 30 }),
        engine: newEngineDescription({ runtime: "hollow" }),
      }),
      dispatchers: managers.map(({ raft: { status }, dispatcher }) => ({
        addr: status().members[status().raftId - 1]?.addr ?? "",
        dispatcher,
      })),
      outcome: options.outcome ?? (() => ({ kind: "run" })),
      signal,
    });
    agents.push(agent);
    running.push(agent.done);
  }

  const view = leader; // reads ask whoever leads
  const tasks = (id: ServiceId): Task[] =>
    view().store.view((at) =>
      [...at.tasksOfService(id)].sort((a, b) => (a.meta?.createdVersion ?? 0) - (b.meta?.createdVersion ?? 0)),
    );
  const live = (id: ServiceId): Task[] =>
    tasks(id).filter((task) => task.status?.state === "running" && rank(task.desiredState) <= rank("running"));
  const get = <T>(what: string, value: T | undefined): T => {
    assert.ok(value !== undefined, `no ${what}`);
    return value;
  };

  const plane: ControlPlane = {
    env,
    raft,
    managers,
    agents,
    leader,
    elect,
    createService: async (spec) => {
      const id = newId<ServiceId>(env.random);
      await leader().store.update((tx) => {
        const fresh = newService({ id, spec, specVersion: tx.version + 1 });
        tx.put("service", { ...fresh, endpoint: allocateEndpoint(tx, fresh, cursors) });
      });
      return id;
    },
    updateService: async (id, change) => {
      await leader().store.update((tx) => {
        const old = get("service", tx.get("service", id));
        const spec = change(get("spec", old.spec));
        const next = changesTasks(old.spec, spec)
          ? updatedService(old, spec, tx.version + 1)
          : { ...old, spec, updateStatus: undefined };
        tx.put("service", { ...next, endpoint: allocateEndpoint(tx, next, cursors) });
      });
    },
    removeService: async (id) => {
      await leader().store.update((tx) => tx.remove("service", id));
    },
    updateNode: async (id, change) => {
      await leader().store.update((tx) => {
        const node = get("node", tx.get("node", id));
        tx.put("node", { ...node, spec: change(get("spec", node.spec)) });
      });
    },
    removeNode: async (id) => {
      await leader().store.update((tx) => tx.remove("node", id));
    },
    service: (id) =>
      get(
        "service",
        view().store.view((at) => at.get("service", id)),
      ),
    node: (id) =>
      get(
        "node",
        view().store.view((at) => at.get("node", id)),
      ),
    tasks,
    live,
    running: (id) => live(id).length,
    until: async (what, condition, limitMs = 60_000) => {
      const endMs = env.nowMs() + limitMs;
      while (!condition()) {
        assert.ok(env.nowMs() < endMs, `not within ${limitMs} ms: ${what}; replay with seed ${seed}`);
        await env.advance(20);
      }
    },
    close: async () => {
      abort.abort();
      await env.advance(1);
      await Promise.allSettled(running);
    },
  };
  await plane.until("all nodes are ready", () => agents.every(({ id }) => plane.node(id).status?.state === "ready"));
  return plane;
}

async function leadWhenElected(env: SimEnv, node: MemoryRaftNode, store: Store, signal: AbortSignal): Promise<void> {
  let stop: AbortController | undefined;
  let done: Promise<void> | undefined;
  for await (const event of node.leadership(signal)) {
    stop?.abort();
    await done;
    if (event.kind !== "leading" || signal.aborted) continue;
    stop = new AbortController();
    done = runLeaderLoops({ env, log: silentLog, store, signal: stop.signal });
  }
  stop?.abort();
  await done;
}

export const taskIds = (tasks: readonly Task[]): TaskId[] => tasks.map(({ id }) => id);
