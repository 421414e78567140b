// A leader whose disk hangs: writes to it neither return nor fail. Another leads, writes are accepted again, and status says
// whose disk it is; when the disk goes on, so does the manager.
import assert from "node:assert/strict";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { freeze, makeDisk, thaw } from "../../deploy/dev/disks.ts";
import { pathsOf } from "../../deploy/dev/model.ts";
import { busybox } from "./images.ts";
import {
  dev,
  E2E_CLUSTER,
  eventually,
  everyNodeReady,
  leader,
  okAt,
  removeServices,
  runCommand,
  skepAt,
  useCluster,
} from "./support.ts";

const MANAGERS = ["node1", "node2", "node3"];
const DISK_MEGABYTES = 512;
const diskOf = (node: string): string => pathsOf(DEV_DIR, E2E_CLUSTER).diskDir(node);

async function ok(...command: readonly [string, ...string[]]): Promise<void> {
  const [file, ...args] = command;
  const result = await runCommand(file, args);
  assert.equal(result.code, 0, `${command.join(" ")}: ${result.stderr}`);
}

/** All that is on the node's disk, on one of its own. The node is off. */
async function moveToOwnDisk(node: string): Promise<void> {
  const fresh = mkdtempSync(join(tmpdir(), "skep-disk-"));
  try {
    await makeDisk(fresh, DISK_MEGABYTES, "image");
    await ok("cp", "-a", `${diskOf(node)}/.`, fresh);
    await ok("mount", "--bind", fresh, diskOf(node));
  } finally {
    await runCommand("umount", [fresh]);
    rmdirSync(fresh);
  }
}

before(async () => {
  await useCluster();
  await dev("kill", ...MANAGERS);
  try {
    for (const node of MANAGERS) await moveToOwnDisk(node);
  } finally {
    await dev("start", ...MANAGERS);
  }
  await everyNodeReady();
});

after(async () => {
  for (const node of MANAGERS) await thaw(diskOf(node));
  await removeServices("meanwhile");
  await dev("kill", ...MANAGERS);
  for (const node of MANAGERS) await runCommand("umount", [diskOf(node)]);
  await dev("start", ...MANAGERS);
  await everyNodeReady();
});

test("the leader's disk hangs: another leads and takes writes, and status says it", async () => {
  const image = await busybox();
  const first = await leader();
  const other = MANAGERS.find((node) => node !== first) ?? "";
  await freeze(diskOf(first));
  try {
    // A leader that has nothing to write does not know of its disk yet.
    await eventually("a write is accepted", async () => {
      const { code, stderr } = await skepAt(other, [
        "service",
        "create",
        "-d",
        "--name",
        "meanwhile",
        image,
        "sleep",
        "1000",
      ]);
      assert.ok(code === 0 || /already exists|is taken/.test(stderr), stderr);
    });
    assert.notEqual(await okAt(other, "node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"), "");
    assert.match(await okAt(other, "service", "ls", "--format", "{{.Name}}"), /meanwhile/);
    const rows = (await okAt(other, "node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}")).split("\n");
    assert.ok(!rows.includes(`${first} Leader`), rows.join("; "));
    await eventually("status says it", async () => {
      const { code, stdout } = await skepAt(other, ["status"]);
      assert.equal(code, 1, stdout);
      // It can answer nothing in the new leader's term, which its disk has not written.
      assert.match(stdout, new RegExp(`manager ${first} .*(does not answer|hangs)`), stdout);
    });
  } finally {
    await thaw(diskOf(first));
  }
  await everyNodeReady();
  await eventually("all is well", async () => {
    const { stdout } = await skepAt(other, ["status"]);
    assert.doesNotMatch(stdout, /hangs|does not answer/);
  });
  assert.match(await okAt(first, "service", "ls", "--format", "{{.Name}}"), /meanwhile/);
});
