import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, mock, test } from "node:test";
import type { Entry, Snapshot } from "../../../../manager/raft/core/types.ts";
import { openLog } from "../../../../manager/raft/disk/open-log.ts";
import { snapshotPieces } from "../../../../manager/raft/snapshot-stream.ts";
import type { LogWrite, RaftStorage } from "../../../../manager/raft/storage.ts";
import { createSealer, newSealingKey } from "../../../../shared/pki/sealing.ts";

const config = { members: [{ raftId: 1, nodeId: "n", addr: "h:1", voter: true }], nextRaftId: 2 };
const hardState = { term: 3, vote: 1, commit: 2 };
const data = (index: number, term: number, size = 3): Entry => ({
  index,
  term,
  body: { kind: "data", value: new Uint8Array(size).fill(index & 0xff) },
});

async function withDir(act: (open: () => RaftStorage) => Promise<void>, isNew = false): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "skep-log-"));
  try {
    if (!isNew) {
      const storage = openLog(join(dir, "raft"));
      await storage.format(1, { hardState });
      await storage.close();
    }
    await act(() => openLog(join(dir, "raft")));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

afterEach(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
});

const shape = (s: RaftStorage): string =>
  `${s.firstIndex}..${s.lastIndex} terms ${Array.from({ length: s.lastIndex - s.firstIndex + 2 }, (_, i) => s.term(s.firstIndex - 1 + i)).join(" ")}`;

const entriesOf = (s: RaftStorage): readonly Entry[] =>
  s.lastIndex < s.firstIndex ? [] : s.entries(s.firstIndex, s.lastIndex + 1, Number.MAX_SAFE_INTEGER);

async function compact(storage: RaftStorage, snapshot: Snapshot, dropThrough: number): Promise<void> {
  const { data: bytes, ...head } = snapshot;
  await storage.saveSnapshot(head, [bytes.subarray(0, 2), bytes.subarray(2)]);
  await storage.write({ compact: { snapshotIndex: snapshot.index, dropThrough } });
}

/** All that a storage says, as one short text. */
function contents(storage: RaftStorage): string {
  const { hardState: hard, snapshotIndex, config: members } = storage.restored;
  const snapshot = storage.snapshot();
  return [
    shape(storage),
    ...entriesOf(storage).map(
      ({ index, body }) => `${index} ${body.kind} ${body.kind === "data" ? digest(body.value) : ""}`,
    ),
    `snapshot ${snapshotIndex} ${snapshot?.term} ${digest(snapshot?.data ?? new Uint8Array(0))}`,
    `hard state ${hard.term} ${hard.vote} ${hard.commit} members ${JSON.stringify(members)}`,
  ].join("\n");
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 8);

/** What is read after reopening is what was read before. */
async function reopened(storage: RaftStorage, open: () => RaftStorage): Promise<RaftStorage> {
  const before = contents(storage);
  await storage.close();
  const again = open();
  assert.equal(contents(again), before);
  return again;
}

test("a fresh disk is nobody's and empty; formatted, it knows its member", () =>
  withDir(async (open) => {
    let storage = open();
    assert.equal(storage.raftId, 0);
    assert.equal(shape(storage), "1..0 terms 0");
    await storage.format(7, { hardState, entries: [{ index: 1, term: 1, body: { kind: "config", ...config } }] });
    storage = await reopened(storage, open);
    assert.equal(storage.raftId, 7);
    assert.deepEqual({ ...storage.restored.hardState }, hardState);
    await storage.close();
  }, true));

test("entries replace the tail, also one longer than what comes", () =>
  withDir(async (open) => {
    let storage = open();
    await storage.write({ entries: [1, 2, 3, 4, 5, 6].map((i) => data(i, 1)) });
    await storage.write({ hardState, entries: [data(3, 2), data(4, 2)] });
    assert.equal(shape(storage), "1..4 terms 0 1 1 2 2");
    storage = await reopened(storage, open);
    await storage.write({ entries: [data(2, 5)] });
    assert.equal(shape(storage), "1..2 terms 0 1 5");
    storage = await reopened(storage, open);
    await storage.close();
  }));

test("compaction keeps a tail, the snapshot comes back whole, and a smaller one replaces a larger", () =>
  withDir(async (open) => {
    let storage = open();
    await storage.write({ entries: Array.from({ length: 20 }, (_, i) => data(i + 1, 1)) });
    const large: Snapshot = { index: 15, term: 1, config, data: new Uint8Array(2_500_000).map((_, i) => i & 0xff) };
    await compact(storage, large, 10);
    assert.equal(`${storage.firstIndex}..${storage.lastIndex}`, "11..20");
    storage = await reopened(storage, open);
    assert.equal(digest(storage.snapshot()?.data ?? new Uint8Array(0)), digest(large.data));
    await compact(storage, { ...large, index: 20, data: new Uint8Array(5) }, 20);
    storage = await reopened(storage, open);
    assert.equal(storage.snapshot()?.data.length, 5);
    assert.equal(shape(storage), "21..20 terms 1");
    await storage.write({ entries: [data(21, 4)] });
    storage = await reopened(storage, open);
    await storage.close();
  }));

