import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ago, formatTimestamp, humanDuration, parseTimestamp } from "../../../cli/parse/time.ts";

const NOW = Date.UTC(2026, 10, 22, 2, 49, 15);

test("timestamps are those of the platform's calendar, for every day of eight centuries", () => {
  fc.assert(
    fc.property(fc.integer({ min: -5_000_000_000_000, max: 20_000_000_000_000 }), (ms) => {
      assert.equal(formatTimestamp(ms, 0, true), new Date(ms).toISOString().replace(/Z$/, "000000Z"));
    }),
  );
});

test("what is formatted is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (ms) =>
      assert.equal(parseTimestamp(formatTimestamp(ms), NOW), ms),
    ),
  );
});

test("nanoseconds beyond the millisecond are shown, trailing zeros only where lines must align", () => {
  assert.equal(formatTimestamp(1_000, 0), "1970-01-01T00:00:01Z");
  assert.equal(formatTimestamp(1_005, 600), "1970-01-01T00:00:01.0050006Z");
  assert.equal(formatTimestamp(1_005, 600, true), "1970-01-01T00:00:01.005000600Z");
});

for (const [raw, want] of [
  ["10m", NOW - 600_000],
  ["0s", NOW],
  ["1700000000", 1_700_000_000_000],
  ["1700000000.25", 1_700_000_000_250],
  ["2026-11-22", Date.UTC(2026, 10, 22)],
  ["2026-11-22T02:49", Date.UTC(2026, 10, 22, 2, 49)],
  ["2026-11-22T02:49:15.5+01:30", Date.UTC(2026, 10, 22, 1, 19, 15, 500)],
  ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
] as const) {
  test(`time ${raw}`, () => assert.equal(parseTimestamp(raw, NOW), want));
}
for (const raw of ["", "yesterday", "2026-13-01", "2026-02-30", "2026-11-22T25:00", "10", "-5m"]) {
  test(`time refuses ${JSON.stringify(raw)}`, () =>
    assert.throws(() => parseTimestamp(raw, NOW), { message: /write it like 10m/ }));
}

for (const [ms, want] of [
  [0, "Less than a second"],
  [1_000, "1 second"],
  [59_000, "59 seconds"],
  [60_000, "About a minute"],
  [300_000, "5 minutes"],
  [3_600_000, "About an hour"],
  [47 * 3_600_000, "47 hours"],
  [3 * 86_400_000, "3 days"],
  [21 * 86_400_000, "3 weeks"],
  [100 * 86_400_000, "3 months"],
  [800 * 86_400_000, "2 years"],
] as const) {
  test(`${ms} ms is ${want}`, () => assert.equal(humanDuration(ms), want));
}

test("what a clock that is ahead stamped is just now", () =>
  assert.equal(ago(NOW + 5_000, NOW), "Less than a second ago"));
