import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { connect, createServer } from "node:tls";
import fc from "fast-check";
import { SkepError } from "../../../shared/errors.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import {
  certificateDigest,
  identityOfSubject,
  isIssuedBy,
  issuerOf,
  readCertificate,
} from "../../../shared/pki/certificate.ts";
import { openIdentity } from "../../../shared/pki/identity.ts";
import {
  BACKDATE_MS,
  crossSign,
  givenRootAuthority,
  issueNodeCertificate,
  newCertificateRequest,
  newRootAuthority,
  verifyCertificateRequest,
} from "../../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../../shared/pki/keys.ts";
import { fromPem, toPem } from "../../../shared/pki/pem.ts";

const clusterId = "c".repeat(25) as ClusterId;
const nodeId = "n".repeat(25) as NodeId;
const nowMs = 1_800_000_000_000;
const DAY_MS = 86_400_000;

const root = newRootAuthority(clusterId, nowMs);
const keys = newKeyPair();
const issue = (validityMs: number, role: "worker" | "manager" = "worker"): string =>
  issueNodeCertificate(
    { nodeId, role, clusterId, publicKey: keys.publicKey, validityMs, nowMs, issuedVersion: 0 },
    root,
  );

test("the root signs itself, for 20 years, and is a CA", () => {
  const certificate = new X509Certificate(root.certificatePem);
  assert.equal(certificate.ca, true);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkIssued(certificate));
  assert.equal(certificate.validToDate.getTime(), nowMs + 20 * 365 * DAY_MS);
  assert.equal(certificate.fingerprint256.replaceAll(":", "").toLowerCase(), root.digest);
  assert.equal(certificateDigest(root.certificatePem), root.digest);
});

test("a root that lives beyond 2049 has the longer form of time", () => {
  const late = newRootAuthority(clusterId, Date.UTC(2040, 1, 1));
  assert.equal(new X509Certificate(late.certificatePem).validToDate.getUTCFullYear(), 2060);
});

test("a node's certificate says who, as what, of which cluster and until when", () => {
  const pem = issue(90 * DAY_MS, "manager");
  assert.deepEqual(readCertificate(pem), {
    nodeId,
    clusterId,
    role: "manager",
    issuedVersion: 0,
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: nowMs + 90 * DAY_MS,
  });
  const certificate = new X509Certificate(pem);
  assert.equal(certificate.subjectAltName, `DNS:${nodeId}, DNS:skep-manager`);
  assert.equal(certificate.checkHost("skep-manager"), "skep-manager");
  assert.equal(certificate.checkHost("skep-worker"), undefined);
  assert.equal(certificate.ca, false);
  assert.ok(isIssuedBy(pem, root.certificatePem));
  assert.equal(isIssuedBy(pem, newRootAuthority(clusterId, nowMs).certificatePem), false);
});

test("a certificate tells the version that it was issued over; none is one of before, and nonsense is refused", () => {
  for (const issuedVersion of [0, 1, 1_000_000_007, Number.MAX_SAFE_INTEGER]) {
    const { publicKey } = newKeyPair();
    const request = {
      nodeId,
      role: "manager",
      clusterId,
      publicKey,
      validityMs: DAY_MS,
      nowMs,
      issuedVersion,
    } as const;
    assert.equal(readCertificate(issueNodeCertificate(request, root)).issuedVersion, issuedVersion);
  }
  const subject = { CN: nodeId, OU: "skep-manager", O: clusterId };
  assert.equal(identityOfSubject(subject).issuedVersion, 0);
  for (const dnQualifier of ["", "-1", "1.5", "1e9", "01", "9007199254740992", ["7", "8"]]) {
    assert.throws(() => identityOfSubject({ ...subject, dnQualifier }), /version is not a number/, String(dnQualifier));
  }
});

test("no certificate is shorter than an hour, and no two have one serial number", () => {
  assert.equal(readCertificate(issue(1)).notAfterMs, nowMs + 3_600_000);
  assert.notEqual(new X509Certificate(issue(DAY_MS)).serialNumber, new X509Certificate(issue(DAY_MS)).serialNumber);
});

test("an identity is opened only when its parts belong together", () => {
  const keyPem = privateKeyToPem(keys.privateKey);
  const certificatePem = issue(DAY_MS);
  assert.equal(openIdentity({ certificatePem, keyPem, rootPem: root.certificatePem }).nodeId, nodeId);
  const other = newRootAuthority(clusterId, nowMs).certificatePem;
  assert.throws(() => openIdentity({ certificatePem, keyPem, rootPem: other }), /root CA/);
  const otherKey = privateKeyToPem(newKeyPair().privateKey);
  assert.throws(() => openIdentity({ certificatePem, keyPem: otherKey, rootPem: root.certificatePem }), /key/);
  assert.throws(() => openIdentity({ certificatePem, keyPem: "?", rootPem: root.certificatePem }), /private key/);
});

test("a request proves its key", () => {
  const key = verifyCertificateRequest(newCertificateRequest(keys));
  assert.ok(key.equals(keys.publicKey));
});

