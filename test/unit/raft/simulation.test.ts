// A short campaign, and the proof that it and the transcripts can fail. The long one: node test/sim/raft-campaign.ts.
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
  assert.deepEqual(told, [], "replay with: node test/sim/raft-campaign.ts --seeds 1 --from SEED --log");
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

// All mutants: node test/sim/raft-campaign.ts --mutants. Here those that a few seeds catch.
const QUICK = ["answers before the disk has it", "votes twice in a term", "an old append shortens the log"];
for (const mutant of MUTANTS.filter(({ name }) => QUICK.includes(name))) {
  test(`the campaign catches a core that ${mutant.name}`, async () => {
    const { failures } = await withMutant(mutant, (core) => runCampaign(1, 20, { core }));
    assert.equal(failures.length, 1);
  });
}

for (const mutant of MUTANTS.filter(({ unseen }) => unseen !== undefined)) {
  test(`a transcript catches: ${mutant.name}`, async () => {
    const goldens = readdirSync(goldenDir).map((file) => readFileSync(join(goldenDir, file), "utf8"));
    const broken = await withMutant(mutant, (core) => goldens.some((golden) => replay(golden, core) !== golden));
    assert.ok(broken);
  });
}
