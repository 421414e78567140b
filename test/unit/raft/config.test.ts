import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConfigChange,
  ConfigHistory,
  changeConfig,
  isVoter,
  wasRemoved,
} from "../../../manager/raft/core/config.ts";
import type { Config } from "../../../manager/raft/core/types.ts";

const member = (raftId: number, voter = true) => ({ raftId, nodeId: `n${raftId}`, addr: `h${raftId}:1`, voter });
const config = (members: readonly ReturnType<typeof member>[], nextRaftId: number): Config => ({ members, nextRaftId });
const text = (c: Config): string =>
  `${c.members.map((m) => `${m.raftId}${m.voter ? "" : "?"}`).join(",")} next ${c.nextRaftId}`;
const newcomer = (raftId: number) => ({ raftId, nodeId: `n${raftId}`, addr: "h:1" });

const three = config([member(1), member(2), member(3)], 4);
const cases: readonly (readonly [name: string, from: Config, change: ConfigChange, want: string])[] = [
  ["a new member is a learner", three, { kind: "add", member: newcomer(4) }, "1,2,3,4? next 5"],
  ["ids may be skipped", three, { kind: "add", member: newcomer(9) }, "1,2,3,9? next 10"],
  ["an id is never reused", three, { kind: "add", member: newcomer(3) }, "refused: raft id 3 was already given out"],
  ["a learner becomes a voter", config([member(1), member(2, false)], 3), { kind: "promote", raftId: 2 }, "1,2 next 3"],
  ["a voter is one already", three, { kind: "promote", raftId: 2 }, "refused: 2 is a voter already"],
  ["a stranger cannot be promoted", three, { kind: "promote", raftId: 7 }, "refused: 7 is not a member"],
  ["a member goes, its id does not come back", three, { kind: "remove", raftId: 3 }, "1,2 next 4"],
  ["a stranger cannot go", three, { kind: "remove", raftId: 7 }, "refused: 7 is not a member"],
  [
    "the last voter stays",
    config([member(1), member(2, false)], 3),
    { kind: "remove", raftId: 1 },
    "refused: 1 is the last voter",
  ],
  ["a member moves and nobody's vote changes", three, { kind: "readdress", raftId: 2, addr: "h9:1" }, "1,2,3 next 4"],
  ["it is there already", three, { kind: "readdress", raftId: 2, addr: "h2:1" }, "refused: 2 is at h2:1 already"],
  ["a stranger cannot move", three, { kind: "readdress", raftId: 7, addr: "h:1" }, "refused: 7 is not a member"],
];
for (const [name, from, change, want] of cases) {
  test(`changeConfig: ${name}`, () => {
    const outcome = changeConfig(from, change);
    assert.equal(outcome.kind === "changed" ? text(outcome.config) : `refused: ${outcome.reason}`, want);
  });
}

test("changeConfig: the new address is in the membership", () => {
  const outcome = changeConfig(three, { kind: "readdress", raftId: 2, addr: "h9:1" });
  assert.ok(outcome.kind === "changed");
  assert.deepEqual(
    outcome.config.members.map(({ addr }) => addr),
    ["h1:1", "h9:1", "h3:1"],
  );
});

test("wasRemoved: known by the next id, without a list of the dead", () => {
  const left = config([member(1), member(3)], 4);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((id) => wasRemoved(left, id)),
    [false, true, false, false, false],
  );
});

test("ConfigHistory: the newest rules; a truncation brings the one before back; a forgotten one stays known at its index", () => {
  const history = new ConfigHistory(1, config([member(1)], 2));
  history.append(5, config([member(1), member(2, false)], 3));
  history.append(9, config([member(1), member(2)], 3));
  assert.equal(isVoter(history.current, 2), true);
  assert.equal(history.currentIndex, 9);
  assert.equal(text(history.at(8)), "1,2? next 3");
  assert.equal(text(history.at(4)), "1 next 2");
  history.forget(7);
  assert.equal(text(history.at(7)), "1,2? next 3");
  history.truncate(9);
  assert.equal(text(history.current), "1,2? next 3");
  assert.equal(history.currentIndex, 5);
});
