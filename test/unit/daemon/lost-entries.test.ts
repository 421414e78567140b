// A manager whose disk has lost what it had acknowledged, on real daemons: it comes back by itself, as a new member of the
// Raft group, and nothing is lost.
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newContainerSpec, newServiceSpec, newTaskSpec } from "../../../proto/gen/objects.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const daemons: TestDaemon[] = [];
before(async () => {
  for (let i = 0; i < 3; i++) daemons.push(await testDaemon());
});
after(async () => {
  await Promise.all(daemons.map((daemon) => daemon.remove()));
});

const daemonAt = (index: number): TestDaemon => {
  const daemon = daemons[index];
  assert.ok(daemon !== undefined);
  return daemon;
};

async function create(at: TestDaemon, name: string): Promise<void> {
  const taskTemplate = newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox:latest" }) });
  const spec = newServiceSpec({ name, taskTemplate, mode: { kind: "replicated", replicas: 0 } });
  await at.node().control.createService({ spec, noResolveImage: true }, LOCAL);
}

/** The raft id under which the leader reaches it; 0 when it does not. */
async function memberIdOf(askable: TestDaemon, nodeId: string): Promise<number> {
  const { nodes } = await askable.node().control.listNodes({ filters: [] }, LOCAL);
  const status = nodes.find((node) => node.id === nodeId)?.managerStatus;
  return status?.reachability === "reachable" ? status.raftId : 0;
}

test("a manager whose disk has lost acknowledged entries joins the others anew, by itself", async () => {
  const [first, second, forgetful] = [daemonAt(0), daemonAt(1), daemonAt(2)];
  const { joinTokens } = await first.init();
  for (const daemon of [second, forgetful]) await daemon.join(joinTokens?.manager ?? "", first.addr);
  const { nodeId } = await forgetful.info();
  const becomesMember = (what: string, other: number): Promise<void> =>
    eventually(what, async () => ![0, other].includes(await memberIdOf(first, nodeId).catch(() => 0)), 30_000);
  await becomesMember("it is a member", 0);
  const before = await memberIdOf(first, nodeId);

  const disk = join(forgetful.dataDir, "raft");
  const copy = join(forgetful.dataDir, "raft-before");
  await forgetful.stop();
  cpSync(disk, copy, { recursive: true });
  await forgetful.restart();
  for (const name of ["one", "two", "three"]) await create(first, name);
  await eventually("it has acknowledged them", async () => {
    const { managers } = await first.node().control.status({}, LOCAL);
    return managers.every(({ lag }) => lag === 0);
  });
  await forgetful.stop();
  rmSync(disk, { recursive: true });
  cpSync(copy, disk, { recursive: true });

  await forgetful.restart();
  await becomesMember("it is a new member", before);
  await create(first, "four");
  await eventually("it serves", async () => (await forgetful.info()).controlAvailable);
  const { services } = await forgetful.node().control.listServices({ filters: [] }, LOCAL);
  assert.deepEqual(services.map(({ service }) => service?.spec?.name).sort(), ["four", "one", "three", "two"]);
  await forgetful.restart();
  await becomesMember("it outlives a restart", before);
});
