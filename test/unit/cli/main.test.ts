import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..", "..", "..");

// Only a real process has a real pipe. The reader closes before the writer writes.
test("a reader that closes the pipe is no error", () => {
  const script = `("$0" "$1" service create --help; echo "status $?" >&2) | true`;
  const { stderr } = spawnSync("sh", ["-c", script, process.execPath, join(root, "bin", "skep.ts")], {
    encoding: "utf8",
  });
  assert.equal(stderr, "status 0\n");
});
