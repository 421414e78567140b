// Random histories of the store, with agents that read late, apply late, forget, break off and come back, and leaders that
// change: in the end every node knows of its networks exactly what the store says, and on the way no task got its networks late
// or was called drained while a node that is heard still sent to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NetworkViews } from "../../../../agent/network/view.ts";
import { createDispatcher, type Dispatcher } from "../../../../manager/dispatcher/dispatcher.ts";
import { isStopping, needsNetworks } from "../../../../manager/dispatcher/network/state.ts";
import type { Commit, Store, Tx, View } from "../../../../manager/store/types.ts";
import type { Node, NodeState, Task, TaskState } from "../../../../proto/gen/objects.ts";
import { silentLog } from "../../../../shared/log.ts";
import type { NetworkId, NodeId, TaskId } from "../../../../shared/model/ids.ts";
import { NetworkAgent } from "../../../support/network-agent.ts";
import { expectedNetworks, knownNetworks } from "../../../support/network-oracle.ts";
import { createTestStores, leads } from "../../../support/test-store.ts";
import { network, networkId, node, nodeId, service, task } from "./fixtures.ts";

/** The last one is made on the way, if at all; ids are never given twice, so that one that is removed does not come back. */
const NETWORKS = ["net1", "net2", "ingress9", "net3"];
const LATE_NETWORK = "net3";
const NODES = ["n1", "n2", "n3", "n4"];
const SERVICES = ["web", "db"];
const TASKS = ["ta", "tb", "tc", "td", "te", "tf", "tg", "th"];
const LIFE: readonly TaskState[] = ["pending", "assigned", "starting", "running", "failed"];

type Op =
  | {
      readonly kind: "task";
      readonly id: string;
      readonly on: string;
      readonly networks: readonly string[];
      readonly of: string;
      readonly state: TaskState;
    }
  | { readonly kind: "advance" | "stop" | "remove"; readonly id: string }
  | {
      readonly kind: "node";
      readonly id: string;
      readonly state: NodeState;
      readonly mtu: number;
      readonly addr: string;
    }
  | {
      readonly kind: "service";
      readonly id: string;
      readonly networks: readonly string[] | undefined;
      readonly alias: string;
    }
  | { readonly kind: "network"; readonly id: string }
  | { readonly kind: "connect" | "drop"; readonly id: string }
  | { readonly kind: "read" | "apply"; readonly id: string; readonly on: boolean }
  | { readonly kind: "forget"; readonly id: string; readonly network: string }
  | { readonly kind: "elect"; readonly manager: number }
  | { readonly kind: "pass"; readonly ms: number };

const of = (names: readonly string[]) => fc.constantFrom(...names);
const some = fc.subarray(NETWORKS, { minLength: 1 });
const change: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("task" as const),
      id: of(TASKS),
      on: of(NODES),
      networks: some,
      of: of(SERVICES),
      state: fc.constantFrom<TaskState>("pending", "assigned", "running"),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constantFrom("advance" as const, "advance" as const, "stop" as const, "remove" as const),
      id: of(TASKS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("node" as const),
      id: of(NODES),
      state: fc.constantFrom("ready" as const, "suspect" as const, "down" as const),
      mtu: fc.constantFrom(0, 1400, 9000),
      addr: fc.constantFrom("192.168.1.1", "192.168.1.2"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("service" as const),
      id: of(SERVICES),
      networks: fc.option(fc.subarray(NETWORKS), { nil: undefined }),
      alias: fc.constantFrom("x", "y"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("network" as const), id: of(NETWORKS) }) },
);
const disturbance: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("connect" as const), id: of(NODES) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const), id: of(NODES) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("read" as const, "apply" as const), id: of(NODES), on: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), id: of(NODES), network: of(NETWORKS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("elect" as const), manager: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(100, 700) }) },
);
interface Step {
  /** One transaction, or one disturbance. */
  readonly ops: readonly Op[];
  /** The next step comes before anybody could hear of this one. */
  readonly hurry: boolean;
}
const step: fc.Arbitrary<Step> = fc.record({
  ops: fc.oneof(
    { weight: 3, arbitrary: fc.array(change, { minLength: 1, maxLength: 4 }) },
    { weight: 2, arbitrary: disturbance.map((op) => [op]) },
  ),
  hurry: fc.boolean(),
});

