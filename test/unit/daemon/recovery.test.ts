// What an operator does when things have gone wrong, on real daemons over loopback: moved nodes, removed nodes, a backup, the
// quorum lost, a restore, damaged disks. One story, in order: each test goes on where the one before it ended.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type InitResponse,
  newInitRequest,
  newJoinRequest,
  newRestoreOptions,
  newRestoreRequest,
  type RestoreRequest,
} from "../../../proto/gen/local.ts";
import {
  type Cluster,
  type Node,
  newContainerSpec,
  newServiceSpec,
  newTaskSpec,
  type Service,
} from "../../../proto/gen/objects.ts";
import { parseBackup } from "../../../shared/backup/file.ts";
import { type Code, isCode } from "../../../shared/errors.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

let [a, b, c, worker, fresh]: TestDaemon[] = [];
const daemons: TestDaemon[] = [];
let made: InitResponse;

const some = (daemon: TestDaemon | undefined): TestDaemon => {
  assert.ok(daemon !== undefined);
  return daemon;
};

before(async () => {
  for (let i = 0; i < 5; i++) daemons.push(await testDaemon());
  [a, b, c, worker, fresh] = daemons;
});
after(async () => {
  await Promise.all(daemons.map((daemon) => daemon.remove()));
});

const refused = (promise: Promise<unknown>, code: Code, words: RegExp): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof Error && words.test(error.message), `${error}`);
    assert.ok(isCode(error, code), `${code}: ${error}`);
    return true;
  });

const control = (daemon: TestDaemon | undefined) => some(daemon).node().control;
const nodesOf = async (daemon: TestDaemon | undefined): Promise<readonly Node[]> =>
  (await control(daemon).listNodes({ filters: [] }, LOCAL)).nodes;
const clusterOf = (daemon: TestDaemon | undefined): Promise<Cluster> => control(daemon).getCluster({}, LOCAL);
const servicesOf = async (daemon: TestDaemon | undefined): Promise<readonly (Service | undefined)[]> =>
  (await control(daemon).listServices({ filters: [] }, LOCAL)).services.map(({ service }) => service);
const idOf = async (daemon: TestDaemon | undefined): Promise<string> => (await some(daemon).info()).nodeId;

/** The node with `id` as `askable` has it, when it can answer. */
async function nodeOf(askable: TestDaemon | undefined, id: string): Promise<Node | undefined> {
  const nodes = await nodesOf(askable).catch(() => []);
  return nodes.find((node) => node.id === id);
}

const becomes = (
  what: string,
  askable: TestDaemon | undefined,
  id: string,
  holds: (node: Node) => boolean,
): Promise<void> =>
  eventually(what, async () => {
    const node = await nodeOf(askable, id);
    return node !== undefined && holds(node);
  });

const isReady = (node: Node): boolean => node.status?.state === "ready";
const isMember = (node: Node): boolean => node.managerStatus?.reachability === "reachable";

async function backupOf(daemon: TestDaemon | undefined): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const { data } of control(daemon).backup({}, LOCAL)) parts.push(data);
  return Buffer.concat(parts);
}

async function* upload(file: Uint8Array, options = {}): AsyncGenerator<RestoreRequest> {
  yield newRestoreRequest({ options: newRestoreOptions(options) });
  for (let at = 0; at < file.length; at += 1000) yield newRestoreRequest({ data: file.subarray(at, at + 1000) });
}
const restore = (daemon: TestDaemon | undefined, file: Uint8Array) =>
  some(daemon).node().local.restore(upload(file), LOCAL);
const goOnAlone = (daemon: TestDaemon | undefined, force = false) =>
  some(daemon)
    .node()
    .local.init(newInitRequest({ forceNewCluster: true, force }), LOCAL);

/** The answer of the one that is served, and why the other one was not. */
async function twoAtOnce<T>(...calls: readonly [Promise<T>, Promise<T>]): Promise<readonly [T, string]> {
  const answers: T[] = [];
  const refusals: string[] = [];
  for (const outcome of await Promise.allSettled(calls)) {
    if (outcome.status === "fulfilled") answers.push(outcome.value);
    else refusals.push(String(outcome.reason));
  }
  const [[answer], [refusal]] = [answers, refusals];
  assert.ok(answer !== undefined && refusal !== undefined, refusals.join("; "));
  return [answer, refusal];
}

const spec = (name: string) =>
  newServiceSpec({
    name,
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox:latest" }) }),
    mode: { kind: "replicated", replicas: 1 },
  });

