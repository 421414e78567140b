import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createSealer, newSealingKey, SEAL_OVERHEAD_BYTES } from "../../../shared/pki/sealing.ts";
import { formatUnlockKey, newUnlockKey, parseUnlockKey } from "../../../shared/pki/unlock-key.ts";

const key = newSealingKey();
const sealer = createSealer(key);
const plain = Buffer.from("what nobody shall read");

test("what is sealed opens, in this session and in the next", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.string(), (bytes, context) => {
      const sealed = sealer.seal(bytes, context);
      assert.equal(sealed.length, bytes.length + SEAL_OVERHEAD_BYTES);
      assert.deepEqual(new Uint8Array(sealer.open(sealed, context)), bytes);
      assert.deepEqual(new Uint8Array(createSealer(key).open(sealed, context)), bytes);
    }),
    { numRuns: 50 },
  );
});

test("the plain text is not in it, and no two sealed values are alike", () => {
  const [one, other] = [sealer.seal(plain, "x"), sealer.seal(plain, "x")];
  assert.equal(one.includes(plain), false);
  assert.notDeepEqual(one, other);
  assert.notDeepEqual(createSealer(key).seal(plain, "x"), createSealer(key).seal(plain, "x"));
});

test("another key or another place does not open it", () => {
  const sealed = sealer.seal(plain, "entry/1");
  assert.throws(() => createSealer(newSealingKey()).open(sealed, "entry/1"), /another key/);
  assert.throws(() => sealer.open(sealed, "entry/2"), /damaged/);
});

test("with another key, former ones still open what they sealed, and seal nothing", () => {
  const next = newSealingKey();
  const rotated = createSealer(next, [newSealingKey(), key]);
  const before = sealer.seal(plain, "x");
  for (let again = 0; again < 2; again++) assert.deepEqual(rotated.open(before, "x"), plain);
  assert.throws(() => rotated.open(before, "y"), /damaged/);
  const after = rotated.seal(plain, "x");
  assert.deepEqual(createSealer(next).open(after, "x"), plain);
  assert.throws(() => sealer.open(after, "x"), /another key/);
});

test("a changed bit anywhere, a cut anywhere, or another format is refused", () => {
  const sealed = sealer.seal(plain, "x");
  for (let at = 1; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => sealer.open(changed, "x"), /damaged/, `byte ${at}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => sealer.open(sealed.subarray(0, length), "x"), /cut short|damaged/, `${length} bytes`);
  }
  assert.throws(() => sealer.open(Buffer.concat([Buffer.of(2), sealed.subarray(1)]), "x"), /format 2 is not known/);
});

test("unlock keys are read as they are written; what is none is undefined", () => {
  const unlock = newUnlockKey(Math.random);
  const text = formatUnlockKey(unlock);
  assert.match(text, /^SKEPKEY-1-[A-Za-z0-9+/]{43}$/);
  assert.deepEqual(parseUnlockKey(` ${text}\n`), unlock);
  for (const wrong of ["", "SKEPKEY-1-", text.slice(0, -1), `${text}A`, text.replace("-1-", "-2-")]) {
    assert.equal(parseUnlockKey(wrong), undefined, wrong);
  }
});
