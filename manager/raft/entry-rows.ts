// How entries lie on the disk. A row stands at ["entry", first] and holds the entries from `first` on, without a gap, up to
// the next row.
//
//   plain    one entry per row, as RaftEntry
//   sealed   the entries of one write, or a part of them, sealed together: what a cipher costs to set up (30 us here) is paid
//            once per write, as the fsync is, and not once per entry. Within: a 4-byte length before each RaftEntry
import { decodeRaftEntry, encodeRaftEntry } from "../../proto/gen/raft.ts";
import { asBuffer } from "../../proto/wire.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Sealer } from "../../shared/pki/sealing.ts";
import { checkEntry } from "./codec.ts";
import { type Entry, entryBytes } from "./core/types.ts";

export interface Row {
  readonly first: number;
  /** At least one. */
  readonly entries: readonly Entry[];
}

export interface RowCodec {
  /** The rows that hold `entries`, in order. */
  readonly rowsOf: (entries: readonly Entry[]) => readonly Row[];
  readonly encode: (row: Row) => Buffer;
  /** @throws {SkepError} when the row is not readable, or not the one that began at `first`. */
  readonly decode: (first: number, bytes: Buffer) => Row;
}

/** Reading one entry opens its row: no more than this at once. */
const MAX_ROW_ENTRIES = 256;
const MAX_ROW_BYTES = 1 << 18;
const LENGTH_BYTES = 4;

export const plainRows: RowCodec = {
  rowsOf: (entries) => entries.map((entry) => ({ first: entry.index, entries: [entry] })),
  encode: ({ entries: [entry] }) => {
    if (entry === undefined) throw new SkepError("internal", "a row of no entries");
    return asBuffer(encodeRaftEntry(entry));
  },
  decode: (first, bytes) => checkRow(first, [checkEntry(decodeRaftEntry(bytes))]),
};

export const sealedRows = (sealer: Sealer): RowCodec => ({
  rowsOf: split,
  encode: ({ first, entries }) => {
    const pieces: Uint8Array[] = [];
    for (const entry of entries) {
      const bytes = encodeRaftEntry(entry);
      const length = Buffer.allocUnsafe(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      pieces.push(length, bytes);
    }
    return sealer.seal(Buffer.concat(pieces), placeOf(first));
  },
  decode: (first, sealed) => {
    const bytes = sealer.open(sealed, placeOf(first));
    const entries: Entry[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
      entries.push(checkEntry(decodeRaftEntry(bytes.subarray(at + LENGTH_BYTES, end))));
      at = end;
    }
    return checkRow(first, entries);
  },
});

const placeOf = (first: number): string => `raft/entry/${first}`;

function checkRow(first: number, entries: readonly Entry[]): Row {
  if (entries.length === 0 || entries.some((entry, i) => entry.index !== first + i)) {
    throw new SkepError("internal", `raft entry ${first} on disk is another one`);
  }
  return { first, entries };
}

function split(entries: readonly Entry[]): readonly Row[] {
  const rows: { readonly first: number; readonly entries: Entry[] }[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const row = rows.at(-1);
    bytes += entryBytes(entry);
    if (row === undefined || row.entries.length >= MAX_ROW_ENTRIES || bytes > MAX_ROW_BYTES) {
      rows.push({ first: entry.index, entries: [entry] });
      bytes = entryBytes(entry);
    } else row.entries.push(entry);
  }
  return rows;
}
