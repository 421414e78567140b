// What a hostile client of HTTP/2 may send, frame by frame, over TLS at a node's port: as a stranger and as a worker. Whatever serves
// HTTP/2 there: the connection is ended long before all of it is sent, or keeps little, and others are answered meanwhile.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { CAService } from "../../../proto/gen/ca.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { unary } from "../../../shared/rpc/client.ts";
import { encodeFields } from "../../../shared/rpc/http2/header-encoder.ts";
import { SETTING } from "../../../shared/rpc/http2/protocol.ts";
import { eventually } from "../../support/test-api.ts";
import { id, looseClient, type TestCluster, type TestServer, testCluster, testServer } from "./cluster.ts";
import { serve, TestService } from "./grpc/served.ts";
import { frame, setting } from "./http2/frame-text.ts";
import { begin, halfMessage, headersOf, RawClient } from "./raw-http2.ts";

const ROOT_CA = "/skep.v1.CA/GetRootCA";
const MB = 1 << 20;

let cluster: TestCluster;
let server: TestServer;
const cleanUps: (() => Promise<void> | void)[] = [];
before(async () => {
  cluster = testCluster();
  server = await testServer(cluster, cluster.identity(id<NodeId>("s"), "manager"));
  cleanUps.push(server.close);
});
after(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

async function attacker(who: "stranger" | "worker"): Promise<RawClient> {
  const { certificatePem: cert, keyPem: key } = cluster.identity(id<NodeId>("a"), "worker");
  const shown = who === "worker" ? { cert, key } : {};
  const port = Number(server.addr.split(":")[1]);
  const socket = connectTls({ host: "127.0.0.1", port, ALPNProtocols: ["h2"], rejectUnauthorized: false, ...shown });
  cleanUps.push(() => void socket.destroy());
  await once(socket, "secureConnect");
  return new RawClient(socket);
}

async function othersAreServed(): Promise<void> {
  const client = looseClient(server.addr, cluster.identity(id<NodeId>("b"), "worker"));
  try {
    await unary(client, CAService.getRootCA, {}, { timeoutMs: 20_000 });
  } finally {
    client.close();
  }
}

const odd = (n: number): number => 2 * n + 1;
const times = (count: number, make: (n: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));
const PIECE = Buffer.alloc(16_384, "x");

/** `round` is sent until the connection ends, `rounds` times at most: ended before that is what is wanted. */
const floods: readonly (readonly [what: string, rounds: number, round: (n: number) => Buffer])[] = [
  [
    "calls that are reset at once",
    100,
    (round) =>
      times(100, (n) =>
        Buffer.concat([begin(odd(round * 100 + n), ROOT_CA), frame("rstStream", odd(round * 100 + n), 8)]),
      ),
  ],
  [
    "a header block without end",
    200,
    (round) => (round === 0 ? frame("headers", 1, headersOf(ROOT_CA)) : frame("continuation", 1, PIECE)),
  ],
  [
    "a header block without end, of nothing",
    200,
    (round) => (round === 0 ? frame("headers", 1, headersOf(ROOT_CA)) : times(10, () => frame("continuation", 1))),
  ],
  ["settings", 200, () => times(100, () => frame("settings", 0, setting(SETTING.headerTableSize, 0)))],
  ["pings", 200, () => times(100, () => frame("ping", 0, Buffer.alloc(8)))],
  ["data of no length", 200, (round) => (round === 0 ? begin(1, ROOT_CA) : times(100, () => frame("data", 1)))],
  ["priorities", 200, () => times(100, () => frame("priority", 1, Buffer.from([0, 0, 0, 0, 1])))],
  [
    "initial windows, thousands in a frame",
    50,
    () =>
      frame(
        "settings",
        0,
        times(2_000, (n) => setting(SETTING.initialWindowSize, n)),
      ),
  ],
  ["windows that overflow", 3, () => frame("windowUpdate", 0, 2 ** 31 - 1)],
  [
    "calls beyond what it may have",
    200,
    (round) => times(100, (n) => begin(odd(round * 100 + n), "/skep.v1.CA/LeaveCluster")),
  ],
  [
    "trailers after trailers",
    100,
    (round) =>
      times(100, (n) =>
        Buffer.concat([begin(odd(round * 100 + n), "/skep.v1.CA/LeaveCluster"), begin(odd(round * 100 + n), ROOT_CA)]),
      ),
  ],
  [
    "header blocks that cannot be read",
    2,
    () => frame("headers", 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), "endHeaders"),
  ],
  ["a frame larger than any may be", 2, () => frame("data", 1, Buffer.alloc(100_000))],
  ["a call that the server would make", 2, () => frame("headers", 2, headersOf(ROOT_CA), "endHeaders")],
];
for (const who of ["stranger", "worker"] as const) {
  for (const [what, rounds, round] of floods) {
    test(`a ${who} that sends ${what} is cut, and others are served`, async () => {
      const raw = await attacker(who);
      for (let n = 0; n < rounds && !raw.isClosed; n++) {
        await raw.pour(round(n));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await eventually("it is cut", () => raw.isClosed);
      await othersAreServed();
    });
  }
}

test("a client that pings and never reads is cut, whatever it is owed", async () => {
  const raw = await attacker("stranger");
  raw.socket.pause();
  for (let n = 0; n < 500 && !raw.socket.destroyed; n++) {
    if (!raw.send(times(100, () => frame("ping", 0, Buffer.alloc(8))))) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  raw.socket.resume();
  await eventually("it is cut", () => raw.isClosed);
  await othersAreServed();
});

test("a field that is sent once and named ten thousand times is no memory, on any number of calls", async () => {
  const { port, stop } = await serve();
  cleanUps.push(stop);
  const raw = new RawClient(connectTcp(port, "127.0.0.1"));
  cleanUps.push(() => void raw.socket.destroy());
  const { path } = TestService.sum;
  // Literal with incremental indexing, a name of one letter and a value of 3,900, then what names it: entry 62, the newest.
  const value = Buffer.alloc(3_900, "v");
  const length = Buffer.from([0x7f, ...varint(value.length - 127)]);
  const bomb = Buffer.concat([headersOf(path), Buffer.from([0x40, 1, 0x78]), length, value]);
  const before = process.memoryUsage();
  raw.send(frame("headers", 1, bomb, "endHeaders"));
  for (let n = 1; n < 100; n++) {
    const block = Buffer.concat([headersOf(path), Buffer.alloc(10_000, 0x80 | 62)]);
    await raw.pour(frame("headers", odd(n), block, "endHeaders"));
  }
  await eventually("each is refused, or all are", () => raw.isClosed || raw.count("8") >= 99);
  const now = process.memoryUsage();
  const grown = now.heapUsed + now.external - before.heapUsed - before.external;
  assert.ok(grown < 100 * MB, `${(grown / MB).toFixed(0)} MB for what would be 3,900`);
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

test("answers wait for a client that opens no window, each up to its bound", async () => {
  const { port, listed, stop } = await serve();
  cleanUps.push(stop);
  const raw = new RawClient(connectTcp(port, "127.0.0.1"));
  cleanUps.push(() => void raw.socket.destroy());
  raw.send(frame("settings", 0, setting(SETTING.initialWindowSize, 0)));
  const endless = Buffer.concat([halfMessage(7, 0), Buffer.from("endless")]);
  for (let n = 0; n < 100; n++) {
    await raw.pour(begin(odd(n), TestService.list.path), frame("data", odd(n), endless, "endStream"));
  }
  let [last, still] = [0, 0];
  await eventually("nobody is asked for more", () => {
    still = listed.count > 100 && listed.count === last ? still + 1 : 0;
    last = listed.count;
    return still > 300;
  });
  assert.ok(last <= 100 * 20, `${last} messages of 4 kB for 100 calls`); // 64 KiB each, and one message
});

test("data for calls that have ended is dropped, and the connection goes on", async () => {
  const raw = await attacker("worker");
  raw.send(begin(1, "/skep.v1.Agent/TaskLogs"));
  assert.equal(await raw.statusOf(1), "7");
  for (let n = 0; n < 200; n++) await raw.pour(frame("data", 1, PIECE));
  raw.send(begin(3, ROOT_CA), frame("data", 3, halfMessage(0, 0), "endStream"));
  assert.equal(await raw.statusOf(3), "0");
});

test("what every client has to do is done: fields in the table, trailers without any", async () => {
  const raw = await attacker("stranger");
  raw.send(
    frame(
      "headers",
      1,
      encodeFields({ ":method": "GET", ":scheme": "https", ":authority": "x", ":path": "/" }),
      "endHeaders",
      "endStream",
    ),
  );
  raw.send(begin(3, ROOT_CA), frame("data", 3, halfMessage(0, 0)), frame("headers", 3, "", "endHeaders", "endStream"));
  assert.equal(await raw.statusOf(3), "0");
});