const slotOf = (name: string): number => TASKS.indexOf(name) + 10;

function write(tx: Tx, op: Op): void {
  const inSlot = "id" in op ? [...tx.all("task")].find(({ slot }) => slot === slotOf(op.id)) : undefined;
  if (op.kind === "task") {
    if (inSlot !== undefined) return;
    const at = slotOf(op.id);
    const made = task(`${op.id}v${tx.version}x`, {
      on: op.on,
      of: op.of,
      networks: op.networks.filter((name) => tx.get("network", networkId(name)) !== undefined),
      state: op.state,
      slot: at,
      addresses: [`10.1.0.${at}`],
    });
    tx.put("task", made);
  } else if (op.kind === "advance" || op.kind === "stop" || op.kind === "remove") {
    const known = inSlot;
    if (known?.status === undefined) return;
    const next = LIFE[LIFE.indexOf(known.status.state) + 1];
    if (op.kind === "remove") tx.remove("task", known.id);
    else if (op.kind === "stop") tx.put("task", { ...known, desiredState: "shutdown" });
    else if (next !== undefined) tx.put("task", { ...known, status: { ...known.status, state: next } });
  } else if (op.kind === "node") {
    const made = node(op.id, op.state, { mtu: op.mtu, addr: op.addr });
    tx.put("node", { ...made, meta: tx.get("node", made.id)?.meta });
  } else if (op.kind === "service") {
    const made = service(op.id, op.networks ?? [], [op.alias]);
    if (op.networks === undefined) tx.remove("service", made.id);
    else tx.put("service", { ...made, meta: tx.get("service", made.id)?.meta });
  } else if (op.kind === "network") {
    if (op.id !== LATE_NETWORK) tx.remove("network", networkId(op.id));
    else if (tx.get("network", networkId(op.id)) === undefined) tx.put("network", network(op.id));
  }
}

interface Moment {
  readonly ready: ReadonlySet<NodeId>;
  /** "node network" */
  readonly taking: ReadonlySet<string>;
  readonly stopping: ReadonlySet<TaskId>;
}

/** What was true at each version of the store. */
class Past {
  readonly #nodes = new Map<NodeId, Node>();
  readonly #tasks = new Map<TaskId, Task>();
  readonly #networks = new Map<NetworkId, boolean>();
  readonly moments = new Map<number, Moment>();

  begin(view: View): void {
    for (const each of view.all("node")) this.#nodes.set(each.id, each);
    for (const each of view.all("task")) this.#tasks.set(each.id, each);
    for (const each of view.all("network")) this.#networks.set(each.id, each.spec?.ingress ?? false);
    this.#note(view.version);
  }

