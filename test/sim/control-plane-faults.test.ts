// The control plane under random faults, by seed: first safety while everything goes wrong, then liveness when the faults
// are over. Replay one with SEED=n.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change, View } from "../../manager/store/types.ts";
import { newRestartPolicy, type Task } from "../../proto/gen/objects.ts";
import { seededRandom } from "../../shared/env/sim-env.ts";
import type { ServiceId } from "../../shared/model/ids.ts";
import { isTerminal, rank } from "../../shared/model/tasks.ts";
import {
  type ControlPlane,
  createControlPlane,
  globalService,
  service,
  taskIds,
  withImage,
  withReplicas,
} from "../support/control-plane.ts";

const NODES = 5;
const MANAGERS = 3;
const SECONDS_OF_FAULTS = 60;

interface World {
  readonly sim: ControlPlane;
  readonly random: () => number;
  readonly services: Map<ServiceId, { replicas: number | "global" }>;
  readonly removed: Set<ServiceId>;
}

const pick = <T>(random: () => number, items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)];
  assert.ok(item !== undefined);
  return item;
};

/** Writes may be lost with a leader: then the world is as the store says. */
async function attempt(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch {
    // outcome unknown; `learn` finds out at the end
  }
}

async function disturb(world: World): Promise<void> {
  const { sim, random, services } = world;
  const dice = Math.floor(random() * 14);
  const agent = pick(random, sim.agents);
  const [known] = services.size === 0 ? [] : [pick(random, [...services.keys()])];
  switch (dice) {
    case 0:
    case 1: {
      if (services.size >= 5) return;
      const name = `s${Math.floor(random() * 1e9)}`;
      const replicas = 1 + Math.floor(random() * 8);
      const template = { restartPolicy: newRestartPolicy({ delayMs: Math.floor(random() * 3_000) }) };
      const global = random() < 0.25;
      const spec = global ? globalService(name, template) : service(name, replicas, template);
      return attempt(async () => void (await sim.createService(spec)));
    }
    case 2:
    case 3: {
      if (known === undefined || services.get(known)?.replicas === "global") return;
      const replicas = Math.floor(random() * 10);
      return attempt(() => sim.updateService(known, withReplicas(replicas)));
    }
    case 4:
      if (known === undefined) return;
      return attempt(() => sim.updateService(known, withImage(`image:${Math.floor(random() * 1e6)}`)));
    case 5:
      if (known === undefined || random() < 0.5) return;
      return attempt(() => sim.removeService(known));
    case 6:
      return agent.cut();
    case 7:
    case 8:
      return agent.heal();
    case 9:
      return agent.kill();
    case 10:
    case 11:
      return agent.start();
    case 12: {
      const availability = pick(random, ["active", "active", "pause", "drain"] as const);
      return attempt(() => sim.updateNode(agent.id, (spec) => ({ ...spec, availability })));
    }
    default:
      return sim.elect(Math.floor(random() * MANAGERS), random() < 0.5 ? "keep" : "lose");
  }
}

/** What the store holds of services now. */
function learn({ sim, services, removed }: World): void {
  const before = [...services.keys()];
  services.clear();
  sim.leader().store.view((view) => {
    for (const { id, spec } of view.all("service")) {
      const mode = spec?.mode;
      services.set(id, { replicas: mode?.kind === "replicated" ? mode.replicas : "global" });
    }
  });
  for (const id of before) if (!services.has(id)) removed.add(id);
}

/** Every committed change keeps what must always hold. */
function assertLegal(view: View, change: Change): void {
  if (change.table !== "task") return;
  if (change.action === "remove") {
    const { id, status, nodeId } = change.object;
    const state = status?.state ?? "new";
    const node = view.get("node", nodeId)?.status?.state;
    const nobodyHasIt = rank(state) < rank("assigned") || node === undefined || node === "down";
    assert.ok(isTerminal(state) || nobodyHasIt, `task ${id} was removed while node ${nodeId} may run it`);
    return;
  }
  if (change.action === "create") return;
  const { old, object: task } = change;
  assert.ok(rank(task.status?.state ?? "new") >= rank(old.status?.state ?? "new"), "observed state went backwards");
  assert.ok(rank(task.desiredState) >= rank(old.desiredState), "desired state went backwards");
  assert.ok(old.nodeId === "" || old.nodeId === task.nodeId, "a task was moved");
  assert.ok(!isTerminal(old.status?.state ?? "new") || old.status?.state === task.status?.state, "a task ended twice");
}

function assertOnePerSlot(tasks: Iterable<Task>): void {
  const seen = new Set<string>();
  for (const task of tasks) {
    if (rank(task.desiredState) > rank("running") || isTerminal(task.status?.state ?? "new")) continue;
    const slot = `${task.serviceId}/${task.slot === 0 ? task.nodeId : task.slot}`;
    assert.ok(!seen.has(slot), `two tasks shall run in slot ${slot}`);
    seen.add(slot);
  }
}

async function run(seed: number): Promise<string> {
  const sim = await createControlPlane({ seed, managers: MANAGERS, nodes: NODES });
  const stop = new AbortController();
  const problems: unknown[] = [];
  const watch = (async () => {
    const store = sim.managers[0]?.store;
    assert.ok(store !== undefined);
    for await (const { changes } of store.viewAndWatch(() => undefined, { signal: stop.signal }).commits) {
      store.view((view) => {
        for (const change of changes) assertLegal(view, change);
        assertOnePerSlot(view.all("task"));
      });
    }
  })().catch((error: unknown) => problems.push(error));
  const world: World = { sim, random: seededRandom(seed + 1_000_000), services: new Map(), removed: new Set() };
  try {
    for (let ms = 0; ms < SECONDS_OF_FAULTS * 1000; ) {
      const pauseMs = Math.floor(world.random() ** 2 * 1_500);
      await sim.env.advance(pauseMs);
      ms += pauseMs + 1;
      learn(world);
      await disturb(world);
    }
    for (const agent of sim.agents) {
      agent.start();
      await sim.updateNode(agent.id, (spec) => ({ ...spec, availability: "active" }));
    }
    learn(world);
    await sim.until("converged", () => converged(world), 120_000);
    const ids = [...world.services.keys()];
    const wanted = ids.flatMap((id) => taskIds(sim.live(id))).sort();
    await sim.env.advance(30_000);
    assert.deepEqual(ids.flatMap((id) => taskIds(sim.live(id))).sort(), wanted, "what has converged stays as it is");
    if (problems.length > 0) throw problems[0];
    return sim.leader().store.view((view) => `${view.version} ${[...view.all("task")].map(({ id }) => id).join()}`);
  } finally {
    stop.abort();
    await watch;
    await sim.close();
  }
}

function converged({ sim, services, removed }: World): boolean {
  for (const [id, { replicas }] of services) {
    if (sim.running(id) !== (replicas === "global" ? NODES : replicas)) return false;
    const update = sim.service(id).updateStatus?.state;
    if (update !== undefined && update !== "completed" && update !== "paused") return false;
  }
  for (const id of removed) if (sim.tasks(id).length > 0) return false;
  const live = [...services.keys()].flatMap((id) => taskIds(sim.live(id))).sort();
  const real = sim.agents.flatMap((agent) => agent.running()).sort();
  return real.join() === live.join();
}

const only = process.env["SEED"];
const seeds = only === undefined ? Array.from({ length: 12 }, (_, index) => index + 1) : [Number(only)];

for (const seed of seeds) {
  test(`safe under faults, live after them: seed ${seed}`, () => run(seed).then(() => undefined));
}

test("the same seed gives the same run", async () => {
  assert.equal(await run(77), await run(77));
});
