// The loops of the manager that leads. Each starts from what the store holds, so that starting again costs nothing but the
// time of one look: a loop that failed is logged and started again, with a pause that grows while it keeps failing.
import type { Env } from "../shared/env/env.ts";
import { isCode, SkepError } from "../shared/errors.ts";
import type { Log } from "../shared/log.ts";
import { runAllocator } from "./allocator/loop.ts";
import { type LoopOptions, runOrchestrator } from "./orchestrator/loop.ts";
import { runScheduler } from "./scheduler/loop.ts";
import type { Store } from "./store/types.ts";
import { runTunnelKeyKeeper } from "./tunnel-keys/keeper.ts";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 5_000;
/** A loop that ran this long has recovered: the next pause is short again. */
const HEALTHY_MS = 10_000;

const LOOPS: readonly (readonly [name: string, run: (options: LoopOptions) => Promise<void>])[] = [
  ["orchestrator", runOrchestrator],
  ["allocator", runAllocator],
  ["scheduler", runScheduler],
  ["tunnel-keys", runTunnelKeyKeeper],
];

export interface LeaderLoopsOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  /** Aborts when this manager no longer leads. */
  readonly signal: AbortSignal;
}

/** Runs every leader loop until `signal` aborts. Never throws: a store that takes no writes is tried again until then. */
export async function runLeaderLoops({ env, log, store, signal }: LeaderLoopsOptions): Promise<void> {
  await Promise.all(
    LOOPS.map(([name, run]) =>
      supervise(env, log.child({ room: name }), signal, (options) => run({ ...options, store })),
    ),
  );
}

/** Runs `loop` again and again until `signal` aborts. */
export async function supervise(
  env: Env,
  log: Log,
  signal: AbortSignal,
  loop: (options: { readonly env: Env; readonly log: Log; readonly signal: AbortSignal }) => Promise<void>,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const startedMs = env.nowMs();
    try {
      await loop({ env, log, signal });
      if (signal.aborted) return;
      log.warn({}, "a leader loop ended; starting it again");
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = SkepError.from(error);
      const fields = { code, error: message, pauseMs };
      // Expected: leadership is about to end, or the loop fell behind and views the store again.
      if (isCode(error, "unavailable") || isCode(error, "resource_exhausted")) {
        log.info(fields, "a leader loop starts again");
      } else {
        const stack = error instanceof Error ? error.stack : undefined;
        log.error({ ...fields, stack }, "a leader loop failed; starting it again");
      }
    }
    if (env.nowMs() - startedMs > HEALTHY_MS) pauseMs = FIRST_PAUSE_MS;
    await env.sleep(pauseMs, signal).catch(() => undefined);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}
