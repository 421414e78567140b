// Many seeds against the Raft core. On a failure it prints the seed, which replays the run exactly.
//
//   node test/sim/raft-campaign.ts --seeds 1000 --from 1         a campaign
//   node test/sim/raft-campaign.ts --seeds 1 --from 4711 --log   one run with its events
//   node test/sim/raft-campaign.ts --mutants --seeds 500         which broken cores the campaign catches
import { parseArgs } from "node:util";
import { MUTANTS, withMutant } from "./raft/mutants.ts";
import { runCampaign, runSeed } from "./raft/run-seed.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    log: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const startedMs = performance.now();
const seconds = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;

if (values.mutants) await mutants();
else campaign();

function campaign(): void {
  if (values.log) for (const event of runSeed(from, undefined, true).events) console.log(event);
  const { runs, acked, failures } = runCampaign(from, seeds, { keepGoing: values["keep-going"] });
  for (const { seed, failure } of failures) {
    console.log(`seed ${seed}: ${failure?.name}: ${failure?.message}`);
    console.log(`replay with: node test/sim/raft-campaign.ts --seeds 1 --from ${seed} --log`);
    process.exitCode = 1;
  }
  console.log(`${runs} seeds, ${failures.length} failed, ${acked} acknowledged proposals, ${seconds()}`);
}

async function mutants(): Promise<void> {
  for (const mutant of MUTANTS) {
    const { runs, failures } = await withMutant(mutant, (core) => runCampaign(from, seeds, { core }));
    const failure = failures[0]?.failure;
    const verdict = failure === undefined ? `NOT caught in ${runs} seeds` : `caught by seed ${failures[0]?.seed}`;
    console.log(`${verdict.padEnd(24)} ${mutant.name}: ${failure?.message.slice(0, 110) ?? mutant.unseen ?? ""}`);
    if (failure === undefined && mutant.unseen === undefined) process.exitCode = 1;
  }
  console.log(seconds());
}