  follow({ version, changes }: Commit): void {
    for (const each of changes) {
      const gone = each.action === "remove";
      if (each.table === "node") set(this.#nodes, each.object.id, gone ? undefined : each.object);
      if (each.table === "task") set(this.#tasks, each.object.id, gone ? undefined : each.object);
      if (each.table === "network")
        set(this.#networks, each.object.id, gone ? undefined : (each.object.spec?.ingress ?? false));
    }
    this.#note(version);
  }

  #note(version: number): void {
    const nodes = [...this.#nodes.values()];
    const tasks = [...this.#tasks.values()].filter(needsNetworks);
    const taking = new Set<string>();
    for (const { nodeId: on, attachments } of tasks)
      for (const { networkId: id } of attachments) if (this.#networks.has(id)) taking.add(`${on} ${id}`);
    for (const [id, ingress] of this.#networks) if (ingress) for (const each of nodes) taking.add(`${each.id} ${id}`);
    this.moments.set(version, {
      ready: new Set(nodes.filter(({ status }) => status?.state === "ready").map(({ id }) => id)),
      taking,
      stopping: new Set(tasks.filter(isStopping).map(({ id }) => id)),
    });
  }

  /** From the version at which the task began to stop, up to `version`. */
  whileStopping(id: TaskId, version: number): readonly Moment[] {
    const moments: Moment[] = [];
    for (let at = version; ; at--) {
      const moment = this.moments.get(at);
      if (moment === undefined || !moment.stopping.has(id)) return moments;
      moments.push(moment);
    }
  }
}

function set<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

interface Drained {
  readonly task: TaskId;
  readonly version: number;
  readonly kernels: readonly (readonly [NodeId, NetworkViews])[];
}

interface History {
  readonly steps: readonly Step[];
  /** In the end these are silent for a while, and then come back. */
  readonly absent: readonly string[];
}

async function history({ steps, absent }: History): Promise<void> {
  const world = await openWorld();
  const { agents, past, drained, late } = world;
  for (const { ops, hurry } of steps) {
    await world.write(...ops);
    for (const op of ops) await world.disturb(op);
    if (!hurry) await world.env.advance(0);
  }
  // Then all others are there and listen; those that forgot something notice with the next change.
  const present = [...agents.values()].filter(({ id }) => !absent.some((name) => nodeId(name) === id));
  for (const agent of agents.values()) if (!present.includes(agent)) agent.drop();
  for (const agent of present) agent.listen();
  await world.settle(present, 1_500);
  await world.store().update((tx) => {
    for (const id of NETWORKS)
      if (tx.get("network", networkId(id)) !== undefined) tx.put("service", service(`of${id}`, [id]));
  });
  for (const state of ["suspect", "down"] as const) {
    await world.settleUntil(present, () => world.statesOf(absent).every((each) => each === state || each === "down"));
    world.check(present);
  }
  for (const agent of agents.values()) agent.listen();
  await world.settle([...agents.values()], 1_500);
  world.check([...agents.values()]);
  assert.deepEqual(late, []);
  for (const each of drained) checkDrained(past, each);
  await world.close();
}

/** Everybody connected, and all tasks running. */
async function openWorld() {
  const stores = createTestStores(3);
  const { env, raft, parts } = stores;
  const abort = new AbortController();
  const { signal } = abort;
  const dispatchers = raft.nodes.map((member, index): Dispatcher => {
    const part = parts[index];
    assert.ok(part !== undefined);
    return createDispatcher({ env, log: silentLog, store: part.store, raft: member });
  });
  const running: Promise<unknown>[] = dispatchers.map((dispatcher) => dispatcher.run(signal));
  let leader = 0;
  const store = (): Store => {
    const found = stores.stores[leader];
    assert.ok(found !== undefined);
    return found;
  };
  const elect = async (index: number): Promise<void> => {
    leader = index;
    raft.elect(index);
    await leads(store());
    await env.advance(0);
  };
  await elect(0);
  const past = new Past();
  await store().update((tx) => {
    for (const id of NETWORKS) {
      if (id !== LATE_NETWORK) tx.put("network", network(id, { ingress: id === "ingress9" }));
    }
    for (const id of NODES) tx.put("node", node(id));
    for (const [at, of] of SERVICES.entries())
      write(tx, { kind: "service", id: of, networks: NETWORKS.slice(at), alias: "x" });
    for (const [at, id] of TASKS.entries()) {
      const on = NODES[at % NODES.length] ?? "";
      const networks = NETWORKS.filter((_, index) => (at + index) % 3 > 0);
      write(tx, { kind: "task", id, on, networks, of: SERVICES[at % 2] ?? "", state: "running" });
    }
  });
  const { commits } = store().viewAndWatch((view) => past.begin(view), { signal });
  running.push(
    (async () => {
      for await (const commit of commits) past.follow(commit);
    })(),
  );

  const late: string[] = [];
  const drained: Drained[] = [];
  const agents = new Map<string, NetworkAgent>();
  /** Views that an agent has lost. */
  const forgotten = new Set<string>();
  for (const id of NODES) {
    const agent = new NetworkAgent(nodeId(id), {
      onTasks: (tasks, views) => {
        for (const { id: key, attachments } of tasks.filter(needsNetworks)) {
          for (const { networkId: each } of attachments) {
            const exists = store().view((view) => view.get("network", each) !== undefined);
            if (exists && !views.has(each) && !forgotten.has(`${id} ${each}`)) late.push(`${key} came before ${each}`);
          }
        }
      },
      onDrained: (tasks) => {
        const version = store().view((view) => view.version);
        const kernels = [...agents.values()].map((each) => [each.id, each.applied] as const);
        for (const each of tasks) drained.push({ task: each, version, kernels });
      },
    });
    agents.set(id, agent);
  }
  const connect = (agent: NetworkAgent | undefined): void => {
    const dispatcher = dispatchers[leader];
    if (dispatcher !== undefined) agent?.connect(dispatcher);
  };
  /** In which all these are connected. */
  const settle = async (present: readonly NetworkAgent[], ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 300) {
      for (const agent of present) {
        if (!agent.connected) connect(agent);
        agent.say({ kind: "beat" });
      }
      await env.advance(300);
    }
  };
  const settleUntil = async (present: readonly NetworkAgent[], holds: () => boolean): Promise<void> => {
    for (let rounds = 0; !holds(); rounds++) {
      assert.ok(rounds < 50, "never came to be");
      await settle(present, 300);
    }
    await settle(present, 300);
  };
  for (const agent of agents.values()) connect(agent);
  await env.advance(0);

  const check = (present: readonly NetworkAgent[]): void => {
    for (const agent of present) {
      const { networks, stopping } = store().view((view) => ({
        networks: expectedNetworks(view, agent.id),
        stopping: [...view.tasksOfNode(agent.id)].filter((each) => needsNetworks(each) && isStopping(each)),
      }));
      assert.deepEqual(knownNetworks(agent.views), networks, `what ${agent.id} knows`);
      assert.deepEqual(agent.applied, agent.views);
      const missing = stopping.filter(({ id }) => !agent.drained.has(id)).map(({ id }) => id);
      assert.deepEqual(missing, [], `tasks of ${agent.id} that nobody sends to and that were not called drained`);
    }
  };

  return {
    env,
    agents,
    past,
    late,
    drained,
    store,
    settle,
    settleUntil,
    statesOf: (names: readonly string[]) =>
      store().view((view) => names.map((name) => view.get("node", nodeId(name))?.status?.state)),
    check,
    write: (...ops: readonly Op[]): Promise<void> =>
      store().update((tx) => {
        for (const op of ops) write(tx, op);
      }),
    disturb: async (op: Op): Promise<void> => {
      if (op.kind === "elect") await elect(op.manager);
      else if (op.kind === "pass") {
        for (const agent of agents.values()) if (agent.connected) agent.say({ kind: "beat" });
        await env.advance(op.ms);
      } else if (op.kind === "connect") connect(agents.get(op.id));
      else if (op.kind === "drop") agents.get(op.id)?.drop();
      else if (op.kind === "read") agents.get(op.id)?.read(op.on);
      else if (op.kind === "apply") agents.get(op.id)?.apply(op.on);
      else if (op.kind === "forget") {
        agents.get(op.id)?.forget(networkId(op.network));
        forgotten.add(`${op.id} ${networkId(op.network)}`);
      }
    },
    close: async (): Promise<void> => {
      abort.abort();
      for (const agent of agents.values()) agent.drop();
      await env.advance(1);
      await Promise.all(running);
      stores.close();
    },
  };
}

/** Nodes that took part and were heard all the while the task was stopping do not send to it. */
function checkDrained(past: Past, { task: id, version, kernels }: Drained): void {
  const moments = past.whileStopping(id, version);
  for (const [on, views] of kernels) {
    for (const [net, view] of views) {
      if (view.endpoints.get(id)?.state !== "ready") continue;
      const involved =
        moments.length > 0 && moments.every(({ ready, taking }) => ready.has(on) && taking.has(`${on} ${net}`));
      assert.ok(!involved, `${id} is drained, and ${on} still sends to it on ${net}`);
    }
  }
}

const histories: fc.Arbitrary<History> = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 30 }),
  absent: fc.subarray(NODES, { maxLength: 2 }),
});

test("agents know what the store says, whatever happened on the way", async () => {
  await fc.assert(fc.asyncProperty(histories, history), { numRuns: 100 });
});
