import assert from "node:assert/strict";
import { test } from "node:test";
import { WriteQueue } from "../../../manager/dispatcher/write-queue.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function recorded() {
  const batches: string[] = [];
  const gates: ((outcome: "done" | "again" | "over") => void)[] = [];
  const queue = new WriteQueue<string, string>(
    (earlier, later) => earlier + later,
    (batch) => {
      batches.push(batch.map(([key, value]) => `${key}=${value}`).join(" "));
      return new Promise((resolve) => gates.push(resolve));
    },
  );
  return { batches, queue, settle: (outcome: "done" | "again" | "over" = "done") => gates.shift()?.(outcome) };
}

test("the first goes at once, what comes meanwhile goes together", async () => {
  const { batches, queue, settle } = recorded();
  queue.add("a", "1");
  queue.add("b", "1");
  await turn();
  queue.add("c", "1");
  queue.add("a", "2");
  queue.add("a", "3");
  await turn();
  assert.deepEqual(batches, ["a=1 b=1"]);
  settle();
  await turn();
  assert.deepEqual(batches, ["a=1 b=1", "c=1 a=23"]);
  settle();
  await turn();
  queue.add("d", "1");
  await turn();
  assert.deepEqual(batches.at(-1), "d=1");
});

test("what could not be written goes again, before what came meanwhile", async () => {
  const { batches, queue, settle } = recorded();
  queue.add("a", "1");
  await turn();
  queue.add("a", "2");
  queue.add("b", "1");
  settle("again");
  await turn();
  assert.deepEqual(batches, ["a=1", "a=12 b=1"]);
});

test("over is over", async () => {
  const { batches, queue, settle } = recorded();
  queue.add("a", "1");
  await turn();
  settle("over");
  await turn();
  queue.add("b", "1");
  await turn();
  assert.deepEqual(batches, ["a=1"]);
});
