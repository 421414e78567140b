// Points in time on the command line and on the screen, without a clock: callers pass now. Calendar arithmetic is done
// here because the Date global is a clock; all times are UTC.
import { SkepError } from "../../shared/errors.ts";
import { parseDuration } from "./duration.ts";

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 of a day of the proleptic Gregorian calendar. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year; // years begin in March, so that the leap day is the last
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function dateOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

const pad = (value: number, width: number): string => String(value).padStart(width, "0");

/**
 * 2026-11-22T02:49:15.123456789Z. Trailing zeros of the fraction go, as in Go's RFC3339Nano, unless `fixed`.
 * @param ns nanoseconds beyond the whole millisecond, 0 to 999_999.
 */
export function formatTimestamp(ms: number, ns = 0, fixed = false): string {
  const days = Math.floor(ms / DAY_MS);
  const { year, month, day } = dateOf(days);
  const rest = ms - days * DAY_MS;
  const clock = `${pad(Math.floor(rest / 3_600_000), 2)}:${pad(Math.floor(rest / 60_000) % 60, 2)}:${pad(Math.floor(rest / 1_000) % 60, 2)}`;
  const digits = pad((rest % 1_000) * 1_000_000 + ns, 9);
  const fraction = fixed ? digits : digits.replace(/0+$/, "");
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${clock}${fraction === "" ? "" : `.${fraction}`}Z`;
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * --since and --until: a duration before now (42m), a timestamp (2026-11-22T02:49:15Z, a shorter form, UTC without a
 * zone), or Unix seconds. @throws {SkepError} `invalid_argument`
 */
export function parseTimestamp(raw: string, nowMs: number): number {
  if (/^\d{5,}(\.\d+)?$/.test(raw)) return Math.floor(Number(raw) * 1_000);
  const match = TIMESTAMP.exec(raw);
  if (match !== null) {
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
    if (year === undefined || month === undefined || day === undefined) throw bad();
    const days = daysOf(year, month, day);
    const back = dateOf(days);
    if (month < 1 || month > 12 || back.day !== day || back.month !== month) throw bad();
    if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 60) throw bad();
    const fractionMs = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1_000);
    const zone = /^([+-])(\d\d):(\d\d)$/.exec(match[8] ?? "");
    const offsetMs = zone === null ? 0 : (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) * 60_000;
    return (
      days * DAY_MS + (hour ?? 0) * 3_600_000 + (minute ?? 0) * 60_000 + (second ?? 0) * 1_000 + fractionMs - offsetMs
    );
  }
  try {
    return nowMs - parseDuration(raw);
  } catch {
    throw bad();
  }
}

const bad = (): SkepError =>
  new SkepError("invalid_argument", "Not a time: write it like 10m (ago) or 2026-11-22T02:49:15Z.");

/** Docker's "5 minutes", "About an hour"; what `ago` follows. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3_600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

/** "5 minutes ago"; a time that is yet to come, by a clock that is ahead, is now. */
export const ago = (thenMs: number, nowMs: number): string => `${humanDuration(Math.max(0, nowMs - thenMs))} ago`;
