import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import type * as grpc from "@grpc/grpc-js";
import { AgentService, newTaskLogsRequest } from "../../../proto/gen/agent.ts";
import { CAService, newIssueCertificateRequest } from "../../../proto/gen/ca.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { NodeId, TaskId } from "../../../shared/model/ids.ts";
import { bitString, encodeDer, integer, objectIdentifier, sequence, TAG } from "../../../shared/pki/der.ts";
import { createIdentityHolder } from "../../../shared/pki/identity.ts";
import { newKeyPair, privateKeyToPem } from "../../../shared/pki/keys.ts";
import { toPem } from "../../../shared/pki/pem.ts";
import { RAFT_ALPN } from "../../../shared/rpc/alpn.ts";
import { serverStream, unary } from "../../../shared/rpc/client.ts";
import { createDialer } from "../../../shared/rpc/dialer.ts";
import { id, looseClient, type TestCluster, type TestServer, testCluster, testServer } from "./cluster.ts";

const DAY_MS = 86_400_000;
const server1 = id<NodeId>("s");
const alice = id<NodeId>("a");
const bob = id<NodeId>("b");

let cluster: TestCluster;
let server: TestServer;
const clients: { close(): void }[] = [];
const keep = <T extends { close(): void }>(client: T): T => {
  clients.push(client);
  return client;
};

before(async () => {
  cluster = testCluster();
  server = await testServer(cluster, cluster.identity(server1, "manager"));
});
after(async () => {
  for (const client of clients) client.close();
  await server.close();
});

const whoAmI = async (client: grpc.Client): Promise<string> =>
  Buffer.from((await unary(client, CAService.getRootCA, {}, { timeoutMs: 5_000 })).certificate).toString();

async function failure(promise: Promise<unknown>): Promise<SkepError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SkepError);
    return error;
  }
  throw new assert.AssertionError({ message: "expected an error" });
}

const firstLogs = async (client: grpc.Client): Promise<void> => {
  for await (const _ of serverStream(client, AgentService.taskLogs, newTaskLogsRequest())) return;
};

test("a certificate of the cluster proves node and role", async () => {
  assert.equal(await whoAmI(keep(looseClient(server.addr, cluster.identity(alice, "worker")))), `worker ${alice}`);
  assert.equal(await whoAmI(keep(looseClient(server.addr, cluster.identity(bob, "manager")))), `manager ${bob}`);
});

test("no certificate is anonymous: the CA answers, nothing else does", async () => {
  const client = keep(looseClient(server.addr));
  assert.equal(await whoAmI(client), "anonymous");
  assert.equal((await failure(firstLogs(client))).code, "unauthenticated");
});

test("a worker may not read another node's logs", async () => {
  const client = keep(looseClient(server.addr, cluster.identity(alice, "worker")));
  assert.equal((await failure(firstLogs(client))).code, "permission_denied");
});

const refusedCases: readonly (readonly [
  name: string,
  shown: () => ReturnType<TestCluster["identity"]>,
  words: RegExp,
])[] = [
  [
    "another CA that claims our cluster's id",
    () => testCluster(cluster.id).identity(alice, "manager"),
    /not from this cluster's CA/,
  ],
  ["another cluster", () => testCluster().identity(alice, "manager"), /not from this cluster's CA/],
  ["expired", () => cluster.identity(alice, "manager", { nowMs: realEnv.wallMs() - 10 * DAY_MS }), /expired/],
  [
    "not valid yet",
    () => cluster.identity(alice, "manager", { nowMs: realEnv.wallMs() + 10 * DAY_MS }),
    /not valid before/,
  ],
];
for (const [name, shown, words] of refusedCases) {
  test(`refused, not taken for anonymous: ${name}`, async () => {
    const error = await failure(whoAmI(keep(looseClient(server.addr, shown()))));
    assert.equal(error.code, "unauthenticated");
    assert.match(error.message, words);
  });
}

/** Signed by itself, for nobody. */
function namelessCertificate(): { readonly certificatePem: string; readonly keyPem: string } {
  const { publicKey, privateKey } = newKeyPair();
  const algorithm = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
  const from = encodeDer(TAG.utcTime, Buffer.from("200101000000Z"));
  const until = encodeDer(TAG.generalizedTime, Buffer.from("21200101000000Z"));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const body = sequence(integer(Uint8Array.of(1)), algorithm, sequence(), sequence(from, until), sequence(), spki);
  const signed = sequence(body, algorithm, bitString(sign("sha256", body, privateKey)));
  return { certificatePem: toPem("CERTIFICATE", signed), keyPem: privateKeyToPem(privateKey) };
}

test("refused, not taken for anonymous: a certificate without a subject", async () => {
  const error = await failure(whoAmI(keep(looseClient(server.addr, namelessCertificate()))));
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /\(without a subject\) is not from this cluster's CA/);
});

test("who was demoted is not spoken to as a manager, by what its certificate tells of when it was issued", async () => {
  const asked: unknown[] = [];
  const isDemoted = (nodeId: NodeId, issuedVersion: number): boolean => {
    asked.push([nodeId, issuedVersion]);
    return true;
  };
  const mistrust = { isRemoved: () => false, isDemoted };
  const dialer = keep(createDialer(createIdentityHolder(cluster.identity(alice, "worker")), mistrust));
  const error = await failure(whoAmI(dialer.manager(server.addr)));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /no manager any more/);
  await assert.rejects(() => dialer.openRaftStream(server.addr, AbortSignal.timeout(5_000)), /no manager any more/);
  assert.deepEqual(asked[0], [server1, 1]);
  assert.match(await whoAmI(dialer.node(server.addr, server1)), /worker/); // as itself it may be spoken to
});

