import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Decision, Planner } from "../../../manager/scheduler/planner.ts";
import {
  type Node,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newNodeStatus,
  newPlacement,
  newPlatform,
  newResourceRequirements,
  newResources,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Task,
  type TaskState,
} from "../../../proto/gen/objects.ts";
import { compileConstraints } from "../../../shared/model/constraints.ts";
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";

interface NodeInput {
  readonly state?: "ready" | "suspect" | "down" | "unknown";
  readonly availability?: "active" | "pause" | "drain";
  readonly cpus?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly architecture?: string;
}

const node = (name: string, input: NodeInput = {}): Node =>
  newNode({
    id: name as NodeId,
    spec: newNodeSpec({ labels: input.labels ?? {}, availability: input.availability ?? "active" }),
    status: newNodeStatus({ state: input.state ?? "ready" }),
    description: newNodeDescription({
      platform: newPlatform({ os: "linux", architecture: input.architecture ?? "amd64" }),
      resources: newResources({ nanoCpus: (input.cpus ?? 100) * 1e9, memoryBytes: 2 ** 40 }),
    }),
  });

interface TaskInput {
  readonly service?: string;
  readonly cpus?: number;
  readonly constraints?: readonly string[];
  readonly spread?: readonly string[];
  readonly maxReplicas?: number;
  readonly architectures?: readonly string[];
  readonly node?: string;
  readonly state?: TaskState;
  readonly desired?: TaskState;
  readonly endedAtMs?: number;
}

const task = (name: string, input: TaskInput = {}): Task =>
  newTask({
    id: name as TaskId,
    serviceId: (input.service ?? "web") as ServiceId,
    specVersion: 1,
    nodeId: (input.node ?? "") as NodeId,
    desiredState: input.desired ?? "running",
    status: newTaskStatus({ state: input.state ?? "pending", timestampMs: input.endedAtMs ?? 0 }),
    spec: newTaskSpec({
      resources: newResourceRequirements({ reservations: newResources({ nanoCpus: (input.cpus ?? 0) * 1e9 }) }),
      placement: newPlacement({
        constraints: input.constraints ?? [],
        preferences: (input.spread ?? []).map((spreadDescriptor) => ({ spread: { spreadDescriptor } })),
        maxReplicas: input.maxReplicas ?? 0,
        platforms: (input.architectures ?? []).map((architecture) => newPlatform({ os: "linux", architecture })),
      }),
    }),
  });

const many = (count: number, prefix: string, input: TaskInput = {}): Task[] =>
  Array.from({ length: count }, (_, index) => task(`${prefix}${String(index).padStart(4, "0")}`, input));

function planner(nodes: readonly Node[], tasks: readonly Task[]): Planner {
  const made = new Planner();
  for (const each of nodes) made.setNode(each);
  for (const each of tasks) made.setTask(each);
  return made;
}

const placements = (decisions: readonly Decision[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const decision of decisions) {
    if (decision.kind === "place") counts[decision.node] = (counts[decision.node] ?? 0) + 1;
  }
  return counts;
};
const words = (decisions: readonly Decision[]): string[] => [
  ...new Set(decisions.flatMap((decision) => (decision.kind === "explain" ? [decision.err] : []))),
];
const decide = (from: Planner, nowMs = 0): Decision[] => from.decide(1_000_000, nowMs);

