/**
 * Several askers for the same thing share one run of it. The run is aborted when the last of them has given up, so one
 * asker's abort never spoils it for the others.
 */
export function createSharedWork<T>(): (
  key: string,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
) => Promise<T> {
  interface Work {
    readonly promise: Promise<T>;
    readonly abort: AbortController;
    askers: number;
  }
  const running = new Map<string, Work>();

  return async (key, signal, run) => {
    signal.throwIfAborted();
    let work = running.get(key);
    if (work === undefined) {
      const abort = new AbortController();
      const promise = run(abort.signal);
      const started: Work = { promise, abort, askers: 0 };
      const forget = (): void => {
        if (running.get(key) === started) running.delete(key);
      };
      promise.then(forget, forget);
      running.set(key, started);
      work = started;
    }
    const mine = work;
    mine.askers++;
    const leave = (): void => {
      mine.askers--;
      if (mine.askers > 0) return;
      if (running.get(key) === mine) running.delete(key);
      mine.abort.abort(signal.reason);
    };
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      mine.promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    });
  };
}
