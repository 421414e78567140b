// Keys and secrets of real hosts: what their disks tell a thief, a power cut with autolock on, and another root CA while a
// service runs. A small cluster of its own: it locks its managers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DEV_DIR, readCluster } from "../../deploy/dev/clusters.ts";
import { pathsOf } from "../../deploy/dev/model.ts";
import { busybox } from "./images.ts";
import { E2E_CLUSTER, eventually, type Result, runCommand } from "./support.ts";

const NAME = `${E2E_CLUSTER}-sec`;
const SKEP = join(import.meta.dirname, "..", "..", "bin", "skep");
const MANAGERS = ["node1", "node2", "node3"];
const NODES = [...MANAGERS, "node4"];
const SECRET = "PASSWORD=only-for-those-who-may-read-it";
const paths = pathsOf(DEV_DIR, NAME);

const at = (node: string, args: readonly string[], input = ""): Promise<Result> =>
  runCommand(SKEP, args, { env: { SKEP_HOST: `unix://${paths.socket(node)}` }, input });

async function ok(node: string, ...args: readonly string[]): Promise<string> {
  const result = await at(node, args);
  assert.equal(result.code, 0, `skep ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

async function dev(verb: string, ...args: readonly string[]): Promise<void> {
  const result = await runCommand(SKEP, ["dev", verb, "--name", NAME, ...args], { timeoutMs: 180_000 });
  assert.equal(result.code, 0, `skep dev ${verb} ${args.join(" ")}\n${result.stdout}${result.stderr}`);
}

const nodesReady = (from: string): Promise<void> =>
  eventually("all nodes are ready", async () => {
    const states = (await ok(from, "node", "ls", "--format", "{{.Status}}")).trim().split("\n");
    assert.deepEqual(
      states,
      NODES.map(() => "Ready"),
    );
  });

/** Id and container of each task that runs: the same containers, not only as many. */
async function runningTasks(from: string): Promise<string[]> {
  const rows = (await ok(from, "service", "ps", "svc", "-q", "--no-trunc", "--filter", "desired-state=running"))
    .trim()
    .split("\n");
  return rows.filter((id) => id !== "").sort();
}

const infoOf = async (node: string): Promise<string> =>
  (await ok(node, "info", "--format", "{{.Swarm.LocalNodeState}}")).trim();

/** Files of a node's daemon that hold the cluster's state and keys. */
function stateFiles(node: string): string[] {
  const lib = join(paths.nodeDir(node), "lib");
  return ["raft", "certificates"].flatMap((folder) =>
    readdirSync(join(lib, folder)).map((file) => join(lib, folder, file)),
  );
}

const onDisk = (node: string, text: string): string[] =>
  stateFiles(node).filter((file) => readFileSync(file).includes(text));

before(async () => {
  if (readCluster(NAME) !== undefined) await dev("down");
  await dev("up", "--managers", "3", "--workers", "1");
  const image = await busybox(NAME);
  await ok(
    "node1",
    ...["service", "create", "--name", "svc", "--replicas", "4", "--env", SECRET, image],
    ...["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"],
  );
});
after(() => dev("down"));

let unlockKey = "";

test("autolock: what the cluster knows is on no manager's disk in plain text", async () => {
  const said = await ok("node2", "swarm", "update", "--autolock=true");
  unlockKey = /SKEPKEY-1-\S+/.exec(said)?.[0] ?? "";
  assert.equal((await ok("node1", "swarm", "unlock-key", "-q")).trim(), unlockKey);
  const tokens = [
    (await ok("node1", "swarm", "join-token", "-q", "worker")).trim(),
    (await ok("node1", "swarm", "join-token", "-q", "manager")).trim(),
  ];
  for (const node of MANAGERS) {
    await eventually(`the keys of ${node} are sealed`, () => assert.deepEqual(onDisk(node, "PRIVATE KEY"), []));
    for (const secret of [SECRET, unlockKey, ...tokens]) {
      assert.notEqual(secret, "");
      assert.deepEqual(onDisk(node, secret), [], `${secret} on ${node}`);
    }
  }
});

test("a manager that lost power is locked; the right key brings it back without another restart", async () => {
  await dev("kill", "node3");
  await dev("start", "node3");
  await eventually("node3 is locked", async () => assert.equal(await infoOf("node3"), "locked"));
  assert.match(await ok("node3", "info"), /Swarm: locked/);
  const refused = await at("node3", ["service", "ls"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Swarm is encrypted and needs to be unlocked .* Please use "skep swarm unlock"/);
  const wrong = await at("node3", ["swarm", "unlock"], `SKEPKEY-1-${"A".repeat(43)}\n`);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /invalid key/);
  assert.equal((await at("node3", ["swarm", "unlock"], `${unlockKey}\n`)).code, 0);
  await nodesReady("node3");
  assert.match((await at("node3", ["swarm", "unlock"], `${unlockKey}\n`)).stderr, /swarm is not locked/);
});

test("the whole cluster loses power: workers are never locked, a quorum of unlocked managers goes on", async () => {
  await dev("kill", ...NODES);
  await dev("start", ...NODES);
  for (const node of MANAGERS) {
    await eventually(`${node} is locked`, async () => assert.equal(await infoOf(node), "locked"));
  }
  await eventually("the worker is not", async () => assert.equal(await infoOf("node4"), "active"));
  for (const node of MANAGERS) assert.equal((await at(node, ["swarm", "unlock"], unlockKey)).code, 0);
  await nodesReady("node2");
  await eventually("4 tasks run", async () => assert.equal((await runningTasks("node2")).length, 4));
});

test("another unlock key: the old one opens no manager any more", async () => {
  const pem = join(paths.nodeDir("node3"), "lib", "certificates", "node.pem");
  const before = readFileSync(pem, "utf8");
  const said = await ok("node1", "swarm", "unlock-key", "--rotate");
  const old = unlockKey;
  unlockKey = /SKEPKEY-1-\S+/.exec(said)?.[0] ?? "";
  assert.notEqual(unlockKey, old);
  await eventually("node3 is sealed anew", () => assert.notEqual(readFileSync(pem, "utf8"), before));
  await dev("kill", "node3");
  await dev("start", "node3");
  await eventually("node3 is locked", async () => assert.equal(await infoOf("node3"), "locked"));
  assert.match((await at("node3", ["swarm", "unlock"], `${old}\n`)).stderr, /invalid key/);
  assert.equal((await at("node3", ["swarm", "unlock"], `${unlockKey}\n`)).code, 0);
  await nodesReady("node3");
});

test("another root CA: the service's tasks are untouched, every node has followed, the old tokens are void", async () => {
  await eventually("4 tasks are up", async () => {
    assert.match(await ok("node1", "service", "ls", "--format", "{{.Replicas}}"), /^4\/4/);
  });
  const before = await runningTasks("node1");
  const [oldRoot, oldToken] = [
    await ok("node1", "swarm", "ca"),
    await ok("node1", "swarm", "join-token", "-q", "worker"),
  ];
  const said = await ok("node2", "swarm", "ca", "--rotate");
  assert.match(said, /desired root digest: sha256:[0-9a-f]{64}/);
  assert.match(said, /rotated TLS certificates: 4\/4 nodes/);
  const root = await ok("node3", "swarm", "ca");
  assert.notEqual(root, oldRoot);
  assert.ok(said.endsWith(root));
  assert.notEqual(await ok("node1", "swarm", "join-token", "-q", "worker"), oldToken);
  assert.deepEqual(
    (await ok("node1", "node", "ls", "--format", "{{.TLSStatus}}")).trim().split("\n"),
    NODES.map(() => "Ready"),
  );
  await nodesReady("node1");
  assert.deepEqual(await runningTasks("node1"), before);
  for (const node of NODES) {
    const file = join(paths.nodeDir(node), "lib", "certificates", "root.pem");
    await eventually(`${node} trusts the new root alone`, () => assert.equal(readFileSync(file, "utf8"), root));
  }
  // By another's reading of X.509 too, where there is one.
  assert.match(verified("node4"), /OK|no openssl/);
});

/** Debian's openssl on the certificate and root that a node has on its disk. */
function verified(node: string): string {
  const dir = join(paths.nodeDir(node), "lib", "certificates");
  try {
    return execFileSync("openssl", ["verify", "-CAfile", join(dir, "root.pem"), join(dir, "node.pem")], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT" ? "no openssl" : String(error);
  }
}

test("a node that is off holds the rotation up, by name, and follows when it is back", async () => {
  await dev("kill", "node4");
  await ok("node1", "swarm", "ca", "--rotate", "--detach");
  await eventually("only node4 has not followed", async () => {
    const rows = (await ok("node1", "node", "ls", "--format", "{{.Hostname}} {{.TLSStatus}}")).trim().split("\n");
    const late = rows.filter((row) => !row.endsWith(" Ready"));
    assert.deepEqual(late, ["node4 Needs Rotation"]);
  });
  const again = await at("node2", ["swarm", "ca", "--rotate"]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /is being rotated already/);
  const token = await ok("node1", "swarm", "join-token", "-q", "worker");
  await dev("start", "node4");
  await eventually("the rotation has ended: tokens are new", async () =>
    assert.notEqual(await ok("node1", "swarm", "join-token", "-q", "worker"), token),
  );
  await nodesReady("node1");
});