test("a request with another key's signature is refused", () => {
  const der = Buffer.from(fromPem("CERTIFICATE REQUEST", newCertificateRequest(keys)));
  const other = fromPem("CERTIFICATE REQUEST", newCertificateRequest(newKeyPair()));
  const spkiAt = der.indexOf(keys.publicKey.export({ type: "spki", format: "der" }));
  Buffer.from(other).copy(der, spkiAt, spkiAt, spkiAt + 91);
  assert.throws(() => verifyCertificateRequest(toPem("CERTIFICATE REQUEST", der)), /signature/);
});

test("only P-256 keys are taken", () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
  assert.throws(() => verifyCertificateRequest(newCertificateRequest(p384)), /not ECDSA P-256/);
});

test("a damaged request is an invalid argument, whatever the damage", () => {
  const der = fromPem("CERTIFICATE REQUEST", newCertificateRequest(keys));
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(der.length), (at, flip, length) => {
      const damaged = Uint8Array.from(der);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      for (const bytes of [damaged, der.subarray(0, length)]) {
        try {
          const key = verifyCertificateRequest(toPem("CERTIFICATE REQUEST", bytes));
          assert.ok(key.equals(keys.publicKey) && bytes.length === der.length);
        } catch (error) {
          assert.ok(error instanceof SkepError && error.code === "invalid_argument", String(error));
        }
      }
    }),
    { numRuns: 200 },
  );
});

// ------------------------------------------------------------------------------------------------- replacing the root

const successor = newRootAuthority(clusterId, nowMs, root.certificatePem);
const nodeOf = (authority: typeof root): string =>
  issueNodeCertificate(
    { nodeId, role: "worker", clusterId, publicKey: keys.publicKey, validityMs: DAY_MS, nowMs, issuedVersion: 0 },
    authority,
  );

test("the cross-signed certificate has the new root's name and key, and is the old root's", () => {
  const cross = crossSign(successor, root, nowMs);
  assert.ok(isIssuedBy(cross, root.certificatePem));
  const [crossed, own] = [new X509Certificate(cross), new X509Certificate(successor.certificatePem)];
  assert.equal(crossed.subject, own.subject);
  assert.ok(crossed.publicKey.equals(own.publicKey));
  assert.ok(crossed.ca);
  assert.ok(isIssuedBy(nodeOf(successor), cross));
  assert.equal(isIssuedBy(nodeOf(root), cross), false);
});

test("of several roots with one name, the one that signed is found", () => {
  const bundle = root.certificatePem + successor.certificatePem;
  assert.equal(issuerOf(nodeOf(successor), bundle), successor.digest);
  assert.equal(issuerOf(nodeOf(root), bundle), root.digest);
  assert.equal(issuerOf(nodeOf(root), successor.certificatePem), undefined);
});

test("a chain is taken by who trusts the old root alone, the new one alone, or both", async (t) => {
  const now = Date.now(); // TLS asks the real clock
  const first = newRootAuthority(clusterId, now);
  const second = newRootAuthority(clusterId, now, first.certificatePem);
  const cert =
    issueNodeCertificate(
      {
        nodeId,
        role: "worker",
        clusterId,
        publicKey: keys.publicKey,
        validityMs: DAY_MS,
        nowMs: now,
        issuedVersion: 0,
      },
      second,
    ) + crossSign(second, first, now);
  const key = privateKeyToPem(keys.privateKey);
  for (const ca of [first.certificatePem, second.certificatePem, first.certificatePem + second.certificatePem]) {
    const server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: false });
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const accepted = new Promise<boolean>((resolve) => {
      server.once("secureConnection", (socket) => {
        resolve(socket.authorized);
        socket.destroy();
      });
    });
    const socket = connect({ port: address.port, key, cert, ca, servername: "skep-worker", rejectUnauthorized: false });
    t.after(() => socket.destroy());
    socket.on("error", () => undefined);
    const trusted = new Promise<boolean>((resolve) => {
      socket.once("secureConnect", () => resolve(socket.authorized));
    });
    assert.deepEqual([await accepted, await trusted], [true, true]);
  }
});

test("a root that somebody brings is taken when it is one, and its key is", () => {
  assert.deepEqual(givenRootAuthority(successor.certificatePem, successor.keyPem, nowMs), successor);
  const wrong: readonly (readonly [certificate: string, key: string, atMs: number, words: RegExp])[] = [
    ["", successor.keyPem, nowMs, /is missing/],
    [root.certificatePem + successor.certificatePem, root.keyPem, nowMs, /must be one/],
    [nodeOf(root), privateKeyToPem(keys.privateKey), nowMs, /not one of an authority/],
    [crossSign(successor, root, nowMs), successor.keyPem, nowMs, /signed by another authority/],
    [root.certificatePem, successor.keyPem, nowMs, /for another key/],
    [root.certificatePem, "?", nowMs, /ECDSA P-256/],
    [root.certificatePem, root.keyPem, nowMs - DAY_MS, /not valid yet/],
    [root.certificatePem, root.keyPem, nowMs + 21 * 365 * DAY_MS, /has expired/],
  ];
  for (const [certificate, key, atMs, words] of wrong) {
    assert.throws(() => givenRootAuthority(certificate, key, atMs), words);
  }
});
