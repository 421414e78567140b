import { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import { type CoreClass, Simulation } from "./simulation.ts";

const FAULTY_STEPS = 2500;
const CALM_TICKS = 600;

export interface Run {
  readonly seed: number;
  /** Of all events: two runs with one digest were the same. */
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

export interface Campaign {
  readonly runs: number;
  readonly acked: number;
  readonly failures: readonly Run[];
}

/** Stops at the first failure unless told to go on. */
export function runCampaign(
  from: number,
  seeds: number,
  options: { core?: CoreClass; keepGoing?: boolean } = {},
): Campaign {
  const failures: Run[] = [];
  let runs = 0;
  let acked = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const run = runSeed(seed, options.core);
    runs++;
    acked += run.acked;
    if (run.failure === undefined) continue;
    failures.push(run);
    if (options.keepGoing !== true) break;
  }
  return { runs, acked, failures };
}
