import assert from "node:assert/strict";
import { test } from "node:test";
import { steadyWall } from "../../../shared/env/env.ts";

test("a steady clock starts at the wall clock's time, goes on with the monotonic one, and does not jump", () => {
  let nowMs = 5.5;
  let wallMs = 1_000;
  const clock = steadyWall({ nowMs: () => nowMs, wallMs: () => wallMs });
  assert.equal(clock(), 1_000);
  nowMs += 20;
  wallMs -= 3_600_000;
  assert.equal(clock(), 1_020);
  assert.equal(steadyWall({ nowMs: () => nowMs, wallMs: () => wallMs })(), 1_000 - 3_600_000);
});
