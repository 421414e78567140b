import assert from "node:assert/strict";
import { test } from "node:test";
import { Retries } from "../../manager/retries.ts";

test("retries: each is given once, when it is due and not before", () => {
  const retries = new Retries<string>();
  assert.equal(retries.waitMs(0), Number.POSITIVE_INFINITY);
  retries.add("a", 0);
  retries.add("b", 400);
  assert.deepEqual([retries.take(999), retries.waitMs(999)], [[], 1]);
  assert.deepEqual([retries.take(1_000), retries.waitMs(1_000)], [["a"], 400]);
  assert.deepEqual([retries.take(5_000), retries.waitMs(5_000)], [["b"], Number.POSITIVE_INFINITY]);
});

test("retries: what fails again before it was tried again pauses anew", () => {
  const retries = new Retries<string>();
  retries.add("a", 0);
  retries.add("b", 100);
  retries.add("a", 500);
  assert.deepEqual(retries.take(1_200), ["b"]);
  assert.equal(retries.waitMs(1_200), 300);
  assert.equal(retries.waitMs(9_000), 0);
  assert.deepEqual(retries.take(9_000), ["a"]);
});
