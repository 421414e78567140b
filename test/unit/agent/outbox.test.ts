// Which acknowledgement settles which status, and what the managers' rule makes of what was said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../../../agent/session/outbox.ts";
import { newTaskStatus, type TaskState, type TaskStatus } from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { laterStatus } from "../../../shared/model/tasks.ts";
import { newTaskId } from "./fixtures.ts";

const status = (state: TaskState, timestampMs: number, message = ""): TaskStatus =>
  newTaskStatus({ state, timestampMs, message });

const rows: readonly (readonly [what: string, said: TaskStatus, acknowledged: TaskStatus, settled: boolean])[] = [
  ["the same", status("running", 5), status("running", 5), true],
  ["an older one of the same state", status("running", 6), status("running", 5), false],
  ["a later one of the same state", status("running", 5), status("running", 6), true],
  ["an earlier state, though later by the clock", status("running", 5), status("starting", 9), false],
  ["a later state, though earlier by the clock", status("running", 5), status("failed", 1), true],
];
for (const [what, said, acknowledged, settled] of rows) {
  test(`an acknowledgement of ${what} ${settled ? "settles" : "does not settle"} a status`, () => {
    const outbox = new Outbox();
    const taskId = newTaskId();
    outbox.put(taskId, said);
    outbox.take(1, 0);
    outbox.stored([{ taskId, status: acknowledged }]);
    assert.equal(outbox.size, settled ? 0 : 1);
    outbox.resendAll();
    assert.equal(outbox.take(1, 1).length, settled ? 0 : 1);
  });
}

test("a status that comes while an older one of its state is under way is sent, and stays until it is stored itself", () => {
  const outbox = new Outbox();
  const taskId = newTaskId();
  outbox.put(taskId, status("preparing", 5, "pulling"));
  const [first] = outbox.take(1, 0);
  outbox.put(taskId, status("preparing", 5, "the registry does not answer")); // within the same millisecond
  assert.ok(first !== undefined);
  outbox.stored([first]);
  const [second] = outbox.take(1, 1);
  assert.equal(second?.status?.message, "the registry does not answer");
  assert.ok(second !== undefined);
  outbox.stored([second]);
  assert.equal(outbox.size, 0);
});

test("whatever the clock does, managers end with what was said last", () => {
  const states: readonly TaskState[] = ["accepted", "preparing", "starting", "running"];
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const outbox = new Outbox();
    const taskId = newTaskId();
    let stored: TaskStatus | undefined;
    let at = 0;
    let last = "";
    const exchange = (): void => {
      for (const update of outbox.take(10, 0)) {
        assert.ok(update.status !== undefined);
        stored = stored === undefined ? update.status : laterStatus(stored, update.status);
        if (random() < 0.7) outbox.stored([update]);
      }
    };
    for (let turn = 0; turn < 40; turn++) {
      if (random() < 0.1) at = Math.min(states.length - 1, at + 1);
      last = `${turn}`;
      outbox.put(taskId, status(states[at] ?? "running", 1_000 + Math.floor(random() * 5) - turn, last));
      if (random() < 0.5) exchange();
    }
    exchange();
    assert.equal(stored?.message, last, `seed ${seed}`);
  }
});

test("what is kept of a task goes with it", () => {
  const outbox = new Outbox();
  const [kept, gone] = [newTaskId(), newTaskId()];
  for (const taskId of [kept, gone]) outbox.put(taskId, status("running", 9));
  outbox.stored([kept, gone].map((taskId) => ({ taskId, status: status("running", 9) })));
  outbox.retain(new Set([kept]));
  for (const taskId of [kept, gone]) outbox.put(taskId, status("running", 5));
  assert.deepEqual(
    outbox.take(2, 0).map((update) => update.status?.timestampMs),
    [10, 5],
  );
});
