import assert from "node:assert/strict";
import { test } from "node:test";
import { randomName } from "../../../manager/api/names.ts";
import { checkName } from "../../../manager/api/validate/name.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";

test("made-up names are legal, and free", () => {
  const random = seededRandom(1);
  const taken = new Set<string>();
  for (let i = 0; i < 3000; i++) {
    const name = randomName(random, (wish) => taken.has(wish));
    checkName("service", name);
    assert.ok(!taken.has(name));
    taken.add(name);
  }
});

test("when all words are taken a number helps", () => {
  const name = randomName(seededRandom(2), (wish) => !/\d/.test(wish));
  assert.match(name, /^[a-z]+_[a-z]+\d+$/);
});
