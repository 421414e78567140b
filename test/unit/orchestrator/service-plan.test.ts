import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  newContainerSpec,
  newMeta,
  newPortConfig,
  newTask,
  newTaskStatus,
  newUpdateStatus,
  type Service,
  type Task,
  type TaskSpec,
} from "../../../proto/gen/objects.ts";
import { ID, lines, NOW, node, plan, type Scene, service, task } from "./support.ts";

const table = (
  cases: Readonly<Record<string, readonly [scene: Scene, want: readonly string[], wakeInMs?: number]>>,
): void => {
  for (const [name, [scene, want, wakeInMs]] of Object.entries(cases)) {
    test(name, () => {
      const made = plan(scene);
      assert.deepEqual(lines(made, scene.tasks ?? []), [...want].sort());
      const expected = wakeInMs === undefined ? Number.POSITIVE_INFINITY : (scene.nowMs ?? NOW) + wakeInMs;
      assert.equal(made.wakeAtMs, expected, "when to look again");
      assert.equal(made.more, false);
    });
  }
};

describe("scale", () => {
  table({
    "a new service gets its slots from 1": [
      { service: service({ replicas: 3 }) },
      ["+1 running", "+2 running", "+3 running"],
    ],
    "what is there is left alone": [{ service: service({ replicas: 1 }), tasks: [task("a", 1, "running")] }, []],
    "the lowest free slots are filled": [
      { service: service({ replicas: 4 }), tasks: [task("a", 2, "running"), task("b", 5, "running")] },
      ["+1 running", "+3 running"],
    ],
    "scale down: from the node with most copies": [
      {
        service: service({ replicas: 2 }),
        tasks: [
          task("a", 1, "running", { node: "n1" }),
          task("b", 2, "running", { node: "n1" }),
          task("c", 3, "running", { node: "n2" }),
        ],
      },
      ["b -> remove"],
    ],
    "scale down: what does not run goes first, what has no node before all": [
      {
        service: service({ replicas: 1 }),
        tasks: [
          task("a", 1, "starting", { node: "n1" }),
          task("b", 2, "running", { node: "n1" }),
          task("c", 3, "pending"),
        ],
      },
      ["a -> remove", "c -> remove"],
    ],
    "a scaled-down slot takes its history with it": [
      {
        service: service({ replicas: 1 }),
        tasks: [
          task("a", 1, "running", { node: "n1" }),
          task("old", 2, "failed", { desired: "shutdown" }),
          task("b", 2, "running", { node: "n1" }),
        ],
      },
      ["b -> remove", "- old"],
    ],
    "a slot that is being removed is free, and what never had a node is gone at once": [
      {
        service: service({ replicas: 1 }),
        tasks: [task("a", 1, "running", { desired: "remove" }), task("b", 2, "pending", { desired: "remove" })],
      },
      ["+1 running", "- b"],
    ],
    "removed and stopped: gone": [
      { service: service({ replicas: 0 }), tasks: [task("a", 1, "shutdown", { desired: "remove" })] },
      ["- a"],
    ],
    "two in one slot: the better one stays": [
      { service: service(), tasks: [task("a", 1, "starting"), task("b", 1, "running")] },
      ["a -> shutdown"],
    ],
  });

  test("a bound on changes leaves the rest for the next plan", () => {
    const made = plan({ service: service({ replicas: 10 }), maxChanges: 4 });
    assert.equal(made.puts.length, 4);
    assert.equal(made.more, true);
  });
});

