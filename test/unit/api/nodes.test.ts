import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRemovable, checkRoleChange } from "../../../manager/api/nodes.ts";
import type { RaftStatus } from "../../../manager/raft/raft-node.ts";
import {
  newListRequest,
  newObjectRequest,
  newRemoveRequest,
  newUpdateNodeRequest,
} from "../../../proto/gen/control.ts";
import { type Node, newCAConfig, newClusterSpec, newNodeSpec } from "../../../proto/gen/objects.ts";
import { memoryMember } from "../../support/memory-raft.ts";
import { context, createTestApi, errorOf, nodeIdOf, type TestApi, testNode } from "../../support/test-api.ts";

const addWorker = async ({ stores }: TestApi, node: Node): Promise<void> => {
  await stores[0]?.update((tx) => tx.put("node", node));
};

test("managers show who leads and who answers, workers nothing", async () => {
  const test = await createTestApi({ managers: 3 });
  await addWorker(test, testNode(4));
  test.raft.nodes[2]?.isolate();
  const { nodes } = await test.api.listNodes(newListRequest(), context());
  assert.deepEqual(
    nodes.map(({ managerStatus }) => managerStatus && [managerStatus.leader, managerStatus.reachability]),
    [[true, "reachable"], [false, "reachable"], [false, "unreachable"], undefined],
  );
  const one = await test.api.getNode(newObjectRequest({ ref: "host1" }), context());
  assert.equal(one.managerStatus?.addr, "10.0.0.1:7377");
  test.close();
});

test("update changes the spec of the version read", async () => {
  const test = await createTestApi();
  await addWorker(test, testNode(4));
  const node = await test.api.getNode(newObjectRequest({ ref: "host4" }), context());
  const drain = newUpdateNodeRequest({
    id: node.id,
    version: node.meta?.version ?? 0,
    spec: newNodeSpec({ availability: "drain", labels: { a: "b" } }),
  });
  const updated = await test.api.updateNode(drain, context());
  assert.equal(updated.spec?.availability, "drain");
  await assert.rejects(test.api.updateNode(drain, context()), errorOf("conflict"));
  await assert.rejects(test.api.updateNode({ ...drain, spec: undefined }, context()), errorOf("invalid_argument"));
  await assert.rejects(test.api.updateNode({ ...drain, id: nodeIdOf(9) }, context()), errorOf("not_found"));
  await assert.rejects(
    test.api.updateNode({ ...drain, spec: newNodeSpec({ labels: { " ": "x" } }) }, context()),
    errorOf("invalid_argument", /empty key/),
  );
  test.close();
});

const status = (members: number, answering: number): RaftStatus => ({
  raftId: 1,
  term: 1,
  state: "leader",
  leaderId: 1,
  commitIndex: 1,
  appliedIndex: 1,
  members: Array.from({ length: members }, (_, index) => memoryMember(index)),
  progress: new Map(
    Array.from({ length: members - 1 }, (_, i) => [i + 2, { matchIndex: 1, active: i + 2 <= answering }] as const),
  ),
});
const managers = (count: number): Node[] =>
  Array.from({ length: count }, (_, i) => testNode(i + 1, { role: "manager" }));

const demotions: readonly (readonly [members: number, answering: number, node: number, refused: RegExp | undefined])[] =
  [
    [1, 1, 1, /last manager/],
    [2, 2, 2, undefined],
    [3, 3, 1, undefined],
    [3, 2, 3, undefined], // the one that is lost: two of two stay
    [3, 2, 2, /only 1 of the 2 managers that stay/],
    [5, 3, 2, /only 2 of the 4 managers that stay answer and can write, and 3 must/],
    [5, 3, 5, undefined],
  ];
for (const [members, answering, number, refused] of demotions) {
  test(`demote manager ${number} of ${members}, of which ${answering} answer: ${refused === undefined ? "allowed" : "refused"}`, () => {
    const nodes = managers(members);
    const node = nodes[number - 1];
    assert.ok(node !== undefined);
    const demote = (): void =>
      checkRoleChange(node, newNodeSpec({ role: "worker" }), nodes, status(members, answering));
    if (refused === undefined) demote();
    else assert.throws(demote, errorOf("failed_precondition", refused));
  });
}

test("a manager whose disk hangs does not count as one that stays", () => {
  const nodes = managers(3);
  const answers = { matchIndex: 1, active: true, diskOverdue: false };
  const progress = new Map([
    [2, answers],
    [3, { ...answers, diskOverdue: true }],
  ]);
  const demote = (number: number): void =>
    checkRoleChange(testNode(number, { role: "manager" }), newNodeSpec({ role: "worker" }), nodes, {
      ...status(3, 3),
      progress,
    });
  assert.throws(() => demote(2), errorOf("failed_precondition", /only 1 of the 2 managers that stay/));
  demote(3);
});

test("what may be removed", () => {
  const one = status(1, 1);
  checkRemovable(testNode(4, { state: "down" }), false, one);
  checkRemovable(testNode(4, { state: "unknown" }), false, one);
  checkRemovable(testNode(4, { state: "ready" }), true, one);
  for (const state of ["ready", "suspect"] as const) {
    assert.throws(
      () => checkRemovable(testNode(4, { state }), false, one),
      errorOf("failed_precondition", /is not down.*--force/),
    );
  }
  const manager = testNode(1, { role: "manager", state: "down" });
  assert.throws(() => checkRemovable(manager, true, one), errorOf("failed_precondition", /demote it to worker/));
  const demoted = { ...manager, spec: newNodeSpec({ role: "worker" }) };
  assert.throws(() => checkRemovable(demoted, true, one), errorOf("failed_precondition", /member of the raft/));
});

test("a removed node's certificate is closed out, and old entries go", async () => {
  const test = await createTestApi();
  await addWorker(test, testNode(4, { state: "down" }));
  await addWorker(test, testNode(5, { state: "down" }));
  const blacklist = (): readonly string[] =>
    test.stores[0]?.view((view) => view.cluster()?.blacklistedCertificates.map(({ nodeId }) => nodeId)) ?? [];
  assert.equal((await test.api.removeNode(newRemoveRequest({ ref: "host4" }), context())).id, nodeIdOf(4));
  assert.deepEqual(blacklist(), [nodeIdOf(4)]);
  await assert.rejects(test.api.getNode(newObjectRequest({ ref: "host4" }), context()), errorOf("not_found"));
  // Shorter from now on, which the certificate that the node has is not.
  await test.stores[0]?.update((tx) => {
    const cluster = tx.cluster();
    assert.ok(cluster !== undefined);
    const caConfig = newCAConfig({ nodeCertExpiryMs: 3600 * 1000 });
    tx.put("cluster", { ...cluster, spec: newClusterSpec({ ...cluster.spec, caConfig }) });
  });
  for (const n of [6, 7]) await addWorker(test, testNode(n, { state: "down" }));
  await test.api.removeNode(newRemoveRequest({ ref: "host6" }), context());
  await test.env.advance(80 * 24 * 3600 * 1000);
  await test.api.removeNode(newRemoveRequest({ ref: "host7" }), context());
  assert.deepEqual(blacklist(), [nodeIdOf(4), nodeIdOf(6), nodeIdOf(7)]);
  await test.env.advance(12 * 24 * 3600 * 1000);
  await test.api.removeNode(newRemoveRequest({ ref: "host5" }), context());
  assert.deepEqual(blacklist(), [nodeIdOf(7), nodeIdOf(5)]);
  test.close();
});
