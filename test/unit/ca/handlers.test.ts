// The CA service over stores and a Raft in memory: joining, renewing, leaving, and follower to leader.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { allocateNetwork } from "../../../manager/allocator/network.ts";
import { createCaHandlers } from "../../../manager/ca/handlers.ts";
import { firstCluster } from "../../../manager/ca/new-cluster.ts";
import { newIssueCertificateRequest, newLeaveClusterRequest } from "../../../proto/gen/ca.ts";
import { newClusterSpec, newNetwork, newNetworkSpec, newNodeSpec } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import { type ClusterId, type NetworkId, type NodeId, newId } from "../../../shared/model/ids.ts";
import { isIssuedBy, readCertificate } from "../../../shared/pki/certificate.ts";
import { newCertificateRequest, newRootAuthority } from "../../../shared/pki/issue.ts";
import { newKeyPair } from "../../../shared/pki/keys.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";
import { createTestStores, leads, type TestStores } from "../../support/test-store.ts";

const clusterId = "c".repeat(25) as ClusterId;
const DAY_MS = 86_400_000;
let stores: TestStores | undefined;
afterEach(() => stores?.close());

async function cluster(count = 1) {
  const made = createTestStores(count);
  stores = made;
  made.raft.elect(0);
  const [store] = made.stores;
  assert.ok(store !== undefined);
  await leads(store);
  const root = newRootAuthority(clusterId, made.env.wallMs());
  const object = firstCluster(clusterId, root, newClusterSpec({ name: "test" }), made.env.random);
  await store.update((tx) => tx.put("cluster", object));
  const dialed: string[] = [];
  const handlers = made.raft.nodes.map((raft, i) =>
    createCaHandlers({
      env: made.env,
      log: silentLog,
      store: made.stores[i] ?? store,
      raft,
      dialManager: (addr) => {
        dialed.push(addr);
        throw new SkepError("unavailable", "no network here");
      },
    }),
  );
  const [leader, follower] = handlers;
  assert.ok(leader !== undefined);
  return { ...made, store, root, object, leader, follower, dialed, tokens: object.rootCa?.joinTokens };
}

const context = (peer: Peer, metadata: Readonly<Record<string, string>> = {}): CallContext => ({
  peer,
  signal: new AbortController().signal,
  metadata: new Map(Object.entries(metadata)),
});
const anonymous = context({ kind: "anonymous" });
const node = (nodeId: NodeId, role: "worker" | "manager" = "worker", metadata = {}): CallContext =>
  context({ kind: "node", nodeId, role, clusterId }, metadata);
const csr = (): Uint8Array => Buffer.from(newCertificateRequest(newKeyPair()));
const pem = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("a token makes a node, and a certificate for it", async () => {
  const { leader, store, root, tokens, env } = await cluster();
  const request = newIssueCertificateRequest({
    csr: csr(),
    token: tokens?.worker ?? "",
    addr: "10.0.0.9:7377",
    availability: "drain",
  });
  const response = await leader.issueCertificate(request, anonymous);
  const certificate = readCertificate(pem(response.certificate));
  assert.equal(certificate.nodeId, response.nodeId);
  assert.equal(certificate.role, "worker");
  assert.equal(certificate.notAfterMs, env.wallMs() + 90 * DAY_MS);
  assert.ok(isIssuedBy(pem(response.certificate), root.certificatePem));
  const stored = store.view((view) => view.get("node", response.nodeId));
  assert.equal(stored?.addr, "10.0.0.9:7377");
  assert.equal(stored?.spec?.availability, "drain");
  assert.equal(stored?.status?.state, "unknown");
  assert.deepEqual(stored?.status?.addrs, ["10.0.0.9"]);
});

test("a node joins with its place on the ingress network", async () => {
  const { leader, store, tokens, object, env } = await cluster();
  const scope = { cluster: object, networks: () => [], nodes: () => [] };
  const spec = newNetworkSpec({ name: "ingress", ingress: true });
  const ingress = newNetwork({
    id: newId<NetworkId>(env.random),
    spec,
    ...allocateNetwork(scope, spec, undefined),
  });
  await store.update((tx) => tx.put("network", ingress));
  const join = async (addr: string): Promise<readonly string[]> => {
    const request = newIssueCertificateRequest({ csr: csr(), token: tokens?.worker ?? "", addr });
    const { nodeId } = await leader.issueCertificate(request, anonymous);
    const attachments = store.view((view) => view.get("node", nodeId)?.attachments ?? []);
    assert.deepEqual(
      attachments.map(({ networkId }) => networkId),
      [ingress.id],
    );
    return attachments[0]?.addresses ?? [];
  };
  assert.notDeepEqual(await join("10.1.0.1:7377"), await join("10.1.0.2:7377"));
});

test("the root is told to anyone; a manager without state says so", async () => {
  const { leader, root } = await cluster();
  assert.equal(pem((await leader.getRootCA({}, anonymous)).certificate), root.certificatePem);
});

