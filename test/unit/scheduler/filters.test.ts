import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, noRefusals, type Refusals } from "../../../manager/scheduler/filters.ts";

const cases: readonly (readonly [name: string, refusals: Partial<Refusals>, want: string])[] = [
  ["no node at all", {}, "no suitable node"],
  ["one node is not ready", { ready: 1 }, "no suitable node (1 node not available for new tasks)"],
  ["several", { ready: 3 }, "no suitable node (3 nodes not available for new tasks)"],
  ["resources", { resources: 1 }, "no suitable node (insufficient resources on 1 node)"],
  ["platform", { platform: 2 }, "no suitable node (unsupported platform on 2 nodes)"],
  ["max replicas has no count", { max_replicas: 2 }, "no suitable node (max replicas per node limit exceed)"],
  [
    "most frequent reason first",
    { resources: 1, constraints: 3 },
    "no suitable node (scheduling constraints not satisfied on 3 nodes; insufficient resources on 1 node)",
  ],
  [
    "equal counts keep the filters' order",
    { ready: 1, resources: 1, constraints: 1, platform: 1 },
    "no suitable node (1 node not available for new tasks; insufficient resources on 1 node; " +
      "scheduling constraints not satisfied on 1 node; unsupported platform on 1 node)",
  ],
];

for (const [name, refusals, want] of cases) {
  test(`explain: ${name}`, () => assert.equal(explain({ ...noRefusals(), ...refusals }), want));
}
