// The shape of a control loop: view the store, then follow its commits without a gap. Commits only mark what is dirty; the
// work decides again from what the store holds then. Nothing is polled and nothing is debounced: the work runs at once when
// it is idle, and what arrives while it waits for its own commit makes the next round.
import type { Env } from "../shared/env/env.ts";
import type { Commit, Store, View } from "./store/types.ts";

export interface WatchLoop {
  readonly env: Env;
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Everything there is, before the first commit. */
  readonly start: (view: View) => void;
  /** Returns whether there is work to do. */
  readonly commit: (commit: Commit) => boolean;
  /** Resolves with the milliseconds after which to work again though nothing changed; Infinity for never. */
  readonly work: (signal: AbortSignal) => Promise<number>;
}

/** Wakes one sleeper; a wake while nobody sleeps is remembered. */
export class Wakeup {
  #pending = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  /** Resolves when woken, after `timeoutMs` (Infinity: never), or when `signal` aborts. */
  async wait(env: Env, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#pending && !signal.aborted && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(timeoutMs) ? env.timer(timeoutMs, () => done()) : undefined;
        const done = (): void => {
          timer?.cancel();
          signal.removeEventListener("abort", done);
          this.#resolve = undefined;
          resolve();
        };
        this.#resolve = done;
        signal.addEventListener("abort", done, { once: true });
      });
    }
    this.#pending = false;
  }
}

/**
 * Runs until `signal` aborts.
 * @throws {SkepError} what `work` throws; `resource_exhausted` when it fell too far behind: run it again from the start.
 */
export async function runWatchLoop(loop: WatchLoop): Promise<void> {
  const { env, store } = loop;
  const stop = new AbortController();
  const signal = AbortSignal.any([loop.signal, stop.signal]);
  const wakeup = new Wakeup();
  const { commits } = store.viewAndWatch(loop.start, { signal });
  const follow = async (): Promise<void> => {
    for await (const commit of commits) if (loop.commit(commit)) wakeup.wake();
  };
  const workOn = async (): Promise<void> => {
    while (!signal.aborted) {
      const wakeInMs = await loop.work(signal);
      await wakeup.wait(env, wakeInMs, signal);
    }
  };
  const running = [follow(), workOn()];
  try {
    await Promise.race(running);
  } catch (error) {
    if (!loop.signal.aborted) throw error;
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}
