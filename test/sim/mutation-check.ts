// Can the simulation fail? One rule after the other is taken out of the code, and a campaign must say so. Printed as a table;
// the exit status is 1 when a mutant lives.
//
//   npm run sim -- --mutants                            all of them
//   npm run sim -- --mutants --match "pre-vote"         those with these words in their name
import { CLUSTER_MUTANTS, tryClusterMutant, type Verdict } from "./cluster/mutants.ts";
import { MUTANTS, type Mutant, withMutant } from "./raft/mutants.ts";
import { runCampaign } from "./raft/run-seed.ts";

const RAFT_SEEDS = 200;
const CLUSTER_SEEDS = 150;
const NAME_WIDTH = 68;

export async function tryRaftMutant(mutant: Mutant, seeds: number): Promise<Verdict> {
  const { failures } = await withMutant(mutant, (core) => runCampaign(1, seeds, { core }));
  const [first] = failures;
  if (first === undefined) return { kind: "missed", seeds };
  return { kind: "caught", seed: first.seed, by: first.failure?.message ?? "" };
}

/** Returns how many live. */
export async function mutationCheck(match: string, level: "raft" | "cluster" | undefined): Promise<number> {
  const chosen = ({ name }: { readonly name: string }): boolean => name.includes(match);
  let living = 0;
  console.log(row("the rule that is taken out", "caught by", "what the campaign says"));
  const tell = (where: string, name: string, verdict: Verdict): void => {
    if (verdict.kind !== "caught") living++;
    console.log(row(`${where}: ${name}`, ...wordsOf(verdict)));
  };
  if (level !== "cluster") {
    for (const mutant of MUTANTS.filter(chosen)) tell("raft", mutant.name, await tryRaftMutant(mutant, RAFT_SEEDS));
  }
  if (level !== "raft") {
    for (const mutant of CLUSTER_MUTANTS.filter(chosen)) {
      tell("cluster", mutant.name, tryClusterMutant(mutant, CLUSTER_SEEDS));
    }
  }
  console.log(living === 0 ? "all were caught" : `NOT caught: ${living}`);
  return living;
}

function wordsOf(verdict: Verdict): [caught: string, says: string] {
  switch (verdict.kind) {
    case "caught":
      return [`seed ${verdict.seed}`, verdict.by.slice(0, 110)];
    case "missed":
      return ["NOTHING", `${verdict.seeds} seeds were clean`];
    case "broken":
      return ["NOT TRIED", verdict.why];
  }
}

const row = (name: string, caught: string, says: string): string =>
  `| ${name.padEnd(NAME_WIDTH)} | ${caught.padEnd(10)} | ${says}`;
