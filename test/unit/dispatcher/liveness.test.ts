import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Liveness } from "../../../manager/dispatcher/liveness.ts";
import type { NodeState } from "../../../proto/gen/objects.ts";
import type { NodeId } from "../../../shared/model/ids.ts";

const A = "a" as NodeId;
const B = "b" as NodeId;
const PERIOD_MS = 200;
const config = { heartbeatPeriodMs: 1_000, suspectAfterMs: 3_000, downAfterMs: 5_000 };

/** Sweeps on time until `untilMs`, the store following at once; returns what was said and when. */
function sweep(liveness: Liveness, fromMs: number, untilMs: number): string[] {
  const said: string[] = [];
  for (let nowMs = fromMs + PERIOD_MS; nowMs <= untilMs; nowMs += PERIOD_MS) {
    for (const { node, state } of liveness.sweep(nowMs, PERIOD_MS)) {
      said.push(`${nowMs} ${node} ${state}`);
      liveness.track(node, state, nowMs);
    }
  }
  return said;
}

function tracked(...states: readonly (readonly [node: NodeId, stored: NodeState])[]): Liveness {
  const liveness = new Liveness(config, 0);
  for (const [node, stored] of states) liveness.track(node, stored, 0);
  return liveness;
}

describe("silence", () => {
  test("is suspicion first, then death; both said once", () => {
    const liveness = tracked([A, "ready"]);
    liveness.heard(A, 0);
    assert.deepEqual(sweep(liveness, 0, 20_000), ["3000 a suspect", "5000 a down"]);
  });

  test("is broken by any message", () => {
    const liveness = tracked([A, "ready"]);
    const said: string[] = [];
    for (let nowMs = 0; nowMs < 30_000; nowMs += 2_800) {
      liveness.heard(A, nowMs);
      said.push(...sweep(liveness, nowMs, nowMs + 2_800));
    }
    assert.deepEqual(said, []);
  });

  test("of one node says nothing of another", () => {
    const liveness = tracked([A, "ready"], [B, "ready"]);
    liveness.heard(A, 0);
    liveness.heard(B, 4_000);
    assert.deepEqual(sweep(liveness, 0, 6_800), ["3000 a suspect", "5000 a down"]);
  });

  test("of a node that has left, or is down already, is no news", () => {
    assert.deepEqual(sweep(tracked([A, "disconnected"], [B, "down"]), 0, 60_000), []);
  });

  test("of a node that never came goes straight to down", () => {
    assert.deepEqual(sweep(tracked([A, "unknown"]), 0, 60_000), ["8000 a down"]);
  });

  test("of a removed node is forgotten", () => {
    const liveness = tracked([A, "ready"]);
    liveness.forget(A);
    assert.deepEqual(sweep(liveness, 0, 60_000), []);
    assert.equal(liveness.heard(A, 1), false);
  });
});

describe("a return", () => {
  const cases: readonly (readonly [stored: NodeState, tell: boolean])[] = [
    ["ready", false],
    ["suspect", true],
    ["down", true],
    ["unknown", true],
    ["disconnected", false],
  ];
  for (const [stored, tell] of cases) {
    test(`of a node that the store calls ${stored} ${tell ? "is told" : "is not told by a beat"}`, () => {
      assert.equal(tracked([A, stored]).heard(A, 1), tell);
    });
  }
});

describe("a new leader", () => {
  test("gives every node the time that its agent needs to find it", () => {
    assert.deepEqual(sweep(tracked([A, "ready"]), 0, 20_000), ["6000 a suspect", "8000 a down"]);
  });

  test("does so for a suspect too, and takes it back when it is heard", () => {
    const liveness = tracked([A, "suspect"]);
    assert.deepEqual(sweep(liveness, 0, 7_800), []);
    assert.equal(liveness.heard(A, 7_900), true);
  });
});

describe("a leader that was asleep", () => {
  test("blames nobody for the time in which it did not listen", () => {
    const liveness = tracked([A, "ready"]);
    liveness.heard(A, 0);
    assert.deepEqual(sweep(liveness, 0, 1_000), []);
    assert.deepEqual(liveness.sweep(31_000, PERIOD_MS), [], "no verdict before unread beats had their turn");
    assert.deepEqual(sweep(liveness, 31_000, 60_000), ["33000 a suspect", "35000 a down"]);
  });

  test("still sees death behind small delays", () => {
    const liveness = tracked([A, "ready"]);
    liveness.heard(A, 0);
    const verdicts: string[] = [];
    for (let nowMs = 900; nowMs < 9_000; nowMs += 900) {
      for (const { node, state } of liveness.sweep(nowMs, PERIOD_MS)) {
        verdicts.push(`${nowMs} ${node} ${state}`);
        liveness.track(node, state, nowMs);
      }
    }
    assert.deepEqual(verdicts, ["3600 a suspect", "5400 a down"]);
  });
});
