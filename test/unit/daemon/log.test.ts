import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../../bin/daemon/log.ts";
import { SkepError } from "../../../shared/errors.ts";

test("lines are JSON; an error is told with its code", () => {
  const lines: string[] = [];
  const log = createLog("info", (line) => lines.push(line));
  log.debug({}, "not told");
  log.child({ room: "raft" }).info({ error: new SkepError("conflict", "again") }, "told");
  const [line = ""] = lines;
  const { level, room, msg, error } = JSON.parse(line);
  assert.deepEqual([lines.length, level, room, msg, error.code], [1, "info", "raft", "told", "conflict"]);
});

test("a log that cannot be written harms nobody, and tells afterwards what is missing", () => {
  const lines: string[] = [];
  let full = true;
  const log = createLog("info", (line) => {
    if (full) throw new Error("ENOSPC: no space left on device, write");
    lines.push(line);
  });
  log.info({}, "one");
  log.error({ error: new Error("two") }, "two");
  full = false;
  log.info({}, "three");
  log.info({}, "four");
  const told = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ msg, dropped }) => [msg, dropped]),
    [
      ["log lines could not be written", 2],
      ["three", undefined],
      ["four", undefined],
    ],
  );
});
