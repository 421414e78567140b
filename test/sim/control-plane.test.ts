import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  newPlacement,
  newResourceRequirements,
  newResources,
  newRestartPolicy,
  type Task,
} from "../../proto/gen/objects.ts";
import type { NodeId, ServiceId } from "../../shared/model/ids.ts";
import {
  type ControlPlane,
  type ControlPlaneOptions,
  createControlPlane,
  globalService,
  service,
  taskIds,
  withImage,
  withReplicas,
} from "../support/control-plane.ts";

const story = (name: string, options: ControlPlaneOptions, run: (sim: ControlPlane) => Promise<void>): void => {
  test(name, async () => {
    const sim = await createControlPlane(options);
    try {
      await run(sim);
    } finally {
      await sim.close();
    }
  });
};

const one = <T>(items: readonly T[]): T => {
  assert.equal(items.length, 1);
  return items[0] as T;
};
const runsOn = (sim: ControlPlane, id: ServiceId): NodeId[] => sim.live(id).map((task) => task.nodeId);
/** What really runs must be what the store says that runs. */
const assertNoGhosts = (sim: ControlPlane, ...services: ServiceId[]): void => {
  const real = sim.agents.flatMap((agent) => agent.running()).sort();
  assert.deepEqual(real, taskIds(services.flatMap((id) => sim.live(id))).sort());
};
const states = (tasks: readonly Task[]): string[] =>
  tasks.map((task) => `${task.slot} ${task.status?.state} ${task.desiredState}`);

describe("replicated services", () => {
  story("create, scale up, scale down, remove", { nodes: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 5));
    await sim.until("5 run", () => sim.running(web) === 5, 1_000);
    assert.deepEqual(sim.agents.map((agent) => agent.running().length).sort(), [1, 2, 2]);
    await sim.updateService(web, withReplicas(8));
    await sim.until("8 run", () => sim.running(web) === 8, 1_000);
    assert.deepEqual(
      sim
        .live(web)
        .map((task) => task.slot)
        .sort(),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    await sim.updateService(web, withReplicas(3));
    await sim.until("3 are left", () => sim.running(web) === 3 && sim.tasks(web).length === 3, 1_000);
    assert.deepEqual(
      sim.agents.map((agent) => agent.running().length),
      [1, 1, 1],
    );
    assertNoGhosts(sim, web);
    await sim.updateService(web, withReplicas(0));
    await sim.until("none is left", () => sim.tasks(web).length === 0, 1_000);
    await sim.updateService(web, withReplicas(2));
    await sim.until("2 run", () => sim.running(web) === 2, 1_000);
    assert.deepEqual(
      sim
        .live(web)
        .map((task) => task.slot)
        .sort(),
      [1, 2],
    );
    await sim.removeService(web);
    await sim.until("all gone", () => sim.tasks(web).length === 0, 1_000);
    assertNoGhosts(sim, web);
  });

  story("a new node takes nothing away from the others, but the next tasks", { nodes: 2 }, async (sim) => {
    const web = await sim.createService(service("web", 4));
    await sim.until("4 run", () => sim.running(web) === 4);
    await sim.updateNode(sim.agents[0]?.id as NodeId, (spec) => ({ ...spec, availability: "pause" }));
    await sim.updateService(web, withReplicas(7));
    await sim.until("7 run", () => sim.running(web) === 7);
    assert.deepEqual(
      sim.agents.map((agent) => agent.running().length),
      [2, 5],
    );
  });

  story("removing a service whose node is down leaves nothing behind", { nodes: 2 }, async (sim) => {
    const web = await sim.createService(service("web", 4));
    await sim.until("4 run", () => sim.running(web) === 4);
    const [first] = sim.agents;
    first?.cut();
    await sim.until("down", () => sim.node(first?.id as NodeId).status?.state === "down");
    await sim.removeService(web);
    await sim.until("gone from the store", () => sim.tasks(web).length === 0);
    assert.equal(first?.running().length, 2); // nobody could tell it
    first?.heal();
    await sim.until("gone from the node", () => first?.running().length === 0);
  });
});

