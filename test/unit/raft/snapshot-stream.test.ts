import assert from "node:assert/strict";
import { test } from "node:test";
import { SnapshotIntake, snapshotPieces } from "../../../manager/raft/snapshot-stream.ts";
import { newRaftSnapshotPiece, type RaftSnapshotPiece } from "../../../proto/gen/raft.ts";
import { SkepError } from "../../../shared/errors.ts";

const config = { members: [{ raftId: 1, nodeId: "n1", addr: "h:1", voter: true }], nextRaftId: 2 };
const message = (term: number, data: string) => ({
  kind: "snapshot" as const,
  from: 1,
  to: 2,
  term,
  snapshot: { index: 7, term: 3, config, data: Buffer.from(data) },
});
const open = (): void => undefined;

/** Pieces that come when the test says so. */
function slowly() {
  const waiting: RaftSnapshotPiece[] = [];
  let [isOver, read] = [false, 0];
  let wake: () => void = () => undefined;
  async function* pieces(): AsyncGenerator<RaftSnapshotPiece> {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) {
        read++;
        yield next;
      } else if (isOver) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  const say = async (...more: readonly RaftSnapshotPiece[]): Promise<void> => {
    waiting.push(...more);
    isOver = more.length === 0;
    wake();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { pieces: pieces(), say, read: () => read };
}

const headOf = (term: number, size: number): RaftSnapshotPiece =>
  newRaftSnapshotPiece({ from: 1, to: 2, term, head: { index: 7, term: 3, size } });
const dataOf = (text: string): RaftSnapshotPiece => newRaftSnapshotPiece({ data: Buffer.from(text) });

test("there and back", async () => {
  const got = await new SnapshotIntake().collect(snapshotPieces(message(4, "state")), open);
  assert.deepEqual([got.from, got.to, got.term, got.snapshot.index], [1, 2, 4, 7]);
  assert.equal(Buffer.from(got.snapshot.data).toString(), "state");
});

test("whether its sender may is asked first: of one who may not, the first piece is all that is read", async () => {
  const { pieces, say, read } = slowly();
  const refused = new SnapshotIntake().collect(pieces, () => {
    throw new SkepError("permission_denied", "no member");
  });
  refused.catch(open);
  await say(headOf(1, 10), dataOf("12345"), dataOf("67890"));
  await assert.rejects(refused, /no member/);
  assert.equal(read(), 1);
});

for (const [what, pieces, words] of [
  ["longer than it said", [headOf(1, 3), dataOf("1234")], /longer than the 3 bytes/],
  ["shorter than it said", [headOf(1, 5), dataOf("1234")], /ended after 4 of 5/],
  ["of more than there may be", [headOf(1, 2 ** 30 + 1)], /is refused/],
  ["without a head", [dataOf("1")], /longer than the 0 bytes/],
  ["nothing at all", [], /ended after 0 of 0/],
] as const) {
  test(`refused: ${what}`, async () => {
    async function* all(): AsyncGenerator<RaftSnapshotPiece> {
      yield* pieces;
    }
    await assert.rejects(new SnapshotIntake().collect(all(), open), words);
  });
}

test("one at a time: the next one takes the place of one that is on its way, unless it is of an older term", async () => {
  const intake = new SnapshotIntake();
  const [first, second, old] = [slowly(), slowly(), slowly()];
  const overtaken = intake.collect(first.pieces, open);
  overtaken.catch(open);
  await first.say(headOf(5, 4), dataOf("12"));
  const taken = intake.collect(second.pieces, open);
  await second.say(headOf(5, 4), dataOf("ab"));
  const refused = intake.collect(old.pieces, open);
  refused.catch(open);
  await old.say(headOf(4, 4));
  await assert.rejects(refused, /newer term/);
  await first.say(dataOf("34"));
  await assert.rejects(overtaken, /taken this one's place/);
  await second.say(dataOf("cd"));
  await second.say();
  assert.equal(Buffer.from((await taken).snapshot.data).toString(), "abcd");
  const next = await intake.collect(snapshotPieces(message(1, "later")), open);
  assert.equal(next.term, 1, "what has ended stands in nobody's way");
});
