// The scheduler over a store: what is checked again in the transaction, and what is tried again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runScheduler } from "../../../manager/scheduler/loop.ts";
import type { Store } from "../../../manager/store/types.ts";
import {
  newNode,
  newNodeSpec,
  newNodeStatus,
  newPlacement,
  newTask,
  newTaskSpec,
  newTaskStatus,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";
import { createTestStore } from "../../support/test-store.ts";

const TASK = "t" as TaskId;

const nodeWith = (name: string, disk: string) =>
  newNode({
    id: name as NodeId,
    spec: newNodeSpec({ availability: "active", labels: { disk } }),
    status: newNodeStatus({ state: "ready" }),
  });

const waiting = newTask({
  id: TASK,
  serviceId: "web" as ServiceId,
  specVersion: 1,
  desiredState: "running",
  spec: newTaskSpec(),
  status: newTaskStatus({ state: "pending" }),
});

test("a task that took over another version over the head is not placed by the old one's rules", async () => {
  const { env, raft, store, close } = await createTestStore();
  await store.update((tx) => {
    for (const each of [nodeWith("a", "hdd"), nodeWith("b", "ssd")]) tx.put("node", each);
  });
  const abort = new AbortController();
  const done = runScheduler({ env, log: silentLog, store, signal: abort.signal });
  await env.advance(1);
  raft.hold();
  const born = store.update((tx) => tx.put("task", waiting));
  const adopted = store.update((tx) => {
    const task = tx.get("task", TASK);
    assert.ok(task !== undefined);
    const placement = newPlacement({ constraints: ["node.labels.disk == ssd"] });
    tx.put("task", { ...task, specVersion: 2, spec: newTaskSpec({ placement }) });
  });
  raft.commit(1);
  await born;
  await env.advance(1); // decided for version 1, which allows node a
  raft.release();
  await adopted;
  const placedOn = (): string | undefined => store.view((view) => view.get("task", TASK)?.nodeId);
  for (let turns = 0; turns < 100 && placedOn() === ""; turns++) await env.advance(1);
  assert.equal(placedOn(), "b");
  abort.abort();
  await done;
  close();
});

test("a node that is another one over the head is not given what its new labels refuse", async () => {
  const { env, raft, store, close } = await createTestStore();
  const placement = newPlacement({ constraints: ["node.labels.disk == ssd"] });
  await store.update((tx) => {
    for (const each of [nodeWith("a", "ssd"), nodeWith("b", "ssd")]) tx.put("node", each);
  });
  const abort = new AbortController();
  const done = runScheduler({ env, log: silentLog, store, signal: abort.signal });
  await env.advance(1);
  raft.hold();
  const born = store.update((tx) => tx.put("task", { ...waiting, spec: newTaskSpec({ placement }) }));
  const changed = store.update((tx) => {
    const node = tx.get("node", "a");
    assert.ok(node !== undefined);
    tx.put("node", { ...node, spec: nodeWith("a", "hdd").spec });
  });
  raft.commit(1);
  await born;
  await env.advance(1);
  raft.release();
  await changed;
  const placedOn = (): string | undefined => store.view((view) => view.get("task", TASK)?.nodeId);
  for (let turns = 0; turns < 100 && placedOn() === ""; turns++) await env.advance(1);
  assert.equal(placedOn(), "b");
  abort.abort();
  await done;
  close();
});

test("a placement that cannot be written is said, and tried again after a pause", async () => {
  const { env, store, close } = await createTestStore();
  await store.update((tx) => {
    tx.put("node", nodeWith("a", "ssd"));
    tx.put("task", waiting);
  });
  let tries = 0;
  const failing: Store = {
    ...store,
    batch: async (items) => {
      tries++;
      const error = new SkepError("resource_exhausted", "no port is left");
      return { failed: [...items].map((item) => ({ item, error })) };
    },
  };
  const said: string[] = [];
  const log = { ...silentLog, error: (_fields: object, message: string) => void said.push(message) };
  const abort = new AbortController();
  const done = runScheduler({ env, log, store: failing, signal: abort.signal });
  await env.advance(500);
  await store.update((tx) => tx.put("node", nodeWith("b", "ssd")));
  await env.advance(499);
  assert.equal(tries, 1, "other news is no reason to try again");
  await env.advance(1);
  assert.equal(tries, 2);
  assert.deepEqual(
    said,
    Array.from({ length: 2 }, () => "could not write a placement; trying again"),
  );
  abort.abort();
  await done;
  close();
});
