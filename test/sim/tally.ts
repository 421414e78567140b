// What a campaign of whole clusters went through, added up; told as the table that docs/figures.md has.
import { FAULT_NAMES } from "./cluster/faults.ts";
import type { ClusterRun } from "./cluster/run-seed.ts";

const HOUR_MS = 3_600_000;
const CALL = "call ";

export class Tally {
  readonly #counts = new Map<string, number>();
  #simulatedMs = 0;
  #slowestMs = 0;
  #commits = 0;
  #terms = 0;
  #operations = 0;

  add(run: ClusterRun): void {
    this.#simulatedMs += run.simulatedMs;
    this.#slowestMs = Math.max(this.#slowestMs, run.convergedMs);
    this.#commits += run.commits;
    this.#terms += run.terms;
    this.#operations += run.operations;
    for (const [what, count] of run.counts) this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
  }

  get hours(): number {
    return this.#simulatedMs / HOUR_MS;
  }

  lines(): string[] {
    const faults = this.#some((what) => FAULT_NAMES.includes(what));
    const calls = this.#some((what) => what.startsWith(CALL));
    const others = this.#some((what) => !FAULT_NAMES.includes(what) && !what.startsWith(CALL));
    const rows: [what: string, count: string][] = [
      ["simulated hours", this.hours.toFixed(1)],
      ["faults", whole(sum(faults))],
      ...faults.map(([what, count]): [string, string] => [`… ${what}`, whole(count)]),
      ["what came of them, and operators did", ""],
      ...others.map(([what, count]): [string, string] => [`… ${what}`, whole(count)]),
      ["calls of users", whole(sum(calls))],
      ...calls.map(([what, count]): [string, string] => [`… ${what.slice(CALL.length)}`, whole(count)]),
      ["operations in histories, checked", whole(this.#operations)],
      ["commits, each told alike by all managers", whole(this.#commits)],
      ["terms", whole(this.#terms)],
      ["slowest to converge", `${(this.#slowestMs / 1000).toFixed(1)} s`],
    ];
    const width = Math.max(...rows.map(([what]) => what.length));
    return rows.map(([what, count]) => `| ${what.padEnd(width)} | ${count.padStart(10)} |`);
  }

  #some(wanted: (what: string) => boolean): [what: string, count: number][] {
    return [...this.#counts].filter(([what]) => wanted(what)).sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

const sum = (counts: readonly (readonly [string, number])[]): number =>
  counts.reduce((all, [, count]) => all + count, 0);
const whole = (count: number): string => count.toLocaleString("en");
