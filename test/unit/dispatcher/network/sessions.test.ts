// Whole stories: managers with their stores, and agents that know networks only.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDispatcher, type Dispatcher } from "../../../../manager/dispatcher/dispatcher.ts";
import type { Store } from "../../../../manager/store/types.ts";
import type { DispatcherMessage } from "../../../../proto/gen/dispatcher.ts";
import type { Node, Task } from "../../../../proto/gen/objects.ts";
import { silentLog } from "../../../../shared/log.ts";
import { NetworkAgent } from "../../../support/network-agent.ts";
import { createTestStores, leads, type TestStores } from "../../../support/test-store.ts";
import { network, networkId, node, nodeId, service, short, task, taskId } from "./fixtures.ts";

class Scene {
  readonly stores: TestStores;
  readonly dispatchers: readonly Dispatcher[];
  readonly heard: string[] = [];
  readonly agents: ReadonlyMap<string, NetworkAgent>;
  #leader = 0;

  constructor(stores: TestStores, dispatchers: readonly Dispatcher[]) {
    this.stores = stores;
    this.dispatchers = dispatchers;
    this.agents = new Map(
      ["n1", "n2", "n3"].map((name) => [
        name,
        new NetworkAgent(nodeId(name), {
          onMessage: (message) => {
            const words = wordsOf(message);
            if (words !== undefined) this.heard.push(`${name} ${words}`);
          },
        }),
      ]),
    );
  }

