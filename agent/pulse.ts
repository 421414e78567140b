// A level-triggered nudge for one waiter: `fire` is remembered until somebody has waited for it, so that a change between
// looking and waiting is never slept through.
import type { Env } from "../shared/env/env.ts";

export class Pulse {
  #fired = false;
  #wake: (() => void) | undefined;

  fire(): void {
    this.#fired = true;
    this.#wake?.();
  }

  /** Resolves at the next `fire` (or at once after an unseen one) with true, or after `forMs` with false. Rejects when aborted. */
  async wait(env: Env, signal: AbortSignal, forMs?: number): Promise<boolean> {
    signal.throwIfAborted();
    if (!this.#fired) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = (): void => reject(signal.reason);
      const timer = forMs === undefined ? undefined : env.timer(forMs, resolve);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#wake = resolve;
      try {
        await promise;
      } finally {
        if (this.#wake === resolve) this.#wake = undefined;
        timer?.cancel();
        signal.removeEventListener("abort", onAbort);
      }
    }
    const fired = this.#fired;
    this.#fired = false;
    return fired;
  }
}