describe("nodes", () => {
  story(
    "a silent node is suspect, then down; its tasks are replaced at once, and stopped when it returns",
    { nodes: 3 },
    async (sim) => {
      const web = await sim.createService(service("web", 6));
      await sim.until("6 run", () => sim.running(web) === 6);
      const [lost] = sim.agents;
      assert.ok(lost !== undefined);
      const state = () => sim.node(lost.id).status?.state;
      const startMs = sim.env.nowMs();
      lost.cut();
      await sim.until("suspect", () => state() === "suspect", 4_300);
      assert.equal(sim.running(web), 6); // suspicion takes nothing away
      await sim.until("down", () => state() === "down", 3_000);
      assert.ok(sim.env.nowMs() - startMs >= 4_000 && sim.env.nowMs() - startMs <= 6_300, "down within 5 s and a beat");
      await sim.until("6 run elsewhere", () => sim.running(web) === 6 && !runsOn(sim, web).includes(lost.id), 300);
      assert.equal(lost.running().length, 2); // unaware
      assert.ok(
        sim
          .tasks(web)
          .filter(({ nodeId }) => nodeId === lost.id)
          .every((task) => task.desiredState === "shutdown"),
      );
      lost.heal();
      await sim.until("ready", () => state() === "ready", 4_000);
      await sim.until("the old ones stop", () => lost.running().length === 0, 1_000);
      assertNoGhosts(sim, web);
      assert.equal(sim.running(web), 6);
    },
  );

  story("a short silence restarts nothing", { nodes: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 6));
    await sim.until("6 run", () => sim.running(web) === 6);
    const before = taskIds(sim.live(web)).sort();
    sim.agents[0]?.cut();
    await sim.env.advance(4_000);
    sim.agents[0]?.heal();
    await sim.env.advance(10_000);
    assert.equal(sim.node(sim.agents[0]?.id as NodeId).status?.state, "ready");
    assert.deepEqual(taskIds(sim.live(web)).sort(), before);
  });

  story("a suspect node gets nothing new", { nodes: 2 }, async (sim) => {
    const [silent] = sim.agents;
    assert.ok(silent !== undefined);
    silent.cut();
    await sim.until("suspect", () => sim.node(silent.id).status?.state === "suspect");
    const web = await sim.createService(service("web", 2));
    await sim.until("2 run", () => sim.running(web) === 2, 500);
    assert.ok(!runsOn(sim, web).includes(silent.id));
  });

  story("a node that lost its power comes back with nothing running", { nodes: 2 }, async (sim) => {
    const web = await sim.createService(service("web", 2));
    await sim.until("2 run", () => sim.running(web) === 2);
    const [lost] = sim.agents;
    lost?.kill();
    await sim.env.advance(1_000);
    lost?.start(); // before anyone calls it down
    await sim.until("2 run again", () => sim.running(web) === 2 && lost?.running().length === 1, 10_000);
    const dead = sim.tasks(web).filter((task) => task.status?.state === "failed");
    assert.equal(one(dead).status?.err, "task was lost");
    assertNoGhosts(sim, web);
  });

  story("drain moves everything away, old tasks first; active again takes nothing back", { nodes: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 6));
    await sim.until("6 run", () => sim.running(web) === 6);
    const [drained] = sim.agents;
    assert.ok(drained !== undefined);
    await sim.updateNode(drained.id, (spec) => ({ ...spec, availability: "drain" }));
    await sim.until("moved", () => sim.running(web) === 6 && drained.running().length === 0, 1_000);
    await sim.updateNode(drained.id, (spec) => ({ ...spec, availability: "active" }));
    await sim.env.advance(10_000);
    assert.equal(drained.running().length, 0);
    assertNoGhosts(sim, web);
  });

  story("a removed node's tasks are orphaned and replaced", { nodes: 3, historyLimit: 5 }, async (sim) => {
    const web = await sim.createService(service("web", 3));
    await sim.until("3 run", () => sim.running(web) === 3);
    const [removed] = sim.agents;
    assert.ok(removed !== undefined);
    removed.kill();
    await sim.removeNode(removed.id);
    await sim.until("3 run again", () => sim.running(web) === 3 && sim.tasks(web).length === 4, 500);
    const orphan = one(sim.tasks(web).filter((task) => task.status?.state === "orphaned"));
    assert.equal(orphan.desiredState, "shutdown");
  });

  story("tasks on a node that stays down are given up after a day", { nodes: 2 }, async (sim) => {
    const web = await sim.createService(service("web", 2));
    await sim.until("2 run", () => sim.running(web) === 2);
    sim.agents[0]?.kill();
    await sim.until("replaced", () => sim.running(web) === 2 && runsOn(sim, web)[0] === runsOn(sim, web)[1]);
    const lost = one(sim.tasks(web).filter((task) => task.desiredState === "shutdown"));
    assert.equal(lost.status?.state, "running");
    await sim.managers[0]?.store.update((tx) => {
      const node = tx.get("node", lost.nodeId);
      assert.ok(node?.status !== undefined);
      tx.put("node", { ...node, status: { ...node.status, changedAtMs: node.status.changedAtMs - 86_395_000 } });
      // any event of the service makes it look again
      const web1 = tx.get("service", web);
      assert.ok(web1 !== undefined);
      tx.put("service", web1);
    });
    await sim.until("orphaned", () => sim.tasks(web).some((task) => task.status?.state === "orphaned"), 20_000);
  });
});