test("who was removed from the cluster is not spoken to either, whatever its certificate says", async () => {
  const removed = (nodeId: NodeId): boolean => nodeId === server1;
  const dialer = keep(
    createDialer(createIdentityHolder(cluster.identity(alice, "worker")), {
      isRemoved: removed,
      isDemoted: () => false,
    }),
  );
  const error = await failure(whoAmI(dialer.manager(server.addr)));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /was removed from the cluster/);
  await assert.rejects(dialer.openRaftStream(server.addr, AbortSignal.timeout(5_000)), /was removed from the cluster/);
});

test("an answer may be larger than a request", async () => {
  const dialer = keep(createDialer(createIdentityHolder(cluster.identity(bob, "manager"))));
  const taskIds = Array.from({ length: 20 }, () => id<TaskId>("t"));
  for await (const { warnings } of serverStream(
    dialer.manager(server.addr),
    AgentService.taskLogs,
    newTaskLogsRequest({ taskIds }),
  )) {
    assert.equal(warnings.join("").length, 20 << 20);
    break;
  }
});

test("but not one of an agent", async () => {
  const dialer = keep(createDialer(createIdentityHolder(cluster.identity(bob, "manager"))));
  const taskIds = Array.from({ length: 20 }, () => id<TaskId>("t"));
  const agent = dialer.node(server.addr, server1);
  const answers = serverStream(agent, AgentService.taskLogs, newTaskLogsRequest({ taskIds }));
  assert.equal((await failure(answers.next())).code, "resource_exhausted");
});

const largeRequest = newIssueCertificateRequest({ csr: new Uint8Array(1 << 20) });

test("a large request of a stranger is not even decoded; one of a node is", async () => {
  const ask = (shown?: ReturnType<TestCluster["identity"]>): Promise<SkepError> =>
    failure(unary(keep(looseClient(server.addr, shown)), CAService.issueCertificate, largeRequest));
  assert.equal((await ask()).code, "resource_exhausted");
  assert.match((await ask(cluster.identity(alice, "worker"))).message, /boom/);
});

test("a stranger has few calls at once, and others have theirs meanwhile", async () => {
  const greedy = keep(looseClient(server.addr));
  const stop = new AbortController();
  const held = Array.from({ length: 40 }, () =>
    unary(greedy, CAService.leaveCluster, {}, { signal: stop.signal }).catch(() => undefined),
  );
  assert.equal(await whoAmI(keep(looseClient(server.addr))), "anonymous");
  stop.abort();
  await Promise.all(held);
  assert.ok(server.leaving.most <= 4, `${server.leaving.most} at once`);
});

test("the root's own certificate is nobody's identity", async () => {
  const { certificatePem, keyPem } = cluster.root;
  const error = await failure(whoAmI(keep(looseClient(server.addr, { certificatePem, keyPem }))));
  assert.ok(error.code === "unavailable" || error.code === "unauthenticated", error.code);
});

test("a certificate that expires during a connection opens nothing more", async () => {
  const client = keep(looseClient(server.addr, cluster.identity(alice, "manager", { validityMs: 2 * DAY_MS })));
  await whoAmI(client);
  server.clock.aheadMs = 3 * DAY_MS;
  try {
    assert.match((await failure(whoAmI(client))).message, /expired/);
  } finally {
    server.clock.aheadMs = 0;
  }
});

test("a removed node's calls are refused and its streams are cut", async () => {
  const client = keep(looseClient(server.addr, cluster.identity(bob, "manager")));
  const stream = serverStream(client, AgentService.taskLogs, newTaskLogsRequest());
  await stream.next();
  server.removed.add(bob);
  try {
    const next = failure(stream.next());
    server.server.dropMistrusted();
    assert.equal((await next).code, "unavailable");
    assert.match((await failure(whoAmI(client))).message, /removed from the cluster/);
  } finally {
    server.removed.delete(bob);
  }
});

test("a demoted manager is a worker, and what it opened as a manager is cut, once", async () => {
  const client = keep(looseClient(server.addr, cluster.identity(bob, "manager")));
  const stream = serverStream(client, AgentService.taskLogs, newTaskLogsRequest());
  await stream.next();
  server.demoted.add(bob);
  try {
    const next = failure(stream.next());
    server.server.dropMistrusted();
    assert.equal((await next).code, "unavailable");
    assert.equal(await whoAmI(client), `worker ${bob}`);
    const refused = await failure(firstLogs(client));
    assert.equal(refused.code, "permission_denied");
    assert.match(refused.message, /was demoted/);
    // Its connection of now is a worker's: nothing to cut.
    const held = unary(client, CAService.leaveCluster, {}, { timeoutMs: 60_000 });
    while (server.leaving.now === 0) await realEnv.breathe();
    server.server.dropMistrusted();
    assert.equal(await whoAmI(client), `worker ${bob}`);
    assert.equal(server.leaving.now, 1);
    held.catch(() => undefined);
    client.close();
  } finally {
    server.demoted.delete(bob);
  }
});

