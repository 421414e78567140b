// Recovery where something else is going on: autolock is on, or the root CA is being replaced.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { newEventsRequest, newRotateCARequest } from "../../../proto/gen/control.ts";
import { newInitRequest, newRestoreOptions, newRestoreRequest, type RestoreRequest } from "../../../proto/gen/local.ts";
import { type Cluster, type Node, newClusterSpec, newEncryptionConfig } from "../../../proto/gen/objects.ts";
import { type Code, isCode } from "../../../shared/errors.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const daemons: TestDaemon[] = [];
const newDaemon = async (): Promise<TestDaemon> => {
  const daemon = await testDaemon();
  daemons.push(daemon);
  return daemon;
};
after(() => Promise.all(daemons.map((daemon) => daemon.remove())));

const refused = (promise: Promise<unknown>, code: Code, words: RegExp): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof Error && words.test(error.message), `${error}`);
    assert.ok(isCode(error, code), `${code}: ${error}`);
    return true;
  });

const control = (daemon: TestDaemon) => daemon.node().control;
const clusterOf = (daemon: TestDaemon): Promise<Cluster> => control(daemon).getCluster({}, LOCAL);
const nodesOf = async (daemon: TestDaemon): Promise<readonly Node[]> =>
  (await control(daemon).listNodes({ filters: [] }, LOCAL)).nodes;
const stateOf = async (daemon: TestDaemon): Promise<string> => (await daemon.info()).localNodeState;
const unlock = (daemon: TestDaemon, unlockKey: string): Promise<unknown> =>
  daemon.node().local.unlock({ unlockKey }, LOCAL);
const goOnAlone = (daemon: TestDaemon, force = false) =>
  daemon.node().local.init(newInitRequest({ forceNewCluster: true, force }), LOCAL);

async function backupOf(daemon: TestDaemon): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const { data } of control(daemon).backup({}, LOCAL)) parts.push(data);
  return Buffer.concat(parts);
}

function restore(daemon: TestDaemon, file: Uint8Array) {
  async function* upload(): AsyncGenerator<RestoreRequest> {
    yield newRestoreRequest({ options: newRestoreOptions({}), data: file });
  }
  return daemon.node().local.restore(upload(), LOCAL);
}

const isReady = (askable: TestDaemon, id: string): Promise<void> =>
  eventually("the node is ready", async () => {
    const nodes = await nodesOf(askable).catch(() => []);
    return nodes.find((node) => node.id === id)?.status?.state === "ready";
  });

/** Everything that a node has on its disk, as one text. */
const disk = (daemon: TestDaemon): string =>
  readdirSync(daemon.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");

test("autolock: going on alone and a restore need the unlock key, and leave nothing open", async () => {
  const [first, second, fresh] = [await newDaemon(), await newDaemon(), await newDaemon()];
  const spec = newClusterSpec({ encryption: newEncryptionConfig({ autoLockManagers: true }) });
  const { joinTokens, unlockKey } = await first.node().local.init(newInitRequest({ spec }), LOCAL);
  await second.join(joinTokens?.manager ?? "", first.addr);
  await eventually(
    "both are managers",
    async () =>
      (await nodesOf(first)).filter(({ managerStatus }) => managerStatus?.reachability === "reachable").length === 2,
  );
  const file = await backupOf(first);

  await Promise.all([first.stop(), second.stop()]);
  await first.restart();
  assert.equal(await stateOf(first), "locked");
  await refused(goOnAlone(first), "failed_precondition", /cannot go on alone: Swarm is encrypted/);
  await unlock(first, unlockKey);
  await goOnAlone(first);
  assert.equal((await control(first).status({}, LOCAL)).managers.length, 1);
  assert.equal(disk(first).includes("PRIVATE KEY"), false);
  assert.equal((await control(first).getUnlockKey({}, LOCAL)).unlockKey, unlockKey);
  await first.restart();
  assert.equal(await stateOf(first), "locked");
  await unlock(first, unlockKey);
  await eventually("it leads", async () => (await nodesOf(first).catch(() => [])).length === 2);
  await first.stop();

  const { notes } = await restore(fresh, file);
  assert.match(notes.join("\n"), /Autolock is on.*unlock-key/);
  assert.equal(disk(fresh).includes("PRIVATE KEY"), false);
  // Versions that were given out after the backup must not come to mean something else.
  const events = control(fresh).events(newEventsRequest({ afterVersion: 500 }), LOCAL);
  await refused(Promise.resolve(events[Symbol.asyncIterator]().next()), "failed_precondition", /list again/);
  assert.equal((await control(fresh).getUnlockKey({}, LOCAL)).unlockKey, unlockKey);
  await fresh.restart();
  assert.equal(await stateOf(fresh), "locked");
  await unlock(fresh, unlockKey);
  await eventually("it leads", async () => (await nodesOf(fresh).catch(() => [])).length === 3);
});

test("another root under way: a backup of that moment serves nodes that have followed and nodes that have not", async () => {
  const [lost, worker, fresh, again] = [await newDaemon(), await newDaemon(), await newDaemon(), await newDaemon()];
  const { joinTokens } = await lost.init();
  await worker.join(joinTokens?.worker ?? "", lost.addr);
  const { nodeId } = await worker.info();
  await isReady(lost, nodeId);
  await worker.stop(); // it holds the rotation up
  const { rootCa: old } = await clusterOf(lost);
  const next = (await control(lost).rotateCA(newRotateCARequest(), LOCAL)).rootCa?.rotation?.caCertHash ?? "";
  const file = await backupOf(lost);
  await lost.stop();

  await restore(fresh, file);
  const { rootCa: restored } = await clusterOf(fresh);
  assert.deepEqual([restored?.caCertHash, restored?.rotation?.caCertHash], [old?.caCertHash, next]);
  await goOnAlone(fresh, true);
  assert.equal((await clusterOf(fresh)).rootCa?.rotation?.caCertHash, next);
  // The worker trusts the old root alone: it takes the manager by what the old root says of the next.
  await worker.restart({ seeds: [fresh.addr] });
  await isReady(fresh, nodeId);
  // The lost manager holds the end up until somebody says that it will not come back.
  await control(fresh).removeNode({ ref: (await nodeNamed(fresh, lost)) ?? "", force: true }, LOCAL);
  await eventually("the rotation has ended", async () => {
    const { rootCa } = await clusterOf(fresh);
    return rootCa?.rotation === undefined && rootCa?.caCertHash === next;
  });
  const { rootCa: ended } = await clusterOf(fresh);
  const rootPem = Buffer.from(ended?.caCert ?? []).toString();
  await eventually(
    "the worker trusts the next root alone",
    () => readFileSync(join(worker.dataDir, "certificates", "root.pem"), "utf8") === rootPem,
  );
  await Promise.all([fresh.stop(), worker.stop()]);

  // The same backup once more: by now the worker has forgotten the root that the backup's cluster still begins with.
  await restore(again, file);
  await worker.restart({ seeds: [again.addr] });
  await isReady(again, nodeId);
});

const nodeNamed = async (askable: TestDaemon, { addr }: TestDaemon): Promise<string | undefined> =>
  (await nodesOf(askable)).find((node) => node.addr === addr)?.id;
