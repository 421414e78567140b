// One bit flips in the newest record of the only manager's log: it was acknowledged, so nothing goes on without it until
// somebody says so.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { newInitRequest } from "../../../proto/gen/local.ts";
import { newContainerSpec, newServiceSpec, newTaskSpec } from "../../../proto/gen/objects.ts";
import { LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const daemons: TestDaemon[] = [];
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.remove();
});

async function managerWith(names: readonly string[]): Promise<TestDaemon> {
  const daemon = await testDaemon();
  daemons.push(daemon);
  await daemon.init();
  for (const name of names) {
    const taskTemplate = newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox:1.36" }) });
    const service = newServiceSpec({ name, mode: { kind: "replicated", replicas: 0 }, taskTemplate });
    await daemon.node().control.createService({ spec: service, noResolveImage: true }, LOCAL);
  }
  return daemon;
}

function flipABitOfTheNewestRecord(daemon: TestDaemon): void {
  const file = join(daemon.dataDir, "raft", "log-00000001");
  const bytes = readFileSync(file);
  const at = bytes.findLastIndex((byte) => byte !== 0) - 20; // before what fills it up
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(file, bytes);
}

const forced = (daemon: TestDaemon, force: boolean) =>
  daemon.node().local.init(newInitRequest({ forceNewCluster: true, force }), LOCAL);

test("refused with the way out; by force it goes on with all that is readable, and says what is not", async () => {
  const daemon = await managerWith(["one", "two", "three"]);
  await daemon.stop();
  flipABitOfTheNewestRecord(daemon);
  await daemon.restart();
  const info = await daemon.info();
  assert.equal(info.localNodeState, "error");
  assert.match(info.error, /log-00000001 is damaged: the record at byte \d+ is not readable, and no power cut/);
  assert.match(info.error, /swarm leave --force.*swarm restore.*init --force-new-cluster --force/);

  await assert.rejects(forced(daemon, false), {
    code: "failed_precondition",
    message: /With --force it goes on alone/,
  });
  assert.equal((await daemon.info()).localNodeState, "error", "as it was");
  const { notes } = await forced(daemon, true);
  assert.match(notes.join("\n"), /Not readable, and lost with what came after it: .*log-00000001/);
  const { services } = await daemon.node().control.listServices({ filters: [] }, LOCAL);
  const names = services.map(({ service }) => service?.spec?.name);
  assert.ok(names.includes("one") && names.includes("two"), names.join());
  await daemon.restart();
  assert.equal((await daemon.info()).localNodeState, "active");
});
