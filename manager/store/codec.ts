// The store's objects as bytes: StoreTransaction in the log, StoreSnapshot in Raft's snapshots. Objects are encoded one by one
// and framed by hand, so that an object is encoded once (when it is put) and a snapshot of 100,000 tasks is not one writer with
// millions of pending operations.
import {
  decodeCluster,
  decodeConfig,
  decodeNetwork,
  decodeNode,
  decodeRemovedObjectFrom,
  decodeSecret,
  decodeService,
  decodeStoreObjectFrom,
  decodeTask,
  encodeCluster,
  encodeConfig,
  encodeNetwork,
  encodeNode,
  encodeSecret,
  encodeService,
  encodeTask,
  TableNumber,
} from "../../proto/gen/objects.ts";
import { Reader, toNumber, Writer } from "../../proto/wire.ts";
import { SkepError } from "../../shared/errors.ts";
import { decodeSharedTask } from "./shared-specs.ts";
import type { TableName, Tables } from "./types.ts";

interface Codec<O> {
  /** Field number in StoreObject. */
  readonly field: number;
  readonly encode: (object: O) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => O;
}

const CODECS: { readonly [T in TableName]: Codec<Tables[T]> } = {
  node: { field: 1, encode: encodeNode, decode: decodeNode },
  service: { field: 2, encode: encodeService, decode: decodeService },
  task: { field: 3, encode: encodeTask, decode: decodeTask },
  network: { field: 4, encode: encodeNetwork, decode: decodeNetwork },
  secret: { field: 5, encode: encodeSecret, decode: decodeSecret },
  config: { field: 6, encode: encodeConfig, decode: decodeConfig },
  cluster: { field: 7, encode: encodeCluster, decode: decodeCluster },
};

const LENGTH_DELIMITED = 2;
const tag = (field: number): number => (field << 3) | LENGTH_DELIMITED;

export function encodeObject<T extends TableName>(table: T, object: Tables[T]): Uint8Array {
  return CODECS[table].encode(object);
}

export function decodeObject<T extends TableName>(table: T, bytes: Uint8Array): Tables[T] {
  return CODECS[table].decode(bytes);
}

/** One object's new state; undefined is removed. */
export type ObjectWrite<T extends TableName = TableName> = {
  readonly [K in T]: { readonly table: K; readonly id: string; readonly object: Tables[K] | undefined };
}[T];

/** A write with its object's bytes; undefined where the object is. */
export type EncodedWrite<T extends TableName = TableName> = ObjectWrite<T> & { readonly bytes: Uint8Array | undefined };

export interface EncodedObject {
  readonly table: TableName;
  readonly bytes: Uint8Array;
}

export interface TransactionHead {
  readonly version: number;
  readonly term: number;
  readonly timeMs: number;
}

export function encodeTransaction(
  { version, term, timeMs }: TransactionHead,
  writes: Iterable<EncodedWrite>,
): Uint8Array {
  const w = Writer.create().uint32(8).uint64(version);
  for (const { table, id, bytes } of writes) {
    w.uint32(tag(2)).fork(); // actions
    if (bytes === undefined) {
      w.uint32(tag(2)).fork(); // remove
      w.uint32(8).int32(TableNumber[table]).uint32(tag(2)).string(id).ldelim();
    } else {
      w.uint32(tag(1)).fork(); // put
      w.uint32(tag(CODECS[table].field)).bytes(bytes).ldelim();
    }
    w.ldelim();
  }
  return w.uint32(24).uint64(term).uint32(32).int64(timeMs).finish();
}

export interface DecodedTransaction extends TransactionHead {
  readonly writes: readonly ObjectWrite[];
}

/** @throws {SkepError} `invalid_argument` when the bytes are not a transaction of this version. */
export function decodeTransaction(bytes: Uint8Array): DecodedTransaction {
  try {
    const r = Reader.create(bytes);
    const head = { version: 0, term: 0, timeMs: 0 };
    const writes: ObjectWrite[] = [];
    while (r.pos < r.len) {
      const field = r.uint32();
      if (field === 8) head.version = toNumber(r.uint64());
      else if (field === tag(2)) writes.push(decodeAction(r, r.uint32()));
      else if (field === 24) head.term = toNumber(r.uint64());
      else if (field === 32) head.timeMs = toNumber(r.int64());
      else r.skipType(field & 7);
    }
    return { ...head, writes };
  } catch (error) {
    throw new SkepError("invalid_argument", "this is not a store transaction", { cause: error });
  }
}

