// The rotation of the root as a pure plan: who is waited for, what nodes are told, what is left at the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstCluster } from "../../../manager/ca/new-cluster.ts";
import {
  beginRotation,
  endRotation,
  issuingAuthority,
  tlsStatusOf,
  trustedRoots,
  waitsFor,
} from "../../../manager/ca/root-rotation.ts";
import {
  type Node,
  type NodeState,
  newNode,
  newNodeDescription,
  newNodeStatus,
  newTLSInfo,
} from "../../../proto/gen/objects.ts";
import type { ClusterId } from "../../../shared/model/ids.ts";
import { parseJoinToken } from "../../../shared/model/join-token.ts";
import { digestsOf } from "../../../shared/pki/certificate.ts";
import { crossSign, newRootAuthority } from "../../../shared/pki/issue.ts";

const NOW_MS = 1_800_000_000_000;
const clusterId = "c".repeat(25) as ClusterId;
const old = newRootAuthority(clusterId, NOW_MS);
const next = newRootAuthority(clusterId, NOW_MS, old.certificatePem);
const cross = crossSign(next, old, NOW_MS);
const before = firstCluster(clusterId, old, undefined, () => 0.5);
const during = beginRotation(before, next, cross, NOW_MS);

const node = (issuer: string | undefined, trustRoots: readonly string[], state: NodeState = "ready"): Node =>
  newNode({
    status: newNodeStatus({ state }),
    description: newNodeDescription(issuer === undefined ? {} : { tls: newTLSInfo({ issuer, trustRoots }) }),
  });

test("no rotation waits for nobody, and the one root signs and is trusted", () => {
  assert.equal(waitsFor(before, [node(undefined, [])]), undefined);
  assert.equal(issuingAuthority(before).digest, old.digest);
  assert.equal(issuingAuthority(before).chainPem, "");
  assert.deepEqual(digestsOf(trustedRoots(before).toString()), [old.digest]);
});

test("while it lasts the next root signs, its cross-signed certificate goes along, and both are trusted", () => {
  assert.equal(issuingAuthority(during).digest, next.digest);
  assert.equal(issuingAuthority(during).chainPem, cross);
  assert.deepEqual(digestsOf(trustedRoots(during).toString()), [old.digest, next.digest]);
  assert.deepEqual(during.rootCa?.joinTokens, before.rootCa?.joinTokens);
  assert.equal(during.rootCa?.caCertHash, old.digest);
});

const cases: readonly (readonly [name: string, node: Node, status: string, waited: boolean])[] = [
  ["said nothing", node(undefined, []), "unknown", true],
  ["has the old certificate", node(old.digest, [old.digest]), "needs_rotation", true],
  ["has the old certificate and trusts both", node(old.digest, [old.digest, next.digest]), "needs_rotation", true],
  ["has the new certificate and does not trust its root", node(next.digest, [old.digest]), "needs_rotation", true],
  ["has followed", node(next.digest, [old.digest, next.digest]), "ready", false],
  ["has followed and is down now", node(next.digest, [old.digest, next.digest], "down"), "ready", false],
  ["is down", node(old.digest, [old.digest], "down"), "needs_rotation", true],
  ["left the cluster", node(old.digest, [old.digest], "disconnected"), "needs_rotation", false],
];
for (const [name, one, status, waited] of cases) {
  test(`a node that ${name}: ${status}${waited ? ", waited for" : ""}`, () => {
    assert.equal(tlsStatusOf(during, one), status);
    assert.deepEqual(waitsFor(during, [one]), waited ? [one] : []);
  });
}

test("one at a time, and never to the root that is there", () => {
  assert.throws(() => beginRotation(during, newRootAuthority(clusterId, NOW_MS), "", NOW_MS), /being rotated already/);
  assert.throws(() => beginRotation(before, old, "", NOW_MS), /has this root CA already/);
});

test("at the end the next root is the only one, and both tokens name it", () => {
  const after = endRotation(during, () => 0.25);
  assert.equal(after.rootCa?.rotation, undefined);
  assert.equal(issuingAuthority(after).digest, next.digest);
  assert.equal(issuingAuthority(after).keyPem, next.keyPem);
  assert.deepEqual(digestsOf(trustedRoots(after).toString()), [next.digest]);
  for (const role of ["worker", "manager"] as const) {
    const token = after.rootCa?.joinTokens?.[role] ?? "";
    assert.equal(parseJoinToken(token).rootCaHash, next.digest);
    assert.notEqual(token, before.rootCa?.joinTokens?.[role]);
  }
  assert.equal(
    endRotation(after, () => 0.1),
    after,
  );
});

test("in whatever order nodes follow, it is waited for exactly those that have not", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...cases), { maxLength: 12 }), (chosen) => {
      const waiting = waitsFor(
        during,
        chosen.map(([, one]) => one),
      );
      assert.equal(waiting?.length, chosen.filter(([, , , waited]) => waited).length);
    }),
  );
});
