// A power cut may leave any part of the write that was under way: it is cut off, and nothing else is lost. Whatever else is not
// as it was written is refused with words that name the file.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { encodeFrame } from "../../../../manager/raft/disk/frame.ts";
import { openLog } from "../../../../manager/raft/disk/open-log.ts";
import { encodeRecord, type LogRecord } from "../../../../manager/raft/disk/record.ts";
import { openRaft } from "../../../../manager/raft/open.ts";
import { newRaftLogBase } from "../../../../proto/gen/raft.ts";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { silentLog } from "../../../../shared/log.ts";
import { createSealer, newSealingKey } from "../../../../shared/pki/sealing.ts";
import { connectPlain } from "../../../support/plain-port.ts";
import { dial, ListMachine } from "../real-members.ts";

const root = mkdtempSync(join(tmpdir(), "skep-damage-"));
const good = join(root, "good");
const dir = join(root, "raft");
const file = join(dir, "log-00000001");
const snapshotFile = join(dir, "snapshot-0000000000000300");
const sealer = createSealer(newSealingKey());
const members = [{ raftId: 1, nodeId: "n", addr: "h:1", voter: true }];
const data = (index: number, size = 200) => ({
  index,
  term: 1,
  body: { kind: "data" as const, value: Buffer.alloc(size, index) },
});
/** Where the last record begins. */
let lastAt = 0;

before(async () => {
  const storage = openLog(good, sealer);
  await storage.format(1, {
    hardState: { term: 1, vote: 0, commit: 1 },
    entries: [{ index: 1, term: 1, body: { kind: "config", members, nextRaftId: 2 } }],
  });
  await storage.write({
    entries: Array.from({ length: 400 }, (_, i) => data(i + 2)),
    hardState: { term: 1, vote: 1, commit: 401 },
  });
  const config = { members, nextRaftId: 2 };
  const state = Buffer.from(JSON.stringify(["x".repeat(100_000)]));
  await storage.saveSnapshot({ index: 300, term: 1, config }, [state]);
  await storage.write({ compact: { snapshotIndex: 300, dropThrough: 200 } });
  lastAt = used(join(good, "log-00000001"));
  await storage.write({ entries: [data(402)] });
  await storage.close();
});
after(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(dir, { recursive: true, force: true });
  cpSync(good, dir, { recursive: true });
});

/** Frames end at multiples of 8; zeros follow. */
function used(path: string): number {
  const bytes = readFileSync(path);
  const last = bytes.findLastIndex((byte) => byte !== 0);
  return Math.ceil((last + 1) / 8) * 8;
}

const open = () =>
  openRaft({
    env: realEnv,
    log: silentLog,
    dir,
    raftId: 0,
    nodeId: "n",
    addr: "h:1",
    stateMachine: new ListMachine(),
    dial,
    connect: connectPlain,
    sealer,
    start: { kind: "restart" },
  });

const refused = (words: RegExp): Promise<void> =>
  assert.rejects(open(), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, words);
    assert.ok(error.message.includes(dir), error.message);
    return true;
  });

function overwrite(path: string, at: number, noise: Buffer): void {
  const bytes = readFileSync(path);
  noise.copy(bytes, at);
  writeFileSync(path, bytes);
}

async function lastIndexes(): Promise<readonly [number, number]> {
  const storage = openLog(dir, sealer);
  const { firstIndex, lastIndex } = storage;
  await storage.close();
  return [firstIndex, lastIndex];
}

test("undamaged it opens, and is what it was", async () => {
  const raft = await open();
  assert.equal(raft.status().members.length, 1);
  await raft.stop();
  assert.equal((await lastIndexes())[0], 201);
});

/** Which sectors a write of `bytes` at `at` has, by where they begin and end; `at` may lie within one. */
const sectorsOf = (at: number, to: number): (readonly [number, number])[] => {
  const sectors: [number, number][] = [];
  for (let from = at; from < to; from = sectors.at(-1)?.[1] ?? to) {
    sectors.push([from, Math.min(to, Math.floor(from / 512) * 512 + 512)]);
  }
  return sectors;
};

/** A last write of so many bytes, with a vote, on top of what is there. Returns the sectors that it changed. */
async function lastWrite(size: number): Promise<(readonly [number, number])[]> {
  const from = used(file);
  const storage = openLog(dir, sealer);
  await storage.write({ hardState: { term: 2, vote: 1, commit: 402 }, entries: [data(403, size)] });
  await storage.close();
  return sectorsOf(from, used(file)).filter(([at, to]) =>
    readFileSync(file)
      .subarray(at, to)
      .some((byte) => byte !== 0),
  );
}

