// The rows of one table, twice: `BaseRows` holds a state with its indexes; `OverlayRows` holds writes over another set of rows
// and reads as if they had been done. The committed state is a base; the head is an overlay over it; a transaction is an
// overlay over the head, and a batch's item one over that. Everything costs what changed, not what there is.

export type IndexName = "name" | "service" | "node" | "network" | "address" | "port";

/** One key, several, or none: then the index does not hold the object. */
export type Keys = string | readonly string[] | undefined;

/** What an object is found by. */
export type IndexKeys<O> = { readonly [I in IndexName]?: (object: O) => Keys };

export interface Rows<O> {
  readonly get: (id: string) => O | undefined;
  readonly values: () => Iterable<O>;
  readonly size: () => number;
  readonly lookup: (index: IndexName, key: string) => Iterable<O>;
  /** Does `lookup` find anything? */
  readonly has: (index: IndexName, key: string) => boolean;
}

interface Row {
  readonly id: string;
}

const INDEX_NAMES: readonly IndexName[] = ["name", "service", "node", "network", "address", "port"];
const NONE: readonly never[] = [];

/** A key that one object alone has, as a hundred thousand addresses are, costs no map of its own. */
class Index<O extends Row> {
  readonly #byKey = new Map<string, O | Map<string, O>>();

  set(key: string, object: O): void {
    const held = this.#byKey.get(key);
    if (held instanceof Map) held.set(object.id, object);
    else if (held === undefined || held.id === object.id) this.#byKey.set(key, object);
    else {
      this.#byKey.set(
        key,
        new Map([
          [held.id, held],
          [object.id, object],
        ]),
      );
    }
  }

  delete(key: string, id: string): void {
    const held = this.#byKey.get(key);
    if (held instanceof Map) {
      if (held.delete(id) && held.size === 0) this.#byKey.delete(key);
    } else if (held?.id === id) this.#byKey.delete(key);
  }

  get(key: string): Iterable<O> {
    const held = this.#byKey.get(key);
    return held === undefined ? NONE : held instanceof Map ? held.values() : [held];
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }
}

const listed = (keys: Keys): readonly string[] =>
  keys === undefined ? NONE : typeof keys === "string" ? [keys] : keys;

const sameKeys = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((key, i) => key === b[i]);

/** Indexes come to be with the first object that they hold: most of those of a transaction never do. */
class Indexes<O extends Row> {
  readonly #keys: IndexKeys<O>;
  readonly #indexes = new Map<IndexName, Index<O>>();

  constructor(keys: IndexKeys<O>) {
    this.#keys = keys;
  }

  replace(id: string, before: O | undefined, after: O | undefined): void {
    for (const name of INDEX_NAMES) {
      const keysOf = this.#keys[name];
      if (keysOf === undefined) continue;
      const old = listed(before === undefined ? undefined : keysOf(before));
      const now = listed(after === undefined ? undefined : keysOf(after));
      if (old.length === 0 && now.length === 0) continue;
      let index = this.#indexes.get(name);
      if (index === undefined) {
        index = new Index();
        this.#indexes.set(name, index);
      }
      if (!sameKeys(old, now)) for (const key of old) index.delete(key, id);
      if (after !== undefined) for (const key of now) index.set(key, after);
    }
  }

  get(name: IndexName): Index<O> | undefined {
    return this.#indexes.get(name);
  }
}

export class BaseRows<O extends Row> implements Rows<O> {
  readonly #rows = new Map<string, O>();
  readonly #indexes: Indexes<O>;

  constructor(keys: IndexKeys<O>) {
    this.#indexes = new Indexes(keys);
  }

  readonly get = (id: string): O | undefined => this.#rows.get(id);
  readonly values = (): Iterable<O> => this.#rows.values();
  readonly size = (): number => this.#rows.size;
  readonly lookup = (index: IndexName, key: string): Iterable<O> => this.#indexes.get(index)?.get(key) ?? NONE;
  readonly has = (index: IndexName, key: string): boolean => this.#indexes.get(index)?.has(key) ?? false;

  set(id: string, object: O | undefined): void {
    this.#indexes.replace(id, this.#rows.get(id), object);
    if (object === undefined) this.#rows.delete(id);
    else this.#rows.set(id, object);
  }
}

interface Write<O> {
  /** Undefined: removed. */
  readonly object: O | undefined;
  /** The transaction that wrote it. */
  readonly version: number;
}

export class OverlayRows<O extends Row> implements Rows<O> {
  readonly #base: Rows<O>;
  readonly #writes = new Map<string, Write<O>>();
  readonly #indexes: Indexes<O>;

  constructor(base: Rows<O>, keys: IndexKeys<O>) {
    this.#base = base;
    this.#indexes = new Indexes(keys);
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
    for (const object of this.#indexes.get(index)?.get(key) ?? NONE) objects.push(object);
    return objects;
  };

  readonly has = (index: IndexName, key: string): boolean => {
    if (this.#indexes.get(index)?.has(key) === true) return true;
    if (!this.#base.has(index, key)) return false;
    if (this.#writes.size === 0) return true;
    for (const object of this.#base.lookup(index, key)) if (!this.#writes.has(object.id)) return true;
    return false;
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
