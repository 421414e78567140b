// Real agents over hollow runtimes with the real control plane, in simulated time: what each side believes of the other is
// checked against the other itself. (control-plane.test.ts has scripted agents instead.)
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Agent, createAgent } from "../../agent/agent.ts";
import { HollowHost, openHollowRuntime } from "../../agent/runtime/hollow/hollow.ts";
import type { SessionLink } from "../../agent/session/session.ts";
import { type AgentMessage, type DispatcherMessage, newAgentMessage } from "../../proto/gen/dispatcher.ts";
import {
  newContainerSpec,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newPlatform,
  newResources,
  newRestartPolicy,
} from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { silentLog } from "../../shared/log.ts";
import { type ClusterId, type NodeId, newId } from "../../shared/model/ids.ts";
import { isTerminal } from "../../shared/model/tasks.ts";
import { type ControlPlane, createControlPlane, service, withReplicas } from "../support/control-plane.ts";

/** Messages of one direction; a cut loses them without a word, as a dead link does. */
class Lane<T> {
  #queue: T[] = [];
  #wake: () => void = () => undefined;
  #end: { readonly error: unknown } | undefined;

  push(message: T): void {
    this.#queue.push(message);
    this.#wake();
  }

  end(error?: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *messages(): AsyncGenerator<T> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      } else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

class SimNode {
  readonly id: NodeId;
  readonly host = new HollowHost();
  linked = true;
  agent: Agent | undefined;
  #abort = new AbortController();
  #done: Promise<void> = Promise.resolve();
  readonly #plane: ControlPlane;
  readonly #hostname: string;

  constructor(plane: ControlPlane, hostname: string) {
    this.#plane = plane;
    this.#hostname = hostname;
    this.id = newId<NodeId>(plane.env.random);
  }

  async start(): Promise<void> {
    const { env, managers } = this.#plane;
    const runtime = openHollowRuntime({
      env,
      host: this.host,
      runMs: 500,
      delays: { pull: { least: 5, most: 50 }, create: { least: 5, most: 20 }, start: { least: 20, most: 60 } },
    });
    const description = newNodeDescription({
      hostname: this.#hostname,
      platform: newPlatform({ os: "linux", architecture: "x86_64" }),
      resources: newResources({ nanoCpus: 4e9, memoryBytes: 2 ** 33 }),
    });
    this.agent = await createAgent({
      env,
      log: silentLog,
      nodeId: this.id,
      runtime,
      dir: undefined,
      connect: (addr, signal) => this.#connect(addr, signal),
      managers: managers.map(({ raft }) => raft.status().members[raft.status().raftId - 1]?.addr ?? ""),
      addr: `${this.#hostname}:7377`,
      description: () => description,
    });
    this.#abort = new AbortController();
    this.#done = this.agent.run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new SkepError("canceled", "stop"));
    await this.#done;
  }

  /** Everything on it dies at once, and nobody is told. */
  async powerCut(): Promise<void> {
    this.linked = false;
    await this.stop();
    this.host.powerCut();
  }

  running(): string[] {
    return [...this.host.containers].filter(([, container]) => container.state === "running").map(([id]) => id);
  }

  #connect(addr: string, signal: AbortSignal): SessionLink {
    const { managers } = this.#plane;
    const manager = managers.find(({ raft }) => raft.status().members[raft.status().raftId - 1]?.addr === addr);
    const up = new Lane<AgentMessage>();
    const down = new Lane<DispatcherMessage>();
    const life = new AbortController();
    signal.addEventListener("abort", () => life.abort(), { once: true });
    life.signal.addEventListener("abort", () => {
      // The other side of a cut hears nothing, not even the end.
      if (this.linked) up.end();
    });
    const run = async (): Promise<void> => {
      if (manager === undefined) throw new SkepError("unavailable", `no route to ${addr}`);
      const peer = { kind: "node", nodeId: this.id, role: "worker", clusterId: "" as ClusterId } as const;
      const context = { peer, signal: life.signal, metadata: new Map<string, string>() };
      for await (const message of manager.dispatcher.handlers.session(up.messages(), context)) {
        if (this.linked) down.push(message);
      }
    };
    run().then(
      () => this.linked && down.end(),
      (error: unknown) => this.linked && down.end(error),
    );
    return {
      send: (message) => {
        if (this.linked) up.push(newAgentMessage(message));
        return true;
      },
      drained: async () => undefined,
      end: () => up.end(),
      cancel: () => life.abort(),
      messages: down.messages(),
    };
  }
}

interface World {
  readonly plane: ControlPlane;
  readonly nodes: readonly SimNode[];
  readonly close: () => Promise<void>;
}

async function world(seed: number, count: number): Promise<World> {
  const plane = await createControlPlane({ seed, managers: 3, nodes: 0 });
  const nodes: SimNode[] = [];
  for (let index = 0; index < count; index++) {
    const node = new SimNode(plane, `host${index + 1}`);
    await plane.leader().store.update((tx) => {
      tx.put("node", newNode({ id: node.id, spec: newNodeSpec() }));
    });
    await node.start();
    nodes.push(node);
  }
  await plane.until("all nodes are ready", () => nodes.every(({ id }) => plane.node(id).status?.state === "ready"));
  const close = async (): Promise<void> => {
    for (const node of nodes) await node.stop();
    await plane.close();
  };
  return { plane, nodes, close };
}