describe("spread", () => {
  test("fewest tasks of this service first, then fewest of all", () => {
    const existing = [
      ...many(3, "other", { service: "other", node: "a", state: "running" }),
      task("mine", { node: "b", state: "running" }),
    ];
    const first = decide(planner([node("a"), node("b")], [...existing, task("new")]));
    assert.deepEqual(placements(first), { a: 1 }, "b has one of ours, though a is busier");
    const level = decide(planner([node("a"), node("b"), node("c")], [...existing, task("new")]));
    assert.deepEqual(placements(level), { c: 1 });
  });

  test("over a label: every value gets its share, however many nodes it has", () => {
    const nodes = [
      ...["a1", "a2", "a3", "a4"].map((name) => node(name, { labels: { zone: "a" } })),
      node("b1", { labels: { zone: "b" } }),
      node("x1"), // no label: a group of its own
    ];
    const counts = placements(decide(planner(nodes, many(9, "t", { spread: ["node.labels.zone"] }))));
    assert.equal(counts["b1"], 3);
    assert.equal(counts["x1"], 3);
    assert.deepEqual(["a1", "a2", "a3", "a4"].map((name) => counts[name] ?? 0).sort(), [0, 1, 1, 1]);
  });

  test("over two labels: the second within the first", () => {
    const nodes = ["a/1", "a/2", "b/1"].map((name) => {
      const [zone = "", rack = ""] = name.split("/");
      return node(name, { labels: { zone, rack } });
    });
    const spread = ["node.labels.zone", "node.labels.rack"];
    assert.deepEqual(placements(decide(planner(nodes, many(8, "t", { spread })))), { "a/1": 2, "a/2": 2, "b/1": 4 });
  });

  test("a full branch leaves its share to the others", () => {
    const nodes = [node("a", { labels: { zone: "a" }, cpus: 1 }), node("b", { labels: { zone: "b" }, cpus: 9 })];
    const tasks = many(6, "t", { spread: ["node.labels.zone"], cpus: 1 });
    assert.deepEqual(placements(decide(planner(nodes, tasks))), { a: 1, b: 5 });
  });

  test("tasks on nodes that take no more count in their branch", () => {
    const nodes = [
      node("a1", { labels: { zone: "a" }, availability: "pause" }),
      node("a2", { labels: { zone: "a" } }),
      node("b1", { labels: { zone: "b" } }),
    ];
    const spread = ["node.labels.zone"];
    const running = many(2, "old", { spread, node: "a1", state: "running" });
    assert.deepEqual(placements(decide(planner(nodes, [...running, ...many(2, "new", { spread })]))), { b1: 2 });
  });

  test("an unknown preference is left out", () => {
    const counts = placements(decide(planner([node("a"), node("b")], many(4, "t", { spread: ["node.hostname"] }))));
    assert.deepEqual(counts, { a: 2, b: 2 });
  });

  test("a node on which the service failed five times in five minutes is taken last, but is taken", () => {
    const failures = many(5, "dead", { node: "a", state: "failed", desired: "shutdown", endedAtMs: 100_000 });
    const nodes = [node("a"), node("b", { cpus: 2 })];
    const waiting = many(3, "t", { cpus: 1 });
    assert.deepEqual(placements(decide(planner(nodes, [...failures, ...waiting]), 200_000)), { a: 1, b: 2 });
    assert.deepEqual(placements(decide(planner(nodes, [...failures, ...waiting]), 400_001)), { a: 2, b: 1 });
    assert.deepEqual(placements(decide(planner(nodes, [...failures.slice(1), ...waiting]), 200_000)), { a: 2, b: 1 });
    const before = task("before", { node: "a", state: "failed", desired: "shutdown", endedAtMs: 1 });
    for (const told of [
      [before, ...failures],
      [...failures, before],
    ]) {
      assert.deepEqual(placements(decide(planner(nodes, [...told, ...waiting]), 399_999)), { a: 1, b: 2 });
    }
  });
});

describe("what holds a place", () => {
  const cases: readonly (readonly [name: string, input: TaskInput, placed: boolean])[] = [
    ["a running task", { state: "running" }, false],
    ["an assigned task", { state: "assigned" }, false],
    ["a task that waits in desired state ready", { state: "ready", desired: "ready" }, false],
    ["a task that is being stopped, until it has stopped", { state: "running", desired: "shutdown" }, false],
    ["a stopped task holds nothing", { state: "shutdown", desired: "shutdown" }, true],
    ["a failed task holds nothing", { state: "failed" }, true],
    ["a task without the scheduler's word holds nothing", { state: "pending" }, true],
  ];
  for (const [name, input, placed] of cases) {
    test(`${name}: ${placed ? "there is room" : "no room"}`, () => {
      const other = task("other", {
        ...input,
        service: "other",
        node: "a",
        cpus: 1,
        constraints: ["node.id == nowhere"],
      });
      const decisions = decide(planner([node("a", { cpus: 1 })], [other, task("new", { cpus: 1 })]));
      assert.equal(placements(decisions)["a"] ?? 0, placed ? 1 : 0);
    });
  }

  test("max replicas counts what shall run, not what is being stopped", () => {
    const stopping = task("old", { node: "a", state: "running", desired: "shutdown", maxReplicas: 1 });
    assert.deepEqual(placements(decide(planner([node("a")], [stopping, task("new", { maxReplicas: 1 })]))), { a: 1 });
    const live = task("old", { node: "a", state: "running", maxReplicas: 1 });
    const decisions = decide(planner([node("a")], [live, task("new", { maxReplicas: 1 })]));
    assert.deepEqual(words(decisions), ["no suitable node (max replicas per node limit exceed)"]);
  });
});

