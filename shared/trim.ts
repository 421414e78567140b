// Gives back what a burst of work leaves behind. V8 collects garbage when something is allocated, and a daemon that has come
// to rest allocates next to nothing: after 50 tasks came and went the leader kept 17 of its 117 MB for nothing, for as long
// as it rested. So once, when work is followed by rest, we ask for a collection. Heaps of large clusters are left alone:
// collecting those would stop the leader's heart for longer than the memory is worth.
import type { Env } from "./env/env.ts";

const LOOK_EVERY_MS = 10_000;
const BUSY_SHARE = 0.05;
const MAX_HEAP_BYTES = 32 * 2 ** 20; // measured: 20 MB take 125 ms on a machine that is busy otherwise

/** A look at the process: CPU time so far, and the JavaScript heap. */
export interface Look {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly heapBytes: number;
}

export interface Trimmer {
  /** True: collect now. */
  readonly look: (now: Look) => boolean;
}

/** Pure. */
export function createTrimmer(): Trimmer {
  let last: Look | undefined;
  let hasWorked = true; // starting was work
  return {
    look: (now) => {
      const before = last;
      last = now;
      if (before === undefined || now.atMs <= before.atMs) return false;
      if ((now.cpuMs - before.cpuMs) / (now.atMs - before.atMs) >= BUSY_SHARE) {
        hasWorked = true;
        return false;
      }
      const due = hasWorked && now.heapBytes <= MAX_HEAP_BYTES;
      hasWorked = false;
      return due;
    },
  };
}

/** Until `signal` aborts. Does nothing when Node was not started with --expose-gc, as the launcher does. */
export function trimAtRest(env: Env, signal: AbortSignal): void {
  const { gc } = globalThis;
  if (gc === undefined) return;
  const trimmer = createTrimmer();
  const look = (): void => {
    if (signal.aborted) return;
    const { user, system } = process.cpuUsage();
    const { heapUsed } = process.memoryUsage();
    if (trimmer.look({ atMs: env.nowMs(), cpuMs: (user + system) / 1_000, heapBytes: heapUsed })) {
      // An ordinary collection gives 8 MB back, this one 17: it also lets go of what V8 keeps for speed.
      gc({ type: "major", execution: "sync", flavor: "last-resort" });
    }
    env.timer(LOOK_EVERY_MS, look);
  };
  look();
}
