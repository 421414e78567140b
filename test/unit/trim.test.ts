import assert from "node:assert/strict";
import { test } from "node:test";
import { createTrimmer } from "../../shared/trim.ts";

const MB = 2 ** 20;

/** Looks every 10 s: CPU milliseconds of those 10 s, heap in MB, and whether it collected. */
const stories: Readonly<
  Record<string, readonly (readonly [cpuMs: number, heapMegabytes: number, collects: boolean])[]>
> = {
  "starting was work: once, at the first rest": [
    [0, 20, false],
    [900, 20, false],
    [100, 20, true],
    [100, 20, false],
    [100, 20, false],
  ],
  "after each time of work": [
    [0, 20, false],
    [100, 20, true],
    [600, 30, false],
    [3_000, 30, false],
    [50, 30, true],
    [50, 20, false],
  ],
  "not while it works": [
    [0, 20, false],
    [500, 20, false],
    [500, 20, false],
  ],
  "a large heap is left alone, also when it shrinks later": [
    [0, 200, false],
    [900, 200, false],
    [100, 200, false],
    [100, 20, false],
  ],
};

for (const [name, looks] of Object.entries(stories)) {
  test(name, () => {
    const trimmer = createTrimmer();
    let atMs = 5;
    let cpuMs = 777;
    for (const [i, [spentMs, megabytes, collects]] of looks.entries()) {
      atMs += 10_000;
      cpuMs += spentMs;
      assert.equal(trimmer.look({ atMs, cpuMs, heapBytes: megabytes * MB }), collects, `look ${i}`);
    }
  });
}
