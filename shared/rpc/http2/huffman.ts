// The Huffman code of HPACK's strings (RFC 7541, appendix B). It is canonical: codes grow with their length and, among those
// of one length, with the byte they stand for; so the lengths are all that has to be written down.
import { ConnectionError, ERROR } from "./protocol.ts";

/** Bits of the code of each byte. The end mark, which never occurs in a string, has 30, all ones. */
// biome-ignore format: 16 a row
const CODE_BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
] as const;
const END_MARK = 256;
const END_BITS = 30;
const MAX_PADDING_BITS = 7;

// The tree: at 2 × node + bit, the next node, or a symbol as its complement (which is below zero), or 0 for none.
const TREE = buildTree();

function buildTree(): Int16Array {
  const symbols: readonly (readonly [symbol: number, bits: number])[] = [
    ...CODE_BITS.map((bits, symbol) => [symbol, bits] as const),
    [END_MARK, END_BITS],
  ];
  const tree = new Int16Array(2 * symbols.length);
  let nodes = 1;
  let [code, length] = [0, 0];
  for (const [symbol, bits] of symbols.toSorted((a, b) => a[1] - b[1] || a[0] - b[0])) {
    code <<= bits - length;
    length = bits;
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit--) {
      const slot = 2 * node + ((code >> bit) & 1);
      if (tree[slot] === 0) tree[slot] = nodes++;
      node = tree[slot] ?? 0;
    }
    tree[2 * node + (code & 1)] = ~symbol;
    code++;
  }
  return tree;
}

/**
 * The string that `bytes` are the code of, one character a byte.
 * @throws {ConnectionError} the padding is not the beginning of the end mark, or longer than 7 bits.
 */
export function decodeHuffman(bytes: Uint8Array): string {
  const text = Buffer.allocUnsafe(Math.floor((bytes.length * 8) / 5)); // no code is shorter than 5 bits
  let length = 0;
  let node = 0;
  let padding = 0; // bits since the last symbol
  let isOnes = true; // all of them
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >> bit) & 1;
      padding++;
      isOnes &&= one === 1;
      const next = TREE[2 * node + one] ?? 0;
      if (next > 0) {
        node = next;
        continue;
      }
      if (~next === END_MARK) throw new ConnectionError(ERROR.compression, "an end mark within a string");
      text[length++] = ~next;
      node = 0;
      padding = 0;
      isOnes = true;
    }
  }
  if (padding > MAX_PADDING_BITS || !isOnes) throw new ConnectionError(ERROR.compression, "a string's padding");
  return text.toString("latin1", 0, length);
}