test("promote and demote: what the managers are then is warned of", async () => {
  made = await some(a).init();
  const { joinTokens } = made;
  const every = `0.0.0.0:${some(c).addr.split(":")[1]}`;
  await some(b).join(joinTokens?.worker ?? "", some(a).addr);
  await some(c)
    .node()
    .local.join(
      newJoinRequest({
        token: joinTokens?.worker ?? "",
        remoteAddrs: [some(a).addr],
        listenAddr: every,
        advertiseAddr: some(c).addr,
      }),
      LOCAL,
    );
  await some(worker).join(joinTokens?.worker ?? "", some(a).addr);
  for (const daemon of [b, c, worker]) await becomes("it is ready", a, await idOf(daemon), isReady);
  const two = await control(a).setNodeRole({ ref: await idOf(b), role: "manager" }, LOCAL);
  assert.equal(two.changed, true);
  assert.match(two.warnings.join(), /2 managers: the loss of either stops it/);
  await becomes("the second is a member", a, await idOf(b), isMember);
  const three = await control(a).setNodeRole({ ref: await idOf(c), role: "manager" }, LOCAL);
  assert.deepEqual(three.warnings, []);
  await becomes("the third is a member", a, await idOf(c), isMember);
  for (const daemon of [b, c]) {
    await eventually("it knows itself", async () => (await some(daemon).info()).controlAvailable);
  }
  const again = await control(a).setNodeRole({ ref: await idOf(c), role: "manager" }, LOCAL);
  assert.equal(again.changed, false);
});

test("a manager that comes back under another address is moved, everywhere", async () => {
  const id = await idOf(c);
  const moved = some(c).addr.replace("127.0.0.1", "127.0.0.2");
  await some(c).restart({ advertise: moved });
  await becomes("its node has the new address", a, id, (node) => node.addr === moved);
  await becomes("so has its membership", b, id, (node) => node.managerStatus?.addr === moved);
  await eventually("the worker hears of it", async () => (await some(worker).info()).managers.includes(moved));
  assert.equal((await some(c).info()).nodeAddr, moved);
  await some(c).restart(); // it remembers
  assert.equal((await some(c).info()).nodeAddr, moved);
  await becomes("it is a member still", a, id, isMember);
});

test("an address given by hand is taken over by the node; one that is another's is refused", async () => {
  const id = await idOf(c);
  const node = await nodeOf(a, id);
  assert.ok(node?.spec !== undefined);
  const update = (advertiseAddr: string) =>
    control(a).updateNode({ id: node.id, version: node.meta?.version ?? 0, spec: node.spec, advertiseAddr }, LOCAL);
  await refused(update(some(a).addr), "failed_precondition", /is the address of node/);
  await refused(update("a b"), "invalid_argument", /HOST:PORT/);
  await refused(update("nope"), "invalid_argument", /advertise-addr: "nope" is not an IP address/);
  await refused(update("0.0.0.0:7377"), "invalid_argument", /wildcard/);
  await update(some(c).addr);
  await eventually("the node says so itself", async () => (await some(c).info()).nodeAddr === some(c).addr);
  await becomes("its membership follows", b, id, (other) => other.managerStatus?.addr === some(c).addr);
  await some(c).restart();
  assert.equal((await some(c).info()).nodeAddr, some(c).addr);
});

test("a manager that was removed while it was away is told so, and disturbs nobody", async () => {
  const id = await idOf(c);
  await some(c).stop();
  await eventually("it is taken out", async () => {
    const present = await nodeOf(a, id);
    if (present?.managerStatus !== undefined) {
      await control(a)
        .setNodeRole({ ref: id, role: "worker" }, LOCAL)
        .catch(() => undefined);
      return false;
    }
    return present !== undefined;
  });
  await control(a).removeNode({ ref: id, force: true }, LOCAL);
  const { raftTerm } = await control(a).status({}, LOCAL);
  await some(c).restart();
  await eventually("it says so", async () => (await some(c).info()).localNodeState === "error");
  const info = await some(c).info();
  assert.match(info.error, /was removed from its cluster.*swarm leave --force.*join again/);
  assert.equal(info.controlAvailable, false);
  await refused(
    Promise.resolve().then(() => nodesOf(c)),
    "failed_precondition",
    /was removed from its cluster/,
  );
  assert.equal((await control(a).status({}, LOCAL)).raftTerm, raftTerm);
  await some(c).leave(true);
  assert.equal((await some(c).info()).localNodeState, "inactive");
  await some(c).join(made.joinTokens?.manager ?? "", some(a).addr);
  await becomes("it is a member again", a, await idOf(c), isMember);
});

