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

test("nobody who reads errors is no error either", () => {
  const script = `exec 3>&1; ("$0" "$1" no-such-command 2>&1 1>/dev/null; echo "status $?" >&3) | true`;
  const { stdout } = spawnSync("sh", ["-c", script, process.execPath, join(root, "bin", "skep.ts")], {
    encoding: "utf8",
  });
  assert.equal(stdout, "status 2\n");
});
