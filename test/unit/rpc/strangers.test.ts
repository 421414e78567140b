// Connections that prove nothing, at every stage that they may stop at: each is cut in time. The clock is the test's.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { CAService } from "../../../proto/gen/ca.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { createIdentityHolder } from "../../../shared/pki/identity.ts";
import { RAFT_ALPN } from "../../../shared/rpc/alpn.ts";
import { unary } from "../../../shared/rpc/client.ts";
import { createDialer } from "../../../shared/rpc/dialer.ts";
import { eventually } from "../../support/test-api.ts";
import { id, type TestCluster, type TestServer, testCluster, testServer } from "./cluster.ts";
import { frame, HELLO } from "./http2/frame-text.ts";
import { begin, halfMessage } from "./raw-http2.ts";
import { type SteppedEnv, steppedEnv } from "./stepped-env.ts";

const HANDSHAKE_MS = 10_000;
const STRANGER_MS = 30_000;
const gone = id<NodeId>("g");

let cluster: TestCluster;
let server: TestServer;
let time: SteppedEnv;
let port = 0;
const sockets: Socket[] = [];

before(async () => {
  cluster = testCluster();
  time = steppedEnv();
  server = await testServer(cluster, cluster.identity(id<NodeId>("s"), "manager"), time.env);
  port = Number(server.addr.split(":")[1]);
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  const closed = server.close();
  time.advance(100); // its grace
  await closed;
});

function keep<S extends Socket>(socket: S): S {
  sockets.push(socket);
  socket.on("error", () => undefined);
  socket.resume();
  return socket;
}

/** @param local the address that it comes from. */
async function tcp(bytes = Buffer.alloc(0), local = "127.0.0.1"): Promise<Socket> {
  const socket = keep(connectTcp({ host: "127.0.0.1", port, localAddress: local }));
  await once(socket, "connect");
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

async function tls(
  bytes = Buffer.alloc(0),
  alpn = "h2",
  shown: { readonly cert?: string; readonly key?: string } = {},
): Promise<Socket> {
  const socket = keep(
    connectTls({ host: "127.0.0.1", port, ALPNProtocols: [alpn], rejectUnauthorized: false, ...shown }),
  );
  await once(socket, "secureConnect");
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

/** The first bytes of a record that announces 512. */
const HALF_HELLO = Buffer.from("160301020001000100", "hex");
const removedNode = (alpn: string): Promise<Socket> => {
  const { certificatePem: cert, keyPem: key } = cluster.identity(gone, "worker");
  return tls(HELLO, alpn, { cert, key });
};

/** A round trip on another connection: the server has seen what came before it. */
async function seen(): Promise<void> {
  const dialer = createDialer(createIdentityHolder(cluster.identity(id<NodeId>("a"), "worker")));
  try {
    await unary(dialer.manager(server.addr), CAService.getRootCA, {}, { timeoutMs: 10_000 });
  } finally {
    dialer.close();
  }
}

const stages: readonly (readonly [stage: string, open: () => Promise<Socket>, limitMs: number])[] = [
  ["says nothing", () => tcp(), HANDSHAKE_MS],
  ["half a TLS hello", () => tcp(HALF_HELLO), HANDSHAKE_MS],
  ["no certificate, and says nothing", () => tls(), STRANGER_MS],
  ["half of HTTP/2's preface", () => tls(HELLO.subarray(0, 12)), STRANGER_MS],
  ["idle after HTTP/2's hello", () => tls(HELLO), STRANGER_MS],
  [
    "half a request, which goes on and on",
    async () => {
      const issue = "/skep.v1.CA/IssueCertificate";
      const socket = await tls(Buffer.concat([HELLO, begin(1, issue), frame("data", 1, halfMessage(1_000, 10))]));
      const timer = setInterval(() => socket.write(frame("data", 1, "x")), 5);
      socket.once("close", () => clearInterval(timer));
      return socket;
    },
    STRANGER_MS,
  ],
  ["a removed node's certificate", () => removedNode("h2"), STRANGER_MS],
];
for (const [stage, open, limitMs] of stages) {
  test(`cut in time: ${stage}`, async () => {
    server.removed.add(gone);
    const socket = await open();
    await seen();
    time.advance(limitMs - 1);
    await seen();
    assert.equal(socket.closed, false, "it has its time");
    time.advance(1);
    // What is written to a connection that was cut fails, and then it closes.
    if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  });
}

const atOnce: readonly (readonly [what: string, open: () => Promise<Socket>])[] = [
  ["not TLS at all", () => tcp(Buffer.from("GET / HTTP/1.1\r\nHost: node\r\n\r\n"))],
  ["a raft stream without a certificate", () => tls(HELLO, RAFT_ALPN)],
];
for (const [what, open] of atOnce) {
  test(`cut at once: ${what}`, async () => {
    const socket = await open();
    if (!socket.closed) await once(socket, "close");
  });
}

test("who has proven itself is cut by none of these limits", async () => {
  const { certificatePem: cert, keyPem: key } = cluster.identity(id<NodeId>("b"), "worker");
  const socket = await tls(Buffer.alloc(0), "h2", { cert, key });
  await seen();
  time.advance(HANDSHAKE_MS - 1);
  time.advance(1);
  await seen();
  assert.equal(socket.closed, false);
});

test("one address has its share, and others are not asked to pay for it", async () => {
  const honest = await tcp(Buffer.alloc(0), "127.0.0.3");
  const greedy: Socket[] = [];
  for (let count = 0; count < 300; count++) greedy.push(await tcp(HALF_HELLO, "127.0.0.2"));
  await seen();
  const open = (): number => greedy.filter((socket) => !socket.closed).length;
  await eventually("its oldest are cut", () => open() <= 256);
  assert.equal(open(), 256);
  assert.equal(greedy.at(-1)?.closed, false, "the newest stay");
  assert.equal(honest.closed, false);
});
