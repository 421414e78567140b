// The log driver of a task: which there are, and their options, as Docker has them. The API refuses others, the agent keeps
// the task's output by it.
import type { LogDriver } from "../../proto/gen/objects.ts";
import { SkepError } from "../errors.ts";

export type LogKeeping =
  | { readonly kind: "files"; readonly maxSizeBytes: number; readonly maxFiles: number }
  | { readonly kind: "none" };

const DEFAULT_MAX_SIZE_BYTES = 10 * 1024 * 1024;
const DEFAULT_MAX_FILES = 3;
const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const COMMON = ["max-size", "max-file", "compress", "mode", "max-buffer-size"];
const JSON_FILE = [...COMMON, "labels", "labels-regex", "env", "env-regex", "tag"];
/** Docker takes any option of a driver that keeps nothing; a known name is no mistake. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  "json-file": JSON_FILE,
  local: COMMON,
  none: JSON_FILE,
};

const nameOf = (driver: LogDriver | undefined): string => driver?.name || "json-file";
const optionsOf = (name: string): readonly string[] | undefined =>
  Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;

/** Why there is no such driver; undefined when there is. */
export const logDriverProblem = (name: string): string | undefined =>
  optionsOf(name || "json-file") === undefined
    ? `there is no log driver ${JSON.stringify(name)}; there are ${Object.keys(OPTIONS).join(", ")}`
    : undefined;

/** Why the option is wrong, with any driver when none is named; undefined when it is right. */
export function logOptionProblem(key: string, value: string, driverName?: string): string | undefined {
  const name = driverName === undefined || driverName === "" ? "json-file" : driverName;
  const known = optionsOf(name) ?? JSON_FILE;
  if (!known.includes(key)) {
    return `log driver ${name} has no option ${JSON.stringify(key)}; there are ${known.join(", ")}`;
  }
  switch (key) {
    case "max-size":
    case "max-buffer-size":
      return value === "" || sizeOf(value) !== undefined ? undefined : `${key}=${value} is not a size like 10m`;
    case "max-file":
      return value === "" || countOf(value) !== undefined
        ? undefined
        : `max-file=${value} is not a number from 1 to 9999`;
    case "compress":
      return /^(true|false)$/.test(value) ? undefined : `compress=${value} is neither true nor false`;
    case "mode":
      return /^(blocking|non-blocking)$/.test(value) ? undefined : `mode=${value} is neither blocking nor non-blocking`;
    default:
      return undefined;
  }
}

/**
 * What to keep of a task's output. No driver, "json-file" and "local" are files here; other options than max-size and max-file
 * change nothing.
 * @throws {SkepError} `invalid_argument`: another driver, or max-size or max-file that say nothing sensible.
 */
export function logKeeping(driver: LogDriver | undefined): LogKeeping {
  const problem = logDriverProblem(driver?.name ?? "");
  if (problem !== undefined) throw new SkepError("invalid_argument", problem);
  if (nameOf(driver) === "none") return { kind: "none" };
  const { "max-size": size = "", "max-file": count = "" } = driver?.options ?? {};
  for (const [key, value] of Object.entries({ "max-size": size, "max-file": count })) {
    const wrong = logOptionProblem(key, value);
    if (wrong !== undefined) throw new SkepError("invalid_argument", `log option ${wrong}`);
  }
  return {
    kind: "files",
    maxSizeBytes: sizeOf(size) ?? DEFAULT_MAX_SIZE_BYTES,
    maxFiles: countOf(count) ?? DEFAULT_MAX_FILES,
  };
}

function sizeOf(text: string): number | undefined {
  const match = /^(\d+)\s*([bkmg]?)b?$/i.exec(text);
  const bytes = Number(match?.[1]) * (UNITS[(match?.[2] ?? "").toLowerCase()] ?? Number.NaN);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

const countOf = (text: string): number | undefined =>
  /^\d{1,4}$/.test(text) && Number(text) >= 1 ? Number(text) : undefined;
