import assert from "node:assert/strict";
import { test } from "node:test";
import { FAULTS, faultAt } from "../../history/nemesis.ts";

/** What a campaign of 75 s deals, at least. */
const DEALT = 9;

test("four campaigns of seeds in a row deal every fault, whatever seed they begin with", () => {
  for (let first = 0; first < 200; first++) {
    const dealt = [0, 1, 2, 3].flatMap((seed) => Array.from({ length: DEALT }, (_, i) => faultAt(first + seed, i)));
    assert.deepEqual(
      FAULTS.filter((kind) => !dealt.includes(kind)),
      [],
      `from seed ${first} on`,
    );
  }
});

test("a seed deals the same faults each time, and goes on where the seed before ends", () => {
  for (let seed = 0; seed < 50; seed++) {
    assert.equal(faultAt(seed, 3), faultAt(seed, 3));
    assert.equal(faultAt(seed, DEALT), faultAt(seed + 1, 0));
  }
});
