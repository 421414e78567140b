// A short campaign, and the proof that it and the transcripts can fail. The long one: npm run sim -- --only raft.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MUTANTS, withMutant } from "../../sim/raft/mutants.ts";
import { runCampaign, runSeed } from "../../sim/raft/run-seed.ts";
import { replay } from "../../sim/raft/script.ts";

const SEEDS = 200;
const goldenDir = join(import.meta.dirname, "../../golden/raft");

test(`${SEEDS} seeds: safe at every step, live after the faults`, () => {
  const { failures, acked } = runCampaign(1, SEEDS);
  const told = failures.map(({ seed, failure }) => `seed ${seed}: ${failure?.stack}`);
  assert.deepEqual(told, [], "replay with: npm run sim -- --only raft --seeds 1 --from SEED --log");
  assert.ok(acked > 100 * SEEDS, `only ${acked} proposals were acknowledged: the campaign tests nothing`);
});

test("one seed, one story", () => {
  for (const seed of [3, 77]) {
    const first = runSeed(seed, undefined, true);
    const second = runSeed(seed, undefined, true);
    assert.deepEqual(second.events, first.events);
    assert.equal(second.digest, first.digest);
    assert.ok(first.events.length > 100);
  }
});

/** Of these every transcript of a whole story was written with one in mind. */
const TOLD = [
  "commits entries of older terms by counting",
  "two membership changes at once",
  "changes the membership before it has committed in its term",
  "drops a pre-vote granted by a member of an older term",
  "no pre-vote",
  "no check of the quorum",
  "a learner votes before it has what is committed",
  "a learner votes after a round that took long",
  "a restart campaigns at once for a membership that is not committed",
];
for (const mutant of MUTANTS.filter(({ name }) => TOLD.includes(name))) {
  test(`a transcript catches: ${mutant.name}`, async () => {
    const goldens = readdirSync(goldenDir).map((file) => readFileSync(join(goldenDir, file), "utf8"));
    const broken = await withMutant(mutant, (core) => goldens.some((golden) => replay(golden, core) !== golden));
    assert.ok(broken);
  });
}