function decodeAction(r: Reader, length: number): ObjectWrite {
  const end = r.pos + length;
  const field = r.uint32();
  const inner = r.uint32();
  const whole = r.pos + inner === end;
  if (whole && field === tag(1)) return decodeStored(r, inner);
  if (!whole || field !== tag(2)) throw new RangeError("an action of a kind that this version does not know");
  const { table, id } = decodeRemovedObjectFrom(r, inner);
  return { table, id, object: undefined };
}

type Tagged = { readonly [T in TableName]: { readonly kind: T } & Tables[T] }[TableName];

function writeOf(tagged: Tagged): ObjectWrite {
  // Without the tag, or an object from the log would differ from the same object as it was put.
  switch (tagged.kind) {
    case "node": {
      const { kind: table, ...object } = tagged;
      return { table, id: object.id, object };
    }
    case "service": {
      const { kind: table, ...object } = tagged;
      return { table, id: object.id, object };
    }
    case "task": {
      const { kind: table, ...object } = tagged;
      return { table, id: object.id, object };
    }
    case "network": {
      const { kind: table, ...object } = tagged;
      return { table, id: object.id, object };
    }
    case "secret": {
      const { kind: table, ...object } = tagged;
      return { table, id: object.id, object };
    }
    case "config": {
      const { kind: table, ...object } = tagged;
      return { table, id: object.id, object };
    }
    case "cluster": {
      const { kind: table, ...object } = tagged;
      return { table, id: object.id, object };
    }
  }
}

/** A snapshot is made and sent in pieces of about so many bytes: a few milliseconds' work each. */
const PIECE_BYTES = 64 * 1024;

/** A StoreSnapshot in pieces, each made when it is asked for. */
export function* snapshotPieces(version: number, objects: Iterable<EncodedObject>): Generator<Uint8Array> {
  let chunks: Uint8Array[] = [Writer.create().uint32(8).uint64(version).finish()];
  let size = 0;
  for (const { table, bytes } of objects) {
    const w = Writer.create().uint32(tag(2)).fork(); // objects
    const chunk = w.uint32(tag(CODECS[table].field)).bytes(bytes).ldelim().finish();
    chunks.push(chunk);
    size += chunk.length;
    if (size < PIECE_BYTES) continue;
    yield Buffer.concat(chunks);
    chunks = [];
    size = 0;
  }
  yield Buffer.concat(chunks);
}

export interface SnapshotPart {
  readonly version: number;
  readonly writes: readonly ObjectWrite[];
}

/**
 * What a StoreSnapshot holds, some objects at a time: the caller may do something else in between.
 * @throws {SkepError} `invalid_argument`, at any part, when the bytes are not a snapshot of this version.
 */
export function* snapshotParts(bytes: Uint8Array, partBytes: number): Generator<SnapshotPart> {
  try {
    const r = Reader.create(bytes);
    let version = 0;
    let writes: ObjectWrite[] = [];
    for (let from = r.pos; r.pos < bytes.length; ) {
      const field = r.uint32();
      if (field === 8) version = toNumber(r.uint64());
      else if (field === tag(2)) writes.push(decodeStored(r, r.uint32()));
      else r.skipType(field & 7);
      if (r.pos - from < partBytes) continue;
      yield { version, writes };
      writes = [];
      from = r.pos;
    }
    yield { version, writes };
  } catch (error) {
    throw new SkepError("invalid_argument", "this is not a store snapshot", { cause: error });
  }
}

/** A StoreObject. */
function decodeStored(r: Reader, length: number): ObjectWrite {
  const at = r.pos;
  if (r.uint32() === tag(CODECS.task.field)) {
    const bytes = r.uint32();
    const from = r.pos;
    if (from + bytes !== at + length) throw new RangeError("an object that is more than one task");
    r.skip(bytes);
    const object = decodeSharedTask(r.buf.subarray(from, from + bytes));
    return { table: "task", id: object.id, object };
  }
  r.pos = at;
  const { object } = decodeStoreObjectFrom(r, length);
  if (object === undefined) throw new RangeError("an object of a kind that this version does not know");
  return writeOf(object);
}