test("a node renews as itself, in the role it shall have; no token is asked", async () => {
  const { leader, store, tokens } = await cluster();
  const first = await leader.issueCertificate(
    newIssueCertificateRequest({ csr: csr(), token: tokens?.worker ?? "", addr: "10.0.0.9:7377" }),
    anonymous,
  );
  const renewed = await leader.issueCertificate(newIssueCertificateRequest({ csr: csr() }), node(first.nodeId));
  assert.equal(renewed.nodeId, first.nodeId);
  assert.equal(renewed.role, "worker");
  await store.update((tx) => {
    const present = tx.get("node", first.nodeId);
    assert.ok(present !== undefined);
    return tx.put("node", { ...present, spec: newNodeSpec({ ...present.spec, role: "manager" }) });
  });
  const promoted = await leader.issueCertificate(newIssueCertificateRequest({ csr: csr() }), node(first.nodeId));
  assert.equal(promoted.role, "manager");
  assert.equal(
    store.view((view) => view.get("node", first.nodeId)?.role),
    "manager",
  );
});

test("a worker cannot speak for another node; a manager that forwards can", async () => {
  const { leader, tokens } = await cluster();
  const request = newIssueCertificateRequest({ csr: csr(), token: tokens?.worker ?? "", addr: "10.0.0.9:7377" });
  const a = await leader.issueCertificate(request, anonymous);
  const b = await leader.issueCertificate(request, anonymous);
  const renewal = newIssueCertificateRequest({ csr: csr() });
  const forged = await leader.issueCertificate(renewal, node(a.nodeId, "worker", { "skep-on-behalf-of": b.nodeId }));
  assert.equal(forged.nodeId, a.nodeId);
  const forwarded = await leader.issueCertificate(
    renewal,
    node(a.nodeId, "manager", { "skep-on-behalf-of": b.nodeId }),
  );
  assert.equal(forwarded.nodeId, b.nodeId);
  const stranger = node(a.nodeId, "manager", { "skep-on-behalf-of": "" });
  assert.notEqual((await leader.issueCertificate(request, stranger)).nodeId, a.nodeId);
});

test("what is wrong with a request is said, and nothing is written", async () => {
  const { leader, store, tokens } = await cluster();
  const good = newIssueCertificateRequest({ csr: csr(), token: tokens?.worker ?? "", addr: "10.0.0.9:7377" });
  await assert.rejects(
    leader.issueCertificate({ ...good, csr: Buffer.from("?") }, anonymous),
    /certificate request is not valid/,
  );
  await assert.rejects(leader.issueCertificate({ ...good, token: "" }, anonymous), /not a join token/);
  await assert.rejects(leader.issueCertificate({ ...good, addr: "" }, anonymous), /node address/);
  await assert.rejects(leader.issueCertificate(good, context({ kind: "local" })), /local socket/);
  assert.equal(
    store.view((view) => view.count("node")),
    0,
  );
});

test("a follower asks the leader, and nobody when it was asked by a manager already", async () => {
  const { follower, tokens, dialed, raft } = await cluster(2);
  assert.ok(follower !== undefined);
  const request = newIssueCertificateRequest({ csr: csr(), token: tokens?.worker ?? "", addr: "10.0.0.9:7377" });
  await assert.rejects(follower.issueCertificate({ ...request, token: "SKEPTKN-1" }, anonymous), /not a join token/);
  await assert.rejects(follower.issueCertificate({ ...request, csr: Buffer.from("?") }, anonymous), /not valid/);
  assert.deepEqual(dialed, []);
  await assert.rejects(follower.issueCertificate(request, anonymous), /no network here/);
  assert.deepEqual(dialed, [raft.nodes[0]?.status().members[0]?.addr]);
  const forwarded = node("m".repeat(25) as NodeId, "manager", { "skep-on-behalf-of": "" });
  await assert.rejects(follower.issueCertificate(request, forwarded), /no leader now/);
  assert.equal(dialed.length, 1);
});

test("a node gets a few certificates at once, then one in five seconds; another one is not held up by it", async () => {
  const { leader, store, tokens, env } = await cluster();
  const request = newIssueCertificateRequest({ csr: csr(), token: tokens?.worker ?? "", addr: "10.0.0.9:7377" });
  const [greedy, other] = [
    await leader.issueCertificate(request, anonymous),
    await leader.issueCertificate(request, anonymous),
  ];
  const renewal = newIssueCertificateRequest({ csr: csr() });
  const before = store.view(({ version }) => version);
  let refused = 0;
  for (let n = 0; n < 200; n++) {
    await leader.issueCertificate(renewal, node(greedy.nodeId)).catch((error: unknown) => {
      const { code, message } = SkepError.from(error);
      assert.equal(code, "resource_exhausted");
      assert.match(message, /too often: the next one in 5 s$/);
      refused++;
    });
  }
  assert.equal(refused, 180);
  assert.equal(store.view(({ version }) => version) - before, 20, "what is refused is no write");
  await leader.issueCertificate(renewal, node(other.nodeId));
  await env.advance(5_000);
  await leader.issueCertificate(renewal, node(greedy.nodeId));
  await assert.rejects(leader.issueCertificate(renewal, node(greedy.nodeId)), { code: "resource_exhausted" });
});

test("a node that leaves is disconnected and no manager", async () => {
  const { leader, store, tokens } = await cluster();
  const request = newIssueCertificateRequest({ csr: csr(), token: tokens?.manager ?? "", addr: "10.0.0.9:7377" });
  const { nodeId } = await leader.issueCertificate(request, anonymous);
  await assert.rejects(leader.leaveCluster(newLeaveClusterRequest(), anonymous), /only a node/);
  await leader.leaveCluster(newLeaveClusterRequest(), node(nodeId, "manager"));
  const left = store.view((view) => view.get("node", nodeId));
  assert.equal(left?.status?.state, "disconnected");
  assert.equal(left?.spec?.role, "worker");
  assert.equal(left?.role, "worker");
});
