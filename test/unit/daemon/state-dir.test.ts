import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type NodeState, openStateDir, type StateDir } from "../../../bin/daemon/state-dir.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { toPem } from "../../../shared/pki/pem.ts";
import { newSealingKey } from "../../../shared/pki/sealing.ts";

const state: NodeState = {
  nodeId: "n".repeat(25) as NodeId,
  clusterId: "c".repeat(25) as ClusterId,
  addr: "10.0.0.1:7377",
  listenAddr: "0.0.0.0:7377",
  managers: ["10.0.0.1:7377", "10.0.0.2:7377"],
  raft: { raftId: 3 },
};
const identity = {
  keyPem: "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
  certificatePem: "-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----\n",
  rootPem: "-----BEGIN CERTIFICATE-----\nCC==\n-----END CERTIFICATE-----\n",
};

let path: string;
let dir: StateDir;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "skep-state-"));
  dir = openStateDir(path);
});
afterEach(() => rm(path, { recursive: true, force: true }));

test("an empty folder is no node", async () => assert.equal(await dir.readNode(), undefined));

test("what is written is read", async () => {
  await dir.writeNode(state);
  assert.deepEqual(await dir.readNode(), state);
  await dir.writeNode({ ...state, raft: undefined });
  assert.deepEqual(await dir.readNode(), { ...state, raft: undefined });
  await dir.writeIdentity(identity);
  assert.deepEqual(await dir.readIdentity(), { kind: "open", files: identity });
});

test("writes at the same time: the last one counts, and none gets into another's way", async () => {
  const states = Array.from({ length: 20 }, (_, n): NodeState => ({ ...state, managers: [`10.0.0.${n}:7377`] }));
  await Promise.all(states.map((each) => dir.writeNode(each)));
  assert.deepEqual(await dir.readNode(), states.at(-1));
  const late = dir.writeNode(state);
  await dir.wipe();
  await late;
  assert.equal(await dir.readNode(), undefined);
});

test("a manager's keys: open with the log's key beside them, or sealed and open with the unlock key alone", async () => {
  const [unlockKey, raftKey] = [newSealingKey(), newSealingKey()];
  const files = { ...identity, raftKey, unlockVersion: 7 };
  await dir.writeIdentity(files);
  assert.deepEqual(await dir.readIdentity(), { kind: "open", files });
  await dir.writeIdentity(files, unlockKey);
  const text = await readFile(join(path, "certificates", "node.pem"), "latin1");
  assert.equal(text.includes("PRIVATE KEY"), false);
  assert.ok(text.includes(identity.certificatePem));
  const stored = await dir.readIdentity();
  assert.ok(stored.kind === "sealed");
  assert.deepEqual(stored.unlock(unlockKey), files);
  assert.throws(() => stored.unlock(newSealingKey()), /could not be unlocked: invalid key provided/);
});

test("replacing the root: whatever is on the disk at a crash, the certificate's root is there", async () => {
  await dir.writeIdentity(identity);
  const next = { ...identity, rootPem: "-----BEGIN CERTIFICATE-----\nDD==\n-----END CERTIFICATE-----\n" };
  await dir.writeIdentity(next);
  assert.deepEqual(await dir.readIdentity(), { kind: "open", files: next });
});

test("keys are root's alone, and no half-written file stays", async () => {
  await dir.writeIdentity(identity);
  const certificates = join(path, "certificates");
  assert.equal((await stat(certificates)).mode & 0o777, 0o700);
  for (const file of await readdir(certificates)) {
    assert.equal((await stat(join(certificates, file))).mode & 0o777, 0o600);
    assert.ok(!file.endsWith(".new"));
  }
});

for (const [name, text] of [
  ["cut", JSON.stringify({ format: 1, ...state }).slice(0, 40)],
  ["empty", ""],
  ["of another format", JSON.stringify({ ...state, format: 2 })],
  ["without a node id", JSON.stringify({ format: 1, ...state, nodeId: "" })],
  ["with a wrong id", JSON.stringify({ format: 1, ...state, clusterId: "../.." })],
  ["with a raft id that is no number", JSON.stringify({ format: 1, ...state, raft: { raftId: "3" } })],
] as const) {
  test(`a node.json ${name} is told as damaged, with its path`, async () => {
    await writeFile(join(path, "node.json"), text);
    await assert.rejects(dir.readNode(), /node\.json is damaged .*swarm leave --force/);
  });
}

test("a missing certificate is told", async () => {
  await assert.rejects(dir.readIdentity(), /certificates is damaged/);
});

for (const [name, keys] of [
  ["not JSON", '{"format":1,"raftKey":"c2VjcmV0c2Vjcm'],
  ["of another format", '{"format":2,"raftKey":"c2VjcmV0c2Vjcm"}'],
  ["cut", '{"format":1,"raftKey":"c2VjcmV0c2Vjcm"}'],
] as const) {
  test(`keys that are ${name} are told as damaged, with their path and without a word of them`, async () => {
    const node = identity.keyPem + identity.certificatePem + toPem("SKEP KEYS", Buffer.from(keys));
    await dir.writeIdentity(identity);
    await writeFile(join(path, "certificates", "node.pem"), node);
    await assert.rejects(dir.readIdentity(), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /certificates is damaged .*swarm leave --force/);
      assert.equal(error.message.includes("c2Vjcm"), false, error.message);
      return true;
    });
  });
}

test("wipe forgets the node and keeps the images", async () => {
  await dir.writeNode(state);
  await dir.writeIdentity(identity);
  for (const folder of [dir.raftDir, dir.agentDir, dir.runtimeDir]) await mkdir(folder);
  await dir.wipe();
  assert.deepEqual(await readdir(path), ["runtime"]);
  await dir.wipe();
});
