// Many nodes' logs as one by time: the order, the wait for slow nodes and its bounds, and who waits for whom.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import fc from "fast-check";
import { LogMerge, type LogPiece } from "../../../manager/api/log-merge.ts";
import { newLogLine } from "../../../proto/gen/control.ts";
import { createSimEnv, type SimEnv } from "../../../shared/env/sim-env.ts";

/** A line says when it was written. */
const piece = (times: readonly number[], rest: Partial<LogPiece> = {}): LogPiece => ({
  lines: times.map((timestampMs) => newLogLine({ timestampMs })),
  warnings: [],
  isLive: false,
  ...rest,
});

async function* given(...pieces: readonly LogPiece[]): AsyncGenerator<LogPiece> {
  yield* pieces;
}

/** A source that gives what the test sends. */
function channel(): {
  readonly send: (piece: LogPiece) => void;
  readonly end: () => void;
  readonly pieces: AsyncIterable<LogPiece>;
} {
  const queue: (LogPiece | undefined)[] = [];
  let wake = (): void => undefined;
  const push = (item: LogPiece | undefined): void => {
    queue.push(item);
    wake();
  };
  async function* pieces(): AsyncGenerator<LogPiece> {
    for (;;) {
      while (queue.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      const item = queue.shift();
      if (item === undefined) return;
      yield item;
    }
  }
  return { send: push, end: () => push(undefined), pieces: pieces() };
}

interface Stage {
  readonly env: SimEnv;
  readonly merge: LogMerge;
  readonly times: number[];
  readonly warnings: string[];
  readonly start: () => Promise<void>;
}

const aborts: AbortController[] = [];
afterEach(() => {
  for (const abort of aborts.splice(0)) abort.abort();
});

function stage(): Stage {
  const env = createSimEnv(1);
  const abort = new AbortController();
  aborts.push(abort);
  const merge = new LogMerge(env, abort.signal);
  const [times, warnings]: [number[], string[]] = [[], []];
  const start = async (): Promise<void> => {
    for await (const answer of merge.read()) {
      times.push(...answer.lines.map((line) => line.timestampMs));
      warnings.push(...answer.warnings);
    }
  };
  return { env, merge, times, warnings, start };
}

test("property: lines of any nodes, in pieces of any size, come by time and all of them", async () => {
  const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }).map((list) => list.sort((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(fc.array(times, { maxLength: 6 }), fc.integer({ min: 1, max: 7 }), async (nodes, size) => {
      const at = stage();
      for (const [i, list] of nodes.entries()) {
        const pieces: LogPiece[] = [];
        for (let from = 0; from < list.length; from += size) pieces.push(piece(list.slice(from, from + size)));
        at.merge.add(`node${i}`, given(...pieces));
      }
      await at.start();
      assert.deepEqual(
        at.times,
        nodes.flat().sort((a, b) => a - b),
      );
      assert.deepEqual(at.warnings, []);
    }),
  );
});

test("within a millisecond the nanoseconds decide", async () => {
  const at = stage();
  const order: number[] = [];
  for (const ns of [300, 100, 200]) {
    at.merge.add(`${ns}`, given({ ...piece([]), lines: [newLogLine({ timestampMs: 5, timestampNs: ns })] }));
  }
  for await (const { lines } of at.merge.read()) order.push(...lines.map((line) => line.timestampNs));
  assert.deepEqual(order, [100, 200, 300]);
});

test("a slow node is waited for; past the bound the others go on, that is said, and its lines still come", async () => {
  const at = stage();
  const slow = channel();
  at.merge.add("quick", given(piece([1, 2]), piece([3])));
  at.merge.add("slow", slow.pieces);
  const done = at.start();
  await at.env.advance(4_999);
  assert.deepEqual([at.times, at.warnings], [[], []]);
  await at.env.advance(1);
  assert.deepEqual(at.times, [1, 2, 3]);
  assert.match(at.warnings.join(), /^slow: it is slow to answer/);
  slow.send(piece([0]));
  slow.end();
  await done;
  assert.deepEqual(at.times, [1, 2, 3, 0]);
  assert.equal(at.warnings.length, 1);
});

test("a node that gives a line just in time, again and again, holds the others up for a minute in sum", async () => {
  const at = stage();
  const drip = channel();
  at.merge.add("quick", given(piece(Array.from({ length: 100 }, (_, i) => i * 10))));
  at.merge.add("drip", drip.pieces);
  const done = at.start();
  for (let i = 0; i < 20; i++) {
    await at.env.advance(4_900);
    drip.send(piece([i]));
    await at.env.breathe();
  }
  assert.equal(at.times.filter((time) => time % 10 === 0 && time > 20).length, 97, "the quick one's are all there");
  drip.end();
  await done;
});

test("what is live keeps nobody waiting, and is passed on as it comes", async () => {
  const at = stage();
  const [one, two] = [channel(), channel()];
  at.merge.add("one", one.pieces);
  at.merge.add("two", two.pieces);
  const done = at.start();
  one.send(piece([5], { isLive: true }));
  await at.env.advance(100);
  assert.deepEqual(at.times, [], "the other may have an earlier one");
  two.send(piece([3, 9], { isLive: true }));
  await at.env.breathe();
  assert.deepEqual(at.times, [3, 5, 9]);
  one.send(piece([12]));
  await at.env.breathe();
  assert.deepEqual(at.times, [3, 5, 9, 12], "without a line of the other");
  at.merge.add("late", given(piece([1])), true);
  await at.env.breathe();
  assert.deepEqual(at.times, [3, 5, 9, 12, 1]);
  one.end();
  two.end();
  await done;
  assert.deepEqual(at.warnings, []);
});

test("warnings do not wait for lines", async () => {
  const at = stage();
  const silent = channel();
  at.merge.add("silent", silent.pieces);
  at.merge.add("other", given(piece([1], { warnings: ["nothing kept"] })));
  const done = at.start();
  await at.env.advance(1);
  assert.deepEqual([at.times, at.warnings], [[], ["nothing kept"]]);
  silent.end();
  await done;
  assert.deepEqual(at.times, [1]);
});

test("sources wait for a slow reader: one piece of each is held, and none is lost", async () => {
  const at = stage();
  let taken = 0;
  async function* source(from: number): AsyncGenerator<LogPiece> {
    for (let i = 0; i < 500; i++) {
      taken++;
      yield piece([from + 2 * i]);
    }
  }
  at.merge.add("even", source(0));
  at.merge.add("odd", source(1));
  for (let turn = 0; turn < 10; turn++) await at.env.breathe();
  assert.equal(taken, 2, "before anyone read");
  await at.start();
  assert.deepEqual(
    at.times,
    Array.from({ length: 1_000 }, (_, i) => i),
  );
});

test("held it waits for more, and a failing source ends alone", async () => {
  const at = stage();
  at.merge.hold();
  const done = at.start();
  at.merge.add(
    "broken",
    (async function* () {
      yield piece([1]);
      throw new Error("broken");
    })(),
  );
  await at.env.advance(1);
  assert.deepEqual(at.times, [1]);
  at.merge.add("two", given(piece([2])));
  await at.env.advance(1);
  assert.deepEqual(at.times, [1, 2]);
  at.merge.release();
  await done;
});
