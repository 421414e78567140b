import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../../../manager/raft/core/types.ts";
import { EntryCache } from "../../../manager/raft/entry-cache.ts";

const entry = (index: number, value: Uint8Array): Entry => ({ index, term: 1, body: { kind: "data", value } });

test("keeps an entry's bytes and not the message that they came in", () => {
  const cache = new EntryCache(1, 1_000);
  const message = new Uint8Array(1 << 20).fill(7);
  cache.write(1, [entry(1, message.subarray(10, 110)), entry(2, new Uint8Array(100))]);
  const body = cache.get(1)?.body;
  assert.ok(body?.kind === "data");
  assert.deepEqual([...body.value], new Array(100).fill(7));
  assert.equal(body.value.buffer.byteLength, 100);
});

test("is bounded: the oldest go", () => {
  const cache = new EntryCache(1, 1_000);
  for (let index = 1; index <= 20; index++) cache.write(index, [entry(index, new Uint8Array(100))]);
  assert.equal(cache.get(12), undefined);
  assert.equal(cache.get(13)?.index, 13);
  assert.equal(cache.range(13, 21)?.length, 8);
});