test("a worker that was removed while it was away is told so", async () => {
  const id = await idOf(worker);
  await some(worker).stop();
  await control(a).removeNode({ ref: id, force: true }, LOCAL);
  await some(worker).restart();
  await eventually("it says so", async () => (await some(worker).info()).localNodeState === "error");
  assert.match((await some(worker).info()).error, /was removed from its cluster/);
  await some(worker).leave(true);
  await some(worker).join(made.joinTokens?.worker ?? "", some(a).addr);
  await becomes("it is ready as a new node", a, await idOf(worker), isReady);
});

let file: Buffer;

test("a backup of any manager: whole, of one moment, with what happened before it", async () => {
  await control(a).createService({ spec: spec("before"), noResolveImage: true }, LOCAL);
  file = await backupOf(b);
  await control(a).createService({ spec: spec("after"), noResolveImage: true }, LOCAL);
  const { header } = parseBackup(file);
  assert.equal(header.clusterId, (await some(a).info()).clusterId);
  assert.ok(header.raftIndex > 0 && header.nextRaftId > 3);
});

test("going on alone: refused while a quorum answers, on a worker, and on a host in no swarm", async () => {
  await refused(goOnAlone(a), "failed_precondition", /managers have a leader.*--force/);
  await refused(goOnAlone(worker), "failed_precondition", /not a manager/);
  await refused(goOnAlone(fresh), "failed_precondition", /not part of a cluster.*swarm restore/);
  assert.equal((await some(a).info()).localNodeState, "active");
});

test("the quorum is lost for good: one manager goes on with everything; one that comes back is a worker", async () => {
  const before = await clusterOf(a);
  const [idB, idC] = [await idOf(b), await idOf(c)];
  await Promise.all([b, c].map((daemon) => some(daemon).stop()));
  const [answer, second] = await twoAtOnce(goOnAlone(a), goOnAlone(a));
  assert.match(second, /this node is busy/);
  const notes = answer.notes.join("\n");
  assert.match(notes, /goes on alone.*2 services/);
  assert.match(notes, new RegExp(`No managers any more: .*${some(b).addr}`));
  assert.equal(answer.nodeId, await idOf(a));
  const now = await clusterOf(a);
  assert.deepEqual([now.id, now.rootCa?.caCertHash], [before.id, before.rootCa?.caCertHash]);
  assert.deepEqual(now.rootCa?.joinTokens, before.rootCa?.joinTokens);
  assert.deepEqual((await servicesOf(a)).map((service) => service?.spec?.name).sort(), ["after", "before"]);
  const status = await control(a).status({}, LOCAL);
  assert.deepEqual([status.managers.length, status.quorum], [1, 1]);
  for (const id of [idB, idC]) {
    const node = await nodeOf(a, id);
    assert.deepEqual([node?.status?.state, node?.spec?.role, node?.managerStatus], ["down", "worker", undefined]);
  }
  await becomes("the worker is served", a, await idOf(worker), isReady);
  await control(a).createService({ spec: spec("alone"), noResolveImage: true }, LOCAL);

  await some(b).restart();
  await becomes("the lost manager is a worker that is ready", a, idB, isReady);
  await eventually("it is no manager any more", async () => {
    const info = await some(b).info();
    return info.localNodeState === "active" && !info.controlAvailable;
  });
  await control(a).setNodeRole({ ref: idB, role: "manager" }, LOCAL);
  await becomes("it can be promoted again", a, idB, isMember);
  await some(a).restart();
  await becomes("all of it outlives a restart", b, await idOf(a), isMember);
});

test("a restore of what is no whole backup is refused with the reason, and leaves the host as it was", async () => {
  const noise = Buffer.from(file);
  noise[noise.length >> 1] = (noise[noise.length >> 1] ?? 0) ^ 1;
  for (const [bytes, words] of [
    [Buffer.alloc(0), /it is empty/],
    [Buffer.from("hello, I am no backup"), /not a file of "skep swarm backup"/],
    [file.subarray(0, file.length - 10), /ends after \d+ of \d+ bytes/],
    [noise, /damaged/],
  ] as const) {
    await refused(restore(fresh, bytes), "invalid_argument", words);
  }
  assert.equal((await some(fresh).info()).localNodeState, "inactive");
  await refused(restore(a, file), "failed_precondition", /already part of a swarm/);
});

