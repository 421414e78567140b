// The simulator's time: nothing happens until `advance` is called, then timers fire in order of their due time (and of
// their making, where two are due together). Same seed, same run.
import { type Env, sleepWith, type Timer } from "./env.ts";

/** A small seeded generator (mulberry32): one 32-bit state, passes what a simulator needs, not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export interface SimEnv extends Env {
  /** Moves time forward by `ms`, firing what is due; between timers it lets promises settle. */
  readonly advance: (ms: number) => Promise<void>;
  readonly pendingTimers: () => number;
}

export function createSimEnv(seed: number, startWallMs = 1_700_000_000_000): SimEnv {
  let nowMs = 0;
  let order = 0;
  const pending: Pending[] = []; // sorted by due time, then order

  const timer = (ms: number, callback: () => void): Timer => {
    const entry: Pending = { dueMs: nowMs + Math.max(0, ms), order: order++, callback };
    let low = 0;
    let high = pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = pending[middle];
      if (other !== undefined && other.dueMs <= entry.dueMs) low = middle + 1;
      else high = middle;
    }
    pending.splice(low, 0, entry);
    return {
      cancel: () => {
        const at = pending.indexOf(entry);
        if (at >= 0) pending.splice(at, 1);
      },
    };
  };

  // A turn of the real event loop drains every promise that can settle without time passing.
  const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  const advance = async (ms: number): Promise<void> => {
    const until = nowMs + ms;
    await breathe();
    for (;;) {
      const next = pending[0];
      if (next === undefined || next.dueMs > until) break;
      pending.shift();
      nowMs = next.dueMs;
      next.callback();
      await breathe();
    }
    nowMs = until;
  };

  return {
    nowMs: () => nowMs,
    wallMs: () => Math.floor(startWallMs + nowMs),
    random: seededRandom(seed),
    timer,
    sleep: (ms, signal) => sleepWith(timer, ms, signal),
    breathe,
    advance,
    pendingTimers: () => pending.length,
  };
}
