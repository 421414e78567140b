// Many seeds against the Raft core. On a failure it prints the seed, which replays the run exactly.
//
//   node test/sim/raft-campaign.ts --seeds 1000 --from 1        a campaign
//   node test/sim/raft-campaign.ts --seeds 1 --from 4711 --log  one run with its events
//   node test/sim/raft-campaign.ts --core /some/other/raft-core.ts

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { RaftCore } from "../../manager/raft/core/raft-core.ts";
import { type CoreClass, Simulation } from "./raft/simulation.ts";

const FAULTY_STEPS = 2500;
const CALM_TICKS = 600;

export interface Run {
  readonly seed: number;
  readonly digest: string;
  readonly acked: number;
  readonly failure: Error | undefined;
  readonly events: readonly string[];
}

export function runSeed(seed: number, core: CoreClass = RaftCore, keepLog = false): Run {
  const sim = new Simulation({ seed, core, keepLog });
  let failure: Error | undefined;
  try {
    sim.run(FAULTY_STEPS);
    sim.heal(CALM_TICKS);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  return { seed, digest: sim.digest, acked: sim.checker.ackedCount, failure, events: sim.events };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      core: { type: "string" },
      log: { type: "boolean", default: false },
      keepGoing: { type: "boolean", default: false },
    },
  });
  const core = values.core === undefined ? RaftCore : await loadCore(values.core);
  const from = Number(values.from);
  const startedMs = performance.now();
  let acked = 0;
  let failures = 0;
  let done = 0;
  for (let seed = from; seed < from + Number(values.seeds); seed++) {
    const run = runSeed(seed, core, values.log);
    for (const event of run.events) console.log(event);
    acked += run.acked;
    done++;
    if (run.failure === undefined) continue;
    failures++;
    console.log(`seed ${seed}: ${run.failure.name}: ${run.failure.message}`);
    console.log(`replay with: node test/sim/raft-campaign.ts --seeds 1 --from ${seed} --log`);
    process.exitCode = 1;
    if (!values.keepGoing) break;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${done} seeds, ${failures} failed, ${acked} acknowledged proposals, ${seconds.toFixed(1)} s`);
}

export async function loadCore(path: string): Promise<CoreClass> {
  const module = (await import(pathToFileURL(path).href)) as { readonly RaftCore: CoreClass };
  return module.RaftCore;
}

if (import.meta.main) await main();
