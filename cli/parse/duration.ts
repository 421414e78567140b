// Durations as Go and Docker write them: 1h30m, 500ms, 1.5s.
import { SkepError } from "../../shared/errors.ts";
import { DURATION_MS } from "../../shared/model/ranges.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds, 0 or more, rounded. @throws {SkepError} `invalid_argument` */
export function parseDuration(raw: string): number {
  if (raw === "0") return 0;
  let totalMs = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < raw.length) {
    const match = PART.exec(raw);
    if (match === null) throw bad(raw);
    totalMs += Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0);
  }
  if (raw === "") throw bad(raw);
  if (totalMs > DURATION_MS.most)
    throw new SkepError("invalid_argument", "More than 100 years: write it like 10s, 1m30s or 2h.");
  // What is not nothing is not rounded to it: 0 has a meaning of its own for many flags.
  return totalMs > 0 ? Math.max(1, Math.round(totalMs)) : 0;
}

const bad = (raw: string): SkepError =>
  new SkepError(
    "invalid_argument",
    /^-/.test(raw)
      ? "A duration cannot be negative; write it like 10s."
      : /^\d+(\.\d+)?$/.test(raw)
        ? `The unit is missing: write ${raw}s for seconds, or 500ms, 1m30s, 2h.`
        : "Not a duration: write it like 500ms, 10s, 1m30s or 2h.",
  );

/** As Go prints one: 1h30m0s, 500ms, 1.5s; Docker's --pretty output shows durations so. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1_000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1_000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  if (minutes > 0) return `${minutes}m${seconds}s`;
  return `${seconds}s`;
}
