import { SkepError } from "../../../shared/errors.ts";
import { DURATION_MS, isWithin, type Range } from "../../../shared/model/ranges.ts";

/** @param where the part of the spec, as the user knows it: the name of its flag, as in "mount /data". */
export const invalid = (where: string, why: string): SkepError => new SkepError("invalid_argument", `${where}: ${why}`);

/** @param problem why the value is wrong; undefined when it is right. */
export function refuse(where: string, problem: string | undefined): void {
  if (problem !== undefined) throw invalid(where, problem);
}

/** Swarm has it and skep will: named, so that nobody looks for a mistake of his own. */
export const notYet = (what: string): SkepError => new SkepError("unimplemented", `${what}: not available yet`);

export function checkLabels(where: string, labels: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(labels)) {
    if (key.trim() === "") throw invalid(where, "a label has an empty key");
  }
}

export function checkNotNegative(where: string, values: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && !(value >= 0)) throw invalid(where, `${name} must not be negative`);
  }
}

export function checkRange(where: string, value: number, range: Range): void {
  if (!isWithin(range, value)) throw invalid(where, `${value} is not from ${range.least} to ${range.most}`);
}

/** @param durations in milliseconds, by the name of their flag; undefined is not set. */
export function checkDurations(durations: Readonly<Record<string, number | undefined>>): void {
  for (const [name, ms] of Object.entries(durations)) {
    if (ms === undefined || isWithin(DURATION_MS, ms)) continue;
    throw invalid(name, ms > DURATION_MS.most ? "a time of more than 100 years" : "a time must not be negative");
  }
}
