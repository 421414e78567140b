import assert from "node:assert/strict";
import { test } from "node:test";
import { managerWarnings } from "../../../manager/api/manager-warnings.ts";
import type { RaftStatus } from "../../../manager/raft/raft-node.ts";
import { testNode } from "../../support/test-api.ts";

/** `members` managers in the group, of which `answering` answer, the leader included. */
const status = (members: number, answering: number): RaftStatus => ({
  raftId: 1,
  term: 1,
  state: "leader",
  leaderId: 1,
  commitIndex: 1,
  appliedIndex: 1,
  members: Array.from({ length: members }, (_, i) => ({
    raftId: i + 1,
    nodeId: testNode(i + 1).id,
    addr: `10.0.0.${i + 1}:7377`,
  })),
  progress: new Map(
    Array.from({ length: members - 1 }, (_, i) => [i + 2, { matchIndex: 1, active: i + 2 <= answering }]),
  ),
});

for (const [managers, answering, words] of [
  [1, 1, /one manager: with its disk the cluster is lost/],
  [2, 2, /2 managers: the loss of either stops it/],
  [3, 3, /^$/],
  [3, 2, /^2 of 3 managers answer and 2 must/],
  [4, 4, /4 managers, which survive no more losses than 3/],
  [5, 5, /^$/],
  [5, 4, /^$/],
  [5, 3, /^3 of 5 managers answer and 3 must/],
] as const) {
  test(`${answering} of ${managers} managers answer`, () => {
    const nodes = Array.from({ length: managers }, (_, i) => testNode(i + 1, { role: "manager" }));
    assert.match(managerWarnings([...nodes, testNode(9)], status(managers, answering)).join("\n"), words);
  });
}

test("a manager whose disk hangs is named, and counts for no majority", () => {
  const nodes = [1, 2, 3].map((number) => testNode(number, { role: "manager" }));
  const answers = { matchIndex: 1, active: true, diskOverdue: false };
  const progress = new Map([
    [2, { ...answers, diskOverdue: true }],
    [3, answers],
  ]);
  const warnings = managerWarnings(nodes, { ...status(3, 3), progress }).join("\n");
  assert.match(warnings, /the disk of manager host2 hangs/);
  assert.match(warnings, /2 of 3 managers answer and 2 must/);
});

test("one that is to become a manager counts by its node", () => {
  const nodes = [1, 2, 3].map((number) =>
    testNode(number, { role: "manager", state: number === 3 ? "down" : "ready" }),
  );
  assert.match(managerWarnings(nodes, status(2, 2)).join(), /2 of 3 managers answer/);
});
