// HPACK (RFC 7541), the reading half: header blocks of one connection, in the order they came. The table that both sides keep
// has 4 KiB at most, which is what a client may assume without being told otherwise.
//
// Every block has to be read, also one that is refused or too long, else the next ones mean something else. A short block may
// name a long field again and again; its fields are shared, not copied, and no more than `MAX_LIST_BYTES` are listed.
import { decodeHuffman } from "./huffman.ts";
import { ConnectionError, ERROR } from "./protocol.ts";
import { type Field, STATIC_TABLE } from "./static-table.ts";

export const TABLE_BYTES = 4096;
/** The fields of one request, each with 32 bytes more than its letters, as HPACK counts. */
export const MAX_LIST_BYTES = 64 * 1024;
const FIELD_OVERHEAD_BYTES = 32;

export type HeaderList = readonly Field[] | "too_long";

const sizeOf = ({ name, value }: Field): number => name.length + value.length + FIELD_OVERHEAD_BYTES;
const broken = (what: string): ConnectionError => new ConnectionError(ERROR.compression, `header block: ${what}`);

export class HeaderDecoder {
  /** The newest last. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #limitBytes = TABLE_BYTES;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws {ConnectionError} it cannot be read, and nothing after it can. */
  decode(block: Buffer): HeaderList {
    this.#block = block;
    this.#at = 0;
    const fields: Field[] = [];
    let bytes = 0;
    let isFirst = true;
    while (this.#at < block.length) {
      const byte = block[this.#at] ?? 0;
      if ((byte & 0xe0) === 0x20) {
        if (!isFirst) throw broken("a table size after the first field");
        this.#resize(this.#integer(5));
        continue;
      }
      isFirst = false;
      const field = this.#field(byte);
      bytes += sizeOf(field);
      if (bytes <= MAX_LIST_BYTES) fields.push(field);
    }
    this.#block = Buffer.alloc(0);
    return bytes <= MAX_LIST_BYTES ? fields : "too_long";
  }

  #field(byte: number): Field {
    if ((byte & 0x80) !== 0) return this.#entry(this.#integer(7));
    const isKept = (byte & 0x40) !== 0;
    const index = this.#integer(isKept ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#entry(index).name;
    const field: Field = { name, value: this.#string() };
    if (isKept) this.#keep(field);
    return field;
  }

  #entry(index: number): Field {
    const field =
      index <= STATIC_TABLE.length
        ? STATIC_TABLE[index - 1]
        : this.#table[this.#table.length - (index - STATIC_TABLE.length)];
    if (field === undefined) throw broken(`no field ${index}`);
    return field;
  }

  #keep(field: Field): void {
    this.#tableBytes += sizeOf(field);
    this.#table.push(field);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES) throw broken(`a table of ${bytes} bytes`);
    this.#limitBytes = bytes;
    this.#evict();
  }

  /** Also the newest, when it alone is larger than the table. */
  #evict(): void {
    while (this.#tableBytes > this.#limitBytes) {
      const oldest = this.#table.shift();
      if (oldest === undefined) return;
      this.#tableBytes -= sizeOf(oldest);
    }
  }

  #integer(prefixBits: number): number {
    const limit = (1 << prefixBits) - 1;
    let value = this.#byte() & limit;
    if (value < limit) return value;
    for (let shift = 0; ; shift += 7) {
      if (shift > 21) throw broken("a number too large");
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw broken("cut short");
    return byte;
  }

  #string(): string {
    const isHuffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const end = this.#at + length;
    if (end > this.#block.length) throw broken("cut short");
    const bytes = this.#block.subarray(this.#at, end);
    this.#at = end;
    return isHuffman ? decodeHuffman(bytes) : bytes.toString("latin1");
  }
}
