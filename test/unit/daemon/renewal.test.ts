// The renewal loop in simulated time; the manager it asks is a real server on loopback, so time moves only between calls.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { renew } from "../../../bin/daemon/enroll.ts";
import { createRenewal } from "../../../bin/daemon/renewal.ts";
import { CAService, newIssueCertificateResponse } from "../../../proto/gen/ca.ts";
import type { NodeRole } from "../../../proto/gen/objects.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { createIdentityHolder, type Identity, openIdentity } from "../../../shared/pki/identity.ts";
import {
  crossSign,
  issueNodeCertificate,
  newRootAuthority,
  type RootAuthority,
  verifyCertificateRequest,
} from "../../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../../shared/pki/keys.ts";
import { addService } from "../../../shared/rpc/server.ts";
import { listenGrpc, type PlainGrpc } from "../../support/plain-grpc.ts";

const DAY_MS = 86_400_000;
const clusterId = "c".repeat(25) as ClusterId;
const nodeId = "n".repeat(25) as NodeId;
const env = createSimEnv(3);
const root = newRootAuthority(clusterId, env.wallMs());

let server: PlainGrpc;
let addr: string;
/** What the manager does with a request; counts them. */
const ca = { asked: 0, role: "worker" as NodeRole, fails: false, answered: Promise.withResolvers<void>() };
/** Who signs, and what the answer says to trust. */
const authority: { root: RootAuthority; chainPem: string; trustRoots: string } = { root, chainPem: "", trustRoots: "" };

before(async () => {
  server = await listenGrpc(0, (made) =>
    addService(
      made,
      CAService,
      {
        getRootCA: async () => ({ certificate: new Uint8Array() }),
        leaveCluster: async () => ({}),
        issueCertificate: async ({ csr }) => {
          ca.asked++;
          try {
            if (ca.fails) throw new SkepError("unavailable", "no leader");
            const publicKey = verifyCertificateRequest(Buffer.from(csr).toString());
            const certificate = issueNodeCertificate(
              {
                nodeId,
                role: ca.role,
                clusterId,
                publicKey,
                validityMs: 90 * DAY_MS,
                nowMs: env.wallMs(),
                issuedVersion: 0,
              },
              authority.root,
            );
            return newIssueCertificateResponse({
              certificate: Buffer.from(certificate + authority.chainPem),
              nodeId,
              role: ca.role,
              trustRoots: Buffer.from(authority.trustRoots),
            });
          } finally {
            setImmediate(() => ca.answered.resolve());
          }
        },
      },
      () => ({ kind: "anonymous" }),
      () => undefined,
    ),
  );
  addr = `127.0.0.1:${server.port}`;
});
after(() => server.stop());

function identity(role: NodeRole): Identity {
  const keys = newKeyPair();
  const certificatePem = issueNodeCertificate(
    {
      nodeId,
      role,
      clusterId,
      publicKey: keys.publicKey,
      validityMs: 90 * DAY_MS,
      nowMs: env.wallMs(),
      issuedVersion: 0,
    },
    root,
  );
  return openIdentity({ certificatePem, keyPem: privateKeyToPem(keys.privateKey), rootPem: root.certificatePem });
}

function start() {
  const holder = createIdentityHolder(identity("worker"));
  const client = new grpc.Client(addr, grpc.credentials.createInsecure());
  const abort = new AbortController();
  const saved: Identity[] = [];
  const disk = { isFull: false };
  const renewal = createRenewal({
    env,
    log: silentLog,
    identity: holder,
    managers: () => [addr],
    dial: () => client,
    save: async (next) => {
      if (disk.isFull) throw new SkepError("internal", "no space left on device");
      saved.push(next);
    },
  });
  const done = renewal.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await done;
    client.close();
  };
  return { holder, renewal, saved, disk, stop };
}

/** The next request is answered, and its answer has arrived. */
async function answered(until: () => boolean): Promise<void> {
  await ca.answered.promise;
  ca.answered = Promise.withResolvers();
  while (!until()) await new Promise((resolve) => setImmediate(resolve));
}