describe("restart policy", () => {
  const failing: ControlPlaneOptions = { nodes: 2, outcome: () => ({ kind: "exit", afterMs: 1_000, code: 1 }) };
  const finishing: ControlPlaneOptions = { nodes: 2, outcome: () => ({ kind: "exit", afterMs: 1_000, code: 0 }) };
  const policy = (restartPolicy: Parameters<typeof newRestartPolicy>[0]) => ({
    restartPolicy: newRestartPolicy(restartPolicy),
  });

  story("the replacement waits for the delay, prepared", failing, async (sim) => {
    const web = await sim.createService(service("web", 1));
    await sim.until("failed", () => sim.tasks(web).some((task) => task.status?.state === "failed"));
    const failedMs = sim.env.nowMs();
    await sim.until("prepared", () => sim.tasks(web).at(-1)?.status?.state === "ready", 500);
    assert.equal(sim.tasks(web).at(-1)?.desiredState, "ready");
    await sim.until("runs", () => sim.running(web) === 1, 6_000);
    const waitedMs = sim.env.nowMs() - failedMs;
    assert.ok(waitedMs >= 4_950 && waitedMs <= 5_100, `waited ${waitedMs} ms`);
  });

  story("condition none: never again", failing, async (sim) => {
    const web = await sim.createService(service("web", 2, policy({ condition: "none" })));
    await sim.until("both failed", () => sim.tasks(web).filter((task) => task.status?.state === "failed").length === 2);
    await sim.env.advance(60_000);
    assert.deepEqual(states(sim.tasks(web)).sort(), ["1 failed shutdown", "2 failed shutdown"]);
  });

  story("condition on-failure: done is done", finishing, async (sim) => {
    const web = await sim.createService(service("web", 1, policy({ condition: "on_failure", delayMs: 0 })));
    await sim.until("complete", () => sim.tasks(web)[0]?.status?.state === "complete");
    await sim.env.advance(60_000);
    assert.deepEqual(states(sim.tasks(web)), ["1 complete shutdown"]);
  });

  story("condition any: done is begun again; history is bounded", { ...finishing, historyLimit: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 1, policy({ condition: "any", delayMs: 100 })));
    await sim.env.advance(20_000);
    const tasks = sim.tasks(web);
    assert.equal(tasks.length, 3);
    assert.equal(
      tasks.filter((task) => task.status?.state === "complete" || task.status?.state === "running").length,
      3,
    );
  });

  story(
    "max attempts: as many restarts and no more, also under another leader",
    { ...failing, managers: 3 },
    async (sim) => {
      const web = await sim.createService(service("web", 1, policy({ maxAttempts: 3, delayMs: 500 })));
      const failed = () => sim.tasks(web).filter((task) => task.status?.state === "failed").length;
      await sim.until("failed twice", () => failed() === 2);
      await sim.elect(1);
      await sim.until("failed 4 times", () => failed() === 4);
      await sim.env.advance(60_000);
      assert.equal(sim.tasks(web).length, 4);
      assert.equal(failed(), 4);
      await sim.elect(2);
      await sim.env.advance(60_000);
      assert.equal(sim.tasks(web).length, 4);
      // A new spec version counts anew.
      await sim.updateService(web, withImage("web:2"));
      await sim.until("tried again", () =>
        sim.tasks(web).some((task) => task.specVersion === sim.service(web).specVersion),
      );
    },
  );

  story("max attempts within a window: slow failures never add up", failing, async (sim) => {
    const web = await sim.createService(service("web", 1, policy({ maxAttempts: 2, delayMs: 4_000, windowMs: 6_000 })));
    await sim.env.advance(120_000);
    assert.ok(
      sim.tasks(web).some((task) => task.desiredState !== "shutdown"),
      "still trying",
    );
    const fast = await sim.createService(service("fast", 1, policy({ maxAttempts: 2, delayMs: 100, windowMs: 6_000 })));
    await sim.env.advance(120_000);
    assert.deepEqual(states(sim.tasks(fast)), Array(3).fill("1 failed shutdown"));
  });

  story(
    "an update goes on when the new task listens, which is later than that it runs",
    { nodes: 2, outcome: () => ({ kind: "listen", afterMs: 3_000 }) },
    async (sim) => {
      const web = await sim.createService(service("web", 3));
      await sim.until("3 run", () => sim.running(web) === 3);
      await sim.env.advance(5_000);
      await sim.updateService(web, withImage("web:2"));
      const isNew = (task: Task): boolean => task.specVersion === sim.service(web).specVersion;
      await sim.until("the first new task runs", () =>
        sim.live(web).some((task) => isNew(task) && task.startedAtMs > 0),
      );
      await sim.env.advance(2_000);
      assert.equal(sim.live(web).filter(isNew).length, 1, "it does not listen yet");
      await sim.until("all are replaced", () => sim.live(web).length === 3 && sim.live(web).every(isNew), 20_000);
    },
  );

  story(
    "a task that cannot be prepared says why and is tried again",
    { nodes: 1, outcome: () => ({ kind: "reject", err: "No such image: web:1" }) },
    async (sim) => {
      const web = await sim.createService(service("web", 1));
      await sim.until("rejected", () => sim.tasks(web).some((task) => task.status?.err === "No such image: web:1"));
      await sim.until(
        "tried again",
        () => sim.tasks(web).filter((task) => task.status?.state === "rejected").length === 2,
      );
    },
  );

  story("a node on which a service keeps failing is taken last", { nodes: 2 }, async (sim) => {
    const bad = sim.agents[0]?.id;
    await sim.updateNode(sim.agents[1]?.id as NodeId, (spec) => ({ ...spec, availability: "pause" }));
    const web = await sim.createService(service("web", 1));
    await sim.until("runs", () => sim.running(web) === 1);
    for (let n = 0; n < 5; n++) {
      await sim.until("runs", () => sim.running(web) === 1);
      await sim.leader().store.update((tx) => {
        const task = tx.get("task", one(sim.live(web)).id);
        assert.ok(task?.status !== undefined && task.nodeId === bad);
        tx.put("task", { ...task, status: { ...task.status, state: "failed", timestampMs: sim.env.wallMs() } });
      });
    }
    await sim.updateNode(sim.agents[1]?.id as NodeId, (spec) => ({ ...spec, availability: "active" }));
    const spare = await sim.createService(
      service("spare", 4, { placement: newPlacement({ constraints: [`node.id == ${sim.agents[1]?.id}`] }) }),
    );
    await sim.until("the other node is busier", () => sim.running(spare) === 4);
    await sim.updateService(web, withReplicas(3));
    await sim.until("3 run", () => sim.running(web) === 3, 10_000);
    assert.equal(runsOn(sim, web).filter((id) => id !== bad).length >= 2, true);
  });
});

