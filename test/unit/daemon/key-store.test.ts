import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyStore } from "../../../bin/daemon/key-store.ts";
import type { NodeFiles } from "../../../bin/daemon/node-pem.ts";
import type { Identity } from "../../../shared/pki/identity.ts";
import { newSealingKey } from "../../../shared/pki/sealing.ts";

const files: NodeFiles = { keyPem: "K1", certificatePem: "C1", rootPem: "R1" };
const [key, other] = [newSealingKey(), newSealingKey()];

/** Writes in order, each a while in coming; the last one is the disk. */
function disk() {
  const writes: { readonly files: NodeFiles; readonly unlockKey: Uint8Array | undefined }[] = [];
  const writeIdentity = async (files: NodeFiles, unlockKey?: Uint8Array): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    writes.push({ files, unlockKey });
  };
  return { writes, writeIdentity };
}
const identity = (role: "worker" | "manager"): Identity =>
  ({ ...files, keyPem: "K2", certificatePem: "C2", role }) as Identity;

test("the log's key is made once, and on the disk before it is used", async () => {
  const dir = disk();
  const keys = createKeyStore(dir, files);
  const [one, two] = await Promise.all([keys.sealer(), keys.sealer()]);
  assert.equal(dir.writes.length, 1);
  assert.equal(dir.writes[0]?.files.raftKey?.length, 32);
  assert.equal(two.open(one.seal(Buffer.from("x"), "p"), "p").toString(), "x");
});

test("what the cluster says of its unlock key is written when it changes; its past says nothing", async () => {
  const dir = disk();
  const keys = createKeyStore(dir, { ...files, unlockVersion: 5 }, key);
  await keys.protect(undefined, 3);
  await keys.protect(other, 5);
  await keys.protect(key, 7);
  assert.deepEqual(dir.writes, []);
  await keys.protect(other, 8);
  await keys.protect(key, 7);
  assert.deepEqual(dir.writes, [{ files: { ...files, unlockVersion: 8 }, unlockKey: other }]);
});

test("changes at once come one after the other, and none is lost", async () => {
  const dir = disk();
  const keys = createKeyStore(dir, files);
  await Promise.all([keys.protect(key, 1), keys.save(identity("manager")), keys.sealer(), keys.protect(other, 2)]);
  const last = dir.writes.at(-1);
  assert.equal(last?.unlockKey, other);
  assert.equal(last.files.keyPem, "K2");
  assert.equal(last.files.unlockVersion, 2);
  assert.equal(last.files.raftKey?.length, 32);
});

test("a worker's keys are never sealed, and it forgets the log's", async () => {
  const dir = disk();
  const keys = createKeyStore(dir, { ...files, raftKey: other, unlockVersion: 5 }, key);
  await keys.save(identity("worker"));
  assert.equal(dir.writes[0]?.unlockKey, undefined);
  assert.equal(dir.writes[0]?.files.raftKey, other); // until the log itself is gone
  await keys.forgetManager();
  assert.deepEqual(dir.writes[1], { files: { ...files, keyPem: "K2", certificatePem: "C2" }, unlockKey: undefined });
});
