import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  aligned,
  attribute,
  encodeRequest,
  FLAGS,
  HEADER_BYTES,
  nested,
  readAttributes,
  readMessages,
  readString,
  string,
  u32,
} from "../../../../../agent/network/netlink/attributes.ts";

describe("attributes", () => {
  test("of any length lie at steps of four bytes, and are read as they were written", () => {
    const entries = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 })), {
      selector: ([type]) => type,
    });
    fc.assert(
      fc.property(entries, (list) => {
        const parts = list.map(([type, value]) => attribute(type, Buffer.from(value)));
        for (const part of parts) assert.equal(part.length % 4, 0);
        const read = readAttributes(readAttributes(nested(1, ...parts)).get(1) ?? Buffer.alloc(0));
        assert.deepEqual(
          [...read].map(([type, value]) => [type, [...value]]),
          list.map(([type, value]) => [type, [...value]]),
        );
      }),
    );
  });

  test("text ends at its zero", () => {
    assert.equal(readString(readAttributes(attribute(3, string("eth0"))).get(3)), "eth0");
    assert.equal(readString(undefined), "");
  });

  test("bytes that are none are read to an end, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        for (const value of readAttributes(buffer).values()) assert.ok(value.length <= buffer.length);
        for (const { body } of readMessages(buffer)) assert.ok(body.length <= buffer.length - HEADER_BYTES);
      }),
    );
  });
});

test("requests follow each other in one send, each with its number", () => {
  const requests = [[u32(7)], [Buffer.from("abc")], []].map((body, i) =>
    encodeRequest({ type: 16 + i, flags: FLAGS.create, body }, i + 5),
  );
  for (const { length } of requests) assert.equal(length, aligned(length));
  const read = [...readMessages(Buffer.concat(requests))];
  assert.deepEqual(
    read.map(({ type, flags, sequence, body }) => [type, flags, sequence, body.length]),
    [
      [16, FLAGS.request | FLAGS.create, 5, 4],
      [17, FLAGS.request | FLAGS.create, 6, 3],
      [18, FLAGS.request | FLAGS.create, 7, 0],
    ],
  );
});