test("what a handler throws is an answer, and the server lives", async () => {
  const client = keep(looseClient(server.addr));
  const request = { csr: new Uint8Array(), token: "", availability: "active", addr: "" } as const;
  assert.equal((await failure(unary(client, CAService.issueCertificate, request))).code, "internal");
  assert.equal(await whoAmI(client), "anonymous");
});

test("dialer: takes managers of the cluster, by role or by id, and nobody else", async () => {
  const dialer = keep(createDialer(createIdentityHolder(cluster.identity(alice, "worker"))));
  assert.equal(await whoAmI(dialer.manager(server.addr)), `worker ${alice}`);
  assert.equal(await whoAmI(dialer.node(server.addr, server1)), `worker ${alice}`);
  assert.match((await failure(whoAmI(dialer.node(server.addr, bob)))).message, /answers where node/);
  assert.equal(dialer.manager(server.addr), dialer.manager(server.addr));

  const worker = await testServer(cluster, cluster.identity(bob, "worker"));
  const foreign = testCluster();
  const stranger = await testServer(foreign, foreign.identity(bob, "manager"));
  try {
    assert.match((await failure(whoAmI(dialer.manager(worker.addr)))).message, /not a manager/);
    assert.equal((await failure(whoAmI(dialer.manager(stranger.addr)))).code, "unavailable");
  } finally {
    await worker.close();
    await stranger.close();
  }
});

test("a renewed certificate is used without a restart, on both sides, and open streams live on", async () => {
  const own = await testServer(cluster, cluster.identity(server1, "manager"));
  const holder = createIdentityHolder(cluster.identity(alice, "worker"));
  const dialer = createDialer(holder);
  try {
    assert.equal(await whoAmI(dialer.manager(own.addr)), `worker ${alice}`);
    holder.replace(cluster.identity(alice, "manager"));
    const promoted = dialer.manager(own.addr);
    assert.equal(await whoAmI(promoted), `manager ${alice}`);
    const stream = serverStream(promoted, AgentService.taskLogs, newTaskLogsRequest());
    await stream.next();

    // The next certificates of both: the client's channels are new, the stream stays on the old connection.
    holder.replace(cluster.identity(alice, "worker"));
    own.holder.replace(cluster.identity(bob, "manager"));
    assert.equal(await whoAmI(dialer.node(own.addr, bob)), `worker ${alice}`);
    const next = stream.next().then(
      () => "ended",
      () => "broken",
    );
    for (let turn = 0; turn < 20; turn++) await realEnv.breathe();
    assert.equal(await Promise.race([next, realEnv.breathe().then(() => "open")]), "open");
    await own.close();
    assert.notEqual(await next, "open");
  } finally {
    dialer.close();
    await own.close();
  }
});

test("a raft stream: who opens it is proven as for a call; without a certificate of the cluster it is cut", async () => {
  const own = await testServer(cluster, cluster.identity(server1, "manager"));
  const peers: string[] = [];
  own.server.onRaftStream((socket, prove) => {
    const peer = prove();
    peers.push(peer.kind === "node" ? `${peer.role} ${peer.nodeId}` : peer.kind);
    socket.end("welcome");
  });
  const dialer = createDialer(createIdentityHolder(cluster.identity(alice, "worker")));
  try {
    const stream = await dialer.openRaftStream(own.addr, AbortSignal.timeout(10_000));
    const words: string[] = [];
    for await (const chunk of stream) words.push(String(chunk));
    assert.deepEqual([words.join(""), peers], ["welcome", [`worker ${alice}`]]);
    const { host, port } = { host: "127.0.0.1", port: Number(own.addr.split(":")[1]) };
    const stranger = connect({ host, port, ALPNProtocols: [RAFT_ALPN], rejectUnauthorized: false });
    stranger.resume();
    stranger.on("error", () => undefined);
    await once(stranger, "close");
    assert.equal(peers.length, 1);
  } finally {
    dialer.close();
    await own.close();
  }
});

test("a port that is taken is told as such", async () => {
  const holder = createIdentityHolder(cluster.identity(server1, "manager"));
  const { createTlsServer } = await import("../../../shared/rpc/tls-server.ts");
  const { silentLog } = await import("../../../shared/log.ts");
  const second = createTlsServer({
    env: realEnv,
    log: silentLog,
    identity: holder,
    trust: { clusterId: cluster.id, isRemoved: () => false, isDemoted: () => false, wallMs: realEnv.wallMs },
    listen: { host: "127.0.0.1", port: Number(server.addr.split(":")[1]) },
  });
  const error = await failure(second.listen());
  assert.equal(error.code, "failed_precondition");
  assert.match(error.message, /taken by another program/);
  await second.close(0);
});
