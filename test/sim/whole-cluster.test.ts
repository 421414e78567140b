// Managers and the real agents together, over hollow runtimes: the two ends of the dispatcher's protocol meet here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAgent } from "../../agent/agent.ts";
import { HollowHost, openHollowRuntime } from "../../agent/runtime/hollow/hollow.ts";
import type { SessionLink } from "../../agent/session/session.ts";
import type { AgentMessage, DispatcherMessage } from "../../proto/gen/dispatcher.ts";
import {
  newContainerSpec,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newPlatform,
  newResources,
  newRestartPolicy,
  newTaskSpec,
  type ServiceSpec,
} from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { silentLog } from "../../shared/log.ts";
import { type ClusterId, type NodeId, newId, type ServiceId, type TaskId } from "../../shared/model/ids.ts";
import { type ControlPlane, createControlPlane, service, taskIds, withReplicas } from "../support/control-plane.ts";

/** A stream within the process: what gRPC does between an agent and a manager. */
function link(sim: ControlPlane, addr: string, nodeId: NodeId, signal: AbortSignal): SessionLink {
  const manager = sim.managers.find(({ raft }) => addr === memberAddr(raft.status()));
  const abort = new AbortController();
  const cancel = (): void => abort.abort(new SkepError("canceled", "the stream was canceled"));
  signal.addEventListener("abort", cancel, { once: true });
  const outgoing: AgentMessage[] = [];
  let wake: () => void = () => undefined;
  let ended = false;
  async function* requests(): AsyncGenerator<AgentMessage> {
    while (!abort.signal.aborted) {
      const next = outgoing.shift();
      if (next !== undefined) yield next;
      else if (ended) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
          abort.signal.addEventListener("abort", () => resolve(), { once: true });
        });
    }
  }
  async function* messages(): AsyncGenerator<DispatcherMessage> {
    if (manager === undefined) throw new SkepError("unavailable", `nobody at ${addr}`);
    const peer = { kind: "node", nodeId, role: "worker", clusterId: "" as ClusterId } as const;
    yield* manager.dispatcher.handlers.session(requests(), { peer, signal: abort.signal, metadata: new Map() });
  }
  return {
    send: (message) => {
      outgoing.push(message);
      wake();
      return true;
    },
    drained: () => Promise.resolve(),
    end: () => {
      ended = true;
      wake();
    },
    cancel,
    messages: messages(),
  };
}

const memberAddr = (status: ReturnType<ControlPlane["managers"][number]["raft"]["status"]>): string =>
  status.members.find(({ raftId }) => raftId === status.raftId)?.addr ?? "";

interface RealAgent {
  readonly id: NodeId;
  readonly host: HollowHost;
}

async function cluster(run: (sim: ControlPlane, agents: readonly RealAgent[]) => Promise<void>): Promise<void> {
  const sim = await createControlPlane({ managers: 3, nodes: 0 });
  const abort = new AbortController();
  const running: Promise<void>[] = [];
  const agents: RealAgent[] = [];
  for (let index = 0; index < 3; index++) {
    const id = newId<NodeId>(sim.env.random);
    await sim.leader().store.update((tx) => tx.put("node", newNode({ id, spec: newNodeSpec() })));
    const host = new HollowHost();
    const agent = await createAgent({
      env: sim.env,
      log: silentLog,
      nodeId: id,
      runtime: openHollowRuntime({ env: sim.env, host }),
      dir: undefined,
      connect: (addr, signal) => link(sim, addr, id, signal),
      managers: sim.managers.map(({ raft }) => memberAddr(raft.status())),
      addr: `10.0.1.${index + 1}:7377`,
      description: () =>
        newNodeDescription({
          hostname: `host${index + 1}`,
          platform: newPlatform({ os: "linux", architecture: "amd64" }),
          resources: newResources({ nanoCpus: 4e9, memoryBytes: 2 ** 33 }),
        }),
    });
    running.push(agent.run(abort.signal));
    agents.push({ id, host });
  }
  try {
    await sim.until("all nodes are ready", () => agents.every(({ id }) => sim.node(id).status?.state === "ready"));
    await run(sim, agents);
  } finally {
    abort.abort(new SkepError("canceled", "the test is over"));
    await sim.env.advance(100);
    await sim.close();
    await Promise.allSettled(running);
  }
}

