// At most so many at once, first come first served. Keeps a node that is told to start two hundred containers from
// starting them all in the same second, where each would be slow.

export interface Gate {
  /** Runs `work` when there is room. Rejects with `signal.reason` when aborted while waiting. */
  readonly run: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
}

export function createGate(limit: number): Gate {
  let active = 0;
  // A Set keeps the order and gives up an aborted waiter in constant time; bounded by the tasks of the node.
  const waiting = new Set<() => void>();

  const enter = (signal: AbortSignal): Promise<void> | undefined => {
    signal.throwIfAborted();
    if (active < limit) {
      active++;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        waiting.delete(admit);
        reject(signal.reason);
      };
      waiting.add(admit);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  };

  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) active--;
    else {
      waiting.delete(next); // its place is handed over, `active` stays
      next();
    }
  };

  return {
    run: async (signal, work) => {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
