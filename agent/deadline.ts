import type { Env } from "../shared/env/env.ts";
import { SkepError } from "../shared/errors.ts";

/** Runs `work` with a signal that aborts with the caller's, or with `deadline_exceeded` after `ms`. */
export async function withDeadline<T>(
  env: Env,
  signal: AbortSignal,
  ms: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const onAbort = (): void => limit.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = env.timer(ms, () =>
    limit.abort(new SkepError("deadline_exceeded", `${what}: no answer within ${Math.round(ms / 1000)} s`)),
  );
  try {
    return await work(limit.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
