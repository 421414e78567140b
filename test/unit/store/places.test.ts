// Addresses and ports as the store finds them: from the objects that have them, committed or over the head.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { View } from "../../../manager/store/types.ts";
import {
  newEndpoint,
  newNetworkAttachment,
  newNode,
  newPortConfig,
  newService,
  newTask,
  newTaskStatus,
  newVirtualIP,
} from "../../../proto/gen/objects.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";
import { createTestStore, createTestStores, leads } from "../../support/test-store.ts";

const NET = "net" as NetworkId;
const OTHER = "other" as NetworkId;
const place = (...addresses: string[]) => newNetworkAttachment({ networkId: NET, addresses });

const task = newTask({
  id: "task" as TaskId,
  status: newTaskStatus({ state: "running" }),
  attachments: [place("10.0.1.2", "fd00::2"), { ...place("10.0.2.2"), networkId: OTHER }],
  ports: [newPortConfig({ publishedPort: 80, publishMode: "host" }), newPortConfig({ publishMode: "host" })],
});
const service = newService({
  id: "service" as ServiceId,
  endpoint: newEndpoint({
    virtualIps: [newVirtualIP({ networkId: NET, addresses: ["10.0.1.3"] })],
    ports: [newPortConfig({ publishedPort: 80 }), newPortConfig({ publishedPort: 80, hostIp: "10.9.9.9" })],
  }),
});
const node = newNode({ id: "node" as NodeId, attachments: [place("10.0.1.4")] });

const held = (view: View): string[] =>
  ["10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.2.2", "fd00::2"].filter((address) => view.isAddressHeld(NET, address));
const ids = (objects: Iterable<{ readonly id: string }>): string[] => [...objects].map(({ id }) => id);

test("who has an address of a network has it there only", async () => {
  const { store, close } = await createTestStore();
  await store.update((tx) => {
    tx.put("task", task);
    tx.put("service", service);
    tx.put("node", node);
    assert.deepEqual(held(tx), ["10.0.1.2", "10.0.1.3", "10.0.1.4", "fd00::2"], "in the transaction that gives it");
  });
  store.view((view) => {
    assert.deepEqual(held(view), ["10.0.1.2", "10.0.1.3", "10.0.1.4", "fd00::2"]);
    assert.equal(view.isAddressHeld(OTHER, "10.0.2.2"), true);
    assert.deepEqual(ids(view.tasksOnNetwork(NET)), ["task"]);
    assert.deepEqual(ids(view.servicesOnPort("tcp", 80)), ["service"]);
    assert.deepEqual(ids(view.tasksOnPort("tcp", 80)), ["task"]);
    assert.deepEqual(ids(view.servicesOnPort("udp", 80)), []);
  });
  close();
});

test("what ends or goes gives back, over the head at once, and for all with its commit", async () => {
  const { store, raft, close } = await createTestStore();
  await store.update((tx) => {
    tx.put("task", task);
    tx.put("service", service);
    tx.put("node", node);
  });
  raft.hold();
  const ended = store.update((tx) => {
    const present = tx.get("task", task.id);
    if (present !== undefined) tx.put("task", { ...present, status: newTaskStatus({ state: "shutdown" }) });
    tx.remove("service", service.id);
    const own = tx.get("node", node.id);
    if (own !== undefined) tx.put("node", { ...own, attachments: [place("10.0.1.3")] });
    assert.deepEqual(held(tx), ["10.0.1.3"]);
  });
  const next = store.update((tx) => {
    assert.deepEqual(held(tx), ["10.0.1.3"], "over the head");
    assert.deepEqual(ids(tx.tasksOnNetwork(NET)), []);
    assert.deepEqual([...ids(tx.servicesOnPort("tcp", 80)), ...ids(tx.tasksOnPort("tcp", 80))], []);
  });
  store.view((view) => assert.deepEqual(held(view), ["10.0.1.2", "10.0.1.3", "10.0.1.4", "fd00::2"], "not committed"));
  raft.release();
  await Promise.all([ended, next]);
  store.view((view) => assert.deepEqual(held(view), ["10.0.1.3"]));
  close();
});

test("two who have one port are both found, until each has gone", async () => {
  const { store, close } = await createTestStore();
  const second = { ...task, id: "second" as TaskId };
  await store.update((tx) => {
    tx.put("task", task);
    tx.put("task", second);
  });
  const found = (): string[] => store.view((view) => ids(view.tasksOnPort("tcp", 80)).sort());
  assert.deepEqual(found(), ["second", "task"]);
  await store.update((tx) => tx.remove("task", task.id));
  assert.deepEqual(found(), ["second"]);
  await store.update((tx) => tx.remove("task", second.id));
  assert.deepEqual(found(), []);
  close();
});

test("a snapshot brings the indexes along", async () => {
  const { raft, stores, close } = createTestStores(2);
  const [first, second] = stores;
  assert.ok(first !== undefined && second !== undefined);
  raft.elect(0);
  await leads(first);
  raft.nodes[1]?.isolate();
  await first.update((tx) => {
    tx.put("task", task);
    tx.put("node", node);
  });
  assert.deepEqual(second.view(held), []);
  raft.nodes[1]?.restore(0);
  for (let turns = 0; turns < 1000 && second.view((view) => view.version) === 0; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(second.view(held), ["10.0.1.2", "10.0.1.4", "fd00::2"]);
  close();
});
