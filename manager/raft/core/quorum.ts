// Majority arithmetic. The voters are given as a list; an empty list has no majority and never decides anything.

/** How many of `voters` make a majority. */
export const majority = (voters: number): number => Math.floor(voters / 2) + 1;

/**
 * The highest index that a majority has, given what each voter has. 0 without voters.
 * The n-th largest of the indexes, where n is the majority: that one and all larger ones are a majority.
 */
export function committedIndex(matched: readonly number[]): number {
  if (matched.length === 0) return 0;
  const descending = [...matched].sort((a, b) => b - a);
  return descending[majority(matched.length) - 1] ?? 0;
}

export type VoteOutcome = "won" | "lost" | "open";

/** `votes` holds true (granted) or false (refused) for those who answered. */
export function tallyVotes(voters: readonly number[], votes: ReadonlyMap<number, boolean>): VoteOutcome {
  const need = majority(voters.length);
  const granted = voters.filter((id) => votes.get(id) === true).length;
  const refused = voters.filter((id) => votes.get(id) === false).length;
  if (voters.length > 0 && granted >= need) return "won";
  // What is still missing cannot make a majority any more.
  return voters.length - refused < need ? "lost" : "open";
}

/** Whether those for whom `has` holds are a majority of `voters`. */
export function hasQuorum(voters: readonly number[], has: (id: number) => boolean): boolean {
  return voters.length > 0 && voters.filter(has).length >= majority(voters.length);
}