describe("placement", () => {
  story(
    "constraints hold, and a label that goes takes the tasks with it",
    { nodes: 3, labels: (index) => (index < 2 ? { disk: "ssd" } : {}) },
    async (sim) => {
      const db = await sim.createService(
        service("db", 4, { placement: newPlacement({ constraints: ["node.labels.disk == ssd"] }) }),
      );
      await sim.until("4 run", () => sim.running(db) === 4);
      assert.deepEqual(
        sim.agents.map((agent) => agent.running().length),
        [2, 2, 0],
      );
      await sim.updateNode(sim.agents[0]?.id as NodeId, (spec) => ({ ...spec, labels: {} }));
      await sim.until("moved", () => sim.running(db) === 4 && sim.agents[0]?.running().length === 0, 1_000);
      assert.deepEqual(
        sim.agents.map((agent) => agent.running().length),
        [0, 4, 0],
      );
      const rejected = sim.tasks(db).filter((task) => task.status?.state === "rejected");
      assert.equal(rejected.length, 2);
      assert.equal(rejected[0]?.status?.err, "assigned node no longer meets constraints");
      assertNoGhosts(sim, db);
    },
  );

  story("what cannot be placed says why, and is placed when it can be", { nodes: 3 }, async (sim) => {
    const db = await sim.createService(
      service("db", 2, { placement: newPlacement({ constraints: ["node.labels.disk == ssd"] }) }),
    );
    const errs = () => [...new Set(sim.tasks(db).map((task) => task.status?.err))];
    await sim.until("told", () => (errs()[0] ?? "") !== "", 500);
    assert.deepEqual(errs(), ["no suitable node (scheduling constraints not satisfied on 3 nodes)"]);
    await sim.updateNode(sim.agents[2]?.id as NodeId, (spec) => ({ ...spec, availability: "drain" }));
    await sim.until("told anew", () => errs()[0]?.includes("2 nodes") === true, 500);
    assert.deepEqual(errs(), [
      "no suitable node (scheduling constraints not satisfied on 2 nodes; 1 node not available for new tasks)",
    ]);
    await sim.updateNode(sim.agents[0]?.id as NodeId, (spec) => ({ ...spec, labels: { disk: "ssd" } }));
    await sim.until("runs", () => sim.running(db) === 2, 500);
    assert.deepEqual(errs(), [""]);
  });

  story(
    "reservations: full is full, and what leaves makes room",
    { nodes: 2, resources: () => ({ nanoCpus: 2e9, memoryBytes: 2 ** 30 }) },
    async (sim) => {
      const reserve = (nanoCpus: number) => ({
        resources: newResourceRequirements({ reservations: newResources({ nanoCpus }) }),
      });
      const a = await sim.createService(service("a", 4, reserve(1e9)));
      await sim.until("4 run", () => sim.running(a) === 4);
      const b = await sim.createService(service("b", 1, reserve(2e9)));
      await sim.until(
        "told",
        () => sim.tasks(b)[0]?.status?.err === "no suitable node (insufficient resources on 2 nodes)",
      );
      await sim.updateService(a, withReplicas(3));
      await sim.env.advance(1_000);
      assert.equal(sim.running(b), 0); // one CPU free on one node is not enough
      await sim.updateService(a, withReplicas(2));
      await sim.env.advance(1_000);
      assert.equal(sim.running(b), 0); // one each: Swarm spreads, and so must the user
      await sim.updateService(a, withReplicas(1));
      await sim.until("runs", () => sim.running(b) === 1, 500);
    },
  );

  story("max replicas per node", { nodes: 2 }, async (sim) => {
    const web = await sim.createService(service("web", 3, { placement: newPlacement({ maxReplicas: 1 }) }));
    await sim.until("2 run", () => sim.running(web) === 2);
    await sim.until("told", () =>
      sim.tasks(web).some((task) => task.status?.err === "no suitable node (max replicas per node limit exceed)"),
    );
  });
});

