// Keys of a cluster of real daemons on loopback: what is on the disks, locking and unlocking, another unlock key, another
// root while a service runs. One story, in order: each test goes on where the one before it ended.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openStateDir } from "../../../bin/daemon/state-dir.ts";
import { openLog } from "../../../manager/raft/disk/open-log.ts";
import { AgentService, newTaskLogsRequest } from "../../../proto/gen/agent.ts";
import { newRotateCARequest } from "../../../proto/gen/control.ts";
import { type InitResponse, newInitRequest } from "../../../proto/gen/local.ts";
import {
  type Cluster,
  type Node,
  newClusterSpec,
  newContainerSpec,
  newEncryptionConfig,
  newServiceSpec,
  newTaskSpec,
  type Task,
} from "../../../proto/gen/objects.ts";
import { type Code, isCode } from "../../../shared/errors.ts";
import { type NodeId, parseId } from "../../../shared/model/ids.ts";
import { createIdentityHolder, openIdentity } from "../../../shared/pki/identity.ts";
import { createSealer } from "../../../shared/pki/sealing.ts";
import { parseUnlockKey } from "../../../shared/pki/unlock-key.ts";
import { serverStream } from "../../../shared/rpc/client.ts";
import { createDialer } from "../../../shared/rpc/dialer.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const SECRET = "PASSWORD=only-for-those-who-may";
const managers: TestDaemon[] = [];
let worker: TestDaemon;
let made: InitResponse;

const at = (index: number): TestDaemon => {
  const daemon = managers[index];
  assert.ok(daemon);
  return daemon;
};

before(async () => {
  for (let i = 0; i < 3; i++) managers.push(await testDaemon());
  worker = await testDaemon();
});
after(async () => {
  await Promise.all([...managers, worker].map((daemon) => daemon.remove()));
});

const refused = (promise: Promise<unknown>, code: Code, words: RegExp): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof Error && words.test(error.message), `${error}`);
    assert.ok(isCode(error, code), `${error}`);
    return true;
  });

const control = (daemon: TestDaemon) => daemon.node().control;
const nodesOf = async (daemon: TestDaemon): Promise<readonly Node[]> =>
  (await control(daemon).listNodes({ filters: [] }, LOCAL)).nodes;
const clusterOf = (daemon: TestDaemon): Promise<Cluster> => control(daemon).getCluster({}, LOCAL);
const keyOf = async (daemon: TestDaemon): Promise<string> => (await control(daemon).getUnlockKey({}, LOCAL)).unlockKey;
const unlock = (daemon: TestDaemon, unlockKey: string): Promise<unknown> =>
  daemon.node().local.unlock({ unlockKey }, LOCAL);
const stateOf = async (daemon: TestDaemon): Promise<string> => (await daemon.info()).localNodeState;

const ready = (askable: TestDaemon, count: number): Promise<void> =>
  eventually(`${count} nodes are ready`, async () => {
    const list = await nodesOf(askable).catch(() => []);
    return list.filter((node) => node.status?.state === "ready").length === count;
  });

const runningTasks = async (daemon: TestDaemon): Promise<readonly Task[]> =>
  (await control(daemon).listTasks({ filters: [] }, LOCAL)).tasks.filter((task) => task.status?.state === "running");

