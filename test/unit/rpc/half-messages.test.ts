// Requests that are begun and not ended: who may not call keeps nothing here, and who may keeps no more than its budget, over all
// of its calls and connections.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { after, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { SkepError } from "../../../shared/errors.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { unary } from "../../../shared/rpc/client.ts";
import { ByteBudget } from "../../../shared/rpc/grpc/budget.ts";
import { SETTING } from "../../../shared/rpc/http2/protocol.ts";
import { REQUEST_BYTES } from "../../../shared/rpc/limits.ts";
import { NodeBudgets } from "../../../shared/rpc/node-budgets.ts";
import { eventually } from "../../support/test-api.ts";
import { id, type TestCluster, testCluster, testServer } from "./cluster.ts";
import { type Served, serve, TestService } from "./grpc/served.ts";
import { frame, setting } from "./http2/frame-text.ts";
import { begin, halfMessage, RawClient } from "./raw-http2.ts";

const RESOURCE_EXHAUSTED = "8";
const PERMISSION_DENIED = "7";
const UNAUTHENTICATED = "16";
const MAX_FRAME = 16_384;
const cleanUps: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

async function servedWith(budget: ByteBudget, authorize?: () => void): Promise<Served> {
  const served = await serve(
    { maxReceiveBytes: 8 << 20 },
    { budgets: { requests: budget, answers: new ByteBudget(2 ** 30) } },
    authorize,
  );
  cleanUps.push(served.stop);
  return served;
}

function rawClient(port: number): RawClient {
  const raw = new RawClient(connectTcp(port, "127.0.0.1"));
  cleanUps.push(() => void raw.socket.destroy());
  return raw;
}

const UNARY = TestService.unary.path;
const SUM = TestService.sum.path;

test("who may not call is told so by the headers alone, and nothing that it sends is kept", async () => {
  const budget = new ByteBudget(1 << 20);
  const { port } = await servedWith(budget, () => {
    throw new SkepError("permission_denied", "not you");
  });
  const raw = rawClient(port);
  raw.send(begin(1, UNARY), begin(3, SUM));
  assert.deepEqual([await raw.statusOf(1), await raw.statusOf(3)], [PERMISSION_DENIED, PERMISSION_DENIED]);
  raw.send(frame("data", 1, halfMessage(4 << 20, 10_000)));
  raw.send(begin(5, UNARY));
  await raw.statusOf(5);
  assert.equal(budget.bytes, 0);
});

test("half messages end at the budget, those within it go on, and it is all given back", async () => {
  const budget = new ByteBudget(1 << 20);
  const { port, client } = await servedWith(budget);
  const raw = rawClient(port);
  for (let streamId = 1; streamId < 400; streamId += 2) {
    await raw.pour(begin(streamId, UNARY), frame("data", streamId, halfMessage(100_000, 16_000)));
  }
  await eventually("most are refused", () => raw.count(RESOURCE_EXHAUSTED) > 130);
  assert.ok(budget.bytes > 900_000 && budget.bytes <= 1 << 20, `${budget.bytes} bytes`);
  const refused = await unary(client, TestService.unary, "x".repeat(500_000)).catch(SkepError.from);
  assert.equal(
    refused instanceof SkepError && refused.code,
    "resource_exhausted",
    "the budget is that of all connections here",
  );
  raw.socket.destroy();
  await eventually("it is given back", () => budget.bytes === 0);
  assert.equal(await unary(client, TestService.unary, "hello"), "hello");
  await eventually("that too", () => budget.bytes === 0);
});

test("what costs memory counts: frames of one byte, header fields, calls that say nothing, messages that are worked on", async () => {
  const MB = 1 << 20;
  const path = UNARY;
  for (const [what, each, most] of [
    [
      "frames of one byte",
      (id: number) => [
        begin(id, path),
        frame("data", id, halfMessage(1_000, 0)),
        ...Array.from({ length: 500 }, () => frame("data", id, "x")),
      ],
      20,
    ],
    ["calls that say nothing", (id: number) => [begin(id, SUM)], 1_000],
    [
      "messages that are worked on",
      (id: number) => [
        begin(id, path),
        frame("data", id, Buffer.concat([halfMessage(10_004, 0), Buffer.from("wait".padEnd(10_004))]), "endStream"),
      ],
      110,
    ],
  ] as const) {
    const budget = new ByteBudget(MB);
    const { port } = await servedWith(budget);
    const raw = rawClient(port);
    for (let streamId = 1; raw.count(RESOURCE_EXHAUSTED) === 0 && streamId < 8_000; streamId += 2) {
      await raw.pour(...each(streamId));
      await new Promise((resolve) => setImmediate(resolve));
      if (streamId > 2 * most) await eventually(what, () => raw.count(RESOURCE_EXHAUSTED) > 0);
    }
    assert.ok(raw.count(RESOURCE_EXHAUSTED) > 0, what);
  }
});

