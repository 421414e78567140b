// One transaction being made: an overlay over the head that checks every write. What is put is encoded at once and kept as it
// reads back: the leader then holds just what its followers will decode, and nobody can change it afterwards.
import { newMeta } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { decodeObject, type EncodedWrite, encodeObject, type ObjectWrite } from "./codec.ts";
import { nameKey } from "./keys.ts";
import { STAMPS } from "./stamps.ts";
import { type AllRows, newOverlayTables, type OverlayTables, openView, UNIQUE_NAMES } from "./tables.ts";
import type { TableName, Tables, Tx } from "./types.ts";

// Room for the frame around each object's bytes.
const ACTION_OVERHEAD_BYTES = 32;
/**
 * Of one update, or one item of a batch. With what a batch collects before it that is still one transaction: a write that no
 * transaction can hold must fail alone, and not take the batch along, which its loop would try again for ever.
 */
const MAX_WRITE_BYTES = 3 * 1024 * 1024;

export interface OpenTransaction {
  readonly tx: Tx;
  readonly rows: OverlayTables;
  /** In order of the first write; what the transaction itself made and removed again is not in it. */
  readonly writes: () => EncodedWrite[];
  readonly bytes: () => number;
  /** Takes over what a transaction on top of this one wrote. */
  readonly absorb: (inner: OpenTransaction) => void;
  readonly close: () => void;
}

const nameOf = (object: Tables[TableName]): string =>
  object.spec !== undefined && "name" in object.spec ? object.spec.name : "";

/**
 * @param below what the transaction is made over.
 * @param version the head's version there; the transaction's own will be `next`.
 */
export function openTransaction(below: AllRows, version: number, next: number, nowMs: number): OpenTransaction {
  const rows = newOverlayTables(below);
  const view = openView(rows, version);
  const encoded = new Map<string, EncodedWrite>();
  let bytes = 0;

  const record = (write: EncodedWrite): void => {
    setRow(rows, write, next);
    const key = `${write.table}/${write.id}`;
    const before = encoded.get(key);
    if (before !== undefined) bytes -= (before.bytes?.length ?? 0) + ACTION_OVERHEAD_BYTES;
    bytes += (write.bytes?.length ?? 0) + ACTION_OVERHEAD_BYTES;
    encoded.set(key, write);
  };

  const put = <T extends TableName>(table: T, object: Tables[T]): undefined => {
    const present = view.get(table, object.id);
    const presentVersion = present?.meta?.version ?? 0;
    const readVersion = object.meta?.version ?? 0;
    if (object.id === "") throw new SkepError("internal", `a ${table} without an id was put`);
    if (present === undefined && readVersion !== 0) {
      throw new SkepError("conflict", `${table} ${object.id} was removed since version ${readVersion} of it was read`);
    }
    if (present !== undefined && presentVersion !== readVersion) {
      throw new SkepError(
        "conflict",
        `update out of sequence: ${table} ${object.id} is at version ${presentVersion}, the update was made from version ` +
          `${readVersion}; read it again and repeat`,
      );
    }
    if (UNIQUE_NAMES[table]) refuseTakenName(table, object);
    const stamp = STAMPS[table];
    const stamped: Tables[T] = {
      ...(stamp === undefined ? object : stamp(present, object, next)),
      meta: newMeta({
        version: next,
        createdVersion: present?.meta?.createdVersion ?? next,
        createdAtMs: present?.meta?.createdAtMs ?? nowMs,
        updatedAtMs: nowMs,
      }),
    };
    const asBytes = encodeObject(table, stamped);
    if (bytes + asBytes.length > MAX_WRITE_BYTES) {
      throw new SkepError(
        "resource_exhausted",
        `with ${table} ${object.id} the write would be ${bytes + asBytes.length} bytes, more than the limit of ${MAX_WRITE_BYTES}`,
      );
    }
    record(writeOf(table, object.id, decodeObject(table, asBytes), asBytes));
    return undefined;
  };

  const refuseTakenName = (table: TableName, object: Tables[TableName]): void => {
    const name = nameOf(object);
    if (name === "") return;
    for (const other of rows[table].lookup("name", nameKey(name))) {
      if (other.id !== object.id) {
        throw new SkepError(
          "already_exists",
          `the ${table} name ${JSON.stringify(nameOf(other))} is taken: ${table} ${other.id} has it`,
        );
      }
    }
  };

  const remove = (table: TableName, id: string): undefined => {
    if (view.get(table, id) === undefined) return undefined;
    record(writeOf(table, id, undefined, undefined));
    return undefined;
  };

  return {
    tx: { ...view, put, remove },
    rows,
    writes: () =>
      [...encoded.values()].filter(
        (write) => write.bytes !== undefined || below[write.table].get(write.id) !== undefined,
      ),
    bytes: () => bytes,
    absorb: (inner) => {
      for (const write of inner.writes()) record(write);
    },
    close: view.close,
  };
}

export function setRow<T extends TableName>(rows: OverlayTables, write: ObjectWrite<T>, version: number): void {
  rows[write.table].set(write.id, write.object, version);
}

// The only way to say to the compiler that table and object belong together.
const writeOf = <T extends TableName>(
  table: T,
  id: string,
  object: Tables[T] | undefined,
  bytes: Uint8Array | undefined,
): EncodedWrite => ({ table, id, object, bytes }) as EncodedWrite;