describe("what cannot be placed", () => {
  test("each filter counts the nodes that it was the first to refuse", () => {
    const nodes = [
      node("a", { state: "suspect" }),
      node("b", { availability: "drain", cpus: 0 }),
      node("c", { cpus: 0 }),
      node("d", { labels: { disk: "hdd" }, architecture: "arm64" }),
      node("e", { labels: { disk: "ssd" }, architecture: "arm64" }),
    ];
    const wanting = task("t", { cpus: 1, constraints: ["node.labels.disk == ssd"], architectures: ["amd64"] });
    assert.deepEqual(words(decide(planner(nodes, [wanting]))), [
      "no suitable node (2 nodes not available for new tasks; insufficient resources on 1 node; " +
        "scheduling constraints not satisfied on 1 node; unsupported platform on 1 node)",
    ]);
  });

  test("is said once, and again only when it changes", () => {
    const waiting = many(3, "t", { cpus: 1 });
    const made = planner([node("a", { cpus: 0 })], waiting);
    const said = decide(made);
    assert.equal(said.length, 3);
    for (const each of waiting) {
      made.setTask({ ...each, status: newTaskStatus({ state: "pending", err: words(said)[0] ?? "" }) });
    }
    assert.deepEqual(decide(made), []);
    made.setNode(node("a", { cpus: 0, labels: { any: "change" } }));
    assert.deepEqual(decide(made), [], "asked again, the same answer");
    made.setNode(node("b", { cpus: 0 }));
    assert.deepEqual(words(decide(made)), ["no suitable node (insufficient resources on 2 nodes)"]);
  });

  test("is not asked again for nothing", () => {
    const made = planner([node("a", { cpus: 0 })], many(3, "t", { cpus: 1 }));
    decide(made);
    made.setTask(task("unrelated", { service: "other", node: "a", state: "starting" }));
    assert.deepEqual(decide(made), []);
  });

  test("is placed when a task leaves", () => {
    const running = task("old", { service: "other", node: "a", state: "running", cpus: 1 });
    const made = planner([node("a", { cpus: 1 })], [running, task("new", { cpus: 1 })]);
    assert.deepEqual(placements(decide(made)), {});
    made.setTask({ ...running, status: newTaskStatus({ state: "complete" }) });
    assert.deepEqual(placements(decide(made)), { a: 1 });
  });

  test("no node at all", () => {
    assert.deepEqual(words(decide(planner([], [task("t")]))), ["no suitable node"]);
  });
});

describe("tasks born with a node", () => {
  test("go there and nowhere else, when the filters allow", () => {
    const decisions = decide(planner([node("a"), node("b")], [task("t", { node: "b" })]));
    assert.deepEqual(decisions, [{ kind: "place", task: "t", node: "b" }]);
    const refused = decide(planner([node("a"), node("b", { cpus: 0 })], [task("t", { node: "b", cpus: 1 })]));
    assert.deepEqual(words(refused), ["no suitable node (insufficient resources on 1 node)"]);
  });
});

