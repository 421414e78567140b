// Histories of clients against a real dev cluster under faults, checked.
//
//   npm run history -- [--minutes 5] [--seed 1] [--name history]
//
// Campaigns of 75 s each with seeds from --seed on, until the minutes are over. The seed decides who calls what and which
// faults come in which order; what happens in between is up to the machine, so a seed repeats the plan and not the outcome.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCampaign } from "./campaign.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    name: { type: "string", default: "history" },
  },
});
const CAMPAIGN_SECONDS = 75;
const minutes = Number(values.minutes);
const firstSeed = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(firstSeed)) {
  console.error("usage: npm run history -- [--minutes N] [--seed S] [--name CLUSTER]");
  process.exit(2);
}

const endMs = performance.now() + minutes * 60_000;
for (let seed = firstSeed; performance.now() < endMs; seed++) {
  const seconds = Math.min(CAMPAIGN_SECONDS, Math.max(20, (endMs - performance.now()) / 1000));
  const { problems, ...figures } = await runCampaign({
    cluster: values.name,
    seed,
    seconds,
    tell: (line) => console.error(line),
    failureFile: join(tmpdir(), `skep-history-${seed}.json`),
  });
  console.log(`seed ${seed}: ${problems.length === 0 ? "as it must be" : "VIOLATED"} ${JSON.stringify(figures)}`);
  for (const problem of problems) console.log(`  ${problem}`);
  if (problems.length > 0) {
    console.log(`again: npm run history -- --minutes ${(seconds / 60).toFixed(2)} --seed ${seed}`);
    process.exit(1);
  }
}
