// The newest value for every subscriber: one that is slow skips what was overtaken, and no buffer grows.

export class Latest<T> {
  #value: T;
  #version = 0;
  #changed = Promise.withResolvers<void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    this.#version++;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** The value at once, then after each change; ends when `signal` aborts. */
  async *follow(signal: AbortSignal): AsyncGenerator<T> {
    const aborted = Promise.withResolvers<void>();
    const onAbort = (): void => aborted.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      let seen = -1;
      while (!signal.aborted) {
        if (seen === this.#version) {
          await Promise.race([this.#changed.promise, aborted.promise]);
          continue;
        }
        seen = this.#version;
        yield this.#value;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
