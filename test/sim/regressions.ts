// Seeds that found something, with what it was. They are part of the short campaign: what was repaired stays so.
export const CLUSTER_REGRESSIONS: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 5, found: "a conflict with a write that was still uncommitted, and then lost, was reported as a conflict" },
  {
    seed: 6,
    found: "a replacement that waited for its slot's old task was lost, and its own replacement did not wait",
  },
  {
    seed: 52,
    found: "an update of which a task had started by a wall clock an hour ahead did not complete for an hour",
  },
];