test("renews between half and four fifths of the certificate's life, with a new key, saved first", async () => {
  const { holder, saved, stop } = start();
  const old = holder.current();
  const asked = ca.asked;
  await env.advance(44 * DAY_MS);
  assert.equal(ca.asked, asked);
  await env.advance(29 * DAY_MS);
  await answered(() => holder.current() !== old);
  assert.deepEqual(saved, [holder.current()]);
  assert.notEqual(holder.current().keyPem, old.keyPem);
  assert.ok(holder.current().notAfterMs > old.notAfterMs);
  await stop();
});

test("tries again after a failure, and keeps the old one meanwhile", async () => {
  const { holder, saved, stop } = start();
  const old = holder.current();
  ca.fails = true;
  await env.advance(73 * DAY_MS);
  await answered(() => true);
  assert.equal(holder.current(), old);
  assert.deepEqual(saved, []);
  ca.fails = false;
  while (env.pendingTimers() === 0) await env.breathe();
  await env.advance(5_000);
  await answered(() => holder.current() !== old);
  await stop();
});

test("a key that lay open is replaced, also where the first new one cannot be saved", async () => {
  const { holder, renewal, disk, stop } = start();
  await env.advance(0);
  const [old, asked] = [holder.current(), ca.asked];
  disk.isFull = true;
  renewal.renewNow();
  await env.advance(0);
  await answered(() => true);
  while (env.pendingTimers() === 0) await env.breathe();
  assert.equal(ca.asked, asked + 1);
  assert.equal(holder.current(), old);
  disk.isFull = false;
  await env.advance(5_000);
  await answered(() => holder.current() !== old);
  assert.notEqual(holder.current().keyPem, old.keyPem);
  await stop();
});

test("another role is asked for at once, and again until the certificate says it", async () => {
  const { holder, renewal, stop } = start();
  await env.advance(0);
  const asked = ca.asked;
  renewal.want({ minVersion: 0, role: "worker", issuer: "", rootsPem: "" });
  await env.advance(1_000);
  assert.equal(ca.asked, asked);
  renewal.want({ minVersion: 0, role: "manager", issuer: "", rootsPem: "" });
  await env.advance(0);
  await answered(() => ca.asked === asked + 1);
  assert.equal(holder.current().role, "worker");
  ca.role = "manager";
  while (env.pendingTimers() === 0) await env.breathe();
  await env.advance(5_000);
  await answered(() => holder.current().role === "manager");
  await stop();
});

test("roots come with a new certificate only where a root that is trusted vouches for them", async () => {
  const client = new grpc.Client(addr, grpc.credentials.createInsecure());
  const present = identity("worker");
  const ask = (): Promise<Identity> => renew(client, present, new AbortController().signal);
  const nowMs = env.wallMs();
  const next = newRootAuthority(clusterId, nowMs, root.certificatePem);
  const both = root.certificatePem + next.certificatePem;
  try {
    // A rotation: the next root signs, and its key is signed by the present one.
    Object.assign(authority, { root: next, chainPem: crossSign(next, root, nowMs), trustRoots: both });
    assert.deepEqual((await ask()).trustRoots, [root.digest, next.digest]);
    // A node that was a manager has its certificate, and no CA key: it can only sign with a root of its own.
    const forged = newRootAuthority(clusterId, nowMs, root.certificatePem);
    const rows = [
      { chainPem: "", trustRoots: forged.certificatePem },
      { chainPem: "", trustRoots: root.certificatePem + forged.certificatePem },
      { chainPem: crossSign(forged, forged, nowMs), trustRoots: forged.certificatePem },
      { chainPem: crossSign(next, root, nowMs), trustRoots: forged.certificatePem },
      { chainPem: present.certificatePem, trustRoots: forged.certificatePem },
    ];
    for (const row of rows) {
      Object.assign(authority, { root: forged, ...row });
      await assert.rejects(ask(), /not from the cluster's root CA/);
    }
    // The right certificate, and one root too many.
    Object.assign(authority, { root, chainPem: "", trustRoots: root.certificatePem + forged.certificatePem });
    assert.deepEqual((await ask()).trustRoots, [root.digest]);
  } finally {
    Object.assign(authority, { root, chainPem: "", trustRoots: "" });
    client.close();
  }
});
