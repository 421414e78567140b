import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadWaiters } from "../../../manager/raft/read-waiters.ts";
import { SkepError } from "../../../shared/errors.ts";

const never = new AbortController().signal;

test("a read is served when it is confirmed and the machine has come so far, in whichever order", async () => {
  const reads = new ReadWaiters();
  const [early, late] = [reads.newToken(), reads.newToken()];
  const served: string[] = [];
  const waiting = [
    reads.wait(early, never).then(() => served.push("early")),
    reads.wait(late, never).then(() => served.push("late")),
  ];
  reads.serve([{ token: late, index: 9 }], 4);
  reads.serve([{ token: early, index: 4 }], 4);
  await waiting[0];
  assert.deepEqual(served, ["early"]);
  reads.serve([], 9);
  await Promise.all(waiting);
});

test("who goes away, or lost the leader, is told; of those who wait there is a bound", async () => {
  const reads = new ReadWaiters();
  const gone = new AbortController();
  const leaving = reads.wait(reads.newToken(), gone.signal);
  gone.abort(new Error("the caller left"));
  await assert.rejects(leaving, /the caller left/);
  const waiting: Promise<void>[] = [];
  assert.throws(
    () => {
      for (let i = 0; i <= 20_000; i++) waiting.push(reads.wait(reads.newToken(), never));
    },
    { code: "resource_exhausted" },
  );
  assert.equal(waiting.length, 20_000);
  reads.abandon(new SkepError("unavailable", "this manager lost leadership"));
  const outcomes = await Promise.allSettled(waiting);
  assert.ok(outcomes.every(({ status }) => status === "rejected"));
  reads.newToken(); // there is room again
});
