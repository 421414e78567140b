// The log driver of a task: which there are, and their options, as Docker's json-file has them.
import type { LogDriver } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";

export type LogKeeping =
  | { readonly kind: "files"; readonly maxSizeBytes: number; readonly maxFiles: number }
  | { readonly kind: "none" };

const DEFAULT_MAX_SIZE_BYTES = 10 * 1024 * 1024;
const DEFAULT_MAX_FILES = 3;
const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * What to keep of a task's output. No driver, "json-file" and "local" are files here; other options of theirs (compress,
 * labels, tag) change nothing.
 * @throws {SkepError} `invalid_argument`: another driver, or max-size or max-file that say nothing sensible.
 */
export function logKeeping(driver: LogDriver | undefined): LogKeeping {
  switch (driver?.name ?? "") {
    case "none":
      return { kind: "none" };
    case "":
    case "json-file":
    case "local":
      return {
        kind: "files",
        maxSizeBytes: maxSize(driver?.options["max-size"]),
        maxFiles: maxFiles(driver?.options["max-file"]),
      };
    default:
      throw new SkepError(
        "invalid_argument",
        `log driver ${JSON.stringify(driver?.name)} is not on this node; there are json-file, local and none`,
      );
  }
}

function maxSize(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_MAX_SIZE_BYTES;
  const match = /^(\d+)\s*([bkmg]?)b?$/i.exec(text);
  const bytes = Number(match?.[1]) * (UNITS[(match?.[2] ?? "").toLowerCase()] ?? Number.NaN);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new SkepError("invalid_argument", `log option max-size=${text} is not a size like 10m`);
}

function maxFiles(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_MAX_FILES;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw new SkepError("invalid_argument", `log option max-file=${text} is not a number from 1 to 9999`);
}
