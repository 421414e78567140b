import assert from "node:assert/strict";
import { test } from "node:test";
import { admit } from "../../../manager/ca/admission.ts";
import { firstCluster, joiningNode } from "../../../manager/ca/new-cluster.ts";
import type { Cluster } from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { isCode } from "../../../shared/errors.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { newJoinToken } from "../../../shared/model/join-token.ts";
import { newRootAuthority } from "../../../shared/pki/issue.ts";

const random = seededRandom(7);
const clusterId = "c".repeat(25) as ClusterId;
const nodeId = "n".repeat(25) as NodeId;
const nowMs = 1_800_000_000_000;

const newTestCluster = (): Cluster => firstCluster(clusterId, newRootAuthority(clusterId, nowMs), undefined, random);
const cluster = newTestCluster();
const tokens = cluster.rootCa?.joinTokens;
const nobody = { cluster, node: () => undefined, isMember: () => false };

const nodeOf = (role: "worker" | "manager", wanted: "worker" | "manager") => ({
  ...joiningNode({ id: nodeId, role, availability: "active", addr: "10.0.0.1:7377", description: undefined, nowMs }),
  spec: { name: "", labels: {}, role: wanted, availability: "active" as const },
});

test("a token decides the role", () => {
  assert.deepEqual(admit({ kind: "stranger", token: tokens?.worker ?? "" }, nobody), { kind: "new", role: "worker" });
  assert.deepEqual(admit({ kind: "stranger", token: ` ${tokens?.manager}\n` }, nobody), {
    kind: "new",
    role: "manager",
  });
});

const refusals: readonly (readonly [
  name: string,
  token: string,
  code: "permission_denied" | "invalid_argument",
  words: RegExp,
])[] = [
  ["rotated", newJoinToken(cluster.rootCa?.caCertHash ?? "", random), "permission_denied", /rotated.*swarm join-token/],
  ["another cluster's", newTestCluster().rootCa?.joinTokens?.worker ?? "", "permission_denied", /another cluster/],
  ["empty", "", "invalid_argument", /not a join token/],
  ["mistyped", `${tokens?.worker}x`, "invalid_argument", /not a join token/],
];
for (const [name, token, code, words] of refusals) {
  test(`a token is refused: ${name}`, () => {
    assert.throws(
      () => admit({ kind: "stranger", token }, nobody),
      (error) =>
        isCode(error, code) &&
        error instanceof Error &&
        words.test(error.message) &&
        !error.message.includes(token || "\0"),
    );
  });
}

test("a cluster without tokens admits nobody", () => {
  const bare = { ...nobody, cluster: { ...cluster, rootCa: undefined } };
  assert.throws(() => admit({ kind: "stranger", token: tokens?.worker ?? "" }, bare), /another cluster/);
});

const roles: readonly (readonly [
  has: "worker" | "manager",
  wants: "worker" | "manager",
  member: boolean,
  gets: "worker" | "manager",
])[] = [
  ["worker", "worker", false, "worker"],
  ["worker", "manager", false, "manager"],
  ["manager", "manager", true, "manager"],
  // Demoted: first out of the Raft group, then a worker's certificate.
  ["manager", "worker", true, "manager"],
  ["manager", "worker", false, "worker"],
];
for (const [has, wants, member, gets] of roles) {
  test(`renewal of a ${has} that shall be a ${wants}${member ? ", in the Raft group" : ""}: ${gets}`, () => {
    const node = nodeOf(has, wants);
    const view = { cluster, node: () => node, isMember: () => member };
    assert.deepEqual(admit({ kind: "node", nodeId }, view), { kind: "renew", node, role: gets });
  });
}

test("a node that is not in the store renews nothing", () => {
  assert.throws(() => admit({ kind: "node", nodeId }, nobody), /not in the cluster any more/);
});
