// Everything ambient, in one small interface: time, randomness and the event loop. The control plane gets it passed in, so
// that the simulator can be its whole world. `realEnv` is this machine; `shared/env/sim-env.ts` is the simulator's.

export interface Timer {
  /** Idempotent; after it the callback does not run. */
  cancel(): void;
}

export interface Env {
  /** Monotonic milliseconds since an arbitrary start: for measuring. May have a fraction. */
  readonly nowMs: () => number;
  /** Unix milliseconds, whole: for times that people read. May jump. */
  readonly wallMs: () => number;
  /** [0, 1) */
  readonly random: () => number;
  /** Runs `callback` once after `ms` (0 or more). Does not keep the process alive. */
  readonly timer: (ms: number, callback: () => void) => Timer;
  /** Resolves after `ms`; rejects with `signal.reason` when aborted. Keeps the process alive: somebody waits for it. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Lets the event loop serve everything else that is ready: call it inside long loops. */
  readonly breathe: () => Promise<void>;
}

/**
 * The wall clock as it is now, and from then on counted by the monotonic one: for waiting until a time that is written down.
 * It does not jump while somebody waits by it.
 */
export function steadyWall(env: Pick<Env, "nowMs" | "wallMs">): () => number {
  const offsetMs = env.wallMs() - env.nowMs();
  return () => Math.floor(env.nowMs() + offsetMs);
}

/** `sleep` in terms of `timer`, for environments. */
export function sleepWith(timer: Env["timer"], ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      waiting.cancel();
      reject(signal.reason);
    };
    const waiting = timer(ms, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