async function rawNode(addr: string, cluster: TestCluster, nodeId: NodeId): Promise<RawClient> {
  const { certificatePem: cert, keyPem: key } = cluster.identity(nodeId, "worker");
  const [host, port] = addr.split(":");
  const socket = connectTls({
    host: host ?? "",
    port: Number(port),
    cert,
    key,
    ALPNProtocols: ["h2"],
    rejectUnauthorized: false,
  });
  cleanUps.push(() => void socket.destroy());
  await once(socket, "secureConnect");
  return new RawClient(socket);
}

test("a worker, over all its connections; another one has its own; a removed node none", async () => {
  const cluster = testCluster();
  const server = await testServer(cluster, cluster.identity(id<NodeId>("s"), "manager"));
  cleanUps.push(server.close);
  const issue = "/skep.v1.CA/IssueCertificate";
  const piece = Buffer.alloc(MAX_FRAME);
  /** Half a message of 7 MiB, as far as the stream's window goes at once: 15 frames. */
  const half = (streamId: number): Buffer[] => [
    begin(streamId, issue),
    frame("data", streamId, halfMessage(7 << 20, MAX_FRAME - 5)),
    ...Array.from({ length: 14 }, () => frame("data", streamId, piece)),
  ];
  const [first, second] = [await rawNode(server.addr, cluster, id("a")), await rawNode(server.addr, cluster, id("a"))];
  for (let streamId = 1; streamId < 120; streamId += 2) {
    await first.pour(...half(streamId));
    await second.pour(...half(streamId));
  }
  // 120 times 240 KiB are 28 MiB, of which it may keep 16.
  await eventually(
    "what is too much is refused",
    () => first.count(RESOURCE_EXHAUSTED) + second.count(RESOURCE_EXHAUSTED) >= 45,
  );
  const other = await rawNode(server.addr, cluster, id("b"));
  await other.pour(...half(1));
  other.send(begin(3, "/skep.v1.Agent/TaskLogs"));
  assert.equal(await other.statusOf(3), PERMISSION_DENIED);
  assert.equal(other.hasEnded(1), false, "another node's budget");

  server.removed.add(id("c"));
  const gone = await rawNode(server.addr, cluster, id("c"));
  gone.send(begin(1, "/skep.v1.CA/LeaveCluster"), frame("data", 1, halfMessage(0, 0), "endStream"));
  assert.equal(await gone.statusOf(1), UNAUTHENTICATED);
});

test("budgets stand in each other, and nothing is left of a node that has gone", () => {
  const budgets = new NodeBudgets();
  const one = budgets.open(id("a"), "manager");
  const two = budgets.open(id("a"), "manager");
  assert.equal(one.requests.take(REQUEST_BYTES.connection), true);
  assert.equal(one.requests.take(1), false, "the connection's");
  const more = Array.from({ length: 3 }, () => budgets.open(id("a"), "manager"));
  for (const { requests } of [two, ...more.slice(0, 2)]) assert.equal(requests.take(REQUEST_BYTES.connection), true);
  assert.equal(more[2]?.requests.take(1), false, "the node's");
  for (let node = 0; node < 7; node++) {
    for (let n = 0; n < 4; n++) {
      const { requests } = budgets.open(`node${node}` as NodeId, "manager");
      assert.equal(requests.take(REQUEST_BYTES.connection), true);
    }
  }
  assert.equal(budgets.open(id("z"), "worker").requests.take(1), false, "all nodes'");
  one.requests.give(REQUEST_BYTES.connection);
  assert.equal(budgets.open(id("z"), "worker").requests.take(1), true);
});

test("a client that asks for more and more and reads nothing: its calls are cut at the budget, and what they kept is given back", async () => {
  const answers = new ByteBudget(1 << 20);
  const served = await serve({ maxSendBytes: 1 << 20 }, { budgets: { requests: new ByteBudget(1 << 20), answers } });
  cleanUps.push(served.stop);
  const raw = rawClient(served.port);
  raw.send(frame("settings", 0, setting(SETTING.initialWindowSize, 0)));
  const ask = Buffer.concat([halfMessage(12, 0), Buffer.from("large 300000")]);
  for (let streamId = 1; streamId < 20; streamId += 2) {
    raw.send(begin(streamId, UNARY), frame("data", streamId, ask, "endStream"));
  }
  const cut = (): number => Array.from({ length: 10 }, (_, n) => 2 * n + 1).filter((id) => raw.hasEnded(id)).length;
  await eventually("three of ten fit", () => cut() === 7);
  assert.ok(answers.bytes > 900_000 && answers.bytes <= 1 << 20, `${answers.bytes} bytes`);
  raw.socket.destroy();
  await eventually("it is given back", () => answers.bytes === 0);
  assert.equal((await unary(served.client, TestService.unary, "large 900000")).length, 900_000);
});
