import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDispatcher, type Dispatcher } from "../../../manager/dispatcher/dispatcher.ts";
import type { Commit, Store } from "../../../manager/store/types.ts";
import {
  type AgentMessage,
  type DispatcherMessage,
  newAgentMessage,
  newSessionInfo,
  newTaskStatusUpdate,
} from "../../../proto/gen/dispatcher.ts";
import {
  newCluster,
  newClusterSpec,
  newDispatcherConfig,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newTask,
  newTaskStatus,
  type Task,
  type TaskState,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { type Log, silentLog } from "../../../shared/log.ts";
import type { ClusterId, NodeId, TaskId } from "../../../shared/model/ids.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import { createTestStores, leads, type TestStores } from "../../support/test-store.ts";

const NODE = "n1".padEnd(25, "0") as NodeId;
const OTHER = "n2".padEnd(25, "0") as NodeId;

/** One agent's stream: what it sends, what it hears, how it ended. */
class Line {
  readonly heard: string[] = [];
  readonly messages: NonNullable<DispatcherMessage["message"]>[] = [];
  ended: string | undefined;
  readonly #abort = new AbortController();
  readonly #outgoing: AgentMessage[] = [];
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(dispatcher: Dispatcher, peer: Peer) {
    void this.#run(dispatcher, peer);
  }

  say(message: NonNullable<AgentMessage["message"]>): void {
    this.#outgoing.push(newAgentMessage({ message }));
    this.#wake();
  }

  hello(addr = "", hostname = "host"): void {
    this.say({
      kind: "hello",
      challenge: new Uint8Array(0),
      addr,
      description: newNodeDescription({ hostname }),
      networks: [],
    });
  }

  report(taskId: string, state: TaskState, timestampMs = 1): void {
    const update = newTaskStatusUpdate({ taskId: taskId as TaskId, status: newTaskStatus({ state, timestampMs }) });
    this.say({ kind: "statuses", updates: [update] });
  }

  /** The connection breaks. */
  drop(): void {
    this.#abort.abort(new SkepError("canceled", "gone"));
  }

  /** The agent ends the stream. */
  end(): void {
    this.#closed = true;
    this.#wake();
  }

  async #run(dispatcher: Dispatcher, peer: Peer): Promise<void> {
    const context = { peer, signal: this.#abort.signal, metadata: new Map<string, string>() };
    try {
      for await (const { message } of dispatcher.handlers.session(this.#requests(), context)) {
        if (message === undefined) continue;
        this.messages.push(message);
        this.heard.push(
          message.kind === "assignments"
            ? `${message.type} +${message.tasks.map(({ id, desiredState }) => `${id}:${desiredState}`).join()} -${message.removedTaskIds.join()}`
            : message.kind === "stored"
              ? `stored ${message.updates.map(({ taskId, status }) => `${taskId}:${status?.state}`).join()}`
              : message.kind,
        );
      }
      this.ended = "well";
    } catch (error) {
      const { code, message } = SkepError.from(error);
      this.ended = `${code}: ${message}`;
    } finally {
      this.end();
    }
  }

  async *#requests(): AsyncGenerator<AgentMessage> {
    for (;;) {
      const next = this.#outgoing.shift();
      if (next !== undefined) yield next;
      else if (this.#closed) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

interface Scene extends TestStores {
  readonly dispatchers: readonly Dispatcher[];
  readonly dial: (manager?: number, peer?: Peer) => Line;
  readonly settle: (ms?: number) => Promise<void>;
}

const asNode = (nodeId: NodeId): Peer => ({ kind: "node", nodeId, role: "worker", clusterId: "" as ClusterId });

interface SceneOptions {
  readonly managers?: number;
  readonly log?: Log;
  /** The store as the dispatchers see it. */
  readonly seen?: (store: Store) => Store;
}

async function scene(run: (scene: Scene) => Promise<void>, options: SceneOptions = {}): Promise<void> {
  const { managers = 1, log = silentLog, seen = (store) => store } = options;
  const stores = createTestStores(managers);
  const { env, raft, parts } = stores;
  const abort = new AbortController();
  const dispatchers = raft.nodes.map((node, index) => {
    const part = parts[index];
    assert.ok(part !== undefined);
    return createDispatcher({ env, log, store: seen(part.store), raft: node });
  });
  const running = dispatchers.map((dispatcher) => dispatcher.run(abort.signal));
  raft.elect(0);
  const store = stores.stores[0];
  assert.ok(store !== undefined);
  await leads(store);
  await store.update((tx) => {
    const dispatcher = newDispatcherConfig({ heartbeatPeriodMs: 1_000, suspectAfterMs: 3_000, downAfterMs: 5_000 });
    tx.put(
      "cluster",
      newCluster({ id: "c" as ClusterId, spec: newClusterSpec({ dispatcher, insecureRegistries: ["10.0.0.1:5000"] }) }),
    );
    tx.put("node", newNode({ id: NODE, spec: newNodeSpec({ role: "manager" }) }));
    tx.put("node", newNode({ id: OTHER }));
    for (const [id, nodeId] of [
      ["mine", NODE],
      ["theirs", OTHER],
    ] as const)
      tx.put("task", task(id, nodeId));
  });
  try {
    await run({
      ...stores,
      dispatchers,
      dial: (manager = 0, peer = asNode(NODE)) => {
        const dispatcher = dispatchers[manager];
        assert.ok(dispatcher !== undefined);
        return new Line(dispatcher, peer);
      },
      settle: (ms = 0) => env.advance(ms),
    });
  } finally {
    abort.abort();
    await env.advance(1);
    await Promise.all(running);
    stores.close();
  }
}

const task = (id: string, nodeId: NodeId): Task =>
  newTask({ id: id as TaskId, nodeId, desiredState: "running", status: newTaskStatus({ state: "assigned" }) });

const story = (name: string, run: (scene: Scene) => Promise<void>, managers = 1): void => {
  test(name, () => scene(run, { managers }));
};

const stored = ({ stores: [store] }: Scene, id: string): Task | undefined =>
  store?.view((view) => view.get("task", id as TaskId));
const nodeOf = ({ stores: [store] }: Scene, id = NODE) => store?.view((view) => view.get("node", id));
const change = async ({ stores: [store] }: Scene, id: string, to: Partial<Task>): Promise<void> => {
  await store?.update((tx) => {
    const old = tx.get("task", id as TaskId);
    assert.ok(old !== undefined);
    tx.put("task", { ...old, ...to });
  });
};

describe("a session", () => {
  story("begins with what the node must know, and all its tasks", async (at) => {
    const line = at.dial();
    await at.settle();
    assert.deepEqual(line.heard, [], "nothing before hello");
    line.hello();
    await at.settle();
    assert.deepEqual(line.heard, ["session", "complete +mine:running -"]);
    const [session] = line.messages;
    assert.deepEqual(session, {
      kind: "session",
      ...newSessionInfo({
        nodeId: NODE,
        heartbeatPeriodMs: 1_000,
        suspectAfterMs: 3_000,
        managers: ["10.0.0.1:7377"],
        managerIds: ["node1".padEnd(25, "x")],
        insecureRegistries: ["10.0.0.1:5000"],
        role: "manager",
        networkKeyEpoch: 1,
      }),
    });
  });

  story("stores an address that is news, and says so once it is stored", async (at) => {
    const line = at.dial();
    line.hello("10.0.0.9:7377");
    await at.settle();
    assert.deepEqual(line.heard, ["session", "session", "complete +mine:running -"]);
    const told = line.messages.map((message) => (message.kind === "session" ? message.addr : ""));
    assert.deepEqual(told, ["", "10.0.0.9:7377", ""]);
  });

  story("is told when its node gets another address", async (at) => {
    const line = at.dial();
    line.hello();
    await at.settle();
    await at.stores[0]?.update((tx) => {
      const node = tx.get("node", NODE);
      if (node !== undefined) tx.put("node", { ...node, addr: "10.0.0.7:7377" });
    });
    await at.settle();
    const last = line.messages.at(-1);
    assert.equal(last?.kind === "session" ? last.addr : "", "10.0.0.7:7377");
  });

  story("makes the node ready, described and with the role of its certificate", async (at) => {
    const line = at.dial();
    line.hello("10.0.0.9:7377", "first");
    await at.settle();
    const node = nodeOf(at);
    assert.deepEqual(
      [node?.status?.state, node?.description?.hostname, node?.addr, node?.role, node?.status?.addrs],
      ["ready", "first", "10.0.0.9:7377", "worker", ["10.0.0.9"]],
    );
    line.say({ kind: "description", ...newNodeDescription({ hostname: "second" }) });
    await at.settle();
    assert.equal(nodeOf(at)?.description?.hostname, "second");
  });

  story("tells what changes: new tasks, wishes, removals; not what the agent said itself", async (at) => {
    const line = at.dial();
    line.hello();
    await at.settle();
    await change(at, "mine", { desiredState: "shutdown" });
    await at.settle();
    await at.stores[0]?.update((tx) => tx.put("task", task("new", NODE)));
    await at.settle();
    await at.stores[0]?.update((tx) => tx.put("task", task("elsewhere", OTHER)));
    line.report("mine", "shutdown");
    await at.settle();
    await at.stores[0]?.update((tx) => tx.remove("task", "mine"));
    await at.settle();
    assert.deepEqual(line.heard.slice(2), [
      "incremental +mine:shutdown -",
      "incremental +new:running -",
      "stored mine:shutdown",
      "incremental + -mine",
    ]);
  });

  story("stores statuses and says so, also of what is old or gone", async (at) => {
    const line = at.dial();
    line.hello();
    line.report("mine", "running", 5);
    await at.settle();
    assert.equal(stored(at, "mine")?.status?.state, "running");
    assert.equal(stored(at, "mine")?.startedAtMs, at.env.wallMs());
    line.report("mine", "starting", 6);
    line.report("gone", "failed", 7);
    await at.settle();
    assert.equal(stored(at, "mine")?.status?.state, "running");
    assert.deepEqual(line.heard.slice(2), ["stored mine:running", "stored mine:starting", "stored gone:failed"]);
  });

  story("beats in every period without other news", async (at) => {
    const line = at.dial();
    line.hello();
    for (let n = 0; n < 5; n++) {
      await at.settle(1_000);
      line.say({ kind: "beat" });
    }
    const beats = line.heard.filter((kind) => kind === "beat").length;
    assert.ok(beats >= 4 && beats <= 6, `${beats} beats in 5 s`);
  });

  story("is told of a new role, and of other managers", async (at) => {
    const line = at.dial();
    line.hello();
    await at.settle(300);
    await at.stores[0]?.update((tx) => {
      const node = tx.get("node", NODE);
      assert.ok(node !== undefined);
      tx.put("node", { ...node, spec: newNodeSpec({ role: "worker" }) });
    });
    await at.settle();
    await at.raft.nodes[0]?.addMember({ raftId: 9, addr: "10.0.0.3:7377", nodeId: "x" }, new AbortController().signal);
    await at.settle(300);
    const sessions = line.messages.filter(({ kind }) => kind === "session");
    const last = sessions.at(-1);
    assert.ok(last?.kind === "session");
    assert.deepEqual([last.role, last.managers], ["worker", ["10.0.0.1:7377", "10.0.0.3:7377"]]);
  });

  story("gives way to a newer one of the same node", async (at) => {
    const first = at.dial();
    first.hello();
    await at.settle();
    const second = at.dial();
    await at.settle();
    assert.equal(first.ended, undefined, "a connection alone takes nothing over");
    second.hello();
    await at.settle();
    assert.match(first.ended ?? "", /^unavailable: a newer session/);
    assert.deepEqual(second.heard, ["session", "complete +mine:running -"]);
    await change(at, "mine", { desiredState: "shutdown" });
    await at.settle();
    assert.equal(second.heard.at(-1), "incremental +mine:shutdown -");
  });

  story("ends well when the agent ends it, and takes nothing with it", async (at) => {
    const line = at.dial();
    line.hello();
    await at.settle();
    line.end();
    await at.settle(2_000);
    assert.equal(line.ended, "well");
    assert.equal(nodeOf(at)?.status?.state, "ready", "a closed stream is not death");
    await at.settle(4_000);
    assert.equal(nodeOf(at)?.status?.state, "down");
    const again = at.dial();
    again.hello();
    await at.settle();
    assert.equal(nodeOf(at)?.status?.state, "ready");
  });

  story("of a node that the store calls down is ready again with its next word", async (at) => {
    const line = at.dial();
    line.hello();
    await at.settle(6_000);
    assert.equal(nodeOf(at)?.status?.state, "down");
    line.say({ kind: "beat" });
    await at.settle();
    assert.equal(nodeOf(at)?.status?.state, "ready");
  });

  story("survives an agent that does not read: it gets fewer, larger messages", async (at) => {
    const [dispatcher] = at.dispatchers;
    assert.ok(dispatcher !== undefined);
    async function* hello(): AsyncGenerator<AgentMessage> {
      yield newAgentMessage({
        message: { kind: "hello", challenge: new Uint8Array(0), addr: "", description: undefined, networks: [] },
      });
      await new Promise(() => undefined);
    }
    const context = { peer: asNode(NODE), signal: new AbortController().signal, metadata: new Map<string, string>() };
    const stream = dispatcher.handlers.session(hello(), context)[Symbol.asyncIterator]();
    for (const kind of ["session", "assignments"]) assert.equal((await stream.next()).value?.message?.kind, kind);
    for (const state of ["ready", "running", "shutdown", "remove"] as const) {
      await change(at, "mine", { desiredState: state });
      await at.settle();
    }
    const { value } = await stream.next();
    assert.ok(value?.message?.kind === "assignments");
    assert.deepEqual(
      value.message.tasks.map(({ desiredState }: Task) => desiredState),
      ["remove"],
    );
    await stream.return?.();
  });
});

describe("refused", () => {
  const peers: readonly Peer[] = [{ kind: "local" }, { kind: "anonymous" }];
  for (const peer of peers) {
    story(`${peer.kind}: not a node`, async (at) => {
      const line = at.dial(0, peer);
      await at.settle();
      assert.match(line.ended ?? "", /^permission_denied: only a node/);
    });
  }

  story("a status of another node's task", async (at) => {
    const line = at.dial();
    line.hello();
    line.report("theirs", "failed");
    await at.settle();
    assert.match(line.ended ?? "", /^permission_denied: node n10+ reported on task theirs, which is not its own$/);
    assert.equal(stored(at, "theirs")?.status?.state, "assigned");
  });

  story("a node that is not a member, or is removed meanwhile", async (at) => {
    const stranger = at.dial(0, asNode("n3".padEnd(25, "0") as NodeId));
    stranger.hello();
    await at.settle();
    assert.match(stranger.ended ?? "", /^not_found: node n30+ is not a member/);
    const line = at.dial();
    line.hello();
    await at.settle();
    await at.stores[0]?.update((tx) => tx.remove("node", NODE));
    await at.settle();
    assert.match(line.ended ?? "", /^not_found: node n10+ was removed/);
  });

  story("a word before hello", async (at) => {
    const line = at.dial();
    line.report("mine", "running");
    await at.settle();
    assert.match(line.ended ?? "", /^failed_precondition: .* must begin its session with hello$/);
  });

  story("silence instead of hello", async (at) => {
    const line = at.dial();
    await at.settle(10_000);
    assert.match(line.ended ?? "", /^deadline_exceeded: /);
  });

  story(
    "by a follower, which says who leads",
    async (at) => {
      const line = at.dial(1);
      await at.settle();
      assert.equal(line.ended, "unavailable: this manager does not lead: leader=10.0.0.1:7377");
      at.raft.depose();
      await at.settle();
      const lost = at.dial(1);
      await at.settle();
      assert.equal(lost.ended, "unavailable: this manager does not lead, and knows no leader now");
    },
    3,
  );
});

story(
  "a leader that loses its leadership sends its agents to the next one",
  async (at) => {
    const line = at.dial();
    line.hello();
    await at.settle();
    at.raft.elect(2);
    await at.settle();
    assert.equal(line.ended, "unavailable: this manager does not lead: leader=10.0.0.3:7377");
    const next = at.dial(2);
    next.hello();
    await at.settle();
    assert.deepEqual(next.heard, ["session", "complete +mine:running -"]);
    next.report("mine", "running");
    await at.settle();
    assert.equal(stored(at, "mine")?.status?.state, "running");
  },
  3,
);

story("what the store would not take for a moment is written in the end", async (at) => {
  const line = at.dial();
  at.raft.refuse(new SkepError("unavailable", "not now"));
  line.hello();
  line.report("mine", "starting");
  line.report("mine", "running", 2);
  await at.settle(500);
  assert.equal(stored(at, "mine")?.status?.state, "assigned");
  at.raft.refuse(undefined);
  await at.settle(500);
  assert.equal(stored(at, "mine")?.status?.state, "running");
  assert.equal(nodeOf(at)?.description?.hostname, "host");
  assert.ok(line.heard.includes("stored mine:running"));
});

story("a node that is ready again has no word left of why it was thought down", async (at) => {
  const line = at.dial();
  line.hello();
  await at.settle(4_000);
  assert.deepEqual([nodeOf(at)?.status?.state, nodeOf(at)?.status?.message], ["suspect", "missed heartbeats"]);
  at.raft.hold();
  at.dial(0, asNode(OTHER)).hello(); // this write is in flight while the next ones are queued
  await at.settle(2_000);
  line.say({ kind: "beat" });
  await at.settle();
  at.raft.release();
  await at.settle();
  assert.deepEqual([nodeOf(at)?.status?.state, nodeOf(at)?.status?.message], ["ready", ""]);
});

test("a node that was removed while the dispatcher fell behind is sent away, and not called silent for ever", async () => {
  let isBehind = false;
  const seen = (store: Store): Store => ({
    ...store,
    viewAndWatch: (read, options) => {
      const { view, commits } = store.viewAndWatch(read, options);
      async function* followed(): AsyncGenerator<Commit> {
        for await (const commit of commits) {
          if (isBehind) throw new SkepError("resource_exhausted", "far behind");
          yield commit;
        }
      }
      return { view, commits: followed() };
    },
  });
  const warnings: string[] = [];
  const log = { ...silentLog, child: () => log, warn: (_: object, message: string) => void warnings.push(message) };
  await scene(
    async (at) => {
      const [line, other] = [at.dial(), at.dial(0, asNode(OTHER))];
      line.hello();
      other.hello();
      await at.settle();
      isBehind = true;
      await at.stores[0]?.update((tx) => {
        tx.remove("node", NODE);
        const node = tx.get("node", OTHER);
        if (node !== undefined) tx.put("node", { ...node, addr: "10.0.0.7:7377" });
      });
      await at.settle();
      isBehind = false;
      await at.settle(300);
      assert.match(line.ended ?? "", /^not_found: node n10+ was removed/);
      const last = other.messages.findLast(({ kind }) => kind === "session");
      assert.equal(last?.kind === "session" ? last.addr : "", "10.0.0.7:7377", "told what it missed");
      for (let n = 0; n < 20; n++) {
        other.say({ kind: "beat" });
        await at.settle(1_000);
      }
      assert.deepEqual(warnings, []);
    },
    { seen, log },
  );
});

test("a sweep that fails is not the last one", async () => {
  const errors: string[] = [];
  const log = { ...silentLog, child: () => log, error: (_: object, message: string) => void errors.push(message) };
  await scene(
    async (at) => {
      const line = at.dial();
      line.hello();
      await at.settle();
      const [raft] = at.raft.nodes;
      assert.ok(raft !== undefined);
      const { status } = raft;
      Object.assign(raft, {
        status: () => {
          throw new Error("a bug");
        },
      });
      await at.settle(400);
      Object.assign(raft, { status });
      assert.deepEqual(new Set(errors), new Set(["could not look after the sessions; trying again"]));
      await at.settle(7_000);
      assert.equal(nodeOf(at)?.status?.state, "down");
    },
    { log },
  );
});

story("an agent's words are bounded, and a wrong one harms nobody else", async (at) => {
  const [bad, good] = [at.dial(), at.dial(0, asNode(OTHER))];
  bad.hello("10.0.0.9:7377", "h".repeat(5 << 20));
  good.hello();
  await at.settle();
  assert.match(bad.ended ?? "", /^invalid_argument: the node's description has/);
  const lost = at.dial();
  lost.hello("nowhere in particular");
  await at.settle();
  assert.match(lost.ended ?? "", /^invalid_argument: node address/);
  const again = at.dial();
  again.hello();
  const status = newTaskStatus({ state: "failed", timestampMs: 2, err: "e".repeat(5 << 20) });
  again.say({ kind: "statuses", updates: [newTaskStatusUpdate({ taskId: "mine" as TaskId, status })] });
  good.report("theirs", "running");
  await at.settle(500);
  assert.equal(stored(at, "mine")?.status?.state, "failed");
  assert.equal(stored(at, "theirs")?.status?.state, "running");
});

const versionOf = ({ stores: [store] }: Scene): number => store?.view(({ version }) => version) ?? 0;

story("a flood of descriptions is a few writes, and the last word of it counts", async (at) => {
  const line = at.dial();
  line.hello();
  await at.settle();
  const before = versionOf(at);
  for (let n = 0; n < 2_000; n++) {
    line.say({ kind: "description", ...newNodeDescription({ hostname: `host${n}` }) });
    if (n % 100 === 0) await at.settle();
  }
  await at.settle();
  assert.ok(versionOf(at) - before <= 10, `${versionOf(at) - before} writes`);
  await at.settle(11_000);
  assert.equal(nodeOf(at)?.description?.hostname, "host1999");
  line.say({ kind: "beat" }); // it was silent, and was thought down
  await at.settle();
  const after = versionOf(at);
  for (let n = 0; n < 100; n++) line.say({ kind: "description", ...newNodeDescription({ hostname: "host1999" }) });
  await at.settle(1_000);
  assert.equal(versionOf(at), after, "what is no news is not written");
});

story("a flood of texts on one task in one state is bounded; its next state is not held up", async (at) => {
  const line = at.dial();
  line.hello();
  await at.settle();
  const say = (state: TaskState, timestampMs: number, message: string): void => {
    const status = newTaskStatus({ state, timestampMs, message });
    line.say({ kind: "statuses", updates: [newTaskStatusUpdate({ taskId: "mine" as TaskId, status })] });
  };
  say("preparing", 1, "");
  await at.settle();
  const before = versionOf(at);
  for (let n = 0; n < 3_000; n++) {
    say("preparing", 2 + n, `${n} ${"m".repeat(4_000)}`);
    if (n % 10 === 0) await at.settle(1);
  }
  const writes = versionOf(at) - before;
  assert.ok(writes > 0 && writes < 300, `${writes} writes`);
  say("running", 1, "started");
  await at.settle();
  assert.equal(stored(at, "mine")?.status?.state, "running");
});