describe("assumptions", () => {
  test("a placement counts before its commit, and no longer when it is refused", () => {
    const waiting = task("t", { cpus: 1 });
    const made = planner([node("a", { cpus: 1 })], [waiting]);
    assert.deepEqual(placements(decide(made)), { a: 1 });
    made.setTask(task("u", { cpus: 1 }));
    assert.deepEqual(placements(decide(made)), {});
    made.setTask(waiting); // a commit from before the placement
    assert.deepEqual(placements(decide(made)), {});
    made.refuse(waiting.id);
    assert.deepEqual(placements(decide(made)), { a: 1 });
  });

  test("a task that is no longer wanted gives its place back", () => {
    const waiting = task("t", { cpus: 1 });
    const made = planner([node("a", { cpus: 1 })], [waiting]);
    decide(made);
    made.setTask({ ...waiting, desiredState: "remove" });
    made.setTask(task("u", { cpus: 1 }));
    assert.deepEqual(placements(decide(made)), { a: 1 });
  });

  test("a removed node is not chosen, one that returns starts anew", () => {
    const made = planner([node("a")], []);
    made.removeNode("a" as NodeId);
    made.setTask(task("t"));
    assert.deepEqual(words(decide(made)), ["no suitable node"]);
    made.setNode(node("b"));
    assert.deepEqual(placements(decide(made)), { b: 1 });
  });

  test("a waiting task that takes over another version is placed once, by the new one's rules", () => {
    const waiting = task("t", { cpus: 1, constraints: ["node.labels.disk == ssd"] });
    const made = planner([node("a", { cpus: 1 })], [waiting]);
    assert.deepEqual(placements(decide(made)), {});
    const now = { ...waiting, specVersion: 2, spec: task("t", { cpus: 1 }).spec };
    made.setTask(now);
    assert.deepEqual(placements(decide(made)), { a: 1 });
    made.setTask({ ...now, nodeId: "a" as NodeId, status: newTaskStatus({ state: "running" }) });
    made.setNode(node("b", { cpus: 1, labels: { disk: "ssd" } }));
    assert.deepEqual(decide(made), [], "nothing is left of the version before");
    made.setTask(task("u", { service: "other", cpus: 1 }));
    assert.deepEqual(placements(decide(made)), { b: 1 });
  });

  test("the limit bounds a round of tasks that were born with a node, too", () => {
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const made = planner(
      names.map((name) => node(name)),
      names.map((name) => task(`t-${name}`, { node: name })),
    );
    const rounds = [4, 4, 2, 0];
    for (const count of rounds) assert.equal(made.decide(4, 0).length, count);
  });

  test("the limit bounds a round, and nothing is lost by it", () => {
    const made = planner([node("a"), node("b"), node("c")], many(100, "t"));
    const counts: Record<string, number> = {};
    for (;;) {
      const decisions = made.decide(7, 0);
      assert.ok(decisions.length <= 7);
      if (decisions.length === 0) break;
      for (const [name, count] of Object.entries(placements(decisions))) counts[name] = (counts[name] ?? 0) + count;
    }
    assert.deepEqual(Object.values(counts).sort(), [33, 33, 34]);
  });
});

