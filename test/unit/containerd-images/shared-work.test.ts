import assert from "node:assert/strict";
import { test } from "node:test";
import { createSharedWork } from "../../../agent/runtime/containerd/images/shared-work.ts";

const never = new AbortController().signal;

test("askers at the same time share a run, later ones have a new one", async () => {
  const shared = createSharedWork<number>();
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const run = async (): Promise<number> => {
    runs++;
    await gate.promise;
    return runs;
  };
  const both = [shared("a", never, run), shared("a", never, run), shared("b", never, run)];
  assert.equal(runs, 2);
  gate.resolve();
  assert.deepEqual(await Promise.all(both), [2, 2, 2]);
  await shared("a", never, run);
  assert.equal(runs, 3);
});

test("a failure is everybody's, and forgotten", async () => {
  const shared = createSharedWork<string>();
  const fail = (): Promise<string> => Promise.reject(new Error("no"));
  const both = [shared("a", never, fail), shared("a", never, fail)];
  for (const one of both) await assert.rejects(one, /no/);
  assert.equal(await shared("a", never, async () => "yes"), "yes");
});

test("one asker's abort spoils nothing for the others; the last one's ends the run", async () => {
  const shared = createSharedWork<string>();
  let inner: AbortSignal | undefined;
  const gate = Promise.withResolvers<string>();
  const run = (signal: AbortSignal): Promise<string> => {
    inner = signal;
    return gate.promise;
  };
  const [first, second] = [new AbortController(), new AbortController()];
  const one = shared("a", first.signal, run);
  const two = shared("a", second.signal, run);
  first.abort(new Error("first"));
  await assert.rejects(one, /first/);
  assert.equal(inner?.aborted, false);
  second.abort(new Error("second"));
  await assert.rejects(two, /second/);
  assert.equal(inner?.aborted, true);
  assert.equal(await shared("a", never, async () => "again"), "again");
  await assert.rejects(shared("a", first.signal, run), /first/);
});
