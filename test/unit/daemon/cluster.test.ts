// A cluster of real daemons on loopback: init, join in both roles, what is refused and in which words, restart, promotion,
// demotion, leaving. One story, in order: each test goes on where the one before it ended.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openStateDir } from "../../../bin/daemon/state-dir.ts";
import type { Node, NodeRole } from "../../../proto/gen/objects.ts";
import { type Code, isCode } from "../../../shared/errors.ts";
import { eventually, freePort, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

let first: TestDaemon;
let second: TestDaemon;
let third: TestDaemon;
const daemons: TestDaemon[] = [];
let tokens = { worker: "", manager: "" };

const newDaemon = async (): Promise<TestDaemon> => {
  const made = await testDaemon();
  daemons.push(made);
  return made;
};

before(async () => {
  [first, second, third] = [await newDaemon(), await newDaemon(), await newDaemon()];
});
after(async () => {
  await Promise.all(daemons.map((daemon) => daemon.remove()));
});

const refused = (promise: Promise<unknown>, code: Code, words: RegExp): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof Error && words.test(error.message), `${error}`);
    assert.ok(isCode(error, code), `${error}`);
    return true;
  });

const nodes = async (daemon: TestDaemon): Promise<readonly Node[]> =>
  (await daemon.node().control.listNodes({ filters: [] }, LOCAL)).nodes;

const nodeOf = async (daemon: TestDaemon, of: TestDaemon): Promise<Node | undefined> =>
  (await nodes(daemon)).find((node) => node.addr === of.addr);

/** By any of `askable`, tried in turn: a leader change may be under way. */
const ready = (askable: TestDaemon, count: number): Promise<void> =>
  eventually(`${count} nodes are ready`, async () => {
    const list = await nodes(askable).catch(() => []);
    return list.filter((node) => node.status?.state === "ready").length === count;
  });

test("a fresh daemon is in no cluster, and says what to do", async () => {
  const info = await first.info();
  assert.equal(info.localNodeState, "inactive");
  assert.equal(info.nodeId, "");
  await refused(
    Promise.resolve().then(() => nodes(first)),
    "failed_precondition",
    /swarm init.*swarm join/,
  );
  await refused(first.leave(), "failed_precondition", /not part of a cluster/);
});

test("a port that is taken: told, and nothing is left behind", async (t) => {
  const [, port] = first.addr.split(":");
  const other = createServer();
  t.after(() => other.close());
  await new Promise<void>((resolve) => other.listen(Number(port), "127.0.0.1", resolve));
  await refused(first.init(), "failed_precondition", new RegExp(`${port}.*taken`));
  await new Promise((resolve) => other.close(resolve));
  assert.equal((await first.info()).localNodeState, "inactive");
  assert.deepEqual(await readdir(first.dataDir), []);
});

test("init makes a cluster of one manager", async () => {
  const answer = await first.init();
  tokens = { worker: answer.joinTokens?.worker ?? "", manager: answer.joinTokens?.manager ?? "" };
  assert.equal(answer.addr, first.addr);
  const info = await first.info();
  assert.equal(info.localNodeState, "active");
  assert.equal(info.nodeId, answer.nodeId);
  assert.equal(info.controlAvailable, true);
  await refused(first.init(), "failed_precondition", /already part of a swarm/);
  await refused(first.join(tokens.worker, first.addr), "failed_precondition", /already part of a swarm/);
  await refused(first.leave(), "failed_precondition", /last one.*--force/);
});

test("joining: what is wrong is told within seconds, and nothing is left behind", async () => {
  await refused(second.join("nonsense", first.addr), "invalid_argument", /not a join token/);
  await refused(second.join(tokens.worker), "invalid_argument", /name a manager/);
  await refused(second.join(tokens.worker, "a b"), "invalid_argument", /HOST:PORT/);
  const nobody = `127.0.0.1:${await freePort()}`;
  await refused(second.join(tokens.worker, nobody), "unavailable", new RegExp(`${nobody}: nothing listens there`));
  const mistyped = tokens.worker.slice(0, -1) + (tokens.worker.endsWith("0") ? "1" : "0");
  await refused(second.join(mistyped, first.addr), "permission_denied", /rotated, or is mistyped/);
  const elsewhere = `${tokens.worker.slice(0, 11)}${tokens.worker[11] === "0" ? "1" : "0"}${tokens.worker.slice(12)}`;
  await refused(second.join(elsewhere, first.addr), "permission_denied", /another cluster/);
  assert.equal((await second.info()).localNodeState, "inactive");
  assert.deepEqual(await readdir(second.dataDir), []);
});

test("a manager and a worker join; the first address may be a dead one", async () => {
  await second.join(tokens.manager, `127.0.0.1:${await freePort()}`, first.addr);
  await third.join(tokens.worker, second.addr); // a follower: it asks the leader
  assert.equal((await second.info()).controlAvailable, true);
  assert.equal((await third.info()).controlAvailable, false);
  await ready(first, 3);
  await refused(
    Promise.resolve().then(() => nodes(third)),
    "failed_precondition",
    /not a manager/,
  );
  assert.equal((await nodes(second)).length, 3); // a follower: it asks the leader
  for (const daemon of [second, third]) {
    const { state, problems } = await daemon.node().local.networkFindings({}, LOCAL);
    assert.deepEqual([state, problems], ["tested", []], "what only pretends has no network");
  }
});

test("restart: every daemon is who it was", async () => {
  const ids = await Promise.all([first, second, third].map(async (daemon) => (await daemon.info()).nodeId));
  for (const daemon of [third, second, first]) await daemon.restart();
  await ready(second, 3);
  assert.deepEqual(await Promise.all([first, second, third].map(async (daemon) => (await daemon.info()).nodeId)), ids);
});

