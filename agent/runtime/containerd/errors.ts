// containerd wraps runc's words in several layers of its own. What the user can act on is the last part.
import { type Code, SkepError } from "../../../shared/errors.ts";

// Every wrapping that precedes the cause, outermost first.
const WRAPPINGS = [
  /^failed to create (shim )?task: /,
  /^failed to start shim: /,
  /^OCI runtime (create|start) failed: /,
  /^runc (create|start) failed: /,
  /^container_linux\.go:\d+: starting container process caused: /,
  /^unable to start container process: /,
  /^error during container init: /,
];

const RULES: readonly (readonly [pattern: RegExp, code: Code])[] = [
  [/no space left on device|disk quota exceeded|cannot allocate memory|too many open files/i, "resource_exhausted"],
  [/exec: "(runc|containerd-shim[^"]*)": executable file not found/, "failed_precondition"],
  [/runtime "[^"]*" binary not installed/, "failed_precondition"],
  [/exec: "|exec user process/, "invalid_argument"],
  [/error mounting |mounting .* to rootfs|not a directory|chdir to cwd/, "invalid_argument"],
  [/sysctl|capabilit|rlimit|setrlimit|oom_score_adj/i, "invalid_argument"],
  [/OOM-killed \(memory limit too low\?\)|minimum memory|memory limit/i, "invalid_argument"],
  [/unsupported|invalid|must be absolute/i, "invalid_argument"],
];

/** What runc said without what was said around it; unchanged when there is nothing around it. */
function plainRuntimeMessage(message: string): string {
  let rest = message.replace(/: unknown$/, "").trim();
  for (let again = true; again; ) {
    again = false;
    for (const wrapping of WRAPPINGS) {
      const shorter = rest.replace(wrapping, "");
      if (shorter !== rest) {
        rest = shorter;
        again = true;
      }
    }
  }
  return rest;
}

/**
 * The error of a container that could not be started: `invalid_argument` when its own config is at fault,
 * `resource_exhausted` or `failed_precondition` when the node is, containerd's own code when runc had no part in it.
 */
export function startError(cause: unknown): SkepError {
  const error = SkepError.from(cause);
  const plain = plainRuntimeMessage(error.message);
  const byRuntime = plain !== error.message || /OCI runtime|shim/.test(error.message);
  if (error.code !== "internal" && !byRuntime) return error;
  const code = RULES.find(([pattern]) => pattern.test(plain))?.[1] ?? error.code;
  if (/exec: "runc"/.test(plain)) return new SkepError(code, "runc is not installed on this node", { cause });
  return new SkepError(code, plain, { cause });
}
