import assert from "node:assert/strict";
import { test } from "node:test";
import { enforceNode } from "../../../manager/orchestrator/enforcer.ts";
import { newNodeDescription, newPlacement, newResourceRequirements, newResources } from "../../../proto/gen/objects.ts";
import { NOW, node, task } from "./support.ts";

const cpus = (nanoCpus: number) => ({
  resources: newResourceRequirements({ reservations: newResources({ nanoCpus }) }),
});
const sized = (nanoCpus: number) => ({
  ...node("n1"),
  description: newNodeDescription({ resources: newResources({ nanoCpus }) }),
});
const bound = { placement: newPlacement({ constraints: ["node.labels.disk == ssd"] }) };
const ids = (tasks: readonly { readonly id: string }[]): string[] => tasks.map(({ id }) => id);

test("a constraint that no longer holds rejects the task", () => {
  const tasks = [task("a", 1, "running", { spec: bound }), task("b", 2, "running")];
  const rejected = enforceNode(node("n1"), tasks, NOW);
  assert.deepEqual(ids(rejected), ["a"]);
  assert.deepEqual(
    [rejected[0]?.status?.state, rejected[0]?.status?.err, rejected[0]?.status?.timestampMs],
    ["rejected", "assigned node no longer meets constraints", NOW],
  );
  assert.deepEqual(enforceNode(node("n1", { labels: { disk: "ssd" } }), tasks, NOW), []);
});

test("a node that shrank keeps the oldest reservations", () => {
  const tasks = ["c", "a", "b"].map((id, index) =>
    task(id, index + 1, "running", { spec: cpus(2), createdVersion: index }),
  );
  assert.deepEqual(ids(enforceNode(sized(4), tasks.toReversed(), NOW)), ["b"]);
  assert.deepEqual(enforceNode(sized(6), tasks, NOW), []);
});

test("what is being stopped still holds its reservation, and is not rejected", () => {
  const tasks = [
    task("old", 1, "running", { spec: cpus(2), desired: "shutdown", createdVersion: 1 }),
    task("new", 1, "starting", { spec: cpus(2), createdVersion: 2 }),
  ];
  assert.deepEqual(ids(enforceNode(sized(2), tasks, NOW)), ["new"]);
  assert.deepEqual(enforceNode(sized(4), tasks, NOW), []);
});

test("the dead, and what has not been assigned, are left alone; so is a node that is emptied anyway", () => {
  const tasks = [task("a", 1, "failed", { spec: bound }), task("b", 2, "pending", { spec: bound, node: "n1" })];
  assert.deepEqual(enforceNode(node("n1"), tasks, NOW), []);
  const live = [task("c", 1, "running", { spec: bound })];
  assert.deepEqual(enforceNode(node("n1", { availability: "drain" }), live, NOW), []);
  assert.deepEqual(enforceNode(node("n1", { state: "down" }), live, NOW), []);
});