describe("global services", () => {
  story("one on every node, on new ones too; pause keeps, drain takes", { nodes: 3 }, async (sim) => {
    await sim.updateNode(sim.agents[2]?.id as NodeId, (spec) => ({ ...spec, availability: "drain" }));
    const mon = await sim.createService(globalService("mon"));
    await sim.until("2 run", () => sim.running(mon) === 2);
    await sim.updateNode(sim.agents[2]?.id as NodeId, (spec) => ({ ...spec, availability: "active" }));
    await sim.until("3 run", () => sim.running(mon) === 3, 500);
    await sim.updateNode(sim.agents[1]?.id as NodeId, (spec) => ({ ...spec, availability: "pause" }));
    await sim.env.advance(5_000);
    assert.equal(sim.running(mon), 3);
    await sim.updateNode(sim.agents[0]?.id as NodeId, (spec) => ({ ...spec, availability: "drain" }));
    await sim.until("2 run", () => sim.running(mon) === 2 && sim.agents[0]?.running().length === 0);
    await sim.removeService(mon);
    await sim.until("gone", () => sim.tasks(mon).length === 0);
  });

  story("constraints decide where", { nodes: 3, labels: (index) => ({ n: String(index) }) }, async (sim) => {
    const mon = await sim.createService(
      globalService("mon", { placement: newPlacement({ constraints: ["node.labels.n != 1"] }) }),
    );
    await sim.until("2 run", () => sim.running(mon) === 2);
    assert.equal(sim.agents[1]?.running().length, 0);
    await sim.updateNode(sim.agents[1]?.id as NodeId, (spec) => ({ ...spec, labels: { n: "7" } }));
    await sim.until("3 run", () => sim.running(mon) === 3, 500);
    await sim.updateNode(sim.agents[0]?.id as NodeId, (spec) => ({ ...spec, labels: { n: "1" } }));
    await sim.until("2 run", () => sim.running(mon) === 2 && sim.agents[0]?.running().length === 0, 1_000);
    assertNoGhosts(sim, mon);
  });

  story("an unreachable node keeps its task: nobody else could run it", { nodes: 2 }, async (sim) => {
    const mon = await sim.createService(globalService("mon"));
    await sim.until("2 run", () => sim.running(mon) === 2);
    const before = sim.agents[0]?.running();
    sim.agents[0]?.cut();
    await sim.until("down", () => sim.node(sim.agents[0]?.id as NodeId).status?.state === "down");
    await sim.env.advance(10_000);
    sim.agents[0]?.heal();
    await sim.env.advance(10_000);
    assert.deepEqual(sim.agents[0]?.running(), before);
    assert.equal(sim.running(mon), 2);
  });
});

