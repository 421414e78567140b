/** What one side puts in and the other iterates, in order; ends with an error or without. */
export class Mailbox<T> implements AsyncIterable<T> {
  #queue: T[] = [];
  #end: { readonly error: Error | undefined } | undefined;
  #wake: () => void = () => undefined;

  push(item: T): void {
    if (this.#end !== undefined) return;
    this.#queue.push(item);
    this.#wake();
  }

  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#queue.shift();
      if (item !== undefined) yield item;
      else if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
