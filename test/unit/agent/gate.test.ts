import assert from "node:assert/strict";
import { test } from "node:test";
import { createGate } from "../../../agent/task/gate.ts";

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("at most so many at once, first come first served, and the aborted leave the line", async () => {
  const gate = createGate(2);
  const log: string[] = [];
  const releases: (() => void)[] = [];
  const enter = (name: string, signal = never): Promise<void> =>
    gate.run(signal, async () => {
      log.push(name);
      await new Promise<void>((resolve) => releases.push(resolve));
    });
  const leave = new AbortController();
  const all = [enter("a"), enter("b")];
  const aborted = enter("c", leave.signal);
  all.push(enter("d"), enter("e"));
  await turn();
  assert.deepEqual(log, ["a", "b"]);
  leave.abort(new Error("no longer"));
  await assert.rejects(aborted, /no longer/);
  releases.shift()?.();
  await turn();
  assert.deepEqual(log, ["a", "b", "d"]);
  while (releases.length > 0) {
    releases.shift()?.();
    await turn();
  }
  await Promise.all(all);
  assert.deepEqual(log, ["a", "b", "d", "e"]);
});

test("work that throws makes room", async () => {
  const gate = createGate(1);
  const broken = gate.run(never, async () => {
    throw new Error("bang");
  });
  await assert.rejects(broken, /bang/);
  assert.equal(await gate.run(never, async () => 7), 7);
});
