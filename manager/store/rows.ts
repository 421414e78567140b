// The rows of one table, twice: `BaseRows` holds a state with its indexes; `OverlayRows` holds writes over another set of rows
// and reads as if they had been done. The committed state is a base; the head is an overlay over it; a transaction is an
// overlay over the head, and a batch's item one over that. Everything costs what changed, not what there is.

export type IndexName = "name" | "service" | "node";

/** What an object is found by. An index without a function, or whose function returns undefined, does not hold it. */
export type IndexKeys<O> = { readonly [I in IndexName]?: (object: O) => string | undefined };

export interface Rows<O> {
  readonly get: (id: string) => O | undefined;
  readonly values: () => Iterable<O>;
  readonly size: () => number;
  readonly lookup: (index: IndexName, key: string) => Iterable<O>;
}

const INDEX_NAMES: readonly IndexName[] = ["name", "service", "node"];

class Index<O> {
  readonly #byKey = new Map<string, Map<string, O>>();

  set(key: string, id: string, object: O): void {
    const ids = this.#byKey.get(key);
    if (ids === undefined) this.#byKey.set(key, new Map([[id, object]]));
    else ids.set(id, object);
  }

  delete(key: string, id: string): void {
    const ids = this.#byKey.get(key);
    if (ids?.delete(id) === true && ids.size === 0) this.#byKey.delete(key);
  }

  get(key: string): ReadonlyMap<string, O> | undefined {
    return this.#byKey.get(key);
  }
}

class Indexes<O> {
  readonly #parts: readonly {
    readonly name: IndexName;
    readonly keyOf: (object: O) => string | undefined;
    readonly index: Index<O>;
  }[];

  constructor(keys: IndexKeys<O>) {
    this.#parts = INDEX_NAMES.flatMap((name) => {
      const keyOf = keys[name];
      return keyOf === undefined ? [] : [{ name, keyOf, index: new Index<O>() }];
    });
  }

  replace(id: string, before: O | undefined, after: O | undefined): void {
    for (const { keyOf, index } of this.#parts) {
      const oldKey = before === undefined ? undefined : keyOf(before);
      const newKey = after === undefined ? undefined : keyOf(after);
      if (oldKey !== undefined && oldKey !== newKey) index.delete(oldKey, id);
      if (newKey !== undefined && after !== undefined) index.set(newKey, id, after);
    }
  }

  get(name: IndexName, key: string): ReadonlyMap<string, O> | undefined {
    return this.#parts.find((part) => part.name === name)?.index.get(key);
  }
}

export class BaseRows<O> implements Rows<O> {
  readonly #rows = new Map<string, O>();
  readonly #indexes: Indexes<O>;

  constructor(keys: IndexKeys<O>) {
    this.#indexes = new Indexes(keys);
  }

  readonly get = (id: string): O | undefined => this.#rows.get(id);
  readonly values = (): Iterable<O> => this.#rows.values();
  readonly size = (): number => this.#rows.size;
  readonly lookup = (index: IndexName, key: string): Iterable<O> => this.#indexes.get(index, key)?.values() ?? [];

  set(id: string, object: O | undefined): void {
    this.#indexes.replace(id, this.#rows.get(id), object);
    if (object === undefined) this.#rows.delete(id);
    else this.#rows.set(id, object);
  }
}

export interface Write<O> {
  /** Undefined: removed. */
  readonly object: O | undefined;
  /** The transaction that wrote it. */
  readonly version: number;
}

export class OverlayRows<O extends { readonly id: string }> implements Rows<O> {
  readonly #base: Rows<O>;
  readonly #writes = new Map<string, Write<O>>();
  readonly #indexes: Indexes<O>;

  constructor(base: Rows<O>, keys: IndexKeys<O>) {
    this.#base = base;
    this.#indexes = new Indexes(keys);
  }

  get writes(): ReadonlyMap<string, Write<O>> {
    return this.#writes;
  }

  readonly get = (id: string): O | undefined => {
    const write = this.#writes.get(id);
    return write === undefined ? this.#base.get(id) : write.object;
  };

  readonly size = (): number => {
    let size = this.#base.size();
    for (const [id, { object }] of this.#writes) {
      size += (object === undefined ? 0 : 1) - (this.#base.get(id) === undefined ? 0 : 1);
    }
    return size;
  };

  // Both iterations are as of their start: the loop's body may write.
  readonly values = (): Iterable<O> => {
    if (this.#writes.size === 0) return this.#base.values();
    const objects: O[] = [];
    for (const object of this.#base.values()) if (!this.#writes.has(object.id)) objects.push(object);
    for (const { object } of this.#writes.values()) if (object !== undefined) objects.push(object);
    return objects;
  };

  readonly lookup = (index: IndexName, key: string): Iterable<O> => {
    if (this.#writes.size === 0) return this.#base.lookup(index, key);
    const objects: O[] = [];
    for (const object of this.#base.lookup(index, key)) if (!this.#writes.has(object.id)) objects.push(object);
    for (const object of this.#indexes.get(index, key)?.values() ?? []) objects.push(object);
    return objects;
  };

  set(id: string, object: O | undefined, version: number): void {
    this.#indexes.replace(id, this.#writes.get(id)?.object, object);
    this.#writes.set(id, { object, version });
  }

  /** The write of `version` has become part of the base; a later write stays. */
  settle(id: string, version: number): void {
    const write = this.#writes.get(id);
    if (write?.version !== version) return;
    this.#indexes.replace(id, write.object, undefined);
    this.#writes.delete(id);
  }
}
