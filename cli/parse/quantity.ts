// Amounts: bytes (64m, 1.5GiB), CPUs (0.5), whole numbers and ratios. Suffixes of bytes are powers of 1024, as Docker's.
import { SkepError } from "../../shared/errors.ts";
import { isWithin, MEMORY_BYTES, NANO_CPUS, REPLICAS } from "../../shared/model/ranges.ts";

const POWER: Readonly<Record<string, number>> = { "": 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };
const BYTES = /^(\d+(?:\.\d+)?)\s?([kmgtp]?)(?:i?b)?$/i;

/** Whole bytes. @throws {SkepError} `invalid_argument` */
export function parseBytes(raw: string): number {
  const match = BYTES.exec(raw.trim());
  const bytes =
    match === null ? Number.NaN : Math.floor(Number(match[1]) * 1024 ** (POWER[(match[2] ?? "").toLowerCase()] ?? 0));
  if (!Number.isSafeInteger(bytes))
    throw new SkepError("invalid_argument", "Not a size: write it like 512k, 64m or 1.5GiB.");
  return bytes;
}

/** Memory of a task: 0 is without limit. @throws {SkepError} `invalid_argument` */
export function parseMemory(raw: string): number {
  const bytes = parseBytes(raw);
  if (bytes !== 0 && !isWithin(MEMORY_BYTES, bytes))
    throw new SkepError("invalid_argument", "Memory must be at least 4MiB: write it like 64m or 1.5GiB.");
  return bytes;
}

/** Nano-CPUs: 0.5 is 500_000_000; 0 is without limit. @throws {SkepError} `invalid_argument` */
export function parseCpus(raw: string): number {
  const nano = /^(\d+(\.\d+)?|\.\d+)$/.test(raw) ? Math.round(Number(raw) * 1e9) : Number.NaN;
  if (!Number.isSafeInteger(nano))
    throw new SkepError("invalid_argument", "Not a number of CPUs: write it like 0.5 or 2.");
  if (nano !== 0 && !isWithin(NANO_CPUS, nano)) {
    const range = `at least ${NANO_CPUS.least / 1e9} and at most ${NANO_CPUS.most / 1e9}`;
    throw new SkepError("invalid_argument", `CPUs must be ${range}: write it like 0.5 or 2.`);
  }
  return nano;
}

/** @throws {SkepError} `invalid_argument` */
export function parseWhole(raw: string): number {
  const value = /^\d+$/.test(raw) ? Number(raw) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new SkepError("invalid_argument", "Not a whole number, 0 or more: write it like 3.");
  return value;
}

/** A whole number that may be negative, between `least` and `most`. @throws {SkepError} `invalid_argument` */
export const parseInteger =
  (least: number, most: number, example: number) =>
  (raw: string): number => {
    const value = /^-?\d+$/.test(raw) ? Number(raw) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new SkepError("invalid_argument", `Not a whole number from ${least} to ${most}: write it like ${example}.`);
    }
    return value;
  };

export const parseReplicas = parseInteger(REPLICAS.least, REPLICAS.most, 3);

/** 0 to 1. @throws {SkepError} `invalid_argument` */
export function parseRatio(raw: string): number {
  const value = /^(\d+(\.\d*)?|\.\d+)$/.test(raw) ? Number(raw) : Number.NaN;
  if (!(value >= 0 && value <= 1))
    throw new SkepError("invalid_argument", "Not a ratio from 0 to 1: write it like 0.25.");
  return value;
}
