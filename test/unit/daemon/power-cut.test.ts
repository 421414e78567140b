// A whole daemon on a file system that forgets what was not flushed: what somebody was told is done is done after a power cut at
// that very moment.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { readJournal, SimDisk } from "../../support/forgetful/power-cut.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const RECORDER = join(import.meta.dirname, "../../support/forgetful/recorder.ts");
const CHILD = join(import.meta.dirname, "power-cut-child.ts");

let root = "";
let running: TestDaemon | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "skep-power-"));
});
afterEach(async () => {
  await running?.remove();
  rmSync(root, { recursive: true, force: true });
});

async function servicesAfter(disk: SimDisk, left: string): Promise<readonly string[]> {
  disk.cut(left);
  const daemon = await testDaemon(left);
  running = daemon;
  try {
    const { localNodeState, error } = await daemon.info();
    assert.equal(localNodeState, "active", error);
    let names: readonly string[] = [];
    await eventually("it leads", async () => {
      const answer = await daemon
        .node()
        .control.listServices({ filters: [] }, LOCAL)
        .catch(() => undefined);
      names = answer?.services.map(({ service }) => service?.spec?.name ?? "") ?? [];
      return answer !== undefined;
    });
    return names;
  } finally {
    await daemon.remove();
    running = undefined;
  }
}

test("a cluster that was made, and services that were created, are there after a power cut", async () => {
  const [data, journal] = [join(root, "data"), join(root, "journal")];
  mkdirSync(data);
  await promisify(execFile)(process.execPath, ["--import", RECORDER, CHILD, data], {
    env: { ...process.env, FORGETFUL_ROOT: data, FORGETFUL_JOURNAL: journal },
  });
  const disk = new SimDisk(data);
  const told: string[] = [];
  for (const recorded of readJournal(journal)) {
    disk.apply(recorded);
    if (recorded.event.op !== "ack") continue;
    if (recorded.event.what !== "init") told.push(recorded.event.what);
    const found = await servicesAfter(disk, join(root, "left"));
    assert.deepEqual([...found].sort(), [...told].sort(), `after ${recorded.event.what}`);
  }
  assert.equal(told.length, 4);
});
