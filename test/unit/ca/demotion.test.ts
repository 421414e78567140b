// Whose certificate is void is decided by versions. The clock stands still in all of these: a second holds any number of
// promotions and demotions.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { isVoid } from "../../../manager/ca/demotion.ts";
import { createCaHandlers } from "../../../manager/ca/handlers.ts";
import { firstCluster } from "../../../manager/ca/new-cluster.ts";
import { planRoles, withMembership } from "../../../manager/ca/role-plan.ts";
import type { RaftMember } from "../../../manager/raft/raft-node.ts";
import { withSoleManager } from "../../../manager/recovery/sole-manager.ts";
import type { View } from "../../../manager/store/types.ts";
import { newIssueCertificateRequest } from "../../../proto/gen/ca.ts";
import { type NodeRole, newClusterSpec, newNodeSpec } from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { type CertificateInfo, readCertificate } from "../../../shared/pki/certificate.ts";
import { newCertificateRequest, newRootAuthority } from "../../../shared/pki/issue.ts";
import { newKeyPair } from "../../../shared/pki/keys.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";
import { createTestStores, leads, type TestStores } from "../../support/test-store.ts";

const clusterId = "c".repeat(25) as ClusterId;
const csr = Buffer.from(newCertificateRequest(newKeyPair()));
let stores: TestStores | undefined;
afterEach(() => stores?.close());

const context = (peer: Peer): CallContext => ({ peer, signal: new AbortController().signal, metadata: new Map() });

async function world() {
  const made = createTestStores(1);
  stores = made;
  made.raft.elect(0);
  const [store] = made.stores;
  const [raft] = made.raft.nodes;
  const [part] = made.parts;
  assert.ok(store !== undefined && raft !== undefined && part !== undefined);
  await leads(store);
  const root = newRootAuthority(clusterId, made.env.wallMs());
  const cluster = firstCluster(clusterId, root, newClusterSpec({ name: "test" }), made.env.random);
  await store.update((tx) => tx.put("cluster", cluster));
  let members: RaftMember[] = [];
  let nextRaftId = 2;
  const leader = createCaHandlers({
    env: made.env,
    log: silentLog,
    store,
    raft: { ...raft, readIndex: raft.readIndex.bind(raft), status: () => ({ ...raft.status(), members }) },
    dialManager: () => {
      throw new SkepError("unavailable", "no network here");
    },
  });
  const ask = async (token: string, peer: Peer): Promise<CertificateInfo> => {
    const request = newIssueCertificateRequest({ csr, token, addr: "10.0.0.9:7377" });
    const answer = await leader.issueCertificate(request, context(peer));
    return readCertificate(Buffer.from(answer.certificate).toString());
  };
  const isMember = (id: NodeId): boolean => members.some(({ nodeId }) => nodeId === id);
  const update = (id: NodeId, role: NodeRole): Promise<void> =>
    store.update((tx) => {
      const node = tx.get("node", id);
      if (node === undefined) return;
      tx.put("node", { ...withMembership(node, members), spec: newNodeSpec({ ...node.spec, role }) });
    });
  return {
    store,
    env: made.env,
    snapshot: part.machine.snapshot,
    isMember,
    setRole: update,
    joins: (role: NodeRole) => ask(cluster.rootCa?.joinTokens?.[role] ?? "", { kind: "anonymous" }),
    renews: (nodeId: NodeId) => ask("", { kind: "node", nodeId, role: "worker", clusterId }),
    entersGroup: (nodeId: NodeId) => {
      members = [...members, { raftId: nextRaftId++, nodeId, addr: "10.0.0.9:7377" }];
    },
    /** As the leader's role keeper does it. */
    keepRoles: async () => {
      for (let round = 0; round < 3; round++) {
        for (const step of store.view((view) => planRoles(view.all("node"), members, 1))) {
          if (step.kind === "remove-member") members = members.filter(({ raftId }) => raftId !== step.raftId);
          if (step.kind !== "set-status") continue;
          await store.update((tx) => {
            const node = tx.get("node", step.nodeId);
            return node === undefined ? undefined : tx.put("node", { ...node, managerStatus: step.status });
          });
        }
      }
    },
    isVoid: ({ nodeId, issuedVersion }: CertificateInfo, at?: View): boolean =>
      at === undefined
        ? store.view((view) => isVoid(view, nodeId, issuedVersion, isMember))
        : isVoid(at, nodeId, issuedVersion, isMember),
  };
}

test("joins and is demoted in one second: the certificate is void", async () => {
  const { joins, setRole, isVoid: isNow, store } = await world();
  const certificate = await joins("manager");
  assert.equal(certificate.role, "manager");
  assert.equal(isNow(certificate), false);
  await setRole(certificate.nodeId, "worker");
  assert.equal(isNow(certificate), true);
  assert.ok((store.view((view) => view.get("node", certificate.nodeId)?.demotedVersion) ?? 0) > 0);
});

