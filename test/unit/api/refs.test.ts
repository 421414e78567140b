import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveNode, resolveService, resolveTask } from "../../../manager/api/refs.ts";
import { newService, newServiceSpec, newTask } from "../../../proto/gen/objects.ts";
import { type NodeId, parseId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { errorOf, testNode } from "../../support/test-api.ts";
import { createTestStore } from "../../support/test-store.ts";

const serviceId = (start: string): ServiceId => parseId("service id", start.padEnd(25, "0"));

test("ID, then name, then unique prefix", async () => {
  const { store, close } = await createTestStore();
  await store.update((tx) => {
    tx.put("service", newService({ id: serviceId("abc1"), spec: newServiceSpec({ name: "web" }) }));
    tx.put("service", newService({ id: serviceId("abc2"), spec: newServiceSpec({ name: "abc1" }) }));
    tx.put("service", newService({ id: serviceId("web"), spec: newServiceSpec({ name: "api" }) }));
    tx.put("task", newTask({ id: parseId<TaskId>("task id", "t1".padEnd(25, "0")), serviceName: "web" }));
    tx.put("task", newTask({ id: parseId<TaskId>("task id", "t2".padEnd(25, "0")), serviceName: "web" }));
    tx.put("node", testNode(1));
    tx.put("node", { ...testNode(2), description: testNode(1).description });
  });
  const find = (ref: string): string | undefined => store.view((view) => resolveService(view, ref).spec?.name);
  assert.equal(find(serviceId("web")), "api", "the whole ID");
  assert.equal(find("web"), "web", "a name, though it begins an ID");
  assert.equal(find("abc1"), "abc1", "a name before a prefix");
  assert.equal(find("abc2"), "abc1", "a unique prefix");
  assert.equal(find("WEB"), "web");
  assert.throws(
    () => find("abc"),
    errorOf("invalid_argument", /service "abc" is ambiguous, it may be abc1\d+ \(web\), abc2\d+ \(abc1\)/),
  );
  assert.throws(() => find("nothere"), errorOf("not_found", /no such service: nothere/));
  assert.throws(() => find(""), errorOf("invalid_argument", /which service/));
  store.view((view) => {
    assert.equal(resolveTask(view, "t1").id, "t1".padEnd(25, "0"));
    assert.throws(() => resolveTask(view, "t"), errorOf("invalid_argument", /ambiguous/));
    assert.equal(resolveNode(view, "node2").id, parseId<NodeId>("node id", "node2".padEnd(25, "x")));
    assert.throws(
      () => resolveNode(view, "HOST1"),
      errorOf("invalid_argument", /node1x+ \(host1\), node2x+ \(host1\)/),
    );
  });
  close();
});

test("a long list of matches is cut", async () => {
  const { store, close } = await createTestStore();
  await store.update((tx) => {
    for (let i = 0; i < 9; i++) tx.put("service", newService({ id: serviceId(`x${i}`) }));
  });
  assert.throws(() => store.view((view) => resolveService(view, "x")), errorOf("invalid_argument", /or 4 others/));
  close();
});
