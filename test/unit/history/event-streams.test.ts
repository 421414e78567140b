import assert from "node:assert/strict";
import { test } from "node:test";
import { type Acknowledged, checkStreams, type SeenEvent, type Stream } from "../../history/event-streams.ts";

const event = (version: number, index: number, action: SeenEvent["action"], id: string): SeenEvent => ({
  version,
  index,
  action,
  id,
});
const good = [
  event(11, 1, "create", "a"),
  event(11, 2, "create", "b"),
  event(12, 1, "update", "a"),
  event(14, 1, "remove", "a"),
  event(15, 1, "update", "b"),
];
const acknowledged: readonly Acknowledged[] = [
  { action: "create", id: "a", version: 11 },
  { action: "update", id: "a", version: 12 },
  { action: "remove", id: "a", version: undefined },
];
const without = (i: number): SeenEvent[] => good.toSpliced(i, 1);
const swapped = (i: number): SeenEvent[] => good.toSpliced(i, 2, ...good.slice(i, i + 2).reverse());

const cases: readonly (readonly [
  name: string,
  watchers: readonly (readonly SeenEvent[])[],
  told: readonly Acknowledged[],
  want: RegExp | undefined,
])[] = [
  ["all saw the same", [good, good], acknowledged, undefined],
  ["one stopped later than the others", [good, [...good, event(16, 1, "update", "b")]], acknowledged, undefined],
  ["one missed a change", [good, without(2)], acknowledged, /watcher 1: missed update of a at 12\.1/],
  ["one missed a part of a version", [good, without(1)], acknowledged, /watcher 1: missed create of b at 11\.2/],
  ["one missed the first change", [without(0), good], acknowledged, /watcher 0: missed create of a at 11\.1/],
  ["one saw a change twice", [good, good.toSpliced(2, 0, ...good.slice(2, 3))], acknowledged, /at 12\.1 twice/],
  ["one saw a version again from its start", [good, good.toSpliced(2, 0, ...good.slice(0, 1))], [], /out of order/],
  ["one went back in time", [swapped(2), good], acknowledged, /update of a at 12\.1 out of order, after 14\.1/],
  ["two saw different changes", [good, good.with(4, event(15, 1, "update", "c"))], [], /another saw/],
  ["one stopped too early", [good, good.slice(0, 3)], acknowledged, /watcher 1: ends with version 12, before 15/],
  ["one saw nothing", [good, []], acknowledged, /watcher 1: ends with version 0/],
  [
    "one began too early",
    [[event(10, 1, "create", "z"), ...good], good],
    [],
    /create of z at 10\.1 is from before version 10/,
  ],
  ["all missed an acknowledged update", [without(2), without(2)], acknowledged, /update of a at 12 was acknowledged/],
  ["all missed an acknowledged removal", [without(3), without(3)], acknowledged, /remove of a was acknowledged/],
  [
    "a change after the removal",
    [[...good, event(16, 1, "update", "a")]],
    [],
    /update of a at 16\.1 comes after remove/,
  ],
  ["a change before the creation", [without(0)], [], /update of a at 12\.1 comes after nothing/],
  ["created twice", [good.with(2, event(12, 1, "create", "a"))], [], /create of a at 12\.1 comes after create/],
];
for (const [name, watchers, told, want] of cases) {
  test(`checkStreams: ${name}`, () => {
    const streams = watchers.map((events) => [{ afterVersion: 10, events }]);
    const problems = checkStreams({ throughVersion: 15, watchers: streams, acknowledged: told });
    if (want === undefined) assert.deepEqual(problems, []);
    else assert.match(problems.join("\n"), want);
  });
}

test("checkStreams: a watcher that had to begin anew answers for each of its streams, not for what lies between", () => {
  const problemsOf = (streams: readonly Stream[], told: readonly Acknowledged[] = []): string =>
    checkStreams({ throughVersion: 15, watchers: [streams, streams], acknowledged: told }).join("\n");
  const early = { afterVersion: 10, events: good.slice(0, 2) };
  const late = { afterVersion: 13, events: good.slice(3) };
  assert.equal(problemsOf([early, late], acknowledged), "");
  assert.match(problemsOf([early]), /ends with version 11/);
  assert.match(problemsOf([early, late], [{ action: "update", id: "c", version: 14 }]), /update of c at 14 was ack/);
  const whole = { afterVersion: 10, events: good };
  const problems = checkStreams({
    throughVersion: 15,
    watchers: [[whole], [early, { afterVersion: 11, events: good.slice(3) }]],
    acknowledged,
  });
  assert.deepEqual(problems, ["watcher 1: missed update of a at 12.1"]);
});