  get store(): Store {
    const store = this.stores.stores[this.#leader];
    assert.ok(store !== undefined);
    return store;
  }

  agent(name: string): NetworkAgent {
    const agent = this.agents.get(name);
    assert.ok(agent !== undefined);
    return agent;
  }

  connect(...names: readonly string[]): void {
    const dispatcher = this.dispatchers[this.#leader];
    assert.ok(dispatcher !== undefined);
    for (const name of names) this.agent(name).connect(dispatcher);
  }

  async elect(index: number): Promise<void> {
    this.stores.raft.elect(index);
    this.#leader = index;
    await leads(this.store);
    await this.settle();
  }

  async settle(ms = 0): Promise<void> {
    await this.stores.env.advance(ms);
  }

  /** All that was heard since. */
  async news(ms = 0): Promise<string[]> {
    await this.settle(ms);
    return this.heard.splice(0);
  }

  /** Connected agents beat meanwhile. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      for (const agent of this.agents.values()) if (agent.connected) agent.say({ kind: "beat" });
      await this.settle(500);
    }
  }

  async put(...objects: readonly (Task | Node)[]): Promise<void> {
    await this.store.update((tx) => {
      for (const object of objects) {
        if ("slot" in object) tx.put("task", { ...object, meta: tx.get("task", object.id)?.meta });
        else tx.put("node", { ...object, meta: tx.get("node", object.id)?.meta });
      }
    });
  }
}

function wordsOf(message: NonNullable<DispatcherMessage["message"]>): string | undefined {
  if (message.kind === "drained") return `drained ${message.taskIds.map(short).join()}`;
  if (message.kind === "assignments") {
    const tasks = message.tasks.map(({ id, desiredState }) => `${short(id)}:${desiredState}`);
    return `${message.type} ${[...tasks, ...message.removedTaskIds.map((id) => `-${short(id)}`)].join()}`.trim();
  }
  if (message.kind !== "network") return undefined;
  const { update } = message;
  if (update?.kind === "snapshot") {
    return `${update.network?.name} whole ${update.endpoints.map(({ taskId: id, state }) => `${short(id)}:${state}`).join()}`.trim();
  }
  if (update?.kind === "gone") return `${short(update.networkId)} gone`;
  if (update === undefined) return undefined;
  const changed = update.endpoints.map(({ taskId: id, state }) => `${short(id)}:${state}`);
  const words = [...changed, ...update.removedTaskIds.map((id) => `-${short(id)}`)].join();
  return `${short(update.networkId)} ${words || "is as it was"}`;
}

async function scene(run: (scene: Scene) => Promise<void>, managers: number): Promise<void> {
  const stores = createTestStores(managers);
  const abort = new AbortController();
  const dispatchers = stores.raft.nodes.map((raft, index) => {
    const part = stores.parts[index];
    assert.ok(part !== undefined);
    return createDispatcher({ env: stores.env, log: silentLog, store: part.store, raft });
  });
  const running = dispatchers.map((dispatcher) => dispatcher.run(abort.signal));
  const at = new Scene(stores, dispatchers);
  await at.elect(0);
  await at.store.update((tx) => {
    tx.put("network", network("net1"));
    tx.put("network", network("net2"));
    tx.put("service", service("web", ["net1"]));
    for (const name of ["n1", "n2", "n3"]) tx.put("node", node(name));
    tx.put("task", task("a", { on: "n1" }));
    tx.put("task", task("b", { on: "n2", slot: 2 }));
  });
  try {
    await run(at);
  } finally {
    abort.abort();
    for (const agent of at.agents.values()) agent.drop();
    await stores.env.advance(1);
    await Promise.all(running);
    stores.close();
  }
}

const story = (name: string, run: (scene: Scene) => Promise<void>, managers = 1): void => {
  test(name, () => scene(run, managers));
};

describe("the order of the stream", () => {
  story("a session: its networks, then its tasks", async (at) => {
    at.connect("n1", "n3");
    assert.deepEqual((await at.news()).sort(), [
      "n1 complete a:running",
      "n1 net1 whole a:ready,b:ready",
      "n3 complete",
    ]);
  });

  story("a new task's network comes before it, and goes after it has ended", async (at) => {
    at.connect("n3");
    await at.news();
    await at.put(task("c", { on: "n3", state: "assigned", networks: ["net1", "net2"] }));
    assert.deepEqual(await at.news(), [
      "n3 net1 whole a:ready,b:ready,c:starting",
      "n3 net2 whole c:starting",
      "n3 incremental c:running",
    ]);
    await at.put(task("c", { on: "n3", state: "running", networks: ["net1", "net2"] }));
    assert.deepEqual(await at.news(), ["n3 net1 c:ready", "n3 net2 c:ready"]);
    await at.store.update((tx) =>
      tx.put("task", {
        ...task("c", { on: "n3", state: "failed", networks: ["net1", "net2"] }),
        meta: tx.get("task", taskId("c"))?.meta,
      }),
    );
    assert.deepEqual(await at.news(), ["n3 net1 gone", "n3 net2 gone"]);
  });

  story("a task that comes while the agent reads nothing is still behind its network", async (at) => {
    at.connect("n3");
    await at.news();
    at.agent("n3").read(false);
    await at.put(task("c", { on: "n3", state: "assigned" }));
    await at.put(task("d", { on: "n3", state: "assigned", networks: ["net2"] }));
    await at.put(task("c", { on: "n3", state: "assigned", desired: "shutdown" }));
    // What was under way when it stopped reading.
    assert.deepEqual(await at.news(), ["n3 net1 whole a:ready,b:ready,c:starting"]);
    at.agent("n3").read(true);
    assert.deepEqual(await at.news(), [
      "n3 net2 whole d:starting",
      "n3 net1 c:draining",
      "n3 incremental c:shutdown,d:running",
      "n3 drained c",
    ]);
  });

  story("a network that does not exist holds nothing up", async (at) => {
    await at.put(task("c", { on: "n3", networks: ["net7"] }));
    at.connect("n3");
    assert.deepEqual(await at.news(), ["n3 complete c:running"]);
  });
});

describe("a task that is to stop", () => {
  story("is drained once every node with its network has applied that", async (at) => {
    at.connect("n1", "n2", "n3");
    await at.news();
    at.agent("n1").apply(false);
    await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
    assert.deepEqual(await at.news(), ["n1 net1 b:draining", "n2 net1 b:draining", "n2 incremental b:shutdown"]);
    at.agent("n1").apply(true);
    assert.deepEqual(await at.news(), ["n2 drained b"]);
    await at.put(task("b", { on: "n2", slot: 2, desired: "remove" }));
    assert.deepEqual(await at.news(), ["n2 incremental b:remove"], "once");
  });

  story("that nobody ever sent to is drained at once", async (at) => {
    at.connect("n1", "n2");
    await at.put(task("c", { on: "n1", state: "preparing" }));
    await at.news();
    at.agent("n2").apply(false);
    await at.put(task("c", { on: "n1", state: "preparing", desired: "shutdown" }));
    const heard = await at.news();
    assert.deepEqual(
      heard.filter((line) => line.startsWith("n1")),
      ["n1 net1 c:draining", "n1 incremental c:shutdown", "n1 drained c"],
    );
  });

  story("waits for a node whose session broke, until that is not heard of any more", async (at) => {
    at.connect("n1", "n2");
    await at.news();
    at.agent("n1").drop();
    await at.settle();
    await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
    await at.pass(1_000);
    assert.deepEqual(await at.news(), ["n2 net1 b:draining", "n2 incremental b:shutdown"]);
    await at.pass(2_500);
    assert.ok((await at.news()).includes("n2 drained b"), "n1 is suspect by now");
  });

  story("waits for a node that comes back, until that has applied it", async (at) => {
    at.connect("n1", "n2");
    await at.news();
    at.agent("n1").drop();
    await at.settle();
    await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
    await at.settle(500);
    at.agent("n1").apply(false);
    at.connect("n1");
    await at.settle(500);
    assert.deepEqual(
      (await at.news()).filter((line) => line.includes("drained")),
      [],
    );
    at.agent("n1").apply(true);
    assert.deepEqual(await at.news(), ["n2 drained b"]);
  });

  story("is told so in a new session, too", async (at) => {
    at.connect("n1", "n2");
    await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
    await at.news();
    at.agent("n2").drop();
    await at.settle();
    at.connect("n2");
    assert.deepEqual(await at.news(), ["n2 net1 is as it was", "n2 complete b:shutdown", "n2 drained b"]);
  });

  story("does not wait for what the node of another task still has when that leaves the network", async (at) => {
    at.connect("n1", "n2");
    await at.news();
    at.agent("n1").apply(false);
    await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
    await at.put(task("a", { on: "n1", state: "failed" }));
    assert.ok((await at.news()).includes("n2 drained b"));
  });

  story(
    "is drained under the next leader, once all nodes that are heard have applied what that one says",
    async (at) => {
      at.connect("n1", "n2");
      await at.news();
      at.agent("n1").apply(false);
      await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
      await at.news();
      await at.elect(1);
      at.connect("n2");
      await at.settle();
      assert.deepEqual(at.heard.splice(0), ["n2 net1 is as it was", "n2 complete b:shutdown"]);
      at.connect("n1");
      await at.settle();
      assert.deepEqual(at.heard.splice(0), ["n1 net1 is as it was", "n1 complete a:running"]);
      at.agent("n1").apply(true);
      assert.deepEqual(await at.news(), ["n2 drained b"]);
    },
    3,
  );
});

describe("an agent", () => {
  story("that lost the thread gets the whole", async (at) => {
    at.connect("n1");
    await at.news();
    at.agent("n1").forget(networkId("net1"));
    await at.put(task("c", { on: "n2", slot: 3 }));
    assert.deepEqual(await at.news(), ["n1 net1 c:ready", "n1 net1 whole a:ready,b:ready,c:ready"]);
    at.agent("n1").forget(networkId("net1"));
    await at.put(task("d", { on: "n2", slot: 4 }));
    assert.deepEqual(await at.news(300), ["n1 net1 d:ready"], "not twice in a second");
    assert.deepEqual(await at.news(1_000), ["n1 net1 whole a:ready,b:ready,c:ready,d:ready"]);
  });

  story("that speaks of networks it was not told of, or of versions to come, is not believed", async (at) => {
    at.connect("n1", "n2");
    await at.news();
    at.agent("n1").apply(false);
    at.agent("n1").say({ kind: "networkApplied", networkId: networkId("net1"), version: 1_000_000 });
    at.agent("n1").say({ kind: "networkApplied", networkId: networkId("net2"), version: 5 });
    at.agent("n1").say({ kind: "networkResync", networkId: networkId("net8") });
    await at.settle();
    assert.deepEqual(at.heard.splice(0), ["n1 net2 gone", "n1 net8 gone"]);
    await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
    assert.deepEqual(
      (await at.news()).filter((line) => line.includes("drained")),
      [],
    );
    assert.equal(at.agent("n1").ended, undefined);
  });

  story("is known to be up to date, or not", async (at) => {
    const [dispatcher] = at.dispatchers;
    at.connect("n1", "n2");
    await at.settle();
    const first = dispatcher?.networkProgress(networkId("net1"));
    assert.ok(first !== undefined);
    assert.deepEqual([...first.applied].sort(), [
      [nodeId("n1"), first.version],
      [nodeId("n2"), first.version],
    ]);
    at.agent("n1").apply(false);
    await at.put(task("b", { on: "n2", slot: 2, desired: "shutdown" }));
    await at.settle();
    const second = dispatcher?.networkProgress(networkId("net1"));
    assert.ok(second !== undefined && second.version > first.version);
    assert.deepEqual([...second.applied].sort(), [
      [nodeId("n1"), first.version],
      [nodeId("n2"), second.version],
    ]);
    assert.equal(dispatcher?.networkProgress(networkId("net9")), undefined);
  });
});
