import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { isCode } from "../../../shared/errors.ts";
import { newJoinToken, parseJoinToken } from "../../../shared/model/join-token.ts";

const hash = fc.stringMatching(/^[0-9a-f]{64}$/);

test("what is made is parsed, whatever the digest", () => {
  fc.assert(
    fc.property(hash, fc.nat(), (rootCaHash, seed) => {
      const token = newJoinToken(rootCaHash, seededRandom(seed));
      assert.match(token, /^SKEPTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/);
      const parsed = parseJoinToken(token);
      assert.equal(parsed.rootCaHash, rootCaHash);
      assert.equal(parsed.secret, token.slice(-25));
    }),
  );
});

test("the extremes of the digest keep their length", () => {
  for (const rootCaHash of ["0".repeat(64), "f".repeat(64)]) {
    assert.equal(parseJoinToken(newJoinToken(rootCaHash, seededRandom(1))).rootCaHash, rootCaHash);
  }
});

test("two tokens of one CA differ in the secret only", () => {
  const random = seededRandom(7);
  const [a, b] = [newJoinToken("ab".repeat(32), random), newJoinToken("ab".repeat(32), random)];
  assert.equal(a.slice(0, -25), b.slice(0, -25));
  assert.notEqual(a, b);
});

const good = newJoinToken("ab".repeat(32), seededRandom(1));
const bad: readonly (readonly [name: string, token: string])[] = [
  ["empty", ""],
  ["Swarm's own", good.replace("SKEPTKN", "SWMTKN")],
  ["cut short", good.slice(0, -1)],
  ["too long", `${good}0`],
  ["upper case", good.toUpperCase()],
  ["a digest beyond 256 bits", `SKEPTKN-1-${"z".repeat(50)}-${good.slice(-25)}`],
];
for (const [name, token] of bad) {
  test(`a token is refused: ${name}`, () => {
    assert.throws(
      () => parseJoinToken(token),
      (error: Error) => isCode(error, "invalid_argument") && (token === "" || !error.message.includes(good.slice(-25))),
    );
  });
}

test("white space around a pasted token does no harm", () => {
  assert.deepEqual(parseJoinToken(` ${good}\n`), parseJoinToken(good));
});
