import assert from "node:assert/strict";
import { test } from "node:test";
import { type CompactionInput, dropThrough } from "../../../manager/raft/compaction.ts";

const NOBODY_BEHIND: CompactionInput = {
  firstIndex: 1,
  snapshotIndex: 1_000,
  trailingEntries: 5,
  snapshotIntervalEntries: 100,
  settledIndex: Number.POSITIVE_INFINITY,
  hasRoom: true,
};

const cases: readonly (readonly [name: string, input: Partial<CompactionInput>, want: number])[] = [
  ["a few entries stay", {}, 995],
  ["never more than between two snapshots", { trailingEntries: 500 }, 900],
  ["what is gone stays gone", { firstIndex: 998 }, 997],
  ["a member that is behind keeps what it needs", { settledIndex: 700 }, 700],
  ["a member that has nearly all needs no more than the rest", { settledIndex: 999 }, 995],
  ["not for ever: five intervals at most", { settledIndex: 3 }, 500],
  ["not where the log has grown too large", { settledIndex: 700, hasRoom: false }, 995],
  ["nothing that is needed is there any more", { settledIndex: 10, firstIndex: 901 }, 900],
];
for (const [name, input, want] of cases) {
  test(`a log behind a snapshot: ${name}`, () => assert.equal(dropThrough({ ...NOBODY_BEHIND, ...input }), want));
}
