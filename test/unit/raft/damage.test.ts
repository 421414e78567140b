// What is damaged on the disk is refused with words that name the file, and the process lives: a file cut short or with
// noise in its first pages would kill it otherwise.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { beginOpening } from "../../../manager/raft/lmdb-check.ts";
import { openLmdbStorage } from "../../../manager/raft/lmdb-storage.ts";
import { openRaft } from "../../../manager/raft/open.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { silentLog } from "../../../shared/log.ts";
import { createSealer, newSealingKey } from "../../../shared/pki/sealing.ts";
import { dial, ListMachine } from "./real-members.ts";

const root = mkdtempSync(join(tmpdir(), "skep-damage-"));
const good = join(root, "good");
const dir = join(root, "raft");
const file = join(dir, "data.mdb");
const sealer = createSealer(newSealingKey());

before(async () => {
  const storage = openLmdbStorage(good, sealer);
  const members = [{ raftId: 1, nodeId: "n", addr: "h:1", voter: true }];
  await storage.format(1, {
    hardState: { term: 1, vote: 0, commit: 1 },
    entries: [{ index: 1, term: 1, body: { kind: "config", members, nextRaftId: 2 } }],
  });
  const entries = Array.from({ length: 400 }, (_, i) => ({
    index: i + 2,
    term: 1,
    body: { kind: "data" as const, value: Buffer.alloc(200, i) },
  }));
  await storage.write({ entries, hardState: { term: 1, vote: 1, commit: 401 } });
  const snapshot = {
    index: 300,
    term: 1,
    config: { members, nextRaftId: 2 },
    data: Buffer.from(JSON.stringify(["x".repeat(100_000)])),
  };
  await storage.write({ compact: { snapshot, dropThrough: 200 } });
  await storage.close();
});
after(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  copyFileSync(join(good, "data.mdb"), file);
});

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

test("undamaged it opens", async () => {
  const raft = await open();
  assert.equal(raft.status().members.length, 1);
  await raft.stop();
  assert.equal(existsSync(join(dir, "opening")), false);
});

const size = (): number => readFileSync(file).length;
for (const [name, bytes, words] of [
  ["within the first page", () => 100, /data\.mdb is damaged: it ends after 100 bytes/],
  ["after the first page", () => 4096, /data\.mdb is damaged: it ends after 4096 bytes/],
  ["after the first two pages", () => 8192, /raft log in .* is damaged: .*data\.mdb ended after 8192 of \d+ bytes/],
  [
    "in the middle",
    () => Math.floor(size() / 2),
    /raft log in .* is damaged: .*data\.mdb ended after \d+ of \d+ bytes/,
  ],
] as const) {
  test(`cut short ${name}: refused`, async () => {
    truncateSync(file, bytes());
    await refused(words);
  });
}

test("a missing end that nothing stands in does no harm", async () => {
  // The page after the last one in use, as a transaction leaves it that took and gave back a page.
  const bytes = readFileSync(file);
  for (const meta of [0, 4096]) bytes.writeBigUInt64LE(BigInt(bytes.length / 4096), meta + 144);
  writeFileSync(file, bytes);
  await (await open()).stop();
});

test("emptied: there is no log", async () => {
  truncateSync(file, 0);
  await refused(/holds no raft log/);
});

for (const page of [0, 1]) {
  test(`noise over page ${page}: refused`, async () => {
    overwrite(page * 4096, randomBytes(4096));
    await refused(/data\.mdb is damaged: its (first|second) page is not that of a database/);
  });
}

test("a flipped bit in an entry: refused, for what is sealed opens only whole", async () => {
  const bytes = readFileSync(file);
  // In the used part of the data, wherever that is: flip one bit in each page from the third on.
  for (let at = 8192 + 2000; at < bytes.length; at += 4096) bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  await refused(/raft log in .* is damaged/);
});

test("the process died thrice while reading: it stays, and says so", async () => {
  for (let i = 0; i < 3; i++) beginOpening(dir); // and never came to an end
  await refused(/data\.mdb is damaged: the daemon died 3 times .*opening to let it try again/);
  rmSync(join(dir, "opening"));
  await (await open()).stop();
});

function overwrite(at: number, noise: Buffer): void {
  const bytes = readFileSync(file);
  noise.copy(bytes, at);
  writeFileSync(file, bytes);
}
