// Many streams read as one. Each source waits while the reader is behind: at most one item of each is held, and a bound on all.
const MAX_BUFFERED = 64;

export class FanIn<T> {
  readonly #buffered: T[] = [];
  readonly #signal: AbortSignal;
  #sources = 0;
  #held = false;
  #wakeReader: () => void = () => undefined;
  #wakeSources: (() => void)[] = [];

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wakeAll(), { once: true });
  }

  /** A source that fails ends quietly: it must tell by its items. */
  add(source: AsyncIterable<T>): void {
    this.#sources++;
    const pump = async (): Promise<void> => {
      for await (const item of source) {
        while (this.#buffered.length >= MAX_BUFFERED && !this.#signal.aborted) {
          await new Promise<void>((resolve) => this.#wakeSources.push(resolve));
        }
        if (this.#signal.aborted) return;
        this.#buffered.push(item);
        this.#wakeReader();
      }
    };
    void pump()
      .catch(() => undefined)
      .finally(() => {
        this.#sources--;
        this.#wakeReader();
      });
  }

  /** Until `release` is called the end of all sources is not the end: more may be added. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#wakeReader();
  }

  /** One reader. Ends when every source has, or the signal aborts. */
  async *read(): AsyncGenerator<T> {
    while (!this.#signal.aborted) {
      const item = this.#buffered.shift();
      if (item !== undefined) {
        this.#wakeSources.shift()?.();
        yield item;
      } else if (this.#sources === 0 && !this.#held) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  #wakeAll(): void {
    this.#wakeReader();
    for (const wake of this.#wakeSources.splice(0)) wake();
  }
}