describe("properties", () => {
  const nodeInput = fc.record({
    state: fc.constantFrom("ready", "ready", "ready", "suspect", "down") as fc.Arbitrary<"ready" | "suspect" | "down">,
    availability: fc.constantFrom("active", "active", "pause", "drain") as fc.Arbitrary<"active" | "pause" | "drain">,
    cpus: fc.integer({ min: 0, max: 8 }),
    labels: fc.constantFrom({}, { zone: "a" }, { zone: "b" }, { zone: "a", disk: "ssd" }) as fc.Arbitrary<
      Record<string, string>
    >,
    architecture: fc.constantFrom("amd64", "x86_64", "arm64"),
  });
  const groupInput = fc.record({
    count: fc.integer({ min: 1, max: 30 }),
    cpus: fc.integer({ min: 0, max: 3 }),
    constraints: fc.constantFrom([], ["node.labels.zone == a"], ["node.labels.disk != ssd"]) as fc.Arbitrary<string[]>,
    spread: fc.constantFrom([], ["node.labels.zone"]) as fc.Arbitrary<string[]>,
    maxReplicas: fc.constantFrom(0, 0, 1, 3),
    architectures: fc.constantFrom([], ["amd64"], ["amd64", "arm64"]) as fc.Arbitrary<string[]>,
  });
  const clusterInput = fc.record({
    nodes: fc.array(nodeInput, { maxLength: 8 }),
    groups: fc.array(groupInput, { maxLength: 5 }),
    limit: fc.integer({ min: 1, max: 50 }),
  });
  const build = (input: { nodes: readonly NodeInput[]; groups: readonly (TaskInput & { count: number })[] }) => {
    const nodes = input.nodes.map((each, index) => node(`n${index}`, each));
    const tasks = input.groups.flatMap((group, index) =>
      many(group.count, `g${index}-`, { ...group, service: `s${index}` }),
    );
    return { nodes, tasks };
  };
  const all = (made: Planner, limit: number): Decision[] => {
    const decisions: Decision[] = [];
    for (;;) {
      const round = made.decide(limit, 0);
      if (round.length === 0) return decisions;
      decisions.push(...round);
    }
  };

  test("no filter is ever broken, no reservation oversubscribed, and what is not placed fits nowhere", () => {
    fc.assert(
      fc.property(clusterInput, (input) => {
        const { nodes, tasks } = build(input);
        const decisions = all(planner(nodes, tasks), input.limit);
        const byTask = new Map(tasks.map((each) => [each.id, each]));
        const cpus = new Map(nodes.map(({ id, description }) => [id, description?.resources?.nanoCpus ?? 0]));
        const perNode = new Map<string, number>();
        const placed = new Set<TaskId>();
        for (const decision of decisions) {
          if (decision.kind !== "place") continue;
          const each = byTask.get(decision.task);
          const on = nodes.find(({ id }) => id === decision.node);
          assert.ok(each !== undefined && on !== undefined && !placed.has(each.id));
          placed.add(each.id);
          assert.ok(on.status?.state === "ready" && on.spec?.availability === "active");
          assert.ok(compileConstraints(each.spec?.placement?.constraints ?? [])(on));
          const key = `${each.serviceId}/${on.id}`;
          perNode.set(key, (perNode.get(key) ?? 0) + 1);
          const max = each.spec?.placement?.maxReplicas ?? 0;
          assert.ok(max === 0 || (perNode.get(key) ?? 0) <= max);
          cpus.set(on.id, (cpus.get(on.id) ?? 0) - (each.spec?.resources?.reservations?.nanoCpus ?? 0));
        }
        for (const [id, left] of cpus) assert.ok(left >= 0 || placed.size === 0, `node ${id} is oversubscribed`);
        // Nothing waits that a node could take: asked alone, over the same loads, it finds none.
        const stuck = tasks.filter(({ id }) => !placed.has(id));
        const settled = tasks.map((each) => {
          const decision = decisions.find((one) => one.kind === "place" && one.task === each.id);
          if (decision?.kind !== "place") return each;
          return { ...each, nodeId: decision.node, status: newTaskStatus({ state: "running" }) };
        });
        assert.deepEqual(placements(all(planner(nodes, settled), 1_000)), {});
        for (const each of stuck) assert.ok(decisions.some((one) => one.kind === "explain" && one.task === each.id));
      }),
      { numRuns: 200 },
    );
  });

  test("equal nodes get equal shares, give or take one, whatever the rounds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (nodes, count, limit) => {
          const names = Array.from({ length: nodes }, (_, index) => `n${index}`);
          const counts = placements(
            all(
              planner(
                names.map((name) => node(name)),
                many(count, "t"),
              ),
              limit,
            ),
          );
          const shares = names.map((name) => counts[name] ?? 0);
          assert.equal(
            shares.reduce((sum, share) => sum + share, 0),
            count,
          );
          assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("the same input gives the same placements, in any order of the nodes", () => {
    fc.assert(
      fc.property(clusterInput, (input) => {
        const { nodes, tasks } = build(input);
        const once = all(planner(nodes, tasks), input.limit);
        assert.deepEqual(all(planner(nodes, tasks), input.limit), once);
        assert.deepEqual(all(planner([...nodes].reverse(), tasks), input.limit), once);
      }),
      { numRuns: 100 },
    );
  });

  test("counters kept up to date say the same as counters built anew", () => {
    fc.assert(
      fc.property(clusterInput, fc.array(fc.nat({ max: 200 }), { maxLength: 40 }), (input, deaths) => {
        const { nodes, tasks } = build(input);
        const made = planner(nodes, tasks);
        const current = new Map(tasks.map((each) => [each.id, each]));
        const settle = (decisions: readonly Decision[]): void => {
          for (const decision of decisions) {
            const each = current.get(decision.task);
            if (each === undefined) continue;
            const status =
              decision.kind === "place"
                ? newTaskStatus({ state: "running" })
                : newTaskStatus({ state: "pending", err: decision.err });
            const next = { ...each, nodeId: decision.kind === "place" ? decision.node : each.nodeId, status };
            current.set(next.id, next);
            made.setTask(next);
          }
        };
        settle(all(made, input.limit));
        for (const at of deaths) {
          const each = tasks[at % Math.max(1, tasks.length)];
          const live = each === undefined ? undefined : current.get(each.id);
          if (live === undefined) continue;
          if (at % 3 === 0) {
            current.delete(live.id);
            made.removeTask(live.id);
          } else if (live.nodeId !== "") {
            const dead = { ...live, status: newTaskStatus({ state: "complete" }), desiredState: "shutdown" as const };
            current.set(dead.id, dead);
            made.setTask(dead);
          }
        }
        const fresh = many(10, "z", { service: "fresh", cpus: 1 });
        for (const each of fresh) {
          made.setTask(each);
          current.set(each.id, each);
        }
        const rebuilt = planner(nodes, [...current.values()]);
        assert.deepEqual(placements(all(made, 1_000)), placements(all(rebuilt, 1_000)));
      }),
      { numRuns: 100 },
    );
  });
});
