import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { lockDataDir } from "../../../bin/daemon/data-lock.ts";
import { isCode } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";

const dir = mkdtempSync(join(tmpdir(), "skep-lock-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const refused = (words: RegExp): void =>
  assert.throws(
    () => lockDataDir(dir, silentLog),
    (error) => isCode(error, "failed_precondition") && error instanceof Error && words.test(error.message),
  );

test("one daemon to a data directory; the next one may come when it has let go", () => {
  const unlock = lockDataDir(dir, silentLog);
  refused(new RegExp(`another skep daemon \\(process ${process.pid}\\) uses ${dir}: .*--data-dir`));
  unlock();
  lockDataDir(dir, silentLog)();
});

test("the lock of a daemon that was killed holds nobody up", async () => {
  const code = `import { lockDataDir } from ${JSON.stringify(join(import.meta.dirname, "../../../bin/daemon/data-lock.ts"))};
    import { silentLog } from ${JSON.stringify(join(import.meta.dirname, "../../../shared/log.ts"))};
    lockDataDir(${JSON.stringify(dir)}, silentLog);
    console.log("held");
    process.stdin.resume();`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  refused(new RegExp(`process ${holder.pid}`));
  holder.kill("SIGKILL");
  await once(holder, "close");
  lockDataDir(dir, silentLog)();
  assert.equal(readFileSync(join(dir, "lock"), "utf8"), `${process.pid}\n`);
});

test("a folder that is not there is told", () => {
  assert.throws(() => lockDataDir(join(dir, "none"), silentLog), /cannot use .*none: .*ENOENT/);
});