test("a power cut: whichever sectors of the last write are on the disk, only that write is lost, and it is said", async () => {
  const sectors = await lastWrite(3000);
  assert.equal(sectors.length, 7);
  const whole = readFileSync(file);
  for (let there = 0; there < 2 ** sectors.length; there++) {
    const torn = Buffer.from(whole);
    sectors.forEach(([from, to], i) => {
      if ((there & (1 << i)) === 0) torn.fill(0, from, to);
    });
    writeFileSync(file, torn);
    const isWhole: boolean = there === 2 ** sectors.length - 1;
    const storage = openLog(dir, sealer);
    assert.deepEqual(
      [storage.lastIndex, storage.restored.hardState.vote, storage.leftOut?.length],
      isWhole ? [403, 1, 0] : there === 0 ? [402, 1, 0] : [402, 1, 1],
      `sectors ${there.toString(2)}`,
    );
    assert.equal(storage.restored.hardState.term, isWhole ? 2 : 1);
    await storage.close();
    assert.deepEqual(await lastIndexes(), [201, isWhole ? 403 : 402], "and again");
  }
  writeFileSync(file, whole);
  truncateSync(file, sectors[3]?.[0]);
  assert.deepEqual(await lastIndexes(), [201, 402], "a file that did not grow any more");
  const storage = openLog(dir, sealer);
  await storage.write({ entries: [data(403, 9), data(404)] });
  await storage.close();
  assert.deepEqual(await lastIndexes(), [201, 404]);
});

test("a flipped bit in the newest record, of entries or of a vote, is damage: refused, with the file's name", async () => {
  for (const size of [0, 3000]) {
    rmSync(dir, { recursive: true });
    cpSync(good, dir, { recursive: true });
    const sectors = await lastWrite(size);
    const [from, to] = [sectors[0]?.[0] ?? 0, (sectors.at(-1)?.[1] ?? 0) - 8];
    const whole = readFileSync(file);
    for (let bit = from * 8; bit < to * 8; bit += size === 0 ? 37 : 371) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(file, bytes);
      assert.throws(() => openLog(dir, sealer), /log-00000001 is damaged: the record at byte \d+/, `bit ${bit}`);
    }
  }
  await refused(/no power cut leaves it like this/);
});

test("sectors that the disk lost of a record are damage once another record lies behind it", async () => {
  const sectors = await lastWrite(3000);
  const storage = openLog(dir, sealer);
  await storage.write({}); // as the driver does when nothing is written for a while
  await storage.close();
  const whole = readFileSync(file);
  for (const [from, to] of sectors) {
    const bytes = Buffer.from(whole);
    bytes.fill(0, from, to);
    writeFileSync(file, bytes);
    assert.throws(() => openLog(dir, sealer), /is damaged: the record at byte \d+/, `sector at ${from}`);
  }
});

test("of a log that is the only one left, what is readable before the damage can still be had", async () => {
  const [[at] = [0]] = await lastWrite(3000);
  overwrite(file, at + 1200, randomBytes(8));
  const bytes = readFileSync(file);
  await refused(/is damaged/);
  const storage = openLog(dir, sealer, "stop");
  assert.deepEqual([storage.firstIndex, storage.lastIndex], [201, 402]);
  assert.match(storage.leftOut?.join() ?? "", /log-00000001: the record at byte \d+ is not readable/);
  assert.ok(readFileSync(file).equals(bytes), "until somebody writes, it is as it was");
  await storage.format(2, { hardState: { term: 3, vote: 0, commit: 0 } });
  await storage.close();
  const again = openLog(dir, sealer);
  assert.deepEqual([again.raftId, again.lastIndex], [2, 0]);
  await again.close();
});

test("the files behind a damaged one are left out with it, and gone once the log is another's", async () => {
  const storage = openLog(dir, sealer);
  for (let i = 403; i < 443; i++) await storage.write({ entries: [data(i, 1 << 20)] });
  await storage.close();
  overwrite(join(dir, "log-00000001"), 5 << 20, randomBytes(8));
  const cut = openLog(dir, sealer, "stop");
  assert.ok(cut.lastIndex > 402 && cut.lastIndex < 410, `${cut.lastIndex}`);
  const install = { index: 500, term: 3, config: { members, nextRaftId: 3 }, data: Buffer.from("state") };
  await cut.format(2, { hardState: { term: 3, vote: 0, commit: 500 }, install });
  await cut.close();
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith("log")),
    ["log-00000004"],
  );
  assert.deepEqual(await lastIndexes(), [501, 500]);
});

