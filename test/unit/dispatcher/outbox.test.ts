import assert from "node:assert/strict";
import { test } from "node:test";
import { isNews } from "../../../manager/dispatcher/assigned.ts";
import { Outbox } from "../../../manager/dispatcher/outbox.ts";
import type { View } from "../../../manager/store/types.ts";
import { type DispatcherMessage, newSessionInfo, newTaskStatusUpdate } from "../../../proto/gen/dispatcher.ts";
import {
  newContainerSpec,
  newMeta,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Task,
} from "../../../proto/gen/objects.ts";
import type { NodeId, TaskId } from "../../../shared/model/ids.ts";

const NODE = "n1" as NodeId;
const task = (id: string, change: Partial<Task> = {}, imageBytes = 0): Task =>
  newTask({
    id: id as TaskId,
    nodeId: NODE,
    status: newTaskStatus({ state: "assigned" }),
    desiredState: "running",
    meta: newMeta({ createdVersion: Number(id.replace(/\D/g, "")) || 0 }),
    spec: newTaskSpec({ containerSpec: newContainerSpec({ image: "x".repeat(imageBytes) }) }),
    ...change,
  });

function outbox(tasks: readonly Task[], version = 10) {
  const state = { tasks, version };
  const view = <R>(read: (view: View) => R): R =>
    read({ version: state.version, tasksOfNode: () => state.tasks } as unknown as View);
  return { box: new Outbox(NODE, view), state };
}

const line = (message: DispatcherMessage | undefined): string => {
  const inner = message?.message;
  if (inner?.kind === "assignments") {
    const { type, sequence, appliesTo, tasks, removedTaskIds } = inner;
    return `${type} ${appliesTo}>${sequence} +${tasks.map(({ id }) => id).join()} -${removedTaskIds.join()}`;
  }
  if (inner?.kind === "stored")
    return `stored ${inner.updates.map(({ taskId, status }) => `${taskId}:${status?.state}`).join()}`;
  return inner?.kind ?? "nothing";
};
const drain = (box: Outbox): string[] => {
  const lines: string[] = [];
  for (let message = box.next(); message !== undefined; message = box.next()) lines.push(line(message));
  return lines;
};

test("session, everything, then changes, each upon the last", () => {
  const { box } = outbox([task("t1"), task("t2", { status: newTaskStatus({ state: "pending" }) })]);
  box.info(newSessionInfo());
  assert.deepEqual(drain(box), ["session", "complete 0>1 +t1 -"]);
  box.change("t2" as TaskId, task("t2"), 11);
  box.change("t1" as TaskId, undefined, 12);
  assert.deepEqual(drain(box), ["incremental 1>2 +t2 -t1"]);
  box.change("t3" as TaskId, task("t3"), 13);
  assert.deepEqual(drain(box), ["incremental 2>3 +t3 -"]);
});

test("changes of one task replace one another", () => {
  const { box } = outbox([]);
  drain(box);
  box.change("t1" as TaskId, task("t1"), 11);
  box.change("t2" as TaskId, task("t2"), 12);
  box.change("t1" as TaskId, undefined, 13);
  assert.deepEqual(drain(box), ["incremental 1>2 +t2 -t1"]);
});

test("what is older than the whole is no news", () => {
  const { box } = outbox([task("t1")], 10);
  assert.deepEqual(drain(box), ["complete 0>1 +t1 -"]);
  box.change("t1" as TaskId, task("t1"), 9);
  box.change("t1" as TaskId, undefined, 10);
  assert.deepEqual(drain(box), []);
});

test("an agent that is too far behind gets the whole again", () => {
  const { box, state } = outbox([]);
  drain(box);
  for (let n = 0; n < 2_001; n++) box.change(`t${n}` as TaskId, task(`t${n}`), 11 + n);
  state.tasks = [task("t7")];
  state.version = 5_000;
  box.change("t9" as TaskId, task("t9"), 3_000);
  assert.deepEqual(drain(box), ["complete 1>2 +t7 -".replace("1>2", "0>2")]);
});

test("large changes are cut into messages", () => {
  const { box } = outbox([]);
  drain(box);
  for (let n = 0; n < 5; n++) box.change(`t${n}` as TaskId, task(`t${n}`, {}, 1_000_000), 11);
  assert.deepEqual(drain(box), ["incremental 1>2 +t0,t1,t2 -", "incremental 2>3 +t3,t4 -"]);
});

test("the whole leaves out the oldest of the dead when it is too large", () => {
  const dead = { status: newTaskStatus({ state: "failed" }), desiredState: "shutdown" as const };
  const tasks = [1, 2, 3, 4, 5, 6].map((n) => task(`t${n}`, dead, 2_000_000));
  const { box } = outbox([...tasks, task("t9", {}, 2_000_000)]);
  assert.deepEqual(drain(box), ["complete 0>1 +t9,t6,t5 -"]);
});

test("acknowledgements go together, the last per task", () => {
  const { box } = outbox([]);
  drain(box);
  for (const state of ["accepted", "running"] as const) {
    box.stored(newTaskStatusUpdate({ taskId: "t1" as TaskId, status: newTaskStatus({ state }) }));
  }
  box.stored(newTaskStatusUpdate({ taskId: "t2" as TaskId, status: newTaskStatus({ state: "failed" }) }));
  assert.deepEqual(drain(box), ["stored t1:running,t2:failed"]);
});

test("an agent that reports for ever and reads nothing is given up", () => {
  const { box } = outbox([]);
  for (let n = 0; n < 50_000; n++) box.stored(newTaskStatusUpdate({ taskId: `t${n}` as TaskId }));
  const ended = () => box.ended?.error?.code;
  assert.equal(ended(), undefined);
  box.stored(newTaskStatusUpdate({ taskId: "one-more" as TaskId }));
  assert.equal(ended(), "resource_exhausted");
});

test("a beat is sent only when nothing else is", () => {
  const { box } = outbox([]);
  box.beat();
  assert.deepEqual(drain(box), ["complete 0>1 + -"]);
  box.beat();
  assert.deepEqual(drain(box), ["beat"]);
});

test("what an agent reported itself is no news to it", () => {
  const at = (state: "pending" | "assigned" | "running", change: Partial<Task> = {}) =>
    task("t1", { status: newTaskStatus({ state }), ...change });
  assert.equal(isNews(at("pending", { nodeId: "" as NodeId }), at("assigned")), true);
  assert.equal(isNews(at("assigned"), at("running")), false);
  assert.equal(isNews(at("running"), at("running", { desiredState: "shutdown" })), true);
  assert.equal(isNews(at("running"), at("running", { specVersion: 2 })), true);
  assert.equal(isNews(at("pending"), at("pending", { desiredState: "shutdown" })), false);
});