test("promoted, demoted and promoted again in one second: the first certificate stays void, the second counts", async () => {
  const { joins, renews, setRole, entersGroup, keepRoles, isVoid: isNow } = await world();
  const { nodeId } = await joins("worker");
  await setRole(nodeId, "manager");
  const first = await renews(nodeId);
  entersGroup(nodeId);
  await keepRoles();
  assert.equal(isNow(first), false);
  await setRole(nodeId, "worker");
  assert.equal(isNow(first), false, "it is a manager until it is out of the group: its writes may be needed for that");
  await keepRoles();
  assert.equal(isNow(first), true);
  assert.equal((await renews(nodeId)).role, "worker");
  await setRole(nodeId, "manager");
  const second = await renews(nodeId);
  entersGroup(nodeId);
  await keepRoles();
  assert.deepEqual([isNow(first), isNow(second)], [true, false]);
});

test("a certificate that was issued while the demotion was under way is void when it is done, and stays so", async () => {
  const { joins, renews, setRole, entersGroup, keepRoles, isVoid: isNow } = await world();
  const { nodeId } = await joins("manager");
  entersGroup(nodeId); // and the role keeper has not seen it
  await setRole(nodeId, "worker");
  const late = await renews(nodeId);
  assert.equal(late.role, "manager");
  await keepRoles();
  assert.equal(isNow(late), true);
  await setRole(nodeId, "manager");
  assert.equal(isNow(late), true);
});

test("a manager that was away believes what was issued over a version that it does not have", async () => {
  const { joins, renews, setRole, isVoid: isNow, store } = await world();
  const { nodeId } = await joins("worker");
  const away = store.view((view) => ({ version: view.version, node: view.get("node", nodeId) }));
  await setRole(nodeId, "manager");
  const promoted = await renews(nodeId);
  const known = { version: away.version, get: () => away.node };
  assert.equal(
    isVoid(known as unknown as View, nodeId, promoted.issuedVersion, () => false),
    false,
  );
  assert.equal(
    isVoid(known as unknown as View, nodeId, away.version, () => false),
    true,
  );
  assert.equal(isNow(promoted), false);
});

test("any order of promotions, demotions, joins and renewals: void is what was issued before the end of a demotion", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const { joins, renews, setRole, entersGroup, keepRoles, isMember, isVoid: isNow, store } = await world();
    const { nodeId } = await joins("worker");
    const issued: { readonly certificate: CertificateInfo; ended: boolean }[] = [];
    const isManager = (): boolean => {
      const node = store.view((view) => view.get("node", nodeId));
      return node?.spec?.role === "manager" || node?.managerStatus !== undefined || isMember(nodeId);
    };
    for (let turn = 0; turn < 60; turn++) {
      const before = isManager();
      const kind = Math.floor(random() * 5);
      if (kind === 0) await setRole(nodeId, "manager");
      else if (kind === 1) await setRole(nodeId, "worker");
      else if (kind === 2 && before && !isMember(nodeId)) entersGroup(nodeId);
      else if (kind === 3) await keepRoles();
      else if (kind === 4) {
        const certificate = await renews(nodeId);
        if (certificate.role === "manager") issued.push({ certificate, ended: false });
      }
      if (before && !isManager()) for (const each of issued) each.ended = true;
      for (const { certificate, ended } of issued) {
        assert.equal(isNow(certificate), ended, `seed ${seed}, turn ${turn}: issued over ${certificate.issuedVersion}`);
      }
    }
    stores?.close();
  }
});

test("one that goes on alone, or a backup: certificates of managers that are none, and of a state that is lost, are void", async () => {
  const { joins, setRole, snapshot, env } = await world();
  const [survivor, lost] = [await joins("manager"), await joins("manager")];
  const before = Buffer.concat([...snapshot()]);
  const unknown = await joins("manager"); // after the backup: of a future that is lost
  await setRole(lost.nodeId, "manager");
  const self = { node: { id: survivor.nodeId }, addr: "10.0.0.1:7377", raftId: 9 };
  const made = withSoleManager(before, self, "lost", env.wallMs());
  const { createStore } = await import("../../../manager/store/store.ts");
  const { store, machine } = createStore({ env, log: silentLog });
  await machine.restore(made.snapshot);
  const ask = ({ nodeId, issuedVersion }: CertificateInfo): boolean =>
    store.view((view) => isVoid(view, nodeId, issuedVersion, (id) => id === survivor.nodeId));
  assert.deepEqual([ask(survivor), ask(lost), ask(unknown)], [false, true, true]);
});
