// One daemon to a data directory. The lock is flock's: the kernel drops it with the process that holds it, however that ends, so
// it is never stale and never has to be broken. Node has no call for it; util-linux' `flock` takes it on a descriptor of ours,
// and since a lock belongs to the open file and not to the process, it stays when that command has ended.
import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";

/** What `flock` exits with when another one holds the lock; anything else is a failure of its own. */
const TAKEN_STATUS = 75;

/**
 * Holds the lock of `dataDir` until the result is called, or the process ends.
 * @throws {SkepError} `failed_precondition`: another daemon uses the directory, or it cannot be written.
 */
export function lockDataDir(dataDir: string, log: Log): () => void {
  const file = join(dataDir, "lock");
  let fd: number;
  try {
    fd = openSync(file, "a+", 0o600);
  } catch (cause) {
    throw new SkepError("failed_precondition", `cannot use ${dataDir}: ${SkepError.from(cause).message}`, { cause });
  }
  const { status, error, stderr } = spawnSync("flock", ["-n", "-x", "-E", String(TAKEN_STATUS), "3"], {
    stdio: ["ignore", "ignore", "pipe", fd],
  });
  if (status === TAKEN_STATUS) {
    closeSync(fd);
    const pid = readFileSync(file, "utf8").trim();
    throw new SkepError(
      "failed_precondition",
      `another skep daemon${pid === "" ? "" : ` (process ${pid})`} uses ${dataDir}: stop it, or give this one a folder of its own with --data-dir`,
    );
  }
  if (status !== 0) {
    // No util-linux, or a filesystem without locks: the port still keeps two daemons of one node apart.
    log.warn({ file, why: error?.message ?? String(stderr) }, "cannot lock the data directory; going on without");
  }
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } catch {
    // Only words for who comes second; a full disk must not keep a daemon from starting.
  }
  return () => closeSync(fd);
}
