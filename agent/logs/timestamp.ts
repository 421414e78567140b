// Times of log lines: "2026-08-01T12:34:56.123456789Z", always 30 characters, and back. Written and read once per line,
// so without Date objects; the calendar is Howard Hinnant's days_from_civil and its inverse, exact for all years of four digits.

/** Unix time with nanoseconds: whole milliseconds, and the nanoseconds within the last one (0 to 999_999). */
export interface Stamp {
  readonly ms: number;
  readonly ns: number;
}

export const STAMP_LENGTH = 30;
const DAY_MS = 86_400_000;

export const laterOrEqual = (a: Stamp, b: Stamp): boolean => a.ms > b.ms || (a.ms === b.ms && a.ns >= b.ns);

export function nextStamp(stamp: Stamp): Stamp {
  return stamp.ns < 999_999 ? { ms: stamp.ms, ns: stamp.ns + 1 } : { ms: stamp.ms + 1, ns: 0 };
}

let cachedSecond = -1;
let cachedPrefix = "";

export function formatStamp({ ms, ns }: Stamp): string {
  const second = Math.floor(ms / 1000);
  if (second !== cachedSecond) {
    cachedPrefix = formatSecond(second);
    cachedSecond = second;
  }
  const nanos = (ms - second * 1000) * 1_000_000 + ns;
  return `${cachedPrefix}.${String(nanos).padStart(9, "0")}Z`;
}

function formatSecond(second: number): string {
  const days = Math.floor(second / 86_400);
  const rest = second - days * 86_400;
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${time}`;
}

/** Undefined when the bytes at `at` are no such timestamp. */
export function parseStamp(bytes: Uint8Array, at: number): Stamp | undefined {
  if (at + STAMP_LENGTH > bytes.length || bytes[at + 10] !== 0x54 || bytes[at + 29] !== 0x5a) return undefined;
  const year = digits(bytes, at, 4);
  const month = digits(bytes, at + 5, 2);
  const day = digits(bytes, at + 8, 2);
  const seconds = digits(bytes, at + 11, 2) * 3600 + digits(bytes, at + 14, 2) * 60 + digits(bytes, at + 17, 2);
  const nanos = digits(bytes, at + 20, 9);
  const ms = daysFromCivil(year, month, day) * DAY_MS + seconds * 1000 + Math.floor(nanos / 1_000_000);
  return Number.isNaN(ms) ? undefined : { ms, ns: nanos % 1_000_000 };
}

function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function daysFromCivil(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}
