import assert from "node:assert/strict";
import { test } from "node:test";
import { InvariantError } from "../../../manager/raft/core/assert.ts";
import { RaftLog } from "../../../manager/raft/core/log.ts";
import type { Entry } from "../../../manager/raft/core/types.ts";
import { SimDisk } from "../../sim/raft/sim-disk.ts";

const entry = (index: number, term: number): Entry => ({ index, term, body: { kind: "noop" } });
const hardState = { term: 1, vote: 0, commit: 0 };

/** A log whose disk holds entries of these terms, from 1 on. */
function logOf(terms: readonly number[], committed = 0): { log: RaftLog; disk: SimDisk } {
  const disk = new SimDisk();
  const entries = terms.map((term, at) => entry(at + 1, term));
  disk.write({ hardState, snapshot: undefined, entries, messages: [] });
  return { log: new RaftLog(disk, committed, 0), disk };
}

/** Writes what the log wants written. */
function flush(log: RaftLog, disk: SimDisk, meanwhile: () => void = () => undefined): void {
  const { snapshot, entries } = log.unpersisted;
  const write = { hardState, snapshot, entries: [...entries], messages: [] };
  log.beginPersist();
  meanwhile();
  disk.write(write);
  log.endPersist();
}

const termsOf = (log: RaftLog): (number | undefined)[] =>
  Array.from({ length: log.lastIndex }, (_, at) => log.term(at + 1));

const upToDate: readonly (readonly [name: string, lastIndex: number, lastTerm: number, want: boolean])[] = [
  ["a longer log of the same term", 4, 2, true],
  ["an equal log", 3, 2, true],
  ["a shorter log of the same term", 2, 2, false],
  ["a shorter log of a later term", 1, 3, true],
  ["a longer log of an earlier term", 9, 1, false],
];
for (const [name, lastIndex, lastTerm, want] of upToDate) {
  test(`isUpToDate: ${name}`, () => assert.equal(logOf([1, 2, 2]).log.isUpToDate(lastIndex, lastTerm), want));
}

// Figure 7 of the paper: the leader's log is 1 1 1 4 4 5 5 6 6 6.
const leader = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
const figure7: readonly (readonly [name: string, terms: readonly number[], hint: number, agree: number])[] = [
  ["a: one short", [1, 1, 1, 4, 4, 5, 5, 6, 6], 9, 9],
  ["b: many short", [1, 1, 1, 4], 4, 4],
  ["d: more of the same and of a later term", [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], 10, 10],
  ["e: a term of its own tail", [1, 1, 1, 4, 4, 4, 4], 7, 5],
  ["f: two terms nobody else has", [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 10, 3],
];
for (const [name, terms, hint, agree] of figure7) {
  test(`finding where logs part, ${name}`, () => {
    const follower = logOf(terms).log;
    const hintIndex = follower.lastIndexNotAfter(Math.min(10, follower.lastIndex), 6);
    assert.equal(hintIndex, hint);
    assert.equal(logOf(leader).log.lastIndexNotAfter(hintIndex, follower.term(hintIndex) ?? 0), agree);
  });
}

test("merge: what is there stays, also when the message ends before the log does", () => {
  const { log } = logOf([1, 1, 1, 1]);
  assert.equal(log.merge([entry(2, 1), entry(3, 1)]), undefined);
  assert.deepEqual(termsOf(log), [1, 1, 1, 1]);
});

test("merge: replaces from the first conflict on, on disk and in memory", () => {
  const { log, disk } = logOf([1, 1, 1, 1]);
  assert.equal(log.merge([entry(2, 1), entry(3, 2), entry(4, 2)]), 3);
  assert.deepEqual(termsOf(log), [1, 1, 2, 2]);
  assert.equal(log.stable, 2);
  assert.equal(log.merge([entry(4, 3)]), 4);
  flush(log, disk);
  assert.equal(log.stable, 4);
  assert.deepEqual(termsOf(log), [1, 1, 2, 3]);
});

test("merge: a conflict with a committed entry is a broken invariant", () => {
  const { log } = logOf([1, 1], 2);
  assert.throws(() => log.merge([entry(2, 2)]), InvariantError);
});

test("a write in flight that a truncation overtakes counts only up to it", () => {
  const { log, disk } = logOf([1]);
  log.append([entry(2, 1), entry(3, 1), entry(4, 1)]);
  flush(log, disk, () => log.merge([entry(3, 2)]));
  assert.equal(log.stable, 2);
  assert.deepEqual(termsOf(log), [1, 1, 2]);
  flush(log, disk);
  assert.equal(log.stable, 3);
  assert.deepEqual(termsOf(log), [1, 1, 2]);
});

test("restore: nothing is stable until the snapshot is on disk, and an older write in flight does not make it so", () => {
  const { log, disk } = logOf([1, 1]);
  log.append([entry(3, 1)]);
  const snapshot = { index: 9, term: 4, config: { members: [], nextRaftId: 1 }, data: new Uint8Array(0) };
  flush(log, disk, () => log.restore(snapshot));
  assert.deepEqual([log.stable, log.lastIndex, log.lastTerm, log.committed, log.applied], [0, 9, 4, 9, 0]);
  flush(log, disk);
  assert.deepEqual([log.stable, log.applied], [9, 9]);
  assert.equal(log.entriesFrom(5, 1000), undefined, "compacted");
});

test("takeCommitted: only what is committed and on disk, once each, in portions", () => {
  const { log, disk } = logOf([1, 1]);
  log.append([entry(3, 1), entry(4, 1)]);
  log.commitTo(4);
  assert.deepEqual(
    log.takeCommitted(16).map(({ index }) => index),
    [1],
  );
  assert.deepEqual(
    log.takeCommitted(1000).map(({ index }) => index),
    [2],
  );
  assert.deepEqual(log.takeCommitted(1000), []);
  flush(log, disk);
  assert.deepEqual(
    log.takeCommitted(1000).map(({ index }) => index),
    [3, 4],
  );
});
