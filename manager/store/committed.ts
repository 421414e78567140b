// What every manager agrees on: the tables after the last applied log entry.
import {
  type DecodedTransaction,
  decodeSnapshot,
  type EncodedObject,
  encodeObject,
  encodeSnapshot,
  type ObjectWrite,
} from "./codec.ts";
import { type BaseTables, newBaseTables, TABLE_NAMES } from "./tables.ts";
import type { Change, Commit, TableName, Tables } from "./types.ts";

export class CommittedState {
  #version = 0;
  readonly #rows: BaseTables = newBaseTables();
  /**
   * Objects as bytes, from one snapshot to the next: what is stored never changes, it is replaced. A snapshot that finds all
   * of 100,000 tasks here takes a third of the time of the first (measured), in which nothing else runs.
   */
  readonly #encoded = new WeakMap<object, Uint8Array>();

  get version(): number {
    return this.#version;
  }

  /** The same object for ever: overlays stand on it. */
  get rows(): BaseTables {
    return this.#rows;
  }

  commit({ version, timeMs, writes }: DecodedTransaction): Commit {
    const changes: Change[] = [];
    for (const write of writes) {
      const change = this.#write(write);
      if (change !== undefined) changes.push(change);
    }
    this.#version = version;
    return { version, timeMs, changes };
  }

  #write<T extends TableName>({ table, id, object }: ObjectWrite<T>): Change | undefined {
    const rows = this.#rows[table];
    const old = rows.get(id);
    if (object === undefined) {
      if (old === undefined) return undefined;
      rows.set(id, undefined);
      return removed(table, old);
    }
    rows.set(id, object);
    return old === undefined ? created(table, object) : updated(table, object, old);
  }

  encode(): Uint8Array {
    return encodeSnapshot(this.#version, this.#objects());
  }

  *#objects(): Iterable<EncodedObject> {
    for (const table of TABLE_NAMES) yield* this.#encodedRows(table);
  }

  *#encodedRows<T extends TableName>(table: T): Iterable<EncodedObject> {
    for (const object of this.#rows[table].values()) {
      let bytes = this.#encoded.get(object);
      if (bytes === undefined) {
        bytes = encodeObject(table, object);
        this.#encoded.set(object, bytes);
      }
      yield { table, bytes };
    }
  }

  /** @throws {SkepError} `invalid_argument` when the bytes are no snapshot; the state is then as before. */
  restore(snapshot: Uint8Array): void {
    const { version, writes } = decodeSnapshot(snapshot);
    for (const table of TABLE_NAMES) this.#clear(table);
    for (const write of writes) this.#write(write);
    this.#version = version;
  }

  #clear<T extends TableName>(table: T): void {
    const rows = this.#rows[table];
    for (const { id } of [...rows.values()]) rows.set(id, undefined);
  }
}

// The only way to say to the compiler that table and object belong together, once per action.
const created = <T extends TableName>(table: T, object: Tables[T]): Change =>
  ({ table, action: "create", object }) as Change;
const updated = <T extends TableName>(table: T, object: Tables[T], old: Tables[T]): Change =>
  ({ table, action: "update", object, old }) as Change;
const removed = <T extends TableName>(table: T, object: Tables[T]): Change =>
  ({ table, action: "remove", object }) as Change;