describe("restart", () => {
  table({
    "a failed task: replaced after the default delay": [
      { tasks: [task("a", 1, "failed")] },
      ["a -> shutdown", "+1 ready in 5000"],
      5_000,
    ],
    "the policy's delay": [
      { tasks: [task("a", 1, "failed", { policy: { delayMs: 100 } })] },
      ["a -> shutdown", "+1 ready in 100"],
      100,
    ],
    "no delay: at once": [
      { tasks: [task("a", 1, "failed", { policy: { delayMs: 0 } })] },
      ["a -> shutdown", "+1 running"],
    ],
    "the delay is over: it starts": [
      {
        tasks: [
          task("a", 1, "failed", { desired: "shutdown" }),
          task("b", 1, "ready", { desired: "ready", notBeforeMs: NOW }),
        ],
      },
      ["b -> running"],
    ],
    "the delay is over, but the old task still stops: wait, a minute at most": [
      {
        tasks: [
          task("a", 1, "running", { desired: "shutdown" }),
          task("b", 1, "ready", { desired: "ready", notBeforeMs: NOW - 1_000 }),
        ],
        waitedMs: { b: 1_000 },
      },
      [],
      59_000,
    ],
    "the minute is over": [
      {
        tasks: [
          task("a", 1, "running", { desired: "shutdown" }),
          task("b", 1, "ready", { desired: "ready", notBeforeMs: NOW - 60_000 }),
        ],
        waitedMs: { b: 60_000 },
      },
      ["b -> running"],
    ],
    "the minute is over by the clock of a leader before this one: it counts its own": [
      {
        tasks: [
          task("a", 1, "running", { desired: "shutdown" }),
          task("b", 1, "ready", { desired: "ready", notBeforeMs: NOW - 3_600_000 }),
        ],
      },
      [],
      60_000,
    ],
    "a longer grace is waited for": [
      {
        tasks: [
          task("a", 1, "running", {
            desired: "shutdown",
            spec: {
              containerSpec: { ...service().spec?.taskTemplate?.containerSpec, stopGracePeriodMs: 300_000 } as never,
            },
          }),
          task("b", 1, "ready", { desired: "ready", notBeforeMs: NOW }),
        ],
      },
      [],
      310_000,
    ],
    "nobody waits for a task on a node that is down": [
      {
        nodes: [node("n1", { state: "down", changedAtMs: NOW }), node("n2")],
        tasks: [
          task("a", 1, "running", { desired: "shutdown" }),
          task("b", 1, "ready", { desired: "ready", node: "n2" }),
        ],
      },
      ["b -> running"],
      86_400_000,
    ],
    "a replacement that fails while it waits keeps its own time": [
      { tasks: [task("a", 1, "rejected", { desired: "ready", notBeforeMs: NOW + 3_000 })] },
      [],
      3_000,
    ],
    "a time far ahead, of a wrong clock, is waited for no longer than the delay": [
      { tasks: [task("a", 1, "ready", { desired: "ready", notBeforeMs: NOW + 10_000_000 })] },
      [],
      5_000,
    ],
    "a time far ahead, of a wrong clock, when the delay is over": [
      {
        tasks: [task("a", 1, "ready", { desired: "ready", notBeforeMs: NOW + 10_000_000 })],
        waitedMs: { a: 5_000 },
      },
      ["a -> running"],
    ],
    "condition none": [{ tasks: [task("a", 1, "failed", { policy: { condition: "none" } })] }, ["a -> shutdown"]],
    "condition none, node lost": [
      {
        nodes: [node("n1", { state: "down", changedAtMs: NOW })],
        tasks: [task("a", 1, "running", { policy: { condition: "none" } })],
      },
      ["a -> shutdown"],
    ],
    "on-failure, failed": [
      { tasks: [task("a", 1, "failed", { policy: { condition: "on_failure", delayMs: 1 } })] },
      ["a -> shutdown", "+1 ready in 1"],
      1,
    ],
    "on-failure, complete": [
      { tasks: [task("a", 1, "complete", { policy: { condition: "on_failure" } })] },
      ["a -> shutdown"],
    ],
    "what ended for good stays so": [
      { tasks: [task("a", 1, "complete", { policy: { condition: "on_failure" }, desired: "shutdown" })] },
      [],
    ],
    "the last attempt": [
      {
        tasks: [
          task("a", 1, "failed", { desired: "shutdown", policy: { maxAttempts: 2 } }),
          task("b", 1, "failed", { policy: { maxAttempts: 2 } }),
        ],
      },
      ["b -> shutdown", "+1 ready in 5000"],
      5_000,
    ],
    "no attempts left": [
      {
        tasks: ["a", "b", "c"].map((id) =>
          task(id, 1, "failed", { desired: id === "c" ? "running" : "shutdown", policy: { maxAttempts: 2 } }),
        ),
        service: service({ policy: { maxAttempts: 2 } }),
      },
      ["c -> shutdown"],
    ],
    "no attempts left, but a node that is lost costs none": [
      {
        nodes: [node("n1", { state: "down", changedAtMs: NOW }), node("n2")],
        service: service({ policy: { maxAttempts: 1 } }),
        tasks: [
          task("a", 1, "failed", { desired: "shutdown", policy: { maxAttempts: 1 } }),
          task("b", 1, "running", { policy: { maxAttempts: 1 } }),
        ],
      },
      ["b -> shutdown", "+1 running"],
    ],
    "attempts of another version do not count": [
      {
        service: service({ version: 2, policy: { maxAttempts: 1 } }),
        tasks: [
          task("a", 1, "failed", { desired: "shutdown", policy: { maxAttempts: 1 }, version: 1 }),
          task("b", 1, "failed", { policy: { maxAttempts: 1 }, version: 2 }),
        ],
      },
      ["b -> shutdown", "+1 ready in 5000", "- a"],
      5_000,
    ],
    "attempts before the window do not count": [
      {
        service: service({ policy: { maxAttempts: 1, windowMs: 10_000 } }),
        tasks: [
          task("a", 1, "failed", {
            desired: "shutdown",
            policy: { maxAttempts: 1, windowMs: 10_000 },
            endedAtMs: NOW - 10_001,
          }),
          task("b", 1, "failed", { policy: { maxAttempts: 1, windowMs: 10_000 } }),
        ],
      },
      ["b -> shutdown", "+1 ready in 5000", "- a"],
      5_000,
    ],
  });
});

