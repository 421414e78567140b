import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeTransaction, encodeTransaction } from "../../../manager/store/codec.ts";
import { decodeSharedTask } from "../../../manager/store/shared-specs.ts";
import {
  decodeTask,
  encodeTask,
  newContainerSpec,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Task,
} from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";

const random = seededRandom(1);
const spec = (image: string) => newTaskSpec({ containerSpec: newContainerSpec({ image, env: ["A=1"] }) });
const task = (image: string | undefined, slot = 1): Task =>
  newTask({
    id: newId<TaskId>(random),
    serviceId: newId<ServiceId>(random),
    slot,
    status: newTaskStatus({ state: "running", message: "started" }),
    desiredState: "running",
    ...(image === undefined ? {} : { spec: spec(image) }),
  });

test("a task is what it is without sharing, with a spec or without", () => {
  for (const one of [
    task("a:1"),
    task("a:1", 2),
    task("b:1"),
    task(undefined),
    newTask({ id: newId<TaskId>(random) }),
  ]) {
    const bytes = encodeTask(one);
    assert.deepEqual(decodeSharedTask(bytes), decodeTask(bytes));
  }
});

test("equal specs are one object, others are not", () => {
  const [a, b, c] = [task("a:1"), task("a:1", 7), task("a:2")].map((one) => decodeSharedTask(encodeTask(one)));
  assert.ok(a?.spec !== undefined && a.spec === b?.spec);
  assert.notEqual(a.spec, c?.spec);
  assert.equal(b.slot, 7);
});

test("two specs in one task are read as they always were", () => {
  const bytes = Buffer.concat([encodeTask(task("a:1")), encodeTask(newTask({ spec: spec("b:2") }))]);
  assert.deepEqual(decodeSharedTask(bytes), decodeTask(bytes));
});

test("from the log: puts and removals in their order, and their tasks share", () => {
  const [one, two] = [task("a:1"), task("a:1", 2)];
  const put = (object: Task) => ({ table: "task", id: object.id, object, bytes: encodeTask(object) }) as const;
  const gone = { table: "task", id: one.id, object: undefined, bytes: undefined } as const;
  const read = decodeTransaction(encodeTransaction({ version: 4, term: 2, timeMs: 9 }, [put(one), put(two), gone]));
  assert.deepEqual(
    read.writes.map(({ id, object }) => [id, object === undefined]),
    [
      [one.id, false],
      [two.id, false],
      [one.id, true],
    ],
  );
  assert.deepEqual({ version: read.version, term: read.term, timeMs: read.timeMs }, { version: 4, term: 2, timeMs: 9 });
  const [first, second] = read.writes.map(({ object }) => object as Task | undefined);
  assert.equal(first?.spec, second?.spec);
});

test("what is cut short or of an unknown kind is no transaction", () => {
  const bytes = encodeTransaction({ version: 4, term: 2, timeMs: 9 }, [
    { table: "task", id: "x", object: task("a:1"), bytes: encodeTask(task("a:1")) },
  ]);
  for (const cut of [10, bytes.length - 8]) {
    assert.throws(() => decodeTransaction(bytes.subarray(0, cut)), { code: "invalid_argument" });
  }
});