const web = (replicas: number, image = "hollow/sleep"): ServiceSpec =>
  service("web", replicas, {
    containerSpec: newContainerSpec({ image }),
    restartPolicy: newRestartPolicy({ delayMs: 1_000 }),
  });
const withImage =
  (image: string) =>
  (spec: ServiceSpec): ServiceSpec => ({
    ...spec,
    taskTemplate: { ...newTaskSpec(spec.taskTemplate), containerSpec: newContainerSpec({ image }) },
  });

const containers = (agents: readonly RealAgent[]): TaskId[] =>
  agents
    .flatMap(({ host }) => [...host.containers].filter(([, { state }]) => state === "running").map(([id]) => id))
    .sort();
const settled = (sim: ControlPlane, agents: readonly RealAgent[], id: ServiceId, count: number): boolean =>
  sim.running(id) === count && containers(agents).join() === taskIds(sim.live(id)).sort().join();

test("create, scale, drain, update, remove", () =>
  cluster(async (sim, agents) => {
    const id = await sim.createService(web(6));
    await sim.until("6 run", () => settled(sim, agents, id, 6), 5_000);
    await sim.updateService(id, withReplicas(9));
    await sim.until("9 run", () => settled(sim, agents, id, 9), 5_000);
    await sim.updateService(id, withReplicas(3));
    await sim.until("3 run", () => settled(sim, agents, id, 3), 20_000);
    const [first] = agents;
    assert.ok(first !== undefined);
    await sim.updateNode(first.id, (spec) => ({ ...spec, availability: "drain" }));
    await sim.until("moved", () => settled(sim, agents, id, 3) && containers([first]).length === 0, 20_000);
    await sim.updateService(id, withImage("hollow/sleep:2"));
    await sim.until("updated", () => sim.service(id).updateStatus?.state === "completed", 60_000);
    assert.ok(settled(sim, agents, id, 3));
    await sim.removeService(id);
    await sim.until("all is gone", () => sim.tasks(id).length === 0 && containers(agents).length === 0, 20_000);
  }));

test("a container that crashes is replaced; an image that is not there says so, and pauses the update", () =>
  cluster(async (sim, agents) => {
    const id = await sim.createService(web(3));
    await sim.until("3 run", () => settled(sim, agents, id, 3), 5_000);
    await sim.updateService(id, withImage("hollow/missing"));
    await sim.until("paused", () => sim.service(id).updateStatus?.state === "paused", 60_000);
    assert.match(sim.service(id).updateStatus?.message ?? "", /manifest unknown/);
    assert.equal(sim.running(id), 2);
    await sim.updateService(id, withImage("hollow/exit:3"));
    await sim.until("ended", () => sim.tasks(id).some((task) => task.status?.containerStatus?.exitCode === 3), 60_000);
  }));

test("a leader change finds all agents again and restarts nothing", () =>
  cluster(async (sim, agents) => {
    const id = await sim.createService(web(6));
    await sim.until("6 run", () => settled(sim, agents, id, 6), 5_000);
    const before = taskIds(sim.live(id)).sort();
    for (const next of [1, 2, 0]) {
      await sim.elect(next);
      await sim.env.advance(15_000);
      assert.ok(agents.every(({ id: node }) => sim.node(node).status?.state === "ready"));
    }
    assert.deepEqual(taskIds(sim.live(id)).sort(), before);
    await sim.updateService(id, withReplicas(7));
    await sim.until("7 run", () => settled(sim, agents, id, 7), 5_000);
  }));

test("a node that was wrongly called down stops what was replaced, and takes new tasks again", () =>
  cluster(async (sim, agents) => {
    const id = await sim.createService(web(6));
    await sim.until("6 run", () => settled(sim, agents, id, 6), 5_000);
    const [first] = agents;
    assert.ok(first !== undefined);
    const before = containers([first]);
    await sim.leader().store.update((tx) => {
      const node = tx.get("node", first.id);
      assert.ok(node?.status !== undefined);
      tx.put("node", { ...node, status: { ...node.status, state: "down" } });
    });
    const oldOnes = (): number => containers([first]).filter((container) => before.includes(container)).length;
    await sim.until("whole", () => oldOnes() === 0 && settled(sim, agents, id, 6), 30_000);
    await sim.updateService(id, withReplicas(9));
    await sim.until("9 run", () => settled(sim, agents, id, 9) && containers([first]).length === 3, 5_000);
  }));