describe("updates", () => {
  story("one slot at a time, old one stopped first; then completed", { nodes: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 3));
    await sim.until("3 run", () => sim.running(web) === 3);
    assert.equal(sim.service(web).updateStatus, undefined);
    await sim.updateService(web, withImage("web:2"));
    let least = 3;
    let most = 3;
    const real = () => sim.agents.reduce((sum, agent) => sum + agent.running().length, 0);
    const image = (task: Task) => task.spec?.containerSpec?.image;
    await sim.until(
      "all are new",
      () => {
        least = Math.min(least, real());
        most = Math.max(most, real());
        return sim.live(web).filter((task) => image(task) === "web:2").length === 3;
      },
      2_000,
    );
    assert.deepEqual([least, most], [2, 3]);
    assert.equal(sim.service(web).updateStatus?.state, "updating");
    await sim.until("completed", () => sim.service(web).updateStatus?.state === "completed", 6_000);
    assert.ok((sim.service(web).updateStatus?.completedAtMs ?? 0) > 0);
  });

  story("labels and replicas replace nothing", { nodes: 2 }, async (sim) => {
    const web = await sim.createService(service("web", 2));
    await sim.until("2 run", () => sim.running(web) === 2);
    const before = taskIds(sim.live(web)).sort();
    await sim.updateService(web, (spec) => ({ ...spec, labels: { team: "a" } }));
    await sim.env.advance(5_000);
    assert.deepEqual(taskIds(sim.live(web)).sort(), before);
    assert.equal(sim.service(web).updateStatus, undefined);
  });

  story(
    "a constraint that the nodes satisfy anyway replaces nothing either",
    { nodes: 2, labels: () => ({ a: "1" }) },
    async (sim) => {
      const web = await sim.createService(service("web", 2));
      await sim.until("2 run", () => sim.running(web) === 2);
      const before = taskIds(sim.live(web)).sort();
      await sim.updateService(web, (spec) => ({
        ...spec,
        taskTemplate: {
          ...service("web", 2).taskTemplate,
          ...spec.taskTemplate,
          networks: [],
          forceUpdate: 0,
          placement: newPlacement({ constraints: ["node.labels.a == 1"] }),
        },
      }));
      await sim.until(
        "adopted",
        () => sim.live(web).every((task) => task.specVersion === sim.service(web).specVersion),
        500,
      );
      await sim.env.advance(5_000);
      assert.deepEqual(taskIds(sim.live(web)).sort(), before);
    },
  );

  story(
    "a bad image pauses it, with the reason; the others go on; a new update goes on too",
    {
      nodes: 3,
      outcome: (task) =>
        task.spec?.containerSpec?.image === "web:bad"
          ? { kind: "reject", err: "No such image: web:bad" }
          : { kind: "run" },
    },
    async (sim) => {
      const web = await sim.createService(service("web", 3));
      await sim.until("3 run", () => sim.running(web) === 3);
      await sim.updateService(web, withImage("web:bad"));
      await sim.until("paused", () => sim.service(web).updateStatus?.state === "paused", 2_000);
      assert.match(
        sim.service(web).updateStatus?.message ?? "",
        /^update paused due to failure or early termination of task \w{25}: No such image: web:bad$/,
      );
      await sim.env.advance(30_000);
      assert.equal(sim.running(web), 2);
      assert.equal(sim.service(web).updateStatus?.state, "paused");
      await sim.updateService(web, withImage("web:3"));
      await sim.until(
        "all are new",
        () => sim.live(web).filter((task) => task.spec?.containerSpec?.image === "web:3").length === 3,
        30_000,
      );
      await sim.until("completed", () => sim.service(web).updateStatus?.state === "completed", 6_000);
    },
  );

  story(
    "one that ends within the monitor time pauses it",
    {
      nodes: 3,
      outcome: (task) =>
        task.spec?.containerSpec?.image === "web:2" ? { kind: "exit", afterMs: 3_000, code: 3 } : { kind: "run" },
    },
    async (sim) => {
      const web = await sim.createService(service("web", 10));
      await sim.until("10 run", () => sim.running(web) === 10);
      await sim.updateService(web, withImage("web:2"));
      await sim.until("paused", () => sim.service(web).updateStatus?.state === "paused", 10_000);
      assert.match(sim.service(web).updateStatus?.message ?? "", /non-zero exit \(3\)/);
    },
  );

  story("goes on under another leader", { nodes: 3, managers: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 8));
    await sim.until("8 run", () => sim.running(web) === 8);
    await sim.updateService(web, withImage("web:2"));
    const fresh = () => sim.live(web).filter((task) => task.spec?.containerSpec?.image === "web:2").length;
    await sim.until("some are new", () => fresh() >= 2);
    await sim.elect(1, "lose");
    await sim.until("some more", () => fresh() >= 5);
    await sim.elect(2, "keep");
    await sim.until("completed", () => sim.service(web).updateStatus?.state === "completed");
    assert.equal(fresh(), 8);
    assertNoGhosts(sim, web);
  });

  story("global services are updated node by node", { nodes: 3 }, async (sim) => {
    const mon = await sim.createService(globalService("mon"));
    await sim.until("3 run", () => sim.running(mon) === 3);
    await sim.updateService(mon, withImage("mon:2"));
    await sim.until("completed", () => sim.service(mon).updateStatus?.state === "completed", 20_000);
    assert.deepEqual(
      sim.live(mon).map((task) => task.spec?.containerSpec?.image),
      ["mon:2", "mon:2", "mon:2"],
    );
    assertNoGhosts(sim, mon);
  });
});

