import type { Env, Timer } from "../../../shared/env/env.ts";
import { realEnv } from "../../../shared/env/real-env.ts";

export interface SteppedEnv {
  readonly env: Env;
  /** Lets so much time pass, and runs what is due in it, in order. */
  readonly advance: (ms: number) => void;
}

/** Time passes when the test says so; everything else is this machine's. */
export function steppedEnv(): SteppedEnv {
  let nowMs = 0;
  const waiting = new Map<Timer, { readonly atMs: number; readonly callback: () => void }>();
  const timer = (ms: number, callback: () => void): Timer => {
    const made: Timer = { cancel: () => void waiting.delete(made) };
    waiting.set(made, { atMs: nowMs + ms, callback });
    return made;
  };
  const advance = (ms: number): void => {
    const untilMs = nowMs + ms;
    for (;;) {
      const [next] = [...waiting].filter(([, { atMs }]) => atMs <= untilMs).sort((a, b) => a[1].atMs - b[1].atMs);
      if (next === undefined) break;
      const [made, { atMs, callback }] = next;
      waiting.delete(made);
      nowMs = Math.max(nowMs, atMs);
      callback();
    }
    nowMs = untilMs;
  };
  return { env: { ...realEnv, nowMs: () => nowMs, timer }, advance };
}
