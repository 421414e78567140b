import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commit, Store } from "../../../manager/store/types.ts";
import { newService, newServiceSpec } from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { isCode, type SkepError } from "../../../shared/errors.ts";
import { newId, type ServiceId } from "../../../shared/model/ids.ts";
import { createTestStore, createTestStores, leads } from "../../support/test-store.ts";

const random = seededRandom(7);
const code =
  (wanted: SkepError["code"], message: RegExp) =>
  (error: unknown): boolean =>
    isCode(error, wanted) && message.test(String(error));
const create = (store: Store, name: string): Promise<unknown> =>
  store.update((tx) => tx.put("service", newService({ id: newId<ServiceId>(random), spec: newServiceSpec({ name }) })));
const next = async (commits: AsyncIterator<Commit>): Promise<Commit> => {
  const result = await commits.next();
  assert.ok(result.done !== true);
  return result.value;
};
const never = new AbortController().signal;

test("a watch sees every commit after its view, once, in order", async () => {
  const { store, close } = await createTestStore();
  await create(store, "before");
  const { view, commits } = store.viewAndWatch((read) => read.count("service"), { signal: never });
  assert.equal(view, 1);
  const iterator = commits[Symbol.asyncIterator]();
  const waiting = next(iterator); // asked before it happens
  await create(store, "one");
  await create(store, "two");
  assert.equal((await waiting).version, 2);
  const second = await next(iterator);
  assert.equal(second.version, 3);
  assert.deepEqual(
    second.changes.map(({ table, action }) => [table, action]),
    [["service", "create"]],
  );
  close();
});

test("changes tell create, update with the old object, and remove", async () => {
  const { store, close } = await createTestStore();
  const { commits } = store.viewAndWatch(() => undefined, { signal: never });
  const iterator = commits[Symbol.asyncIterator]();
  await create(store, "web");
  await store.update((tx) => {
    const web = tx.byName("service", "web");
    assert.ok(web !== undefined);
    tx.put("service", { ...web, specVersion: 5 });
  });
  await store.update((tx) => {
    const web = tx.byName("service", "web");
    if (web !== undefined) tx.remove("service", web.id);
  });
  const actions = [await next(iterator), await next(iterator), await next(iterator)].flatMap(({ changes }) => changes);
  const [created, updated, removed] = actions;
  assert.equal(created?.action, "create");
  assert.ok(updated?.action === "update" && updated.table === "service");
  assert.deepEqual([updated.old.specVersion, updated.object.specVersion], [0, 5]);
  assert.ok(removed?.action === "remove" && removed.table === "service" && removed.object.specVersion === 5);
  close();
});

test("a watcher too far behind is told, once, and then it is over", async () => {
  const { store, close } = await createTestStore();
  const { commits } = store.viewAndWatch(() => undefined, { signal: never, maxBuffered: 2 });
  const iterator = commits[Symbol.asyncIterator]();
  for (const name of ["a", "b"]) await create(store, name);
  assert.equal((await next(iterator)).version, 1);
  for (const name of ["c", "d"]) await create(store, name);
  await assert.rejects(iterator.next(), code("resource_exhausted", /more than 2 commits behind: view the store again/));
  assert.equal((await iterator.next()).done, true);
  close();
});

test("a watch ends with its signal, and when its consumer leaves", async () => {
  const { store, close } = await createTestStore();
  const abort = new AbortController();
  const { commits } = store.viewAndWatch(() => undefined, { signal: abort.signal });
  const waiting = commits[Symbol.asyncIterator]().next();
  abort.abort();
  assert.equal((await waiting).done, true);
  const late = store.viewAndWatch(() => undefined, { signal: abort.signal });
  assert.equal((await late.commits[Symbol.asyncIterator]().next()).done, true);

  const other = store.viewAndWatch(() => undefined, { signal: never });
  await create(store, "web");
  for await (const commit of other.commits) {
    assert.equal(commit.version, 1);
    break;
  }
  assert.equal((await other.commits[Symbol.asyncIterator]().next()).done, true);
  close();
});

test("a restored snapshot ends every watch with word of it", async () => {
  const { stores, raft, close } = createTestStores(2);
  const [a, b] = stores;
  const lagging = raft.nodes[1];
  assert.ok(a !== undefined && b !== undefined && lagging !== undefined);
  raft.elect(0);
  await leads(a);
  lagging.isolate();
  await create(a, "web");
  const { commits } = b.viewAndWatch(() => undefined, { signal: never });
  const waiting = commits[Symbol.asyncIterator]().next();
  lagging.restore(0);
  await assert.rejects(waiting, code("resource_exhausted", /replaced by a snapshot at version 1: view it again/));
  assert.equal(
    b.view((view) => view.count("service")),
    1,
  );
  const after = b.viewAndWatch((view) => view.version, { signal: never });
  assert.equal(after.view, 1);
  await create(a, "next");
  assert.equal((await next(after.commits[Symbol.asyncIterator]())).version, 2);
  close();
});

test("snapshots hold committed state only", async () => {
  const { store, raft, node, close } = await createTestStore();
  await create(store, "committed");
  raft.hold();
  const pending = create(store, "pending");
  node.restore(0);
  await assert.rejects(pending, code("unavailable", /outcome unknown/));
  assert.deepEqual(
    store.view((view) => [...view.all("service")].map(({ spec }) => spec?.name)),
    ["committed"],
  );
  close();
});
