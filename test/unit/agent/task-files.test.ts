import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decodeRecord, encodeRecord, openTaskFiles } from "../../../agent/task/task-files.ts";
import { silentLog } from "../../../shared/log.ts";
import { task } from "./fixtures.ts";

let dir = "";
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "skep-task-files-"));
});
after(() => rm(dir, { recursive: true }));

test("what was saved is loaded, the last save wins, and removed is gone", async () => {
  const files = await openTaskFiles(join(dir, "a"), silentLog);
  const [one, two] = [task({ state: "running" }), task()];
  await Promise.all([
    files.save({ task: task({ id: one.id }), imageStopSignal: "" }),
    files.save({ task: one, imageStopSignal: "SIGQUIT" }),
    files.save({ task: two, imageStopSignal: "" }),
    files.remove(two.id),
  ]);
  const again = await openTaskFiles(join(dir, "a"), silentLog);
  assert.deepEqual(await again.load(), [{ task: one, imageStopSignal: "SIGQUIT" }]);
  assert.deepEqual(await readdir(join(dir, "a")), [one.id], "no temporary file stays");
});

test("damaged, foreign and half-written files are dropped, the others live", async () => {
  const files = await openTaskFiles(join(dir, "b"), silentLog);
  const [good, torn, empty] = [task(), task(), task()];
  for (const saved of [good, torn, empty]) await files.save({ task: saved, imageStopSignal: "" });
  const path = join(dir, "b", torn.id);
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await writeFile(join(dir, "b", empty.id), "");
  await writeFile(join(dir, "b", `${good.id}.new`), "half");
  await writeFile(join(dir, "b", "stranger"), "?");
  assert.deepEqual(
    (await files.load()).map((record) => record.task.id),
    [good.id],
  );
  assert.deepEqual(await readdir(join(dir, "b")), [good.id]);
});

test("a record of any truncated length is refused, not misread", () => {
  const bytes = Buffer.from(encodeRecord({ task: task(), imageStopSignal: "SIGINT" }));
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeRecord(bytes.subarray(0, length)), undefined);
  }
  assert.equal(decodeRecord(bytes)?.imageStopSignal, "SIGINT");
});

test("a directory that takes no more is an error of the one save", async () => {
  const files = await openTaskFiles(join(dir, "c"), silentLog);
  await rm(join(dir, "c"), { recursive: true });
  await assert.rejects(files.save({ task: task(), imageStopSignal: "" }), /cannot record task/);
});
