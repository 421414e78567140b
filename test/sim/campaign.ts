// Campaigns of the simulation: every seed is one whole story with its own faults, replayed exactly by the same seed.
//
//   npm run sim -- --seeds 2000 --from 1          Raft's core and whole clusters
//   npm run sim -- --only cluster --seeds 1 --from 4711 --log    one seed with all that happened
//   npm run sim -- --only cluster --theme "clocks"               all of one theme (cluster/plan.ts)
//   npm run sim -- --mutants [--match WORDS]                     does a campaign catch what it is for? (mutation-check.ts)
import { parseArgs } from "node:util";
import { runClusterSeed } from "./cluster/run-seed.ts";
import { mutationCheck } from "./mutation-check.ts";
import { runSeed } from "./raft/run-seed.ts";
import { Tally } from "./tally.ts";

const LOG_TAIL = 60;
const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    only: { type: "string" },
    log: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    match: { type: "string", default: "" },
    theme: { type: "string" },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(seeds) || seeds < 1) {
  console.error("--seeds and --from are whole numbers, and there is at least one seed");
  process.exit(2);
}
if (values.only !== undefined && values.only !== "raft" && values.only !== "cluster") {
  console.error('--only is "raft" or "cluster"');
  process.exit(2);
}

if (values.mutants) process.exit((await mutationCheck(values.match, values.only)) === 0 ? 0 : 1);

if (!values.log) Error.stackTraceLimit = 0; // thousands of errors are made, as answers; a replay has their stacks

const startedMs = performance.now();
const seconds = (): number => (performance.now() - startedMs) / 1000;
const tally = new Tally();
let failures = 0;
let acked = 0;

function tell(level: "raft" | "cluster", seed: number, error: Error, log: readonly string[]): void {
  failures++;
  console.log(`\n${level} seed ${seed} failed: ${error.message}`);
  for (const line of log.slice(-LOG_TAIL)) console.log(`    ${line}`);
  const theme = values.theme === undefined ? "" : ` --theme ${JSON.stringify(values.theme)}`;
  console.log(`replay with: npm run sim -- --only ${level} --seeds 1 --from ${seed}${theme} --log\n`);
}

let toldMs = performance.now();
let done = 0;
let stopped = false;
process.once("SIGINT", () => {
  stopped = true; // what was done is told; a second one ends it at once
});
for (let seed = from; seed < from + seeds && !stopped; seed++) {
  if (values.only !== "cluster") {
    const run = runSeed(seed, undefined, values.log);
    acked += run.acked;
    if (values.log) for (const line of run.events) console.log(line);
    if (run.failure !== undefined) tell("raft", seed, run.failure, run.events);
  }
  if (values.only !== "raft") {
    const run = await runClusterSeed(seed, values.log, values.theme);
    tally.add(run);
    if (values.log) for (const line of run.log) console.log(line);
    if (run.failure !== undefined) tell("cluster", seed, run.failure, run.log);
  }
  done++;
  if (failures > 0 && !values["keep-going"]) break;
  if (performance.now() - toldMs > PROGRESS_MS) {
    toldMs = performance.now();
    const rate = (done / seconds()).toFixed(1);
    console.log(`${done} of ${seeds} seeds, ${tally.hours.toFixed(2)} simulated hours, ${rate} seeds/s`);
  }
}

if (values.only !== "raft") for (const line of tally.lines()) console.log(line);
if (values.only !== "cluster") console.log(`Raft's core: ${acked} acknowledged proposals`);
console.log(`${done} seeds from ${from}, ${failures} failed, ${seconds().toFixed(0)} s`);
if (failures > 0) process.exitCode = 1;
