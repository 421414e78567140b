import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  committedIndex,
  hasQuorum,
  majority,
  tallyVotes,
  type VoteOutcome,
} from "../../../manager/raft/core/quorum.ts";

const committed: readonly (readonly [name: string, matched: readonly number[], want: number])[] = [
  ["nobody decides nothing", [], 0],
  ["a single voter commits at once", [7], 7],
  ["two voters need both", [12, 5], 5],
  ["three voters: the median", [3, 9, 4], 4],
  ["four voters need three", [9, 8, 2, 1], 2],
  ["five voters: the middle one", [1, 2, 3, 4, 5], 3],
  ["ties", [4, 4, 1], 4],
];
for (const [name, matched, want] of committed) {
  test(`committedIndex: ${name}`, () => assert.equal(committedIndex(matched), want));
}

test("committedIndex: the largest index that a majority has", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }), (matched) => {
      const index = committedIndex(matched);
      const having = (at: number): number => matched.filter((m) => m >= at).length;
      assert.ok(having(index) >= majority(matched.length));
      assert.ok(having(index + 1) < majority(matched.length));
    }),
  );
});

const yes = (...ids: number[]): [number, boolean][] => ids.map((id) => [id, true]);
const no = (...ids: number[]): [number, boolean][] => ids.map((id) => [id, false]);
const votes: readonly (readonly [
  name: string,
  voters: readonly number[],
  votes: [number, boolean][],
  want: VoteOutcome,
])[] = [
  ["no voters: lost", [], [], "lost"],
  ["one voter, no answer yet", [1], [], "open"],
  ["one voter, its own vote", [1], yes(1), "won"],
  ["two of three", [1, 2, 3], yes(1, 3), "won"],
  ["one of three", [1, 2, 3], yes(1), "open"],
  ["one against one of three", [1, 2, 3], [...yes(1), ...no(2)], "open"],
  ["two against", [1, 2, 3], [...yes(1), ...no(2, 3)], "lost"],
  ["two of four against cannot be outvoted", [1, 2, 3, 4], no(1, 2), "lost"],
  ["who is no voter does not count", [1, 2, 3], yes(1, 8, 9), "open"],
];
for (const [name, voters, given, want] of votes) {
  test(`tallyVotes: ${name}`, () => assert.equal(tallyVotes(voters, new Map(given)), want));
}

test("hasQuorum: nobody is no quorum; half is none either", () => {
  assert.equal(
    hasQuorum([], () => true),
    false,
  );
  assert.equal(
    hasQuorum([1, 2], (id) => id === 1),
    false,
  );
  assert.equal(
    hasQuorum([1, 2, 3], (id) => id !== 2),
    true,
  );
});