describe("leader change", () => {
  story("restarts nothing", { nodes: 5, managers: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 10));
    await sim.until("10 run", () => sim.running(web) === 10);
    const before = taskIds(sim.live(web)).sort();
    for (const next of [1, 2, 0, 1]) {
      await sim.elect(next);
      await sim.env.advance(7_000);
    }
    assert.deepEqual(taskIds(sim.live(web)).sort(), before);
    assert.ok(sim.agents.every(({ id }) => sim.node(id).status?.state === "ready"));
  });

  story("in the middle of everything", { nodes: 5, managers: 3 }, async (sim) => {
    const web = await sim.createService(service("web", 20));
    await sim.env.advance(15);
    await sim.elect(1, "lose");
    await sim.env.advance(15);
    await sim.elect(2, "lose");
    await sim.until("20 run", () => sim.running(web) === 20);
    assert.deepEqual(
      sim
        .live(web)
        .map((task) => task.slot)
        .sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    assertNoGhosts(sim, web);
    sim.agents[3]?.kill();
    await sim.env.advance(2_000);
    await sim.elect(0);
    await sim.until(
      "replaced",
      () => sim.running(web) === 20 && !runsOn(sim, web).includes(sim.agents[3]?.id as NodeId),
      15_000,
    );
  });
});