test("a worker that was stopped before it had let go of a manager's log does so when it is back", async () => {
  const { raftDir } = openStateDir(third.dataDir);
  await third.stop();
  await mkdir(raftDir);
  await writeFile(join(raftDir, "log-00000001"), "of its time as a manager");
  await third.restart();
  await eventually("it is gone", () => !existsSync(raftDir));
  assert.equal((await third.info()).localNodeState, "active");
  await ready(second, 3);
});

test("a rotated token is refused, the new one taken", async () => {
  const cluster = await first.node().control.getCluster({}, LOCAL);
  const rotated = await first
    .node()
    .control.updateCluster(
      { version: cluster.meta?.version ?? 0, spec: cluster.spec, rotateWorkerToken: true, rotateManagerToken: false },
      LOCAL,
    );
  const fourth = await newDaemon();
  await refused(fourth.join(tokens.worker, first.addr), "permission_denied", /rotated/);
  tokens = { ...tokens, worker: rotated.rootCa?.joinTokens?.worker ?? "" };
  await fourth.join(tokens.worker, first.addr);
  await ready(first, 4);
  await fourth.leave();
});

test("a worker that leaves is disconnected at once, and can join again", async () => {
  await third.leave();
  assert.equal((await third.info()).localNodeState, "inactive");
  assert.equal(existsSync(join(third.dataDir, "node.json")), false);
  assert.equal((await nodeOf(first, third))?.status?.state, "disconnected");
  await third.join(tokens.worker, first.addr);
  await eventually("the node is ready again", async () =>
    (await nodes(first)).some((node) => node.addr === third.addr && node.status?.state === "ready"),
  );
});

test("a worker is promoted and becomes a manager; demoted, it is a worker again", async () => {
  const { nodeId } = await third.info();
  // As the command does: what changed in between is read again.
  const setRole = (role: NodeRole) =>
    eventually(`${role} is wished`, async () => {
      const node = (await nodes(first)).find((candidate) => candidate.id === nodeId);
      assert.ok(node?.spec !== undefined);
      const version = node.meta?.version ?? 0;
      const request = { id: nodeId, version, spec: { ...node.spec, role }, advertiseAddr: "" };
      try {
        await first.node().control.updateNode(request, LOCAL);
        return true;
      } catch (error) {
        if (isCode(error, "conflict")) return false;
        throw error;
      }
    });
  await setRole("manager");
  await eventually("it answers as a manager", async () => (await third.info()).controlAvailable);
  await eventually("it shows the cluster", async () => (await nodes(third).catch(() => [])).length > 0);
  await eventually("the store knows the member", async () =>
    (await nodes(first)).some((node) => node.id === nodeId && node.managerStatus !== undefined),
  );
  await setRole("worker");
  await eventually("it is a worker", async () => !(await third.info()).controlAvailable);
  await eventually("its log is gone", () => !existsSync(join(third.dataDir, "raft")));
});

test("a certificate that expired while the daemon was off: told, and a token joins it as a new node", async () => {
  const { nodeId } = await third.info();
  third.clock.aheadMs = 91 * 86_400_000;
  await third.restart();
  const info = await third.info();
  assert.equal(info.localNodeState, "error");
  assert.match(info.error, /certificate .* expired.*swarm join/);
  third.clock.aheadMs = 0;
  await third.join(tokens.worker, first.addr);
  assert.notEqual((await third.info()).nodeId, nodeId);
});

test("a manager leaves with force: the others go on without it", async () => {
  await refused(second.leave(), "failed_precondition", /2 managers 1 would remain.*--force/);
  await second.leave(true);
  assert.equal((await second.info()).localNodeState, "inactive");
  await eventually("one manager is left", async () => {
    const list = await nodes(first).catch(() => []);
    return list.filter((node) => node.managerStatus !== undefined).length === 1;
  });
});

test("a manager whose place in the Raft group was not written down in time takes it from its log", async () => {
  const file = join(first.dataDir, "node.json");
  await first.node().stop();
  const written = await readFile(file, "utf8");
  assert.match(written, /"raftId": \d+/);
  await writeFile(file, written.replace(/"raftId": \d+/, '"raftId": 99'));
  await first.restart();
  const { localNodeState, error } = await first.info();
  assert.deepEqual([localNodeState, error], ["active", ""]);
  await eventually("it leads", async () => (await nodes(first).catch(() => [])).length > 0);
  await first.node().stop();
  assert.doesNotMatch(await readFile(file, "utf8"), /"raftId": 99/);
});

test("a manager whose log is lost says so, and the daemon stays to be told what to do", async () => {
  await first.node().stop();
  await rm(join(first.dataDir, "raft"), { recursive: true });
  await first.restart();
  const info = await first.info();
  assert.equal(info.localNodeState, "error");
  assert.match(info.error, /no raft log/);
  await refused(first.leave(), "failed_precondition", /cannot tell its cluster.*--force/);
  await first.leave(true);
  assert.equal((await first.info()).localNodeState, "inactive");
});

test("a worker whose managers are gone leaves with force only", async () => {
  await refused(third.leave(), "unavailable", /cannot tell the cluster.*--force/);
  await third.leave(true);
  assert.equal((await third.info()).localNodeState, "inactive");
});

test("the last manager leaves with force, and nothing is left", async () => {
  await second.init();
  await refused(second.leave(), "failed_precondition", /last one.*--force/);
  await second.leave(true);
  assert.equal((await second.info()).localNodeState, "inactive");
  assert.deepEqual(await readdir(second.dataDir), []);
});
