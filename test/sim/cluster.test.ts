// A short campaign of whole clusters: some fresh seeds, those that once found something, and one seed twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runClusterSeed } from "./cluster/run-seed.ts";
import { CLUSTER_REGRESSIONS } from "./regressions.ts";

const SEEDS = 12;
const FROM = 1_001;

async function holds(seed: number, theme?: string): Promise<void> {
  const { failure, log, commits } = await runClusterSeed(seed, false, theme);
  const words = theme === undefined ? "" : ` --theme ${JSON.stringify(theme)}`;
  const replay = `replay with: npm run sim -- --only cluster --seeds 1 --from ${seed}${words} --log`;
  if (failure !== undefined) assert.fail(`${failure.message}\n${replay}\n${log.slice(-20).join("\n")}`);
  assert.ok(commits > 0, "nothing happened");
}

test(`${SEEDS} seeds of whole clusters hold`, async () => {
  for (let seed = FROM; seed < FROM + SEEDS; seed++) await holds(seed);
});

for (const { seed, theme, found } of CLUSTER_REGRESSIONS) test(`seed ${seed}: ${found}`, () => holds(seed, theme));

test("the same seed gives the same run", async () => {
  const [first, second] = [await runClusterSeed(4_711), await runClusterSeed(4_711)];
  assert.equal(first.failure, undefined);
  assert.ok(first.commits > 10);
  assert.equal(second.digest, first.digest);
  assert.deepEqual(second.log, first.log);
});
