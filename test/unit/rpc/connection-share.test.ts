import assert from "node:assert/strict";
import { test } from "node:test";
import { realEnv } from "../../../shared/env/real-env.ts";
import { addressKey, ConnectionShare, type ShareLimits } from "../../../shared/rpc/connection-share.ts";
import { seldom } from "../../../shared/seldom.ts";
import { steppedEnv } from "./stepped-env.ts";

function share(limits: ShareLimits) {
  const { env, advance } = steppedEnv();
  /** "a1 too_many": which connection was cut, and why. */
  const cuts: string[] = [];
  let why = "";
  const made = new ConnectionShare(env, limits, (_key, reason) => {
    why = reason;
  });
  const take = (name: string): (() => void) => made.take(name.slice(0, 1), () => cuts.push(`${name} ${why}`));
  return { made, take, cuts, advance };
}

test("a key at its bound gives up its own oldest", () => {
  const { made, take, cuts } = share({ max: 10, maxPerKey: 2 });
  for (const name of ["b1", "a1", "a2", "a3"]) take(name);
  assert.deepEqual(cuts, ["a1 too_many_of_key"]);
  assert.equal(made.size, 3);
});

test("in sum, who has the most gives way, however old others are", () => {
  const { take, cuts } = share({ max: 4, maxPerKey: 3 });
  for (const name of ["b1", "a1", "a2", "a3", "c1", "d1"]) take(name);
  assert.deepEqual(cuts, ["a1 too_many", "a2 too_many"]);
});

test("where nobody has more than one, the oldest gives way", () => {
  const { take, cuts } = share({ max: 2, maxPerKey: 2 });
  for (const name of ["a1", "b1", "c1"]) take(name);
  assert.deepEqual(cuts, ["a1 too_many"]);
});

test("a connection that has ended, or was proven, makes room and is not cut any more", () => {
  const { made, take, cuts, advance } = share({ max: 2, maxPerKey: 1, maxAgeMs: 100 });
  const release = take("a1");
  release();
  release();
  take("a2");
  take("b1")();
  assert.equal(made.size, 1);
  advance(100);
  assert.deepEqual(cuts, ["a2 too_old"]);
  assert.equal(made.size, 0);
});

test("each is cut at its own age, also when the one that the timer was set for has gone", () => {
  const { take, cuts, advance } = share({ max: 9, maxPerKey: 9, maxAgeMs: 100 });
  const first = take("a1");
  advance(40);
  take("a2");
  first();
  advance(60);
  assert.deepEqual(cuts, []);
  take("a3");
  advance(40);
  assert.deepEqual(cuts, ["a2 too_old"]);
  advance(60);
  assert.deepEqual(cuts, ["a2 too_old", "a3 too_old"]);
});

test("addresses: IPv4 each for itself, mapped or not; of IPv6 a whole /64", () => {
  assert.equal(addressKey("::ffff:10.1.2.3"), addressKey("10.1.2.3"));
  assert.notEqual(addressKey("10.1.2.3"), addressKey("10.1.2.4"));
  assert.equal(addressKey("2001:db8::1"), addressKey("2001:db8::ffff:1"));
  assert.notEqual(addressKey("2001:db8::1"), addressKey("2001:db8:0:1::1"));
  assert.equal(addressKey("fe80::1%eth0"), addressKey("fe80::2"));
  assert.equal(addressKey(undefined), "unknown");
});

test("what happens often is said seldom, with how often", () => {
  let nowMs = 0;
  const said: string[] = [];
  const tell = seldom({ ...realEnv, nowMs: () => nowMs }, 100, (what: string, times) => said.push(`${what} ${times}`));
  for (; nowMs < 250; nowMs += 10) tell("cut");
  assert.deepEqual(said, ["cut 1", "cut 10", "cut 10"]);
});
