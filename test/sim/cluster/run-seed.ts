import { Cluster } from "./cluster.ts";

export interface ClusterRun {
  readonly seed: number;
  /** Of everything that happened: two runs with one digest were the same. */
  readonly digest: string;
  readonly failure: Error | undefined;
  readonly log: readonly string[];
  readonly simulatedMs: number;
  readonly convergedMs: number;
  readonly commits: number;
  readonly terms: number;
  readonly operations: number;
  /** Faults and what came of them, by kind. */
  readonly counts: ReadonlyMap<string, number>;
}

/** One seed, from the first manager to the converged cluster. */
export async function runClusterSeed(seed: number, keepLog = false, theme?: string): Promise<ClusterRun> {
  const cluster = new Cluster(seed, keepLog, theme);
  const { world, truth, invariants, clients } = cluster;
  const onRejection = (error: unknown): void => world.broken(error);
  process.on("unhandledRejection", onRejection);
  let failure: Error | undefined;
  try {
    await cluster.run();
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    process.off("unhandledRejection", onRejection);
  }
  return {
    seed,
    digest: world.digest,
    failure,
    log: world.log,
    simulatedMs: world.nowMs,
    convergedMs: cluster.convergedMs,
    commits: truth.commits,
    terms: invariants.terms,
    operations: clients.histories.length,
    counts: world.counts,
  };
}
