import assert from "node:assert/strict";
import { test } from "node:test";
import { compileFilters, NODE_FILTERS, SERVICE_FILTERS, taskFilters } from "../../../manager/api/filters.ts";
import {
  type Node,
  newEngineDescription,
  newNodeDescription,
  newNodeSpec,
  newService,
  newTask,
  type Service,
  type Task,
} from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { errorOf, nodeIdOf, serviceSpec, testNode } from "../../support/test-api.ts";
import { createTestStore } from "../../support/test-store.ts";

const random = seededRandom(3);
const filter = (text: string): { readonly key: string; readonly values: readonly string[] } => {
  const at = text.indexOf("=");
  return { key: text.slice(0, at), values: text.slice(at + 1).split(",") };
};

const node: Node = {
  ...testNode(1, { role: "manager" }),
  spec: newNodeSpec({ role: "manager", labels: { zone: "a" } }),
  description: newNodeDescription({ hostname: "host1", engine: newEngineDescription({ labels: { disk: "ssd" } }) }),
};
const nodeCases: readonly (readonly [filter: string, want: boolean])[] = [
  ["id=node1", true],
  ["id=node2", false],
  ["name=HOS", true],
  ["name=host11", false],
  ["label=disk", true],
  ["label=disk=ssd", true],
  ["label=zone", false],
  ["node.label=zone=a", true],
  ["node.label=zone=b", false],
  ["role=manager", true],
  ["role=worker", false],
  ["role=worker,manager", true],
  ["membership=accepted", true],
  ["membership=pending", false],
];
for (const [text, want] of nodeCases) {
  test(`node filter ${text}: ${want}`, () =>
    assert.equal(compileFilters("nodes", [filter(text)], NODE_FILTERS)(node), want));
}

const service: Service = newService({
  id: newId<ServiceId>(random),
  spec: serviceSpec("web", { labels: { team: "x" } }),
});
const serviceCases: readonly (readonly [filter: string, want: boolean])[] = [
  [`id=${service.id.slice(0, 6)}`, true],
  ["name=we", true],
  ["name=eb", false],
  ["label=team", true],
  ["label=team=y", false],
  ["mode=replicated", true],
  ["mode=global", false],
];
for (const [text, want] of serviceCases) {
  test(`service filter ${text}: ${want}`, () =>
    assert.equal(compileFilters("services", [filter(text)], SERVICE_FILTERS)(service), want));
}

test("task filters", async () => {
  const { store, close } = await createTestStore();
  const task: Task = newTask({
    id: newId<TaskId>(random),
    serviceId: service.id,
    serviceName: "web",
    slot: 3,
    nodeId: nodeIdOf(1),
    desiredState: "shutdown",
    specVersion: 1,
  });
  await store.update((tx) => {
    tx.put("node", node);
    tx.put("service", { ...service, specVersion: 2 });
  });
  const cases: readonly (readonly [filter: string, want: boolean])[] = [
    ["service=web", true],
    [`service=${service.id}`, true],
    [`service=${service.id.slice(0, 8)}`, true],
    ["service=", false],
    ["service=api", false],
    ["node=host1", true],
    ["node=node1", true],
    ["node=host2", false],
    ["name=web.3", true],
    ["name=web.4", false],
    ["desired-state=shutdown", true],
    ["desired-state=running", false],
    ["label=team=x", true],
    ["_up-to-date=true", false],
    ["_up-to-date=false", true],
  ];
  store.view((view) => {
    for (const [text, want] of cases) {
      assert.equal(compileFilters("tasks", [filter(text)], taskFilters(view))(task), want, text);
    }
  });
  close();
});

test("all keys must match", () => {
  assert.equal(
    compileFilters("services", [filter("name=web"), filter("mode=global")], SERVICE_FILTERS)(service),
    false,
  );
});

test("unknown keys and values are named, with those there are", () => {
  const compile = (text: string): unknown => compileFilters("services", [filter(text)], SERVICE_FILTERS);
  assert.throws(
    () => compile("colour=red"),
    errorOf("invalid_argument", /unknown filter "colour" for services: use one of id, name, label, mode, runtime/),
  );
  assert.throws(() => compile("constructor=x"), errorOf("invalid_argument"));
  assert.throws(() => compile("mode=job"), errorOf("invalid_argument", /replicated, global/));
});
