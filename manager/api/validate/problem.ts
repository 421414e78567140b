import { SkepError } from "../../../shared/errors.ts";

/** @param where the part of the spec, as the user knows it: "mount /data". */
export const invalid = (where: string, why: string): SkepError => new SkepError("invalid_argument", `${where}: ${why}`);

/** Swarm has it and skep will: named, so that nobody looks for a mistake of his own. */
export const notYet = (what: string): SkepError => new SkepError("unimplemented", `${what}: not available yet`);

export function checkLabels(where: string, labels: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(labels)) {
    if (key.trim() === "") throw invalid(where, "a label has an empty key");
  }
}

export function checkNotNegative(where: string, values: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && (value < 0 || Number.isNaN(value))) throw invalid(where, `${name} must not be negative`);
  }
}