describe("nodes", () => {
  const down = node("n1", { state: "down", changedAtMs: NOW });
  const down2 = node("n2", { state: "down", changedAtMs: NOW });
  table({
    "down: replaced at once, without delay or wait": [
      { nodes: [down, node("n2")], tasks: [task("a", 1, "running")] },
      ["a -> shutdown", "+1 running"],
    ],
    "suspect: nothing": [{ nodes: [node("n1", { state: "suspect" })], tasks: [task("a", 1, "running")] }, []],
    "not heard of yet: nothing": [{ nodes: [node("n1", { state: "unknown" })], tasks: [task("a", 1, "running")] }, []],
    "left by itself: as down": [
      {
        nodes: [node("n1", { state: "disconnected", changedAtMs: NOW }), node("n2")],
        tasks: [task("a", 1, "running")],
      },
      ["a -> shutdown", "+1 running"],
    ],
    "paused: nothing": [{ nodes: [node("n1", { availability: "pause" })], tasks: [task("a", 1, "running")] }, []],
    "drained: the old one is stopped first, without delay": [
      { nodes: [node("n1", { availability: "drain" }), node("n2")], tasks: [task("a", 1, "running")] },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "its waiting task is lost: the next one waits as well": [
      {
        nodes: [node("n1"), down2, node("n3")],
        tasks: [
          task("a", 1, "running", { desired: "shutdown" }),
          task("b", 1, "ready", { node: "n2", desired: "ready", notBeforeMs: NOW }),
        ],
      },
      ["b -> shutdown", "+1 ready"],
      60_000,
    ],
    "removed: orphaned and replaced": [
      { nodes: [node("n2")], tasks: [task("a", 1, "running")] },
      ["a = orphaned -> shutdown", "+1 running"],
    ],
    "removed, and was to stop": [
      {
        nodes: [node("n2")],
        tasks: [task("a", 1, "running", { desired: "shutdown" }), task("b", 1, "running", { node: "n2" })],
      },
      ["a = orphaned"],
    ],
    "removed, and was to be removed": [
      { nodes: [], service: service({ replicas: 0 }), tasks: [task("a", 1, "running", { desired: "remove" })] },
      ["- a"],
    ],
    "down, and was to be removed": [
      { nodes: [down], service: service({ replicas: 0 }), tasks: [task("a", 1, "running", { desired: "remove" })] },
      ["- a"],
    ],
    "down for a day": [
      {
        nodes: [node("n1", { state: "down", changedAtMs: NOW - 86_400_000 }), node("n2")],
        tasks: [task("a", 1, "running", { desired: "shutdown" }), task("b", 1, "running", { node: "n2" })],
      },
      ["a = orphaned"],
    ],
  });
});

describe("a removed service", () => {
  table({
    "its tasks are to go": [
      {
        service: undefined,
        tasks: [task("a", 1, "running"), task("b", 1, "failed", { desired: "shutdown" }), task("c", 2, "pending")],
      },
      ["a -> remove", "- b", "- c"],
    ],
    "and are gone when they have stopped": [
      {
        service: undefined,
        tasks: [task("a", 1, "shutdown", { desired: "remove" }), task("b", 1, "running", { desired: "remove" })],
      },
      ["- a"],
    ],
  });
});

describe("history", () => {
  const dead = (id: string) => task(id, 1, "shutdown", { desired: "shutdown" });
  table({
    "the limit counts the current task": [
      { historyLimit: 3, tasks: [dead("a"), dead("b"), dead("c"), task("d", 1, "running")] },
      ["- a"],
    ],
    none: [{ historyLimit: 0, tasks: [dead("a"), task("b", 1, "running")] }, ["- a"]],
    "negative keeps all": [
      { historyLimit: -1, tasks: ["a", "b", "c", "d", "e", "f"].map(dead).concat(task("g", 1, "running")) },
      [],
    ],
    "the one that says that the slot is done is kept": [
      { historyLimit: 0, tasks: [task("a", 1, "complete", { desired: "shutdown", policy: { condition: "none" } })] },
      [],
    ],
    "max attempts keeps what it counts from, and drops the rest first": [
      {
        historyLimit: 1,
        service: service({ policy: { maxAttempts: 3 } }),
        tasks: [
          task("a", 1, "failed", { desired: "shutdown", policy: { maxAttempts: 3 } }),
          task("b", 1, "failed", { desired: "shutdown", policy: { maxAttempts: 3 } }),
          task("c", 1, "shutdown", { desired: "shutdown", policy: { maxAttempts: 3 } }),
          task("d", 1, "failed", { desired: "shutdown", policy: { maxAttempts: 3 } }),
          task("e", 1, "running", { policy: { maxAttempts: 3 } }),
        ],
      },
      ["- c"],
    ],
  });
});

describe("global services", () => {
  const global = service({ replicas: "global" });
  const on = (
    id: string,
    name: string,
    state: Parameters<typeof task>[2] = "running",
    input: Parameters<typeof task>[3] = {},
  ) => task(id, 0, state, { ...input, node: name });
  table({
    "one on each node that takes tasks, suspect ones too": [
      {
        service: global,
        nodes: [
          node("n1"),
          node("n2", { state: "suspect" }),
          node("n3", { state: "down" }),
          node("n4", { availability: "pause" }),
          node("n5", { availability: "drain" }),
          node("n6", { state: "unknown" }),
        ],
      },
      ["+@n1 running", "+@n2 running"],
    ],
    "constraints decide": [
      {
        service: service({
          replicas: "global",
          spec: { placement: { constraints: ["node.labels.a == 1"], preferences: [], maxReplicas: 0, platforms: [] } },
        }),
        nodes: [node("n1", { labels: { a: "1" } }), node("n2")],
        tasks: [on("t2", "n2")],
      },
      ["+@n1 running", "t2 -> remove"],
    ],
    "pause keeps; drain stops and brings nothing": [
      {
        service: global,
        nodes: [node("n1", { availability: "pause" }), node("n2", { availability: "drain" })],
        tasks: [on("a", "n1"), on("b", "n2")],
      },
      ["b -> shutdown"],
    ],
    "a dead one on a paused node comes back when the node does": [
      { service: global, nodes: [node("n1", { availability: "pause" })], tasks: [on("a", "n1", "failed")] },
      ["a -> shutdown"],
    ],
    "… now": [
      { service: global, nodes: [node("n1")], tasks: [on("a", "n1", "failed", { desired: "shutdown" })] },
      ["+@n1 running"],
    ],
    "a failed one is restarted on its node": [
      { service: global, nodes: [node("n1")], tasks: [on("a", "n1", "failed")] },
      ["a -> shutdown", "+@n1 ready in 5000"],
      5_000,
    ],
    "down keeps: nobody else could run it": [
      { service: global, nodes: [node("n1", { state: "down" })], tasks: [on("a", "n1")] },
      [],
    ],
    "a node that left by itself": [
      { service: global, nodes: [node("n1", { state: "disconnected", changedAtMs: NOW })], tasks: [on("a", "n1")] },
      ["a -> shutdown"],
    ],
    "a removed node leaves nothing": [{ service: global, nodes: [], tasks: [on("a", "n1")] }, ["- a"]],
    "what still stops here goes first": [
      { service: global, nodes: [node("n1")], tasks: [on("a", "n1", "running", { desired: "shutdown" })] },
      ["+@n1 ready"],
      60_000,
    ],
  });
});

describe("updates", () => {
  const updated = (change: Partial<Service> = {}, replicas: number | "global" = 3): Service =>
    service({ replicas, version: 2, spec: { forceUpdate: 1 }, change: { previousSpecVersion: 1, ...change } });
  const old = (id: string, slot: number, state: Parameters<typeof task>[2] = "running") =>
    task(id, slot, state, { version: 1 });
  const fresh = (id: string, slot: number, state: Parameters<typeof task>[2], input: Parameters<typeof task>[3] = {}) =>
    task(id, slot, state, { version: 2, spec: { forceUpdate: 1 }, ...input });
  const DIGEST = `sha256:${"a".repeat(64)}`;
  const image = (name: string): Partial<TaskSpec> => ({ containerSpec: newContainerSpec({ image: name }) });
  const pulled = (id: string, state: Parameters<typeof task>[2]): Task =>
    task(id, 1, state, { version: 1, spec: image(`web:1@${DIGEST}`) });
  const awaiting = (one: Task): Task =>
    newTask({
      ...one,
      status: newTaskStatus({ ...one.status, portStatus: { awaited: [newPortConfig({ targetPort: 80 })] } }),
    });
  const updating = { updateStatus: newUpdateStatus({ state: "updating", startedAtMs: NOW - 50_000 }) };
  const paused = { updateStatus: newUpdateStatus({ state: "paused", message: "why" }) };
  table({
    "the first slot: stop the old, prepare the new": [
      { service: updated(), tasks: [old("a", 1), old("b", 2), old("c", 3)] },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "what does not run goes first": [
      { service: updated(), tasks: [old("a", 1), old("b", 2, "starting"), old("c", 3)] },
      ["b -> shutdown", "+2 ready"],
      60_000,
    ],
    "a task without a node simply goes": [
      { service: updated(), tasks: [old("a", 1), old("b", 2, "pending"), old("c", 3)] },
      ["b -> shutdown", "+2 running"],
    ],
    "the next slot waits until the last one runs": [
      { service: updated(updating), tasks: [fresh("a", 1, "starting"), old("b", 2), old("c", 3)] },
      [],
    ],
    "and until it listens where the service publishes": [
      { service: updated(updating), tasks: [awaiting(fresh("a", 1, "running")), old("b", 2), old("c", 3)] },
      [],
    ],
    "it runs: next": [
      { service: updated(updating), tasks: [fresh("a", 1, "running"), old("b", 2), old("c", 3)] },
      ["b -> shutdown", "+2 ready"],
      60_000,
    ],
    "paused: no further": [
      { service: updated(paused), tasks: [fresh("a", 1, "running"), old("b", 2), old("c", 3)] },
      [],
    ],
    "paused by an earlier change: this one goes on": [
      { service: updated(paused), tasks: [old("a", 1), old("b", 2), old("c", 3)] },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "all run, not yet for the monitor time": [
      {
        service: updated(updating, 1),
        tasks: [fresh("a", 1, "running", { startedAtMs: NOW - 2_000 })],
        waitedMs: { a: 2_000 },
      },
      [],
      3_000,
    ],
    "all run for the monitor time by the clock of a leader before this one: it counts its own": [
      { service: updated(updating, 1), tasks: [fresh("a", 1, "running", { startedAtMs: NOW - 3_600_000 })] },
      [],
      5_000,
    ],
    "all run, from a time far ahead, of a wrong clock": [
      { service: updated(updating, 1), tasks: [fresh("a", 1, "running", { startedAtMs: NOW + 3_600_000 })] },
      [],
      5_000,
    ],
    "global: paused nodes are not touched": [
      {
        service: updated({}, "global"),
        nodes: [node("n1", { availability: "pause" }), node("n2")],
        tasks: [task("a", 0, "running", { node: "n1" }), task("b", 0, "running", { node: "n2" })],
      },
      ["b -> shutdown", "+@n2 ready"],
      60_000,
    ],
    "only constraints changed, and the node satisfies them: the task takes them over": [
      {
        service: service({
          version: 2,
          spec: { placement: { constraints: ["node.labels.a == 1"], preferences: [], maxReplicas: 0, platforms: [] } },
          change: { previousSpecVersion: 1 },
        }),
        nodes: [node("n1", { labels: { a: "1" } })],
        tasks: [old("a", 1)],
      },
      ["a v2"],
    ],
    "only the replicas per node, the preferences or the platforms changed": [
      {
        service: service({
          version: 2,
          spec: {
            placement: {
              constraints: [],
              preferences: [{ spread: { spreadDescriptor: "node.labels.z" } }],
              maxReplicas: 2,
              platforms: [],
            },
          },
          change: { previousSpecVersion: 1 },
        }),
        tasks: [old("a", 1)],
      },
      ["a v2"],
    ],
    "what a task is made of changed, if only its restart policy: replaced, as Swarm does": [
      { service: service({ version: 2, policy: { condition: "none" } }), tasks: [old("a", 1)] },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "another tag of the same digest: what runs is the same": [
      { service: service({ version: 2, spec: image(`web:2@${DIGEST}`) }), tasks: [pulled("a", "running")] },
      ["a v2"],
    ],
    "… a task that does not run yet would ask for it by the new name": [
      { service: service({ version: 2, spec: image(`web:2@${DIGEST}`) }), tasks: [pulled("a", "preparing")] },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "the same digest from another repository": [
      { service: service({ version: 2, spec: image(`other:1@${DIGEST}`) }), tasks: [pulled("a", "running")] },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "another digest of the same tag": [
      {
        service: service({ version: 2, spec: image(`web:1@sha256:${"b".repeat(64)}`) }),
        tasks: [pulled("a", "running")],
      },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "another tag, and no digest that is known": [
      { service: service({ version: 2, spec: image("web:2") }), tasks: [old("a", 1)] },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
    "… and the node does not": [
      {
        service: service({
          version: 2,
          spec: { placement: { constraints: ["node.labels.a == 1"], preferences: [], maxReplicas: 0, platforms: [] } },
          change: { previousSpecVersion: 1 },
        }),
        nodes: [node("n1")],
        tasks: [old("a", 1)],
      },
      ["a -> shutdown", "+1 ready"],
      60_000,
    ],
  });

  test("the status: updating, then completed after the monitor time", () => {
    const begun = plan({ service: updated(), tasks: [old("a", 1), old("b", 2), old("c", 3)] });
    assert.deepEqual([begun.updateStatus?.state, begun.updateStatus?.startedAtMs], ["updating", NOW]);
    const done = plan({
      service: updated(updating, 1),
      tasks: [fresh("a", 1, "running", { startedAtMs: NOW - 5_000 })],
      waitedMs: { a: 5_000 },
    });
    assert.deepEqual(
      [done.updateStatus?.state, done.updateStatus?.startedAtMs, done.updateStatus?.completedAtMs],
      ["completed", NOW - 50_000, NOW],
    );
    const none = plan({ service: service(), tasks: [task("a", 1, "running")] });
    assert.equal(none.updateStatus, undefined);
  });

  test("a task that waited is counted anew when it is up; one that is up in an update, from then on", () => {
    const started = plan({ tasks: [task("a", 1, "ready", { desired: "ready" })], waitedMs: { a: 5_000 } });
    assert.deepEqual([...started.waits], []);
    const tasks = [fresh("a", 1, "running", { startedAtMs: NOW }), old("b", 2)];
    assert.deepEqual(
      [...plan({ service: updated(updating), tasks }).waits.keys()].filter((id) => id === "a"),
      ["a"],
    );
  });

  test("how long a task was up that has ended is told by who saw it, whatever the clock says", () => {
    const ended = fresh("a", 1, "failed", { startedAtMs: NOW - 3_600_000 });
    const early = plan({ service: updated(updating), tasks: [ended, old("b", 2)], waitedMs: { a: 1_000 } });
    assert.equal(early.updateStatus?.state, "paused");
    const later = plan({ service: updated(updating), tasks: [ended, old("b", 2)], waitedMs: { a: 9_000 } });
    assert.notEqual(later.updateStatus?.state, "paused");
  });

  const failures: readonly (readonly [
    name: string,
    startedAgoMs: number | undefined,
    state: "failed" | "complete",
    paused: boolean,
  ])[] = [
    ["never ran", undefined, "failed", true],
    ["ended within the monitor time", 4_999, "failed", true],
    ["ended well, but within the monitor time", 1_000, "complete", true],
    ["ended later", 5_000, "failed", false],
  ];
  for (const [name, startedAgoMs, state, stops] of failures) {
    test(`a new task that ${name} ${stops ? "pauses the update and is restarted by its policy" : "is restarted, no more"}`, () => {
      const startedAtMs = startedAgoMs === undefined ? 0 : NOW - startedAgoMs;
      const tasks = [fresh("a", 1, state, { startedAtMs, err: "boom" }), old("b", 2), old("c", 3)];
      const made = plan({ service: updated(updating), tasks });
      assert.equal(made.updateStatus?.state, stops ? "paused" : undefined);
      if (stops)
        assert.equal(made.updateStatus?.message, "update paused due to failure or early termination of task a: boom");
      assert.ok(lines(made, tasks).includes("+1 ready in 5000"));
      assert.ok(!lines(made, tasks).some((line) => line.startsWith("b ")));
    });
  }

  test("an old task that ends during the update is no failure of it", () => {
    const made = plan({
      service: updated(updating),
      tasks: [fresh("a", 1, "running"), old("b", 2, "failed"), old("c", 3)],
    });
    assert.equal(made.updateStatus, undefined);
  });
});

test("a slot's failures are counted in its newest task, however few history keeps; a new spec begins anew", () => {
  const failedOnce = { ...task("a", 1, "failed"), failuresBefore: 176 };
  const [next] = plan({ service: service(), tasks: [failedOnce], historyLimit: 1 }).puts.filter(({ id }) => id !== "a");
  assert.equal(next?.failuresBefore, 177);
  const stopped = { ...task("a", 1, "shutdown"), failuresBefore: 3 };
  assert.equal(plan({ service: service(), tasks: [stopped] }).puts.find(({ id }) => id !== "a")?.failuresBefore, 3);
  const anew = plan({ service: service({ version: 2, spec: { forceUpdate: 1 } }), tasks: [failedOnce] });
  assert.equal(anew.puts.find(({ id }) => id !== "a")?.failuresBefore, 0);
});

test("a plan carried out leaves nothing to plan, but by time", () => {
  const scene: Scene = { service: service({ replicas: 3 }), tasks: [task("a", 1, "failed"), task("b", 7, "running")] };
  const first = plan(scene);
  const after = [
    ...(scene.tasks ?? []).filter(({ id }) => !first.puts.some((put) => put.id === id)),
    ...first.puts,
  ].map((each) => ({ ...each, meta: each.meta ?? newMeta({ version: 2, createdVersion: 2 }) }));
  const second = plan({ ...scene, tasks: after });
  assert.deepEqual([second.puts, second.removals, second.wakeAtMs], [[], [], first.wakeAtMs]);
  assert.equal(first.puts[0]?.serviceId, ID);
});