test("a restore: a new host is the only manager of the same cluster, under its own address", async () => {
  const before = await clusterOf(a);
  const idA = await idOf(a);
  for (const daemon of [a, b, worker]) await some(daemon).stop();
  const answer = await restore(fresh, file);
  assert.equal(answer.addr, some(fresh).addr);
  assert.match(answer.notes.join("\n"), /Restored from a backup.*only manager/);
  const now = await clusterOf(fresh);
  assert.deepEqual([now.id, now.rootCa?.caCertHash], [before.id, before.rootCa?.caCertHash]);
  assert.deepEqual(now.rootCa?.joinTokens, before.rootCa?.joinTokens);
  assert.deepEqual(
    (await servicesOf(fresh)).map((service) => service?.spec?.name),
    ["before"],
  );
  assert.equal((await control(fresh).status({}, LOCAL)).managers.length, 1);
  await becomes("the others are down until they call", fresh, idA, (node) => node.status?.state === "down");
  await becomes("the restored host is ready", fresh, answer.nodeId, isReady);
});

test("a worker that knows none of the managers' addresses any more finds them with a hint", async () => {
  await some(worker).restart({ seeds: [some(fresh).addr] });
  await becomes("it is ready", fresh, await idOf(worker), isReady);
  assert.deepEqual((await some(worker).info()).managers, [some(fresh).addr]);
  const { joinTokens } = await clusterOf(fresh).then(({ rootCa }) => ({ joinTokens: rootCa?.joinTokens }));
  assert.ok(joinTokens !== undefined);
  await some(fresh).restart();
  await becomes("all of it outlives a restart", fresh, await idOf(worker), isReady);
});

test("a worker whose only manager moved while it was off is called by it; one that only the backup knows is not", async () => {
  const id = await idOf(worker);
  const restored = (await nodesOf(fresh)).filter(({ onlyRestored }) => onlyRestored);
  assert.ok(restored.length > 0 && restored.every((node) => node.id !== id && node.status?.state !== "ready"));
  await some(worker).stop();
  await becomes("it is missed", fresh, id, (node) => node.status?.state === "down");
  const path = join(some(worker).dataDir, "node.json");
  const remembered = JSON.stringify(JSON.parse(readFileSync(path, "utf8")).managers);
  writeFileSync(path, readFileSync(path, "utf8").replace(some(fresh).addr, "127.0.0.9:1"));
  assert.notEqual(JSON.stringify(JSON.parse(readFileSync(path, "utf8")).managers), remembered);
  await some(worker).restart();
  await eventually("it is back", async () => (await some(worker).info()).managers.includes(some(fresh).addr), 60_000);
  await becomes("the manager says so too", fresh, id, isReady);
});

const damage: readonly (readonly [name: string, hurt: (dir: string) => void, words: RegExp])[] = [
  [
    "node.json garbage",
    (dir) => writeFileSync(join(dir, "node.json"), Buffer.concat([Buffer.from("noise\n\x1b[2J"), randomBytes(200)])),
    /node\.json is damaged \(not JSON\).*swarm leave --force/,
  ],
  ["node.json torn", (dir) => truncateSync(join(dir, "node.json"), 40), /node\.json is damaged .*swarm leave --force/],
  [
    "the certificate garbage",
    (dir) => writeFileSync(join(dir, "certificates", "node.pem"), randomBytes(500)),
    /certificates is damaged .*swarm leave --force/,
  ],
  [
    "the certificate of the right form and the wrong content",
    (dir) => {
      const path = join(dir, "certificates", "node.pem");
      writeFileSync(path, readFileSync(path, "latin1").replace(/CERTIFICATE-----\n..../, "CERTIFICATE-----\nAAAA"));
    },
    /certificates is damaged .*swarm leave --force/,
  ],
  [
    "the log cut short",
    (dir) => truncateSync(join(dir, "raft", "log-00000001"), 40),
    /log-00000001 is damaged: .*swarm leave --force.*swarm restore/,
  ],
  [
    "the log noise",
    (dir) => writeFileSync(join(dir, "raft", "log-00000001"), randomBytes(100_000)),
    /log-00000001 is damaged: .*init --force-new-cluster.*swarm restore/,
  ],
];
for (const [name, hurt, words] of damage) {
  test(`damaged disk, ${name}: the daemon stays and says what and what to do`, async () => {
    const daemon = some(c);
    await daemon.stop();
    await daemon.restart();
    if ((await daemon.info()).localNodeState !== "inactive") await daemon.leave(true);
    await daemon.init();
    await daemon.stop();
    hurt(daemon.dataDir);
    await daemon.restart();
    const info = await daemon.info();
    assert.equal(info.localNodeState, "error");
    assert.match(info.error, words);
    await refused(goOnAlone(daemon), "failed_precondition", /cannot run/);
    await daemon.leave(true);
    assert.equal((await daemon.info()).localNodeState, "inactive");
  });
}
