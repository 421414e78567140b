// The part of DNS that a name server for tasks needs (RFC 1035, RFC 6891): it reads a query's header, its one question and
// the asker's buffer size, and writes an answer with addresses or a name. What is forwarded is never taken apart. Pure
// functions over bytes; nothing that a packet holds makes them throw. (dns-packet from npm would read and write every record
// type by exceptions; what is used here is smaller than the checks around it.)

export const TYPE = { A: 1, PTR: 12, OPT: 41, AAAA: 28, ANY: 255 } as const;
export const RCODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

const CLASS_IN = 1;
const HEADER_BYTES = 12;
const MAX_NAME_BYTES = 255;
const MIN_UDP_BYTES = 512;
/** What we send in one datagram at most: no fragments on any usual path. */
const MAX_UDP_BYTES = 1232;
export const MAX_TCP_BYTES = 65_535;

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the dot at the end; "" is the root. */
  readonly name: string;
  readonly type: number;
  /** Header to the end of the question: what an answer starts with. */
  readonly question: Uint8Array;
  /** What the asker takes in one datagram, at most what we send. */
  readonly udpBytes: number;
  readonly edns: boolean;
}

export type Parsed =
  | { readonly kind: "query"; readonly query: Query }
  /** Answer with this code; there is no question to repeat. */
  | { readonly kind: "error"; readonly id: number; readonly rcode: Rcode; readonly opcode: number }
  /** No query at all: an answer to it could start a loop. */
  | { readonly kind: "ignore" };

interface Name {
  readonly text: string;
  readonly end: number;
}

/** A name without compression, as a question's must be. Bytes other than usual letters are kept as \ddd. */
function readName(bytes: Uint8Array, start: number): Name | undefined {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at - start > MAX_NAME_BYTES) return undefined;
    at++;
    if (length === 0) return { text: labels.join("."), end: at };
    if (at + length > bytes.length) return undefined;
    labels.push(labelText(bytes.subarray(at, at + length)));
    at += length;
  }
}

function labelText(bytes: Uint8Array): string {
  let label = "";
  for (const byte of bytes) {
    const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    label +=
      lower > 32 && lower < 127 && lower !== 46 && lower !== 92
        ? String.fromCharCode(lower)
        : `\\${String(byte).padStart(3, "0")}`;
  }
  return label;
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

export function parseQuery(bytes: Uint8Array): Parsed {
  if (bytes.length < HEADER_BYTES) return { kind: "ignore" };
  const flags = u16(bytes, 2);
  if ((flags & 0x8000) !== 0) return { kind: "ignore" }; // a response
  const id = u16(bytes, 0);
  const opcode = (flags >> 11) & 15;
  const error = (rcode: Rcode): Parsed => ({ kind: "error", id, rcode, opcode });
  if (opcode !== 0) return error(RCODE.notImplemented);
  if (u16(bytes, 4) !== 1) return error(RCODE.formatError);
  const name = readName(bytes, HEADER_BYTES);
  if (name === undefined || name.end + 4 > bytes.length) return error(RCODE.formatError);
  const end = name.end + 4;
  if (u16(bytes, name.end + 2) !== CLASS_IN) return error(RCODE.refused);
  const udpBytes = ednsSize(bytes, end);
  return {
    kind: "query",
    query: {
      id,
      recursionDesired: (flags & 0x0100) !== 0,
      name: name.text,
      type: u16(bytes, name.end),
      question: bytes.slice(0, end),
      udpBytes: Math.min(MAX_UDP_BYTES, Math.max(MIN_UDP_BYTES, udpBytes ?? 0)),
      edns: udpBytes !== undefined,
    },
  };
}

/** The OPT record is the usual first additional one; other records before it are not looked into. */
function ednsSize(bytes: Uint8Array, at: number): number | undefined {
  const noRecordsBefore = u16(bytes, 6) === 0 && u16(bytes, 8) === 0 && u16(bytes, 10) > 0;
  if (!noRecordsBefore || bytes[at] !== 0 || at + 11 > bytes.length || u16(bytes, at + 1) !== TYPE.OPT)
    return undefined;
  return u16(bytes, at + 3);
}

export type Answer =
  | { readonly kind: "address"; readonly type: typeof TYPE.A | typeof TYPE.AAAA; readonly bytes: Uint8Array }
  | { readonly kind: "name"; readonly name: string };

export interface Reply {
  readonly rcode: Rcode;
  readonly answers: readonly Answer[];
  readonly ttlSeconds: number;
}

/**
 * A reply of at most `maxBytes`. Where not all answers fit, the first ones are kept and the reply says that it is truncated: most
 * resolvers come again by TCP, and those that cannot (musl before 1.2.4) use what there is.
 */
export function encodeReply(query: Query, { rcode, answers, ttlSeconds }: Reply, maxBytes: number): Uint8Array {
  const opt = query.edns
    ? [Uint8Array.of(0, 0, TYPE.OPT, MAX_UDP_BYTES >> 8, MAX_UDP_BYTES & 255, 0, 0, 0, 0, 0, 0)]
    : [];
  const records: Uint8Array[] = [];
  let size = opt.reduce((sum, part) => sum + part.length, query.question.length);
  for (const answer of answers) {
    const record = encodeRecord(answer, ttlSeconds);
    if (size + record.length > maxBytes) break;
    records.push(record);
    size += record.length;
  }
  const truncated = records.length < answers.length;
  const header = query.question.slice();
  // QR, AA, RD as asked, RA.
  setU16(header, 2, 0x8480 | (query.recursionDesired ? 0x0100 : 0) | (truncated ? 0x0200 : 0) | rcode);
  setU16(header, 6, records.length);
  setU16(header, 8, 0);
  setU16(header, 10, opt.length);
  return concat([header, ...records, ...opt]);
}

export function encodeError(id: number, opcode: number, rcode: Rcode): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  setU16(bytes, 0, id);
  setU16(bytes, 2, 0x8080 | (opcode << 11) | rcode);
  return bytes;
}

/** The record's name is a pointer to the question's. */
function encodeRecord(answer: Answer, ttlSeconds: number): Uint8Array {
  const data = answer.kind === "address" ? answer.bytes : encodeName(answer.name);
  const type = answer.kind === "address" ? answer.type : TYPE.PTR;
  const record = new Uint8Array(12 + data.length);
  setU16(record, 0, 0xc000 | HEADER_BYTES);
  setU16(record, 2, type);
  setU16(record, 4, CLASS_IN);
  new DataView(record.buffer).setUint32(6, ttlSeconds);
  setU16(record, 10, data.length);
  record.set(data, 12);
  return record;
}

/** A name in wire form; labels are cut at 63 bytes, and what would make it longer than 255 is left out. */
export function encodeName(name: string): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 1;
  for (const label of name.split(".").filter((part) => part !== "")) {
    const bytes = new TextEncoder().encode(label).subarray(0, 63);
    if (size + bytes.length + 1 > MAX_NAME_BYTES) break;
    size += bytes.length + 1;
    parts.push(Uint8Array.of(bytes.length), bytes);
  }
  return concat([...parts, Uint8Array.of(0)]);
}

function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 255;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
