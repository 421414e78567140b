// A node whose agent cannot use its folder: it says so, and works once the folder can be used.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

let daemon: TestDaemon | undefined;
after(() => daemon?.remove());

test("an agent whose folder cannot be used is tried again until it can", async () => {
  const made = await testDaemon();
  daemon = made;
  await made.init();
  await made.stop();
  const folder = join(made.dataDir, "agent");
  await rm(folder, { recursive: true });
  await writeFile(folder, "a file where a folder should be");
  await made.restart();
  await eventually("it is told", async () => /the agent cannot run/.test((await made.info()).error));
  assert.equal((await made.info()).localNodeState, "active");
  await rm(folder);
  await eventually("the node is ready", async () => {
    const { nodes } = await made.node().control.listNodes({ filters: [] }, LOCAL);
    return nodes[0]?.status?.state === "ready" && (await made.info()).error === "";
  });
});
