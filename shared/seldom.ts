// What strangers can cause is logged, but must not fill the log.
import type { Env } from "./env/env.ts";

/**
 * Says at once what happens for the first time in `everyMs`, and counts what follows within it.
 * @param say `times`: how often it happened since it was last said, this time included.
 */
export function seldom<Facts>(
  env: Pick<Env, "nowMs">,
  everyMs: number,
  say: (facts: Facts, times: number) => void,
): (facts: Facts) => void {
  let saidMs = Number.NEGATIVE_INFINITY;
  let times = 0;
  return (facts) => {
    times++;
    const nowMs = env.nowMs();
    if (nowMs - saidMs < everyMs) return;
    saidMs = nowMs;
    say(facts, times);
    times = 0;
  };
}