test("an installed snapshot replaces the whole log, and what follows it comes in the same write", () =>
  withDir(async (open) => {
    let storage = open();
    await storage.write({ entries: [1, 2, 3].map((i) => data(i, 1)) });
    const install = { index: 50, term: 4, config, data: new Uint8Array(0) };
    await storage.write({ hardState, install, entries: [data(51, 4), data(52, 5)] });
    assert.equal(shape(storage), "51..52 terms 4 4 5");
    storage = await reopened(storage, open);
    assert.equal(storage.snapshot()?.index, 50);
    await storage.close();
  }));

test("entries that no longer fit the cache come from the disk, in portions", () =>
  withDir(async (open) => {
    const storage = open();
    for (let i = 1; i <= 12; i++) await storage.write({ entries: [data(i, 1, 1 << 20)] });
    assert.deepEqual(
      storage.entries(1, 13, 3 << 20).map(({ index }) => index),
      [1, 2],
    );
    assert.deepEqual(
      storage.entries(12, 13, 10).map(({ index }) => index),
      [12],
      "one entry always goes",
    );
    assert.equal(storage.entries(1, 13, 1 << 30).length, 12);
    await storage.close();
  }));

const texts = (dir: string): string =>
  readdirSync(join(dir, "raft")).reduce((all, name) => all + readFileSync(join(dir, "raft", name), "latin1"), "");
const SECRET = "the password of the database";
const secret = (index: number): Entry => ({ index, term: 3, body: { kind: "data", value: Buffer.from(SECRET) } });
const snapshotOfSecrets: Snapshot = { index: 2, term: 3, config, data: Buffer.from(SECRET.repeat(100_000)) };

