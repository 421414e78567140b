/** A binary heap with the least item on top. Ties must be broken by `less`, else the order is not the same every time. */
export class Heap<T> {
  readonly #less: (a: T, b: T) => boolean;
  readonly #items: T[];

  /** Takes over `items`. */
  constructor(items: T[], less: (a: T, b: T) => boolean) {
    this.#less = less;
    this.#items = items;
    for (let at = (items.length >>> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  get size(): number {
    return this.#items.length;
  }

  top(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const up = (at - 1) >>> 1;
      const parent = items[up];
      if (parent === undefined || !this.#less(item, parent)) break;
      items[at] = parent;
      at = up;
    }
    items[at] = item;
  }

  /** The top item has grown: finds its new place. */
  topChanged(): void {
    this.#sink(0);
  }

  replaceTop(item: T): void {
    this.#items[0] = item;
    this.#sink(0);
  }

  removeTop(): void {
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.replaceTop(last);
  }

  /** The items in no particular order; the heap must not be used any more. */
  release(): T[] {
    return this.#items;
  }

  #sink(start: number): void {
    const items = this.#items;
    const item = items[start];
    if (item === undefined) return;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      let least = items[child];
      if (least === undefined) break;
      const right = items[child + 1];
      if (right !== undefined && this.#less(right, least)) {
        child++;
        least = right;
      }
      if (!this.#less(least, item)) break;
      items[at] = least;
      at = child;
    }
    items[at] = item;
  }
}
