import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tx } from "../../../manager/store/types.ts";
import {
  newMeta,
  newNode,
  newNodeDescription,
  newService,
  newServiceSpec,
  newTask,
  newTaskStatus,
  type Service,
  type Task,
} from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import { type NodeId, newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { createTestStore, createTestStores, leads } from "../../support/test-store.ts";

const random = seededRandom(42);
const service = (name: string): Service => newService({ id: newId<ServiceId>(random), spec: newServiceSpec({ name }) });
const task = (of: Service, slot: number, nodeId?: NodeId): Task =>
  newTask({ id: newId<TaskId>(random), serviceId: of.id, slot, ...(nodeId === undefined ? {} : { nodeId }) });
const code =
  (wanted: SkepError["code"], message = /./) =>
  (error: unknown): boolean =>
    isCode(error, wanted) && message.test(String(error));
const ids = (objects: Iterable<{ readonly id: string }>): string[] => [...objects].map(({ id }) => id).sort();

test("a transaction commits whole, is stamped, and is seen after the commit only", async () => {
  const { store, raft, env, close } = await createTestStore();
  const web = service("web");
  raft.hold();
  const done = store.update((tx) => {
    tx.put("service", web);
    tx.put("task", task(web, 1));
    return tx.count("task");
  });
  assert.equal(
    store.view((view) => view.get("service", web.id)),
    undefined,
  );
  raft.release();
  assert.equal(await done, 1);
  const stored = store.view((view) => view.get("service", web.id));
  assert.deepEqual(
    stored?.meta,
    newMeta({ version: 1, createdVersion: 1, createdAtMs: env.wallMs(), updatedAtMs: env.wallMs() }),
  );
  assert.equal(
    store.view((view) => view.version),
    1,
  );
  close();
});

test("transactions pipeline over the head", async () => {
  const { store, raft, close } = await createTestStore();
  const web = service("web");
  raft.hold();
  const first = store.update((tx) => tx.put("service", web));
  const second = store.update((tx) => {
    const read = tx.get("service", web.id);
    assert.equal(read?.meta?.version, 1, "sees what is not yet committed");
    assert.equal(tx.byName("service", "WEB")?.id, web.id);
    tx.put("service", { ...read, specVersion: 7 });
  });
  const third = store.update((tx) => tx.remove("service", web.id));
  assert.equal(raft.inFlight(), 3);
  raft.commit(2);
  await Promise.all([first, second]);
  assert.equal(
    store.view((view) => view.get("service", web.id)?.specVersion),
    7,
  );
  raft.commit();
  await third;
  assert.equal(
    store.view((view) => view.count("service")),
    0,
  );
  close();
});

test("a stale update, a repeated create and an update of what is gone conflict", async () => {
  const { store, close } = await createTestStore();
  const web = service("web");
  await store.update((tx) => tx.put("service", web));
  const read = store.view((view) => view.get("service", web.id));
  assert.ok(read !== undefined);
  await store.update((tx) => tx.put("service", read));
  await assert.rejects(
    store.update((tx) => tx.put("service", read)),
    code("conflict", /update out of sequence.*read it again/),
  );
  await assert.rejects(
    store.update((tx) => tx.put("service", web)),
    code("conflict"),
  );
  await store.update((tx) => tx.remove("service", web.id));
  await assert.rejects(
    store.update((tx) => tx.put("service", read)),
    code("conflict", /was removed/),
  );
  close();
});

test("a name is taken at once, for any case of it, and free again after remove and rename", async () => {
  const { store, raft, close } = await createTestStore();
  raft.hold();
  const web = service("web");
  const created = store.update((tx) => tx.put("service", web));
  const refused = assert.rejects(
    store.update((tx) => tx.put("service", service("Web"))),
    code("already_exists", /the service name "web" is taken/),
  );
  raft.release();
  await created;
  await refused;
  await assert.rejects(
    store.update((tx) => tx.put("service", service("web"))),
    code("already_exists"),
  );
  await store.update((tx) => {
    tx.remove("service", web.id);
    tx.put("service", service("web"));
  });
  assert.equal(
    store.view((view) => view.count("service")),
    1,
  );
  close();
});

test("a conflict with a write that is lost is none: the caller hears that nothing was done", async () => {
  const { raft, stores, close } = createTestStores(3);
  const [store] = stores;
  assert.ok(store !== undefined);
  raft.elect(0);
  await leads(store);
  raft.hold();
  const created = store.update((tx) => tx.put("service", service("web")));
  const lost = assert.rejects(created, code("unavailable", /outcome unknown/));
  const notDone = code("unavailable", /was not done/);
  const refused = assert.rejects(
    store.update((tx) => tx.put("service", service("web"))),
    notDone,
  );
  const looked = assert.rejects(
    store.update((tx) => tx.byName("service", "web")?.id),
    notDone,
  );
  raft.elect(1, "lose");
  await Promise.all([lost, refused, looked]);
  close();
});

test("hosts may share a name", async () => {
  const { store, close } = await createTestStore();
  const description = newNodeDescription({ hostname: "host" });
  await store.update((tx) => {
    tx.put("node", newNode({ id: newId<NodeId>(random), description }));
    tx.put("node", newNode({ id: newId<NodeId>(random), description }));
  });
  assert.equal(
    store.view((view) => view.count("node")),
    2,
  );
  assert.equal(
    store.view((view) => view.byName("node", "HOST")?.description?.hostname),
    "host",
  );
  close();
});

test("an exception discards the transaction", async () => {
  const { store, raft, close } = await createTestStore();
  const failing = (tx: Tx): undefined => {
    tx.put("service", service("web"));
    throw new SkepError("invalid_argument", "no");
  };
  const before = raft.log.length;
  await assert.rejects(store.update(failing), code("invalid_argument", /no/));
  await store.update((tx) => {
    assert.equal(tx.count("service"), 0);
  });
  assert.equal(raft.log.length, before, "neither wrote to the log");
  close();
});

test("indexes follow a task from node to node, through commit and overlay", async () => {
  const { store, raft, close } = await createTestStore();
  const [n1, n2, none] = [newId<NodeId>(random), newId<NodeId>(random), newTask().nodeId];
  const web = service("web");
  const tasks = [task(web, 1), task(web, 2), task(web, 3)];
  await store.update((tx) => {
    for (const each of tasks) tx.put("task", each);
  });
  raft.hold();
  const moved = store.update((tx) => {
    for (const each of tx.tasksOfNode(none)) tx.put("task", { ...each, nodeId: each.slot === 1 ? n1 : n2 });
    assert.deepEqual(ids(tx.tasksOfNode(none)), []);
    assert.equal(ids(tx.tasksOfNode(n2)).length, 2);
    assert.deepEqual(ids(tx.tasksOfService(web.id)), ids(tasks));
  });
  assert.equal(ids(store.view((view) => [...view.tasksOfNode(none)])).length, 3);
  const removed = store.update((tx) => {
    for (const each of tx.tasksOfNode(n2)) tx.remove("task", each.id);
    assert.equal(tx.count("task"), 1);
  });
  raft.release();
  await Promise.all([moved, removed]);
  store.view((view) => {
    assert.deepEqual(ids(view.tasksOfNode(n1)), [tasks[0]?.id]);
    assert.deepEqual(ids(view.tasksOfNode(n2)), []);
    assert.deepEqual(ids(view.tasksOfService(web.id)), [tasks[0]?.id]);
  });
  close();
});

test("a loop may write to what it iterates", async () => {
  const { store, close } = await createTestStore();
  const web = service("web");
  await store.update((tx) => {
    tx.put("task", task(web, 1));
    for (const each of tx.tasksOfService(web.id)) tx.put("task", task(web, each.slot + 1));
    for (const each of tx.all("task")) tx.put("task", { ...each, specVersion: 1 });
  });
  assert.equal(
    store.view((view) => view.count("task")),
    2,
  );
  assert.ok(store.view((view) => [...view.all("task")]).every(({ specVersion }) => specVersion === 1));
  close();
});

test("what is put can not be changed afterwards, and reads back as followers decode it", async () => {
  const { store, close } = await createTestStore();
  const labels: Record<string, string> = { a: "1" };
  const web = newService({ id: newId<ServiceId>(random), spec: newServiceSpec({ name: "web", labels }) });
  await store.update((tx) => tx.put("service", web));
  labels["a"] = "2";
  assert.equal(
    store.view((view) => view.get("service", web.id)?.spec?.labels["a"]),
    "1",
  );
  close();
});

test("a view or transaction that escapes its callback is an error", async () => {
  const { store, close } = await createTestStore();
  const view = store.view((escaped) => escaped);
  assert.throws(() => view.count("task"), code("internal"));
  const tx = await store.update((escaped) => escaped);
  assert.throws(() => tx.put("service", service("late")), code("internal"));
  let nested: Promise<unknown> = Promise.resolve();
  await store.update(() => {
    nested = store.update(() => undefined);
    nested.catch(() => undefined);
  });
  await assert.rejects(nested, code("internal", /inside another/));
  close();
});

test("without leadership nothing is written, and the message names the leader", async () => {
  const { stores, raft, close } = createTestStores(2);
  const [a, b] = stores;
  assert.ok(a !== undefined && b !== undefined);
  await assert.rejects(
    a.update(() => undefined),
    code("unavailable", /there is no leader now/),
  );
  raft.elect(1);
  await leads(b);
  await assert.rejects(
    a.update(() => undefined),
    code("unavailable", /the leader is 10\.0\.0\.2:7377/),
  );
  await b.update((tx) => tx.put("service", service("web")));
  assert.equal(
    a.view((view) => view.byName("service", "web")?.meta?.version),
    1,
    "followers apply",
  );
  close();
});

for (const fate of ["keep", "lose"] as const) {
  test(`lost leadership: pending writes are told, their overlay is gone (${fate})`, async () => {
    const { stores, raft, close } = createTestStores(2);
    const [a, b] = stores;
    assert.ok(a !== undefined && b !== undefined);
    raft.elect(0);
    await leads(a);
    raft.hold();
    const writes = ["one", "two"].map((name) => a.update((tx) => tx.put("service", service(name))));
    raft.elect(1, fate);
    raft.release();
    for (const write of writes) {
      // Under "keep" the entry may be applied before the news: then the write was done, and its caller is told so.
      if (fate === "lose") await assert.rejects(write, code("unavailable", /outcome unknown/));
      else await write;
    }
    await leads(b);
    await b.update((tx) => tx.put("service", service("three")));
    const names = fate === "keep" ? ["one", "three", "two"] : ["three"];
    for (const store of stores) {
      assert.deepEqual(store.view((view) => [...view.all("service")].map(({ spec }) => spec?.name)).sort(), names);
    }
    await assert.rejects(
      a.update(() => undefined),
      code("unavailable"),
    );
    raft.elect(0);
    await leads(a);
    assert.equal(await a.update((tx) => tx.count("service")), names.length, "the new head starts from committed state");
    close();
  });
}

test("of writes that wait for a quorum there is a bound, and room again when it is back", async () => {
  const { store, raft, close } = await createTestStore();
  let made = 0;
  const write = (): Promise<void> => store.update((tx) => void tx.put("service", service(`s${made++}`)));
  raft.hold();
  const waiting = Array.from({ length: 10_000 }, write);
  // At once, and not with those that wait: they may wait for long.
  await assert.rejects(write(), code("resource_exhausted", /10000 writes wait for a quorum of managers/));
  assert.equal(raft.inFlight(), 10_000, "nothing of the refused one is proposed");
  raft.release();
  await Promise.all(waiting);
  await write();
  close();
});

test("a refused proposal takes those made after it along, and the store goes on", async () => {
  const { store, raft, close } = await createTestStore();
  raft.hold();
  const first = store.update((tx) => tx.put("service", service("first")));
  raft.refuse(new SkepError("resource_exhausted", "the queue is full"));
  const refused = store.update((tx) => tx.put("service", service("refused")));
  raft.refuse(undefined);
  const after = store.update((tx) => {
    assert.ok(tx.byName("service", "refused") !== undefined, "made over the head that held it");
    tx.put("service", service("after"));
  });
  await assert.rejects(refused, code("resource_exhausted", /queue is full/));
  await assert.rejects(after, code("unavailable", /a write before this one failed/));
  const again = store.update((tx) => {
    assert.ok(tx.byName("service", "first") !== undefined, "pending ones before it stay");
    assert.equal(tx.byName("service", "after"), undefined);
    tx.put("service", service("again"));
  });
  raft.release();
  await Promise.all([first, again]);
  assert.deepEqual(
    store.view((view) => [...view.all("service")].map(({ spec }) => spec?.name)),
    ["first", "again"],
  );
  close();
});

test("a damaged entry, or one of another term, is skipped by all", async () => {
  const { parts, raft, close } = createTestStores(2);
  const [a, b] = parts;
  assert.ok(a !== undefined && b !== undefined);
  raft.elect(0);
  await leads(a.store);
  await a.store.update((tx) => tx.put("service", service("web")));
  const good = raft.log.at(-1);
  assert.ok(good !== undefined);
  for (const { machine } of parts) {
    machine.apply({ index: 90, term: good.term, data: new Uint8Array([255, 255, 1]) });
    machine.apply({ ...good, index: 91 });
    machine.apply({ ...good, index: 92, term: good.term - 1 });
  }
  assert.deepEqual(a.machine.snapshot(), b.machine.snapshot());
  await a.store.update((tx) => tx.put("service", service("next")));
  assert.equal(
    b.store.view((view) => view.version),
    2,
  );
  close();
});

test("batch: items whole, failures reported, work split over transactions", async () => {
  const { store, raft, close } = await createTestStore();
  const web = service("web");
  const before = raft.log.length;
  const slots = Array.from({ length: 2500 }, (_, index) => index + 1);
  const { failed } = await store.batch(slots, (tx, slot) => {
    tx.put("task", task(web, slot));
    if (slot % 1000 === 0) throw new SkepError("failed_precondition", `slot ${slot}`);
    tx.put("task", task(web, slot));
  });
  assert.deepEqual(
    failed.map(({ item }) => item),
    [1000, 2000],
  );
  assert.equal(
    store.view((view) => view.count("task")),
    2 * 2498,
  );
  assert.equal(raft.log.length - before, 3);
  close();
});

test("batch: an item that no transaction can hold fails alone", async () => {
  const { store, close } = await createTestStore();
  const sizes = [10, 4 << 20, 10, 3 << 20, 10];
  const { failed } = await store.batch(sizes, (tx, size) => {
    const status = newTaskStatus({ err: "x".repeat(size) });
    tx.put("task", newTask({ id: newId<TaskId>(random), status }));
  });
  assert.deepEqual(
    failed.map(({ item, error }) => [item, error.code]),
    [
      [4 << 20, "resource_exhausted"],
      [3 << 20, "resource_exhausted"],
    ],
  );
  assert.equal(
    store.view((view) => view.count("task")),
    3,
  );
  close();
});

test("batch: lost leadership rejects, what was committed stays", async () => {
  const { store, raft, close } = await createTestStore();
  const web = service("web");
  raft.hold();
  const done = store.batch(
    Array.from({ length: 3000 }, (_, index) => index),
    (tx, slot) => tx.put("task", task(web, slot)),
  );
  raft.commit(1);
  raft.depose("lose");
  await assert.rejects(done, code("unavailable"));
  assert.equal(
    store.view((view) => view.count("task")),
    1000,
  );
  close();
});

test("a transaction beyond the limit is refused and leaves no trace", async () => {
  const { store, close } = await createTestStore();
  const huge = newTask({ id: newId<TaskId>(random), status: newTaskStatus({ message: "x".repeat(5 << 20) }) });
  await assert.rejects(
    store.update((tx) => tx.put("task", huge)),
    code("resource_exhausted", /more than the limit/),
  );
  assert.equal(await store.update((tx) => tx.count("task")), 0);
  close();
});
