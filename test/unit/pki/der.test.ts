import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDer, integer, objectIdentifier, readDer, TAG } from "../../../shared/pki/der.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const written: readonly (readonly [name: string, bytes: Uint8Array, want: string])[] = [
  ["short length", encodeDer(TAG.octetString, Uint8Array.of(1, 2)), "04020102"],
  ["length of 128 takes a byte more", encodeDer(TAG.octetString, new Uint8Array(128)).subarray(0, 3), "048180"],
  ["length of 256 takes two", encodeDer(TAG.octetString, new Uint8Array(256)).subarray(0, 4), "04820100"],
  ["integer", integer(Uint8Array.of(0x7f)), "02017f"],
  ["integer with its high bit set is still positive", integer(Uint8Array.of(0x80)), "02020080"],
  ["integer without leading zeros", integer(Uint8Array.of(0, 0, 5)), "020105"],
  ["object identifier", objectIdentifier("1.2.840.10045.4.3.2"), "06082a8648ce3d040302"],
];
for (const [name, bytes, want] of written) test(`DER: ${name}`, () => assert.equal(hex(bytes), want));

test("DER: what is written is read", () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535]) {
    const [element, ...more] = readDer(encodeDer(TAG.octetString, new Uint8Array(length)));
    assert.equal(element?.contents.length, length);
    assert.equal(more.length, 0);
  }
});

for (const [name, bytes] of [
  ["cut in the tag's length", "30"],
  ["cut in the contents", "300502"],
  ["indefinite length", "30800000"],
  ["length that is not minimal", "3081020500"],
  ["length of four bytes", "308400000001aa"],
  ["tag of many bytes", "3f8101"],
] as const) {
  test(`DER refused: ${name}`, () => assert.throws(() => readDer(Buffer.from(bytes, "hex")), /malformed DER/));
}
