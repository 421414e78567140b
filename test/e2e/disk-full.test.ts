// A worker whose disk is full: tasks say so, its daemon lives on, and when there is space again so do they.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pushTo } from "../../deploy/demo-image.ts";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { pathsOf } from "../../deploy/dev/model.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { busyboxImage } from "../support/busybox-image.ts";
import { fillDisk } from "../support/fill-disk.ts";
import { busybox, devRegistry } from "./images.ts";
import {
  dev,
  E2E_CLUSTER,
  eventually,
  eventuallyRunning,
  everyNodeReady,
  okAt,
  removeServices,
  runCommand,
  skep,
  tasksOf,
  useCluster,
} from "./support.ts";

const NODE = "node5";
const DISK_MEGABYTES = 40;
const disk = join(pathsOf(DEV_DIR, E2E_CLUSTER).nodeDir(NODE), "lib");
const filler = join(disk, "filler");
const HERE = ["--constraint", `node.hostname==${NODE}`, "--restart-delay", "1s"];
const FULL = /^"no space left on this node's disk: /;

async function ok(...command: readonly [string, ...string[]]): Promise<void> {
  const [file, ...args] = command;
  const result = await runCommand(file, args);
  assert.equal(result.code, 0, `${command.join(" ")}: ${result.stderr}`);
}

/** The node's disk with all that is on it becomes a small one. */
async function shrinkDisk(): Promise<void> {
  const small = mkdtempSync(join(tmpdir(), "skep-disk-"));
  await dev("kill", NODE);
  try {
    await ok("mount", "-t", "tmpfs", "-o", `size=${DISK_MEGABYTES}m`, "tmpfs", small);
    await ok("cp", "-a", `${disk}/.`, small);
    await ok("mount", "--bind", small, disk);
  } finally {
    await runCommand("umount", [small]);
    rmdirSync(small);
    await dev("start", NODE);
  }
}

before(async () => {
  await useCluster();
  // Containers that others left there would not fit.
  await skep("node", "update", "--availability", "drain", NODE);
  await eventually("the node is empty", async () => {
    const states = await okAt("node1", "node", "ps", NODE, "--format", "{{.CurrentState}}");
    assert.doesNotMatch(states, /^Running/m);
  });
  await shrinkDisk();
  await skep("node", "update", "--availability", "active", NODE);
  await everyNodeReady();
});

after(async () => {
  await removeServices("big", "full");
  await dev("kill", NODE);
  await ok("umount", disk);
  await dev("start", NODE);
  await everyNodeReady();
});

test("an image that does not fit: the task says so first, and the node goes on", async () => {
  const content = randomBytes((DISK_MEGABYTES / 2) * 1024 * 1024).toString("hex");
  const image = await busyboxImage([{ kind: "file", path: "etc/big", mode: 0o644, content }]);
  await pushTo(devRegistry(), "big", "1", image, { env: realEnv, signal: new AbortController().signal });
  await skep("service", "create", "-d", "--name", "big", ...HERE, `${devRegistry()}/big:1`, "sleep", "1000");
  await eventually("the task tells", async () => {
    const errors = (await tasksOf("big")).map(({ error }) => error);
    assert.ok(
      errors.some((error) => FULL.test(error) && /cannot unpack layer/.test(error)),
      errors.join("\n"),
    );
  });
  await skep("service", "rm", "big");
  await everyNodeReady();
});

test("not a byte left: the task says so, the daemon lives, and with space again the task runs", async () => {
  const image = await busybox();
  fillDisk(filler);
  await skep("service", "create", "-d", "--name", "full", ...HERE, image, "sleep", "1000");
  await eventually("the task tells", async () => {
    const errors = (await tasksOf("full")).map(({ error }) => error);
    assert.ok(
      errors.some((error) => FULL.test(error)),
      errors.join("\n"),
    );
  });
  assert.match(await okAt(NODE, "info", "--format", "{{.Swarm.LocalNodeState}}"), /^active/);
  await everyNodeReady();
  rmSync(filler);
  await eventuallyRunning("full", 1, (node) => node === NODE);
});
