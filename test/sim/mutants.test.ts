// The rules that safety and calm rest on, taken out of Raft's core one at a time: the campaign must say so. Of the mutants of
// the rooms around the core two are tried, others every day; all mutants: npm run sim -- --mutants.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLUSTER_MUTANTS, misfit, mutantsOfTheDay, tryClusterMutant } from "./cluster/mutants.ts";
import { tryRaftMutant } from "./mutation-check.ts";
import { MUTANTS } from "./raft/mutants.ts";

const SEEDS = 100; // each plays one of the stories, and stops at the first that fails
const OF_THE_DAY = 2;
const CLUSTER_SEEDS = 5;
const RULES = [
  "no pre-vote",
  "answers before the disk has it",
  "the leader counts what it has not yet written",
  "appends of an older term are taken",
  "commits entries of older terms by counting",
  "no check of the quorum",
  "votes twice in a term",
  "an old append shortens the log",
  "two membership changes at once",
  "changes the membership before it has committed in its term",
  "drops a pre-vote granted by a member of an older term",
  "serves reads without asking the quorum",
  "a learner votes before it has what is committed",
  "a learner votes after a round that took long",
  "a restart campaigns at once for a membership that is not committed",
];

test("every mutant of the rooms around the core can still be made", () => {
  const misfits = CLUSTER_MUTANTS.flatMap((mutant) => {
    const why = misfit(mutant);
    return why === undefined ? [] : [`${mutant.name}: ${why}`];
  });
  assert.deepEqual(misfits, []);
});

for (const mutant of mutantsOfTheDay(Date.now(), OF_THE_DAY)) {
  // A failure on another day: npm run sim -- --mutants --only cluster --match "its name".
  test(`mutant of the day: the campaign catches a cluster in which: ${mutant.name}`, () => {
    const verdict = tryClusterMutant(mutant, CLUSTER_SEEDS);
    assert.equal(verdict.kind, "caught", JSON.stringify(verdict));
  });
}

test("every quick mutant has its day", () => {
  const days = Array.from({ length: CLUSTER_MUTANTS.length }, (_, day) =>
    mutantsOfTheDay(day * 86_400_000, OF_THE_DAY),
  );
  const quick = CLUSTER_MUTANTS.filter((mutant) => mutant.quick === true);
  assert.ok(quick.length > OF_THE_DAY);
  assert.deepEqual(new Set(days.flat()), new Set(quick));
});

for (const name of RULES) {
  test(`the campaign catches a core in which: ${name}`, async () => {
    const mutant = MUTANTS.find((one) => one.name === name);
    if (mutant === undefined) assert.fail("there is no such mutant");
    const verdict = await tryRaftMutant(mutant, SEEDS);
    assert.equal(verdict.kind, "caught");
  });
}
