// containerd tells many failures as "unknown" with Go's words in it; what those mean for us.
import { type Code, SkepError } from "../../../../shared/errors.ts";

const RULES: readonly (readonly [pattern: RegExp, code: Code, words: string])[] = [
  [/no space left on device/i, "resource_exhausted", "no space left on this node's disk"],
  [/disk quota exceeded/i, "resource_exhausted", "the disk quota of this node is used up"],
  [
    /unexpected commit (digest|size)|failed size validation/i,
    "invalid_argument",
    "the content is not what was announced",
  ],
  [
    /unexpected EOF|invalid header|gzip: |archive\/tar: |magic number mismatch/i,
    "invalid_argument",
    "a layer is damaged",
  ],
  [
    /no processor for media-type|unsupported.*media|media.*unsupported/i,
    "invalid_argument",
    "a layer is of unknown type",
  ],
];

/** @param what what was being done: "store layer sha256:…" */
export function imageError(cause: unknown, what: string): SkepError {
  const error = SkepError.from(cause);
  const rule = RULES.find(([pattern]) => pattern.test(error.message));
  if (rule !== undefined) return new SkepError(rule[1], `cannot ${what}: ${rule[2]} (${error.message})`, { cause });
  if (error.code !== "internal") return error;
  return new SkepError("internal", `cannot ${what}: ${error.message}`, { cause });
}
