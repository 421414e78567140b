import assert from "node:assert/strict";
import { test } from "node:test";
import {
  connectLimitMs,
  type Ending,
  firstAttempt,
  leaderOf,
  nextAttempt,
  pauseMs,
  startSearch,
  withManagers,
  withMet,
} from "../../../agent/session/leader-search.ts";

const refused = (message: string, silent = false): Ending => ({ kind: "refused", message, silent });
const lost = (servedMs: number, more: Partial<Extract<Ending, { kind: "lost" }>> = {}): Ending => ({
  kind: "lost",
  message: "",
  again: false,
  silent: false,
  servedMs,
  ...more,
});

/** What is tried after each ending: "addr+pause". Random 1 is the longest pause. */
function story(managers: readonly string[], endings: readonly Ending[]): string[] {
  let state = startSearch(managers, 0);
  const tried = [firstAttempt(state).addr];
  for (const ending of endings) {
    const next = nextAttempt(state, ending, 1);
    state = next.state;
    tried.push(`${next.attempt.addr}+${next.attempt.pauseMs}`);
  }
  return tried;
}

const stories: readonly (readonly [name: string, endings: readonly Ending[], want: readonly string[]])[] = [
  ["a follower names the leader", [refused("not the leader: leader=c:1")], ["a:1", "c:1+0"]],
  [
    "all in turn, ever slower",
    Array(8).fill(refused("no leader")),
    ["a:1", "b:1+50", "c:1+100", "a:1+200", "b:1+400", "c:1+800", "a:1+1600", "b:1+2000", "c:1+2000"],
  ],
  ["a leader that is not in the list", [refused("leader=new:1")], ["a:1", "new:1+0"]],
  [
    "no endless redirects",
    [refused("leader=b:1"), refused("leader=a:1"), refused("leader=b:1")],
    ["a:1", "b:1+0", "a:1+0", "b:1+200"],
  ],
  [
    "a good session is followed by a short pause",
    [refused("x"), refused("x"), lost(60_000)],
    ["a:1", "b:1+50", "c:1+100", "a:1+50"],
  ],
  ["one that breaks at once is not", [refused("x"), refused("x"), lost(10)], ["a:1", "b:1+50", "c:1+100", "a:1+200"]],
  ["a gap starts over at the same manager", [lost(60_000, { again: true })], ["a:1", "a:1+50"]],
  ["a leader that steps down says who leads", [lost(60_000, { message: "no longer: leader=b:1" })], ["a:1", "b:1+0"]],
  [
    "a silent leader is not believed in because followers still name it",
    [lost(60_000, { silent: true }), refused("leader=a:1"), refused("leader=a:1"), refused("leader=b:1")],
    ["a:1", "b:1+50", "c:1+100", "a:1+200", "b:1+0"],
  ],
];
for (const [name, endings, want] of stories) {
  test(`search: ${name}`, () => assert.deepEqual(story(["a:1", "b:1", "c:1"], endings), want));
}

test("a silent leader is believed in again in the end", () => {
  const endings = [lost(60_000, { silent: true }), ...Array<Ending>(9).fill(refused("leader=a:1"))];
  assert.equal(story(["a:1", "b:1"], endings).at(-1), "a:1+0");
});

test("a new list keeps the manager in use", () => {
  const state = startSearch(["a:1", "b:1"], 0.9);
  assert.equal(firstAttempt(withManagers(state, ["x:1", "y:1", "b:1"])).addr, "b:1");
  assert.equal(firstAttempt(withManagers(state, ["x:1"])).addr, "x:1");
  assert.equal(firstAttempt(withManagers(state, [])).addr, "b:1");
  assert.equal(firstAttempt(startSearch([], 0.5)).addr, "");
});

test("managers that somebody named: tried next, beside the known ones, and no more than a few of them", () => {
  const known = startSearch(["a:1", "b:1"], 0);
  const met = withMet(known, ["b:1", "x:1", "y:1"]);
  assert.deepEqual(met.managers, ["a:1", "b:1", "x:1", "y:1"]);
  const tried: string[] = [];
  for (let state = met; tried.length < 5; ) {
    const next = nextAttempt(state, refused("no leader"), 1);
    state = next.state;
    tried.push(next.attempt.addr);
  }
  assert.deepEqual(tried, ["x:1", "y:1", "a:1", "b:1", "x:1"]);
  assert.equal(withMet(known, ["b:1"]), known);
  assert.deepEqual(withMet(met, ["z:1"]).managers, ["a:1", "b:1", "z:1"], "in the place of those before");
  const many = Array.from({ length: 100 }, (_, i) => `m${i}:1`);
  assert.equal(withMet(known, many).managers.length, 2 + 16);
  assert.deepEqual(withManagers(met, ["c:1"]).managers, ["c:1"], "a session knows better");
});

test("pauses: jitter between half and all, first within 50 ms, at most 2 s", () => {
  assert.deepEqual([pauseMs(1, 0), pauseMs(1, 1), pauseMs(100, 0), pauseMs(100, 1)], [25, 50, 1_000, 2_000]);
  assert.deepEqual([connectLimitMs(0), connectLimitMs(2), connectLimitMs(100)], [1_500, 2_250, 10_000]);
});

const hints: readonly (readonly [message: string, want: string | undefined])[] = [
  ["not the leader leader=10.0.0.1:7377", "10.0.0.1:7377"],
  ["leader=[fd00::1]:7377", "[fd00::1]:7377"],
  ["no leader", undefined],
  ["leader= unknown", undefined],
  ["leader=host", undefined],
];
for (const [message, want] of hints)
  test(`leader of ${JSON.stringify(message)}`, () => assert.equal(leaderOf(message), want));

test("however many leaders are named, few are remembered, and the last one is tried", () => {
  let state = startSearch(["a:1", "b:1"], 0);
  for (let i = 0; i < 500; i++) {
    const next = nextAttempt(state, refused(`leader=n${i}:1`), 1);
    state = next.state;
    if (next.attempt.pauseMs === 0) assert.equal(next.attempt.addr, `n${i}:1`);
    assert.ok(state.managers.length <= 64 && state.managers.includes("a:1"));
  }
});

test("what one leader tells replaces nobody for good: those of before are tried now and then, once nobody else answers", () => {
  let state = withManagers(startSearch(["a:1", "b:1"], 0), ["x:1"]);
  const tried: string[] = [];
  for (let n = 0; n < 24; n++) {
    const next = nextAttempt(state, refused("nobody answers"), 1);
    state = next.state;
    tried.push(next.attempt.addr);
  }
  assert.deepEqual(new Set(tried.slice(0, 10)), new Set(["x:1"]));
  assert.deepEqual(new Set(tried.slice(10)), new Set(["x:1", "a:1", "b:1"]));
  state = withManagers(state, ["b:1"]);
  assert.deepEqual(state.former, ["x:1", "a:1"]);
  for (let n = 0; n < 20; n++) state = withManagers(state, [`m${n}:1`]);
  assert.equal(state.former.length, 8);
  assert.equal(withManagers(state, []), state, "who tells nothing replaces nothing");
});
