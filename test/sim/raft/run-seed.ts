import { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { calmRates } from "./rates.ts";
import { type CoreClass, Simulation } from "./simulation.ts";
import { STORIES, type Story } from "./stories.ts";

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

/** The run of chance, and then one of the directed schedules. */
export function runSeed(seed: number, core: CoreClass = RaftCore, keepLog = false): Run {
  const sim = new Simulation({ seed, core, keepLog });
  const byChance = attempt(() => {
    sim.run(FAULTY_STEPS);
    sim.heal(CALM_TICKS);
  });
  if (byChance !== undefined) return runOf(seed, [sim], byChance);
  const { random, story } = drawStory(seed);
  const size = story.sizes[Math.floor(random() * story.sizes.length)] ?? 3;
  const stage = new Simulation({ seed, core, keepLog, size, rates: calmRates });
  const directed = attempt(() => {
    story.play(stage);
    stage.heal(CALM_TICKS);
  });
  const failure = directed === undefined ? undefined : new Error(`${story.name}: ${directed.message}`);
  return runOf(seed, [sim, stage], failure);
}

function drawStory(seed: number): { readonly random: () => number; readonly story: Story } {
  const random = seededRandom(seed);
  const story = STORIES[seed % STORIES.length];
  if (story === undefined) throw new Error("there are no stories");
  return { random, story };
}

function attempt(act: () => void): Error | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const runOf = (seed: number, sims: readonly Simulation[], failure: Error | undefined): Run => ({
  seed,
  digest: sims.map(({ digest }) => digest).join("-"),
  acked: sims.reduce((sum, { checker }) => sum + checker.ackedCount, 0),
  failure,
  events: sims.flatMap(({ events }) => events),
});

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
