import { type Env, sleepWith, type Timer } from "./env.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;

// 48 bits of the system's random source make one number in [0, 1); the pool saves a system call per number, and ids that
// come from it cannot be guessed (join tokens are made of them).
const POOL_BYTES = 4092;
let pool = Buffer.alloc(0);
let used = 0;

function random(): number {
  if (used + 6 > pool.length) {
    // Not imported above: loading it takes longer than a short command, which needs no random number, may.
    pool = process.getBuiltinModule("node:crypto").randomBytes(POOL_BYTES);
    used = 0;
  }
  const value = pool.readUIntBE(used, 6);
  used += 6;
  return value / 2 ** 48;
}

function heldTimer(ms: number, callback: () => void): Timer {
  const handle = setTimeout(callback, Math.min(Math.max(0, ms), MAX_TIMER_MS));
  return { cancel: () => clearTimeout(handle) };
}

function timer(ms: number, callback: () => void): Timer {
  const handle = setTimeout(callback, Math.min(Math.max(0, ms), MAX_TIMER_MS));
  handle.unref();
  return { cancel: () => clearTimeout(handle) };
}

export const realEnv: Env = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  random,
  timer,
  sleep: (ms, signal) => sleepWith(heldTimer, ms, signal),
  breathe: () => new Promise((resolve) => setImmediate(resolve)),
};
