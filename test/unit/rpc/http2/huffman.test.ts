import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHuffman } from "../../../../shared/rpc/http2/huffman.ts";
import { ConnectionError } from "../../../../shared/rpc/http2/protocol.ts";

const decode = (hex: string): string => decodeHuffman(Buffer.from(hex.replaceAll(" ", ""), "hex"));

// RFC 7541, appendix C.
const cases: readonly (readonly [text: string, hex: string])[] = [
  ["", ""],
  ["www.example.com", "f1e3 c2e5 f23a 6ba0 ab90 f4ff"],
  ["no-cache", "a8eb 1064 9cbf"],
  ["custom-key", "25a8 49e9 5ba9 7d7f"],
  ["custom-value", "25a8 49e9 5bb8 e8b4 bf"],
  ["302", "6402"],
  ["private", "aec3 771a 4b"],
  ["Mon, 21 Oct 2013 20:13:21 GMT", "d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff"],
  ["https://www.example.com", "9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3"],
];
for (const [text, hex] of cases) test(`huffman: ${JSON.stringify(text)}`, () => assert.equal(decode(hex), text));

// The longest codes of appendix B: the ends of its rows, which one wrong length would shift.
const rare: readonly (readonly [byte: number, code: string])[] = [
  [0, "1111111111000"],
  [1, "11111111111111111011000"],
  [10, "111111111111111111111111111100"],
  [22, "111111111111111111111111111110"],
  [92, "1111111111111110000"],
  [123, "111111111111110".padEnd(15, "0")],
  [127, "1111111111111111111111111100"],
  [249, "1111111111111111111111111110"],
  [255, "11111111111111111111101110"],
];
for (const [byte, code] of rare) {
  test(`huffman: byte ${byte}`, () => {
    const bits = code.padEnd(Math.ceil(code.length / 8) * 8, "1");
    const bytes = Buffer.from(bits.match(/.{8}/g)?.map((octet) => Number.parseInt(octet, 2)) ?? []);
    assert.equal(decodeHuffman(bytes), String.fromCharCode(byte));
  });
}

for (const [what, hex] of [
  ["padding of zeros", "00"],
  ["eight bits of padding", "6402 ff"],
  ["the end mark", "ffff ffff"],
] as const) {
  test(`huffman: refused: ${what}`, () => {
    assert.throws(() => decode(hex), ConnectionError);
  });
}
