// Seeds that fail when a defect that the simulation once found comes back, with what it was. They are part of the short
// campaign. A change of the simulation changes what a seed means: look for other ones then, with the mutants of the same
// words (test/sim/cluster/mutants.ts).
export interface Regression {
  readonly seed: number;
  readonly theme?: string;
  readonly found: string;
}

export const CLUSTER_REGRESSIONS: readonly Regression[] = [
  {
    seed: 32,
    theme: "clocks of leaders",
    found: "an update of which a task had started by a wall clock an hour ahead did not complete for an hour",
  },
  { seed: 35, found: "a conflict with a write that was still uncommitted, and then lost, was reported as a conflict" },
  {
    seed: 4,
    theme: "clocks of leaders",
    found: "a new leader, its clock an hour ahead, gave up waiting for a task to stop: two containers ran in one slot",
  },
  {
    seed: 16,
    theme: "managers are replaced",
    found: "a worker that was lost while all its managers went away never found the cluster again",
  },
  { seed: 51_368, found: "a worker that had been cut off since before the only manager was added never found it" },
  {
    seed: 778_515,
    found: "a host that was lost for good while its manager joined was waited for: the simulation's own mistake",
  },
  { seed: 71_169, found: "a snapshot that the leader's had overtaken while it was saved came to count in its place" },
  {
    seed: 3,
    theme: "disks forget",
    found: "a manager whose disk had lost acknowledged entries halted, and stayed a member that nobody could count on",
  },
];
