import assert from "node:assert/strict";
import { test } from "node:test";
import { renewAtMs, renewalRetryMs } from "../../../shared/pki/renewal.ts";

const certificate = { notBeforeMs: 1000, notAfterMs: 2000 };
for (const [random, want] of [
  [0, 1500],
  [0.5, 1650],
  [0.999999, 1799],
] as const) {
  test(`renewed between half and four fifths of its life: ${random}`, () =>
    assert.equal(renewAtMs(certificate, random), want));
}

for (const [failures, want] of [
  [1, 5_000],
  [2, 10_000],
  [3, 20_000],
  [8, 600_000],
  [1_000, 600_000],
] as const) {
  test(`retry after failure ${failures}`, () => {
    assert.equal(renewalRetryMs(failures, 1), want);
    assert.equal(renewalRetryMs(failures, 0), want * 0.75);
  });
}