/** Everything that a node has on its disk, as one text. */
const disk = (daemon: TestDaemon): string =>
  readdirSync(daemon.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");

const sealedAs = (daemon: TestDaemon): string =>
  readFileSync(join(daemon.dataDir, "certificates", "node.pem"), "latin1");
const isSealed = (daemon: TestDaemon): boolean => {
  const pem = sealedAs(daemon);
  return pem.includes("SKEP SEALED KEYS") && !pem.includes("PRIVATE KEY");
};
const allSealed = (): Promise<void> => eventually("every manager's keys are sealed", () => managers.every(isSealed));

test("init with autolock: the key is told once, the keys on the disk are sealed", async () => {
  const spec = newClusterSpec({ encryption: newEncryptionConfig({ autoLockManagers: true }) });
  made = await at(0).node().local.init(newInitRequest({ spec }), LOCAL);
  assert.match(made.unlockKey, /^SKEPKEY-1-/);
  assert.ok(isSealed(at(0)));
  assert.equal(await keyOf(at(0)), made.unlockKey);
  assert.equal((await clusterOf(at(0))).unlockKey.length, 0);
  await refused(unlock(at(0), made.unlockKey), "failed_precondition", /^swarm is not locked$/);
});

test("managers that join are sealed with the same key, workers never", async () => {
  await at(1).join(made.joinTokens?.manager ?? "", at(0).addr);
  await at(2).join(made.joinTokens?.manager ?? "", at(0).addr);
  await worker.join(made.joinTokens?.worker ?? "", at(0).addr);
  await ready(at(0), 4);
  await allSealed();
  assert.equal(isSealed(worker), false);
});

test("what the cluster knows is on no manager's disk in plain text", async () => {
  const spec = newServiceSpec({
    name: "web",
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox", env: [SECRET] }) }),
    mode: { kind: "replicated", replicas: 4 },
  });
  await control(at(0)).createService({ spec, noResolveImage: true }, LOCAL);
  await eventually("4 tasks run", async () => (await runningTasks(at(1))).length === 4);
  for (const manager of managers) {
    const raftDir = join(manager.dataDir, "raft");
    const logs = readdirSync(raftDir).reduce((all, name) => all + readFileSync(join(raftDir, name), "latin1"), "");
    for (const secret of [SECRET, made.joinTokens?.worker ?? "", made.joinTokens?.manager ?? "", made.unlockKey]) {
      assert.ok(secret !== "" && !logs.includes(secret));
    }
    assert.equal(disk(manager).includes("BEGIN PRIVATE KEY"), false);
  }
});

test("a restarted manager is locked; a wrong key opens nothing, the right one does without another restart", async () => {
  await at(2).restart();
  const info = await at(2).info();
  assert.equal(info.localNodeState, "locked");
  assert.equal(info.controlAvailable, false);
  assert.notEqual(info.nodeId, "");
  const words = /Swarm is encrypted and needs to be unlocked before it can be used. Please use "skep swarm unlock"/;
  await refused(
    Promise.resolve().then(() => clusterOf(at(2))),
    "failed_precondition",
    words,
  );
  await refused(at(2).init(), "failed_precondition", words);
  await refused(at(2).leave(), "failed_precondition", words);
  const wrong = `SKEPKEY-1-${"A".repeat(43)}`;
  for (const key of ["", "nonsense", wrong]) {
    await refused(unlock(at(2), key), "permission_denied", /could not be unlocked: invalid key provided/);
    assert.equal(await stateOf(at(2)), "locked");
  }
  await unlock(at(2), made.unlockKey);
  assert.equal(await stateOf(at(2)), "active");
  assert.equal((await nodesOf(at(2))).length, 4);
  await ready(at(2), 4);
});

test("another unlock key: every manager seals with it; one that was away opens with the old one and follows", async () => {
  await at(2).stop();
  const old = await keyOf(at(1));
  const [before, away] = [sealedAs(at(0)), sealedAs(at(2))];
  const { unlockKey } = await control(at(1)).rotateUnlockKey({}, LOCAL);
  assert.notEqual(unlockKey, old);
  await eventually("the first manager is sealed anew", () => sealedAs(at(0)) !== before);
  await at(2).restart();
  await refused(unlock(at(2), unlockKey), "permission_denied", /invalid key/);
  await unlock(at(2), old);
  await eventually("the manager that was away is sealed anew", () => sealedAs(at(2)) !== away);
  await at(2).restart();
  await unlock(at(2), unlockKey);
  await ready(at(0), 4);
});

test("autolock off and on: the keys are open, then sealed with a key that was never there before", async () => {
  const autolock = async (autoLockManagers: boolean): Promise<void> => {
    const cluster = await clusterOf(at(0));
    const spec = { ...newClusterSpec(cluster.spec), encryption: newEncryptionConfig({ autoLockManagers }) };
    const version = cluster.meta?.version ?? 0;
    await control(at(0)).updateCluster({ version, spec, rotateWorkerToken: false, rotateManagerToken: false }, LOCAL);
  };
  const old = await keyOf(at(0));
  await autolock(false);
  await eventually("no manager's keys are sealed", () => !managers.some(isSealed));
  await refused(keyOf(at(0)), "failed_precondition", /no unlock key is set/);
  await refused(
    Promise.resolve(control(at(0)).rotateUnlockKey({}, LOCAL)),
    "failed_precondition",
    /autolock is not turned on/,
  );
  await at(1).restart();
  assert.equal(await stateOf(at(1)), "active");
  await ready(at(0), 4);
  const open = await Promise.all(managers.map((manager) => openStateDir(manager.dataDir).readIdentity()));
  await autolock(true);
  await allSealed();
  assert.notEqual(await keyOf(at(0)), old);
  // Whoever read the keys while they lay open has none of use now: neither for the logs nor for the port.
  for (const [i, manager] of managers.entries()) {
    const stored = open[i];
    assert.ok(stored?.kind === "open" && stored.files.raftKey !== undefined);
    const before = createSealer(stored.files.raftKey);
    const raft = openStateDir(manager.dataDir).raftDir;
    await eventually("the log is sealed with another key", () => {
      const copy = mkdtempSync(join(tmpdir(), "skep-copy-"));
      try {
        cpSync(raft, copy, { recursive: true });
        openLog(copy, before);
        return false;
      } catch (error) {
        return /another key/.test(`${error}`);
      } finally {
        rmSync(copy, { recursive: true });
      }
    });
    await eventually("the certificate is another one", () => !sealedAs(manager).includes(stored.files.certificatePem));
    const key = parseUnlockKey(await keyOf(at(0)));
    assert.ok(key !== undefined);
    await eventually("the old key is forgotten", async () => {
      const now = await openStateDir(manager.dataDir).readIdentity();
      return now.kind === "sealed" && now.unlock(key).formerRaftKeys === undefined;
    });
  }
  await at(2).restart();
  await unlock(at(2), await keyOf(at(0)));
  await ready(at(2), 4);
  assert.equal((await runningTasks(at(2))).length, 4);
});

/** The root that a node's own certificate on disk is from; of sealed keys as of others, since certificates are open. */
const certificatesOn = (daemon: TestDaemon): string =>
  readFileSync(join(daemon.dataDir, "certificates", "root.pem"), "latin1");

test("another root while a service runs: every node follows, no task is touched, tokens are new", async () => {
  const tasks = (await runningTasks(at(0))).map(({ id }) => id).sort();
  assert.equal(tasks.length, 4);
  const old = await clusterOf(at(0));
  const begun = await control(at(1)).rotateCA(newRotateCARequest(), LOCAL);
  const rotation = begun.rootCa?.rotation;
  assert.ok(rotation !== undefined && rotation.caKey.length === 0);
  await eventually("the rotation has ended", async () => {
    const { rootCa } = await clusterOf(at(0));
    assert.deepEqual((await runningTasks(at(0))).map(({ id }) => id).sort(), tasks);
    return rootCa?.rotation === undefined && rootCa?.caCertHash === rotation.caCertHash;
  });
  const next = await clusterOf(at(0));
  assert.notEqual(next.rootCa?.joinTokens?.worker, old.rootCa?.joinTokens?.worker);
  const rootPem = Buffer.from(next.rootCa?.caCert ?? []).toString();
  for (const daemon of [...managers, worker]) {
    await eventually("the old root is dropped", () => certificatesOn(daemon) === rootPem);
  }
  assert.ok((await nodesOf(at(0))).every(({ tlsStatus }) => tlsStatus === "ready"));
  await ready(at(0), 4);
});

test("with the new root alone nodes restart, join and renew; the old tokens let nobody in", async () => {
  const { joinTokens } = (await clusterOf(at(0))).rootCa ?? {};
  const newcomer = await testDaemon();
  try {
    await refused(newcomer.join(made.joinTokens?.worker ?? "", at(0).addr), "permission_denied", /another cluster/);
    await newcomer.join(joinTokens?.worker ?? "", at(0).addr);
    await worker.restart();
    await ready(at(0), 5);
    await newcomer.leave();
  } finally {
    await newcomer.remove();
  }
});

test("a node that is away holds the rotation up, and nothing else; it follows when it is back", async () => {
  const workerId = (await worker.info()).nodeId;
  await worker.stop();
  await control(at(0)).rotateCA(newRotateCARequest(), LOCAL);
  await eventually("all but the one that is away are ready", async () => {
    const late = (await nodesOf(at(0))).filter(
      (node) => node.tlsStatus !== "ready" && node.status?.state !== "disconnected",
    );
    return late.length === 1 && late[0]?.id === workerId && late[0].tlsStatus === "needs_rotation";
  });
  assert.ok((await clusterOf(at(0))).rootCa?.rotation !== undefined);
  await refused(
    Promise.resolve(control(at(0)).rotateCA(newRotateCARequest(), LOCAL)),
    "failed_precondition",
    /is being rotated already/,
  );
  await worker.restart();
  await eventually(
    "the rotation has ended",
    async () => (await clusterOf(at(0))).rootCa?.rotation === undefined,
    30_000,
  );
  await ready(at(0), 4);
});

/** Asks the worker's agent with the certificate that `daemon` has on its disk. */
async function asksWorker(daemon: TestDaemon): Promise<void> {
  const stored = await openStateDir(daemon.dataDir).readIdentity();
  assert.ok(stored.kind === "open");
  const dialer = createDialer(createIdentityHolder(openIdentity(stored.files)));
  try {
    const { nodeId } = await worker.info();
    const client = dialer.node(worker.addr, parseId<NodeId>("node id", nodeId));
    for await (const _ of serverStream(client, AgentService.taskLogs, newTaskLogsRequest(), { timeoutMs: 10_000 }));
  } finally {
    dialer.close();
  }
}

test("a worker knows a node that was removed, and refuses it, also after a restart", async () => {
  const leaving = await testDaemon();
  try {
    await leaving.join((await clusterOf(at(0))).rootCa?.joinTokens?.worker ?? "", at(0).addr);
    await ready(at(0), 5);
    const { nodeId } = await leaving.info();
    // Its role may not ask a worker anything; but whether it is let in at all is told before that.
    await refused(asksWorker(leaving), "permission_denied", /a worker may not call/);
    await leaving.stop();
    await control(at(0)).removeNode({ ref: nodeId, force: true }, LOCAL);
    const remembered = (): string => readFileSync(join(worker.dataDir, "node.json"), "utf8");
    await eventually("the worker has heard", () => remembered().includes(nodeId));
    await refused(asksWorker(leaving), "unauthenticated", /was removed from the cluster/);
    for (const manager of managers) await manager.stop();
    await worker.restart();
    await refused(asksWorker(leaving), "unauthenticated", /was removed from the cluster/);
  } finally {
    await leaving.remove();
  }
});
