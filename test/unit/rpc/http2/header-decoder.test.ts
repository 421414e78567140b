import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderDecoder, type HeaderList, MAX_LIST_BYTES } from "../../../../shared/rpc/http2/header-decoder.ts";
import { encodeFields } from "../../../../shared/rpc/http2/header-encoder.ts";
import { ConnectionError } from "../../../../shared/rpc/http2/protocol.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
const lines = (list: HeaderList): string[] => {
  assert.ok(list !== "too_long");
  return list.map(({ name, value }) => `${name}: ${value}`);
};

// RFC 7541, appendix C.3 (plain) and C.4 (Huffman): the same three requests on one connection.
const REQUESTS = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
  [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
];
const BLOCKS = {
  plain: [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  ],
  huffman: [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
  ],
};
for (const [how, blocks] of Object.entries(BLOCKS)) {
  test(`three requests of the RFC, ${how}`, () => {
    const decoder = new HeaderDecoder();
    assert.deepEqual(
      blocks.map((block) => lines(decoder.decode(hex(block)))),
      REQUESTS,
    );
  });
}

test("a field that is not to be kept is not, and one larger than the table empties it", () => {
  const decoder = new HeaderDecoder();
  assert.deepEqual(lines(decoder.decode(hex("0003 6162 6301 64"))), ["abc: d"]);
  assert.throws(() => new HeaderDecoder().decode(hex("be")), /no field 62/);
  const big = Buffer.concat([hex("4003 626967 7fe1 1f"), Buffer.alloc(4192, 0x61)]); // 4,192 bytes
  assert.deepEqual(lines(decoder.decode(hex("4003 6162 6301 64"))), ["abc: d"]);
  assert.deepEqual(lines(decoder.decode(hex("be"))), ["abc: d"]);
  assert.equal(lines(decoder.decode(big)).length, 1);
  assert.throws(() => decoder.decode(hex("be")), /no field 62/);
});

test("the table shrinks when the client says so, the oldest first", () => {
  const decoder = new HeaderDecoder();
  decoder.decode(hex("4001 6101 31 4001 6201 32"));
  assert.deepEqual(lines(decoder.decode(hex("be bf"))), ["b: 2", "a: 1"]);
  assert.deepEqual(lines(decoder.decode(hex("3f03 be"))), ["b: 2"]); // 34 bytes: one of them
  assert.throws(() => decoder.decode(hex("bf")), /no field 63/);
});

const refused: readonly (readonly [what: string, block: string])[] = [
  ["index 0", "80"],
  ["a table larger than we allow", "3fe2 1f"],
  ["a table size after a field", "8220"],
  ["a number too large", "ffff ffff ffff 0f"],
  ["a number cut short", "ff"],
  ["a name cut short", "0005 6162"],
  ["no value", "0001 61"],
];
for (const [what, block] of refused) {
  test(`refused: ${what}`, () => {
    assert.throws(() => new HeaderDecoder().decode(hex(block)), ConnectionError);
  });
}

test("too much, told in few bytes, is counted and not listed; the next block means what it says", () => {
  const decoder = new HeaderDecoder();
  decoder.decode(Buffer.concat([hex("4003 626967 7fa1 1e"), Buffer.alloc(4000, 0x61)]));
  const times = Math.ceil(MAX_LIST_BYTES / 4000);
  assert.equal(decoder.decode(Buffer.alloc(times, 0xbe)), "too_long");
  assert.equal(lines(decoder.decode(hex("be")))[0], `big: ${"a".repeat(4000)}`);
});

test("what we write can be read", () => {
  const fields = {
    ":status": "200",
    short: "",
    long: "x".repeat(126),
    longer: "y".repeat(127),
    longest: "z".repeat(20_000),
  };
  assert.deepEqual(
    lines(new HeaderDecoder().decode(encodeFields(fields))),
    Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
  );
});
