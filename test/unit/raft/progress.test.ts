import assert from "node:assert/strict";
import { test } from "node:test";
import { InvariantError } from "../../../manager/raft/core/assert.ts";
import { Inflight } from "../../../manager/raft/core/inflight.ts";
import { Progress } from "../../../manager/raft/core/progress.ts";

const limits = { maxMessages: 3, maxBytes: 100 };
const state = (p: Progress): string =>
  `${p.state.kind} match ${p.matchIndex} next ${p.nextIndex}${p.paused ? " paused" : ""}`;

/** A member that has accepted up to 5. */
function replicating(): Progress {
  const progress = new Progress(6, limits);
  progress.sent(5, 0);
  progress.accepted(5);
  return progress;
}

const cases: readonly (readonly [name: string, act: (p: Progress) => void, want: string])[] = [
  ["the first answer starts the pipeline", () => undefined, "replicate match 5 next 6"],
  ["what is sent is expected to arrive", (p) => p.sent(8, 10), "replicate match 5 next 9"],
  [
    "the window closes by messages",
    (p) => {
      for (const i of [6, 7, 8]) p.sent(i, 1);
    },
    "replicate match 5 next 9 paused",
  ],
  ["the window closes by bytes", (p) => p.sent(6, 100), "replicate match 5 next 7 paused"],
  [
    "an answer opens it",
    (p) => {
      p.sent(6, 100);
      p.accepted(6);
    },
    "replicate match 6 next 7",
  ],
  ["an old answer changes nothing", (p) => p.accepted(3), "replicate match 5 next 6"],
  [
    "a refusal of something newer: start over from what is sure",
    (p) => {
      p.sent(8, 1);
      p.rejected(8, 7);
    },
    "probe match 5 next 6",
  ],
  ["a refusal of something accepted since is old", (p) => p.rejected(4, 3), "replicate match 5 next 6"],
  [
    "a probe goes out alone",
    (p) => {
      p.probe(9);
      p.sent(9, 1);
    },
    "probe match 5 next 9 paused",
  ],
  [
    "a refused probe goes where the hint says",
    (p) => {
      p.probe(20);
      p.sent(20, 1);
      p.rejected(19, 10);
    },
    "probe match 5 next 11",
  ],
  [
    "but never below what is sure",
    (p) => {
      p.probe(20);
      p.sent(20, 1);
      p.rejected(19, 2);
    },
    "probe match 5 next 6",
  ],
  [
    "a refusal of an older probe is ignored",
    (p) => {
      p.probe(20);
      p.sent(20, 1);
      p.rejected(12, 2);
    },
    "probe match 5 next 20 paused",
  ],
  ["nothing is sent beside a snapshot", (p) => p.sentSnapshot(30), "snapshot match 5 next 6 paused"],
  [
    "the snapshot accepted",
    (p) => {
      p.sentSnapshot(30);
      p.accepted(30);
    },
    "replicate match 30 next 31",
  ],
  [
    "entries that were on their way do not end it",
    (p) => {
      p.sentSnapshot(30);
      p.accepted(7);
    },
    "snapshot match 7 next 8 paused",
  ],
  [
    "the snapshot delivered: it may be writing yet",
    (p) => {
      p.sentSnapshot(30);
      p.snapshotDone(true);
    },
    "probe match 5 next 31 paused",
  ],
  [
    "the snapshot lost",
    (p) => {
      p.sentSnapshot(30);
      p.snapshotDone(false);
    },
    "probe match 5 next 6",
  ],
];
for (const [name, act, want] of cases) {
  test(`progress: ${name}`, () => {
    const progress = replicating();
    act(progress);
    assert.equal(state(progress), want);
  });
}

test("inflight: a full window refuses, and comes round the ring", () => {
  const window = new Inflight(limits);
  for (let round = 0; round < 5; round++) {
    for (const index of [1, 2, 3]) window.add(round * 3 + index, 10);
    assert.ok(window.full);
    assert.throws(() => window.add(99, 1), InvariantError);
    window.freeTo(round * 3 + 2);
    assert.deepEqual([window.count, window.bytes], [1, 10]);
    window.freeTo(round * 3 + 3);
    assert.deepEqual([window.count, window.bytes], [0, 0]);
  }
});

const settled: readonly (readonly [name: string, act: (p: Progress) => void, want: number])[] = [
  ["what is on its way may be lost", (p) => p.sent(8, 10), 5],
  [
    "what was answered is not needed",
    (p) => {
      p.sent(8, 10);
      p.accepted(7);
    },
    7,
  ],
  ["a snapshot on its way", (p) => p.sentSnapshot(40), 40],
  [
    "a snapshot that arrived",
    (p) => {
      p.sentSnapshot(40);
      p.snapshotDone(true);
    },
    40,
  ],
  [
    "a snapshot that got lost",
    (p) => {
      p.sentSnapshot(40);
      p.snapshotDone(false);
    },
    5,
  ],
];
for (const [name, act, want] of settled) {
  test(`the last entry that a member needs no more: ${name}`, () => {
    const progress = replicating();
    act(progress);
    assert.equal(progress.settledIndex, want);
  });
}