test("a log of the version before is read, and goes on in a file of this one", async () => {
  const records: readonly LogRecord[] = [
    { base: newRaftLogBase({ raftId: 7, fresh: true }), hardState: { term: 1, vote: 1, commit: 0 }, entries: [] },
    { entries: [data(1), data(2)] },
  ];
  const head = Buffer.alloc(32);
  head.write("skep raft log 1\n");
  head[16] = 1;
  rmSync(dir, { recursive: true });
  mkdirSync(dir);
  const frames = records.flatMap((record, i) => encodeFrame(i + 1, encodeRecord(record, i + 1, sealer)));
  writeFileSync(file, Buffer.concat([head, ...frames, Buffer.alloc(4096)]));
  const storage = openLog(dir, sealer);
  assert.deepEqual([storage.raftId, storage.lastIndex], [7, 2]);
  await storage.write({ entries: [data(3)] });
  await storage.close();
  assert.deepEqual(readdirSync(dir), ["log-00000001", "log-00000002"]);
  const again = openLog(dir, sealer);
  assert.equal(again.entries(1, 4, 1 << 20).length, 3);
  await again.close();
});

test("a flipped bit anywhere before the last write: refused", async () => {
  const whole = readFileSync(file);
  for (let at = 0; at < lastAt; at += 509) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    writeFileSync(file, bytes);
    const padding = at >= 17 && at < 32; // of the file's head, where nothing is
    if (!padding) assert.throws(() => openLog(dir, sealer), /log-00000001 (is damaged|is sealed)/, `byte ${at}`);
  }
});

test("a length that leads behind the end does not hide what follows", async () => {
  overwrite(file, 32 + 4, Buffer.from([0xff, 0xff, 0xff, 0x7f]));
  await refused(/log-00000001 is damaged: its first record is not readable/);
  rmSync(dir, { recursive: true });
  cpSync(good, dir, { recursive: true });
  overwrite(file, lastAt - 64, randomBytes(16));
  await refused(/log-00000001 is damaged: the record at byte \d+ is not readable, and one at byte \d+ is whole/);
});

for (const [name, hurt, words] of [
  ["cut short within its head", () => truncateSync(file, 10), /log-00000001 is damaged: it does not begin as/],
  ["emptied", () => truncateSync(file, 0), /log-00000001 is damaged: it does not begin as/],
  ["all noise", () => writeFileSync(file, randomBytes(100_000)), /log-00000001 is damaged: it does not begin as/],
  ["the snapshot missing", () => rmSync(snapshotFile), /snapshot-0+300 is damaged: .*no such file/],
  ["the snapshot cut short", () => truncateSync(snapshotFile, 50_000), /snapshot-0+300 is damaged: it is not whole/],
  [
    "a snapshot of another version",
    () => overwrite(snapshotFile, 14, Buffer.from("2")),
    /snapshot-0+300 is damaged: it does not begin as a snapshot of this version/,
  ],
  [
    "a flipped bit in the snapshot",
    () => overwrite(snapshotFile, 9000, Buffer.from([~(readFileSync(snapshotFile)[9000] ?? 0)])),
    /snapshot-0+300 is damaged: it is not whole/,
  ],
] as const) {
  test(`${name}: refused`, async () => {
    hurt();
    await refused(words);
  });
}

test("a log that is refused leaves no file open", () => {
  const openFiles = (): number =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(join("/proc/self/fd", fd)).startsWith(dir);
      } catch {
        return false; // of this very listing
      }
    }).length;
  rmSync(snapshotFile);
  assert.throws(() => openLog(dir, sealer), /is damaged/);
  assert.throws(() => openLog(dir, createSealer(newSealingKey())), /another key/);
  assert.equal(openFiles(), 0);
});

test("no files: there is no log", async () => {
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  await refused(/holds no raft log/);
});

test("a file missing among others: refused", async () => {
  const storage = openLog(dir, sealer);
  for (let i = 402; i < 442; i++) await storage.write({ entries: [data(i, 1 << 20)] });
  await storage.close();
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith("log")),
    ["log-00000001", "log-00000002", "log-00000003"],
  );
  rmSync(join(dir, "log-00000002"));
  await refused(/log-00000002 is damaged: it is missing/);
  rmSync(file);
  await refused(/is damaged: entry 201 is in none of its files/);
});
