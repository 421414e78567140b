import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyStore } from "../../../bin/daemon/key-store.ts";
import { formatNodePem, type NodeFiles, parseNodePem } from "../../../bin/daemon/node-pem.ts";
import type { Identity } from "../../../shared/pki/identity.ts";
import { createSealer, newSealingKey } from "../../../shared/pki/sealing.ts";

const files: NodeFiles = { keyPem: "K1", certificatePem: "C1", rootPem: "R1" };
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
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

test("keys that lay open are replaced when they are sealed; the log's former key is kept until it is not needed", async () => {
  const dir = disk();
  const keys = createKeyStore(dir, { ...files, raftKey: other });
  const sealer = await keys.sealer();
  const before = sealer.seal(Buffer.from("x"), "p");
  assert.equal(await keys.protect(undefined, 1), false);
  assert.equal(await keys.protect(key, 2), true);
  const written = dir.writes.at(-1);
  assert.equal(written?.unlockKey, key);
  const { raftKey, formerRaftKeys } = written.files;
  assert.ok(raftKey !== undefined && raftKey !== other);
  assert.deepEqual(formerRaftKeys, [other]);
  assert.equal(sealer.open(before, "p").toString(), "x");
  const after = sealer.seal(Buffer.from("y"), "p");
  assert.throws(() => createSealer(other).open(after, "p"), /another key/);
  // On the disk and back again.
  const stored = parseNodePem(formatNodePem({ ...written.files, certificatePem: CERTIFICATE }, key), "R1");
  assert.ok(stored?.kind === "sealed");
  const back = await createKeyStore(disk(), stored.unlock(key), key).sealer();
  assert.equal(back.open(before, "p").toString() + back.open(after, "p").toString(), "xy");

  // Another unlock key is no reason: nothing lay open.
  assert.equal(await keys.protect(newSealingKey(), 3), false);
  assert.equal(dir.writes.at(-1)?.files.raftKey, raftKey);
  // Off and on again, while the log has not been written anew: none is lost, and only what was asked for is forgotten.
  await keys.protect(undefined, 4);
  const former = keys.formerLogKeys();
  assert.equal(await keys.protect(key, 5), true);
  assert.deepEqual(keys.formerLogKeys(), [raftKey, other]);
  await keys.forgetLogKeys(former);
  assert.deepEqual(keys.formerLogKeys(), [raftKey]);
  assert.equal(sealer.open(after, "p").toString(), "y");
  assert.throws(() => sealer.open(before, "p"), /another key/);
  await keys.forgetLogKeys(keys.formerLogKeys());
  assert.equal("formerRaftKeys" in (dir.writes.at(-1)?.files ?? {}), false);
});