/** What managers believe to run is what runs: the same tasks, on the same nodes, and nothing else. */
function agree({ plane, nodes }: World): boolean {
  const believed = plane
    .leader()
    .store.view((view) =>
      [...view.all("task")]
        .filter((task) => task.status?.state === "running" && task.desiredState === "running")
        .map((task) => `${task.nodeId} ${task.id}`),
    );
  const real = nodes.flatMap((node) => node.running().map((id) => `${node.id} ${id}`));
  return believed.sort().join() === real.sort().join();
}

test("create, scale up, scale down, remove: both sides agree, and the node is clean in the end", async () => {
  const at = await world(1, 4);
  const { plane, nodes } = at;
  const web = await plane.createService(service("web", 8));
  await plane.until("8 run", () => plane.running(web) === 8 && agree(at), 5_000);
  await plane.updateService(web, withReplicas(20));
  await plane.until("20 run", () => plane.running(web) === 20 && agree(at), 5_000);
  assert.deepEqual(
    nodes.map((node) => node.running().length),
    [5, 5, 5, 5],
  );
  await plane.updateService(web, withReplicas(3));
  await plane.until("3 run", () => plane.running(web) === 3 && agree(at), 15_000);
  await plane.removeService(web);
  await plane.until("all is gone", () => nodes.every((node) => node.host.containers.size === 0), 15_000);
  await plane.until("nobody remembers", () => nodes.every((node) => node.agent?.counts().total === 0), 15_000);
  await at.close();
});

test("failing tasks are replaced, and their ends are told exactly", async () => {
  const at = await world(2, 2);
  const { plane } = at;
  const restartPolicy = newRestartPolicy({ delayMs: 100, maxAttempts: 2 });
  const image = (name: string) => ({ containerSpec: newContainerSpec({ image: name }), restartPolicy });
  const broken = await plane.createService(service("broken", 1, image("hollow/exit:7")));
  const missing = await plane.createService(service("missing", 1, image("hollow/missing")));
  const ended = (id: typeof broken): boolean =>
    plane.tasks(id).length === 3 && plane.tasks(id).every((task) => isTerminal(task.status?.state ?? "new"));
  await plane.until("both gave up", () => ended(broken) && ended(missing), 30_000);
  for (const { status } of plane.tasks(broken)) {
    assert.deepEqual(
      [status?.state, status?.err, status?.containerStatus?.exitCode],
      ["failed", "task: non-zero exit (7)", 7],
    );
  }
  for (const { status } of plane.tasks(missing)) {
    assert.equal(status?.state, "rejected");
    assert.match(status?.err ?? "", /^No such image: hollow\/missing: manifest unknown/);
  }
  await at.close();
});

test("a new leader: agents follow within a second or two, and no task notices", async () => {
  const at = await world(3, 3);
  const { plane, nodes } = at;
  const web = await plane.createService(service("web", 6));
  await plane.until("6 run", () => plane.running(web) === 6 && agree(at), 5_000);
  const before = nodes.flatMap((node) => node.running()).sort();
  for (const leader of [1, 2, 0]) {
    await plane.elect(leader);
    await plane.until(
      "every agent is in session with the new leader",
      () => nodes.every((node) => node.agent?.connection().kind === "connected"),
      2_000,
    );
    await plane.env.advance(10_000);
    assert.ok(nodes.every(({ id }) => plane.node(id).status?.state === "ready"));
  }
  assert.deepEqual(nodes.flatMap((node) => node.running()).sort(), before, "the same containers as before");
  await plane.updateService(web, withReplicas(9));
  await plane.until("9 run", () => plane.running(web) === 9 && agree(at), 5_000);
  await at.close();
});

test("a node cut off keeps its tasks; when it returns, the replaced ones are stopped", async () => {
  const at = await world(4, 3);
  const { plane, nodes } = at;
  const [cut] = nodes;
  assert.ok(cut !== undefined);
  const web = await plane.createService(service("web", 6));
  await plane.until("6 run", () => plane.running(web) === 6 && agree(at), 5_000);
  const stranded = cut.running();
  cut.linked = false;
  await plane.until(
    "replaced elsewhere",
    () => plane.tasks(web).filter((task) => task.nodeId !== cut.id && task.status?.state === "running").length === 6,
    15_000,
  );
  assert.deepEqual(cut.running(), stranded, "nobody told them to stop");
  cut.linked = true;
  await plane.until("6 run and no more", () => plane.running(web) === 6 && agree(at), 20_000);
  assert.equal(plane.node(cut.id).status?.state, "ready");
  await at.close();
});

test("a power cut: the tasks are replaced, and the node comes back empty and useful", async () => {
  const at = await world(5, 3);
  const { plane, nodes } = at;
  const [dead] = nodes;
  assert.ok(dead !== undefined);
  const web = await plane.createService(service("web", 6));
  await plane.until("6 run", () => plane.running(web) === 6 && agree(at), 5_000);
  await dead.powerCut();
  await plane.until(
    "replaced elsewhere",
    () => plane.tasks(web).filter((task) => task.nodeId !== dead.id && task.status?.state === "running").length === 6,
    15_000,
  );
  dead.linked = true;
  await dead.start();
  await plane.until("back", () => plane.node(dead.id).status?.state === "ready" && agree(at), 10_000);
  await plane.updateService(web, withReplicas(12));
  await plane.until("12 run", () => plane.running(web) === 12 && agree(at), 10_000);
  assert.ok(dead.running().length > 0);
  await at.close();
});
