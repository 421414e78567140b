// A power cut may leave any part of the write that was under way: it is cut off, and nothing else is lost. Whatever else is not
// as it was written is refused with words that name the file.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  cpSync,
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
import { openLog } from "../../../../manager/raft/disk/open-log.ts";
import { openRaft } from "../../../../manager/raft/open.ts";
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
/** Where the last record begins, and where it ends. */
let lastAt = 0;
let end = 0;

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
  end = used(join(good, "log-00000001"));
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

test("a power cut: whatever part of the last write is on the disk, only that write is lost", async () => {
  const whole = readFileSync(file);
  assert.ok(lastAt > 0 && end > lastAt);
  for (let cut = lastAt; cut < end - 8; cut += 8) {
    // The first part got there, and then: only the last part.
    for (const [from, to] of [
      [cut, end],
      [lastAt, Math.max(lastAt + 8, cut)],
    ] as const) {
      const torn = Buffer.from(whole);
      torn.fill(0, from, to);
      writeFileSync(file, torn);
      assert.deepEqual(await lastIndexes(), [201, 401], `zeros from ${from} to ${to}`);
      assert.deepEqual(await lastIndexes(), [201, 401], "and again");
    }
  }
  truncateSync(file, lastAt + 20);
  assert.deepEqual(await lastIndexes(), [201, 401]);
  const storage = openLog(dir, sealer);
  await storage.write({ entries: [data(402, 9), data(403)] });
  await storage.close();
  assert.deepEqual(await lastIndexes(), [201, 403]);
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