async function withPlainDir(act: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "skep-log-"));
  try {
    await act(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("sealed: nothing of entries or snapshot is readable on the disk, and all of it with the key", () =>
  withPlainDir(async (dir) => {
    const key = newSealingKey();
    const storage = openLog(join(dir, "raft"), createSealer(key));
    await storage.format(1, { hardState, entries: [secret(1), secret(2), secret(3)] });
    await compact(storage, snapshotOfSecrets, 1);
    const before = contents(storage);
    await storage.close();
    assert.equal(texts(dir).includes(SECRET), false);
    const again = openLog(join(dir, "raft"), createSealer(key));
    assert.equal(contents(again), before);
    await again.close();
    assert.throws(() => openLog(join(dir, "raft"), createSealer(newSealingKey())), /another key/);
    assert.throws(() => openLog(join(dir, "raft")), /its key is missing/);
  }));

test("written anew: with another key it says the same, and nothing on the disk opens with the one before", () =>
  withPlainDir(async (dir) => {
    const [old, next] = [newSealingKey(), newSealingKey()];
    const at = join(dir, "raft");
    let storage = openLog(at, createSealer(old));
    await storage.format(1, { hardState, entries: Array.from({ length: 9 }, (_, i) => data(i + 1, 2, 1 << 19)) });
    await compact(storage, { index: 5, term: 2, config, data: Buffer.from(SECRET) }, 3);
    const before = contents(storage);
    await storage.close();
    // As after a crash in between: both keys are there, and most of the log is sealed with the one before.
    storage = openLog(at, createSealer(next, [old]));
    await storage.write({ entries: [data(10, 3)] });
    assert.throws(() => openLog(at, createSealer(next)), /another key/);
    await storage.write({ rewrite: true, entries: [data(11, 3)] });
    const after = contents(storage);
    assert.ok(after.startsWith("4..11 terms 2 2"), after);
    await storage.write({ rewrite: true });
    assert.equal(contents(storage), after);
    await storage.close();
    assert.throws(() => openLog(at, createSealer(old)), /another key/);
    const again = openLog(at, createSealer(next));
    assert.equal(contents(again), after);
    assert.equal(again.snapshot()?.data.toString(), before.includes("snapshot 5") ? SECRET : "");
    await again.write({ entries: [data(12, 3)] });
    await again.close();
  }));

test("a log that is not sealed is no log of who has a key", () =>
  withPlainDir(async (dir) => {
    const storage = openLog(join(dir, "raft"));
    await storage.format(1, { hardState, entries: [secret(1)] });
    await storage.close();
    assert.ok(texts(dir).includes(SECRET));
    assert.throws(() => openLog(join(dir, "raft"), createSealer(newSealingKey())), /not sealed/);
  }));

test("a log of an older version is refused, and left as it is", () =>
  withPlainDir(async (dir) => {
    writeFileSync(join(dir, "data.mdb"), "x");
    assert.throws(() => openLog(dir), { code: "failed_precondition", message: /older version of skep/ });
    assert.deepEqual(readdirSync(dir), ["data.mdb"]);
  }));

test("it grows by files, and those that hold nothing needed go away", () =>
  withDir(async (open) => {
    let storage = open();
    for (let i = 1; i <= 40; i++) await storage.write({ entries: [data(i, i < 20 ? 1 : 2, 1 << 20)] });
    storage = await reopened(storage, open);
    await compact(storage, { index: 35, term: 2, config, data: Buffer.from("35") }, 33);
    storage = await reopened(storage, open);
    await storage.write({ entries: [data(34, 7)] });
    storage = await reopened(storage, open);
    assert.equal(shape(storage), "34..34 terms 2 7");
    await storage.close();
  }));

test("a snapshot that was never finished, or never counted, is gone at the next start", () =>
  withPlainDir(async (dir) => {
    const storage = openLog(dir);
    await storage.format(1, { hardState, entries: [data(1, 1), data(2, 1)] });
    await storage.saveSnapshot({ index: 1, term: 1, config }, [Buffer.from("1")]);
    writeFileSync(join(dir, "snapshot-0000000000000002-next"), "half");
    await storage.close();
    const again = openLog(dir);
    assert.equal(again.snapshot(), undefined);
    assert.deepEqual(readdirSync(dir), ["log-00000001"]);
    await again.close();
  }));

test("pieces that fail leave no snapshot, and one may be saved while the log is written", () =>
  withPlainDir(async (dir) => {
    const storage = openLog(dir);
    await storage.format(1, { hardState, entries: [data(1, 1)] });
    const broken = function* (): Generator<Uint8Array> {
      yield new Uint8Array(1 << 20);
      throw new Error("the state is gone");
    };
    await assert.rejects(storage.saveSnapshot({ index: 1, term: 1, config }, broken()), /the state is gone/);
    assert.deepEqual(readdirSync(dir), ["log-00000001"]);
    let turns = 0;
    const pieces = function* (): Generator<Uint8Array> {
      for (; turns < 8; turns++) yield new Uint8Array(1 << 18).fill(turns);
    };
    const saving = storage.saveSnapshot({ index: 1, term: 1, config }, pieces());
    await storage.write({ entries: [data(2, 1)] });
    assert.ok(turns < 8, "the write did not wait for the snapshot");
    await saving;
    await storage.write({ compact: { snapshotIndex: 1, dropThrough: 1 } });
    assert.equal(storage.snapshot()?.data.length, 8 << 18);
    assert.equal(shape(storage), "2..2 terms 1 1");
    await storage.close();
  }));

test("a snapshot is read for a follower piece by piece, with turns for everybody else, and never whole at once", async () => {
  await withPlainDir(async (dir) => {
    const sealer = createSealer(newSealingKey());
    const storage = openLog(dir, sealer);
    await storage.format(1, { hardState, entries: [data(1, 1)] });
    const state = randomBytes(20 << 20);
    await storage.saveSnapshot({ index: 1, term: 1, config }, [state]);
    await storage.write({ compact: { snapshotIndex: 1, dropThrough: 1 } });
    const whole = mock.method(fs, "readFileSync");
    syncBuiltinESMExports();
    const snapshot = storage.snapshot();
    assert.ok(snapshot?.stream !== undefined);
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const parts: Uint8Array[] = [];
    for await (const { head, data: part } of snapshotPieces({ kind: "snapshot", from: 1, to: 2, term: 1, snapshot })) {
      if (head !== undefined) assert.equal(head.size, state.length);
      assert.ok(part.length <= 1 << 18);
      parts.push(part);
    }
    running = false;
    assert.equal(whole.mock.callCount(), 0);
    assert.ok(Buffer.concat(parts).equals(state));
    assert.ok(turns >= 80, `${turns} turns`);
    await storage.close();
  });
});

test("damage that is found while a snapshot is read for a follower is told to who asks for it next", async () => {
  await withPlainDir(async (dir) => {
    const storage = openLog(dir);
    await storage.format(1, { hardState, entries: [data(1, 1)] });
    await storage.saveSnapshot({ index: 1, term: 1, config }, [randomBytes(1 << 20)]);
    await storage.write({ compact: { snapshotIndex: 1, dropThrough: 1 } });
    const file = join(dir, "snapshot-0000000000000001");
    const bytes = readFileSync(file);
    bytes[600_000] = (bytes[600_000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const snapshot = storage.snapshot();
    assert.ok(snapshot !== undefined);
    const read = async (): Promise<void> => {
      for await (const _ of snapshotPieces({ kind: "snapshot", from: 1, to: 2, term: 1, snapshot }));
    };
    await assert.rejects(read(), /snapshot-0+1 is damaged: it is not whole/);
    assert.throws(() => storage.snapshot(), /snapshot-0+1 is damaged/);
    await storage.close();
  });
});

test("one that the leader's snapshot has overtaken does not count", () =>
  withPlainDir(async (dir) => {
    const storage = openLog(dir);
    await storage.format(1, { hardState, entries: [data(1, 1), data(2, 1)] });
    await storage.saveSnapshot({ index: 2, term: 1, config }, [Buffer.from("own")]);
    await storage.write({ install: { index: 9, term: 2, config, data: Buffer.from("leader's") } });
    await storage.write({ compact: { snapshotIndex: 2, dropThrough: 2 } });
    assert.equal(`${storage.snapshot()?.index} ${shape(storage)}`, "9 10..9 terms 2");
    assert.deepEqual(readdirSync(dir), ["log-00000001", "snapshot-0000000000000009"]);
    await storage.close();
  }));

test("formatting again makes it another member's, with nothing of before", () =>
  withPlainDir(async (dir) => {
    const storage = openLog(dir);
    await storage.format(1, { hardState, entries: [data(1, 1), data(2, 1)] });
    const install = { index: 9, term: 4, config, data: Buffer.from("9") };
    await storage.format(5, { hardState: { term: 4, vote: 0, commit: 9 }, install });
    assert.deepEqual(readdirSync(dir), ["log-00000002", "snapshot-0000000000000009"]);
    await storage.write({ entries: [data(10, 4)] });
    const before = contents(storage);
    await storage.close();
    const again = openLog(dir);
    assert.equal(again.raftId, 5);
    assert.equal(contents(again), before);
    await again.close();
  }));

test("formatted again without a snapshot it has no membership of before", () =>
  withPlainDir(async (dir) => {
    let storage = openLog(dir);
    const install = { index: 9, term: 4, config, data: Buffer.from("9") };
    await storage.format(1, { hardState: { term: 4, vote: 0, commit: 9 }, install });
    await storage.format(5, { hardState: { term: 0, vote: 0, commit: 0 } });
    assert.deepEqual(storage.restored.config, { members: [], nextRaftId: 1 });
    storage = await reopened(storage, () => openLog(dir));
    await storage.close();
  }));

test("sealed or not, now and then written anew or not, a log of any history says the same, also after it was opened again", () =>
  withPlainDir(async (dir) => {
    const sealer = createSealer(newSealingKey());
    const open = {
      plain: () => openLog(join(dir, "plain")),
      sealed: () => openLog(join(dir, "sealed"), sealer),
    };
    let [plain, sealed] = [open.plain(), open.sealed()];
    const snapshotAt = (index: number, term: number): Snapshot => ({
      index,
      term,
      config,
      data: Buffer.from(`${index}`),
    });
    for (const storage of [plain, sealed]) await storage.format(1, { hardState });
    let seed = 7;
    const below = (limit: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % limit;
    };
    let term = 3;
    for (let round = 0; round < 60; round++) {
      const { firstIndex, lastIndex } = plain;
      let write: LogWrite;
      let saved: Snapshot | undefined;
      const kind = below(12);
      if (kind === 0) write = { install: snapshotAt(lastIndex - below(3) + below(6) + 1, ++term) };
      else if (kind <= 2 && lastIndex >= firstIndex) {
        const at = firstIndex + below(lastIndex - firstIndex + 1);
        const dropThrough = Math.max(firstIndex - 1, at - below(4));
        saved = snapshotAt(at, plain.term(at) ?? 0);
        write = { compact: { snapshotIndex: at, dropThrough } };
      } else {
        if (kind <= 5) term++;
        const first =
          kind <= 5 && lastIndex >= firstIndex ? firstIndex + below(lastIndex - firstIndex + 1) : lastIndex + 1;
        write = { entries: Array.from({ length: 1 + below(9) }, (_, i) => data(first + i, term, below(300))) };
      }
      for (const storage of [plain, sealed]) {
        if (saved !== undefined) await storage.saveSnapshot(saved, [saved.data]);
        await storage.write(storage === sealed && round % 5 === 0 ? { ...write, rewrite: true } : write);
      }
      if (below(4) === 0) {
        await Promise.all([plain.close(), sealed.close()]);
        [plain, sealed] = [open.plain(), open.sealed()];
      }
      assert.equal(contents(sealed), contents(plain), `round ${round}: ${JSON.stringify(Object.keys(write))}`);
    }
    await Promise.all([plain.close(), sealed.close()]);
  }));
