// A daemon in this process, leading a cluster of one, while everybody who can reach it sends what nobody sensible sends: plain
// bytes and TLS bytes at its port, and random messages to every method, as a stranger, as a worker, as a manager, and at its
// local socket. Whatever it answers, afterwards it serves as before. An uncaught error fails the test.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { encodeFrame, FRAME } from "../../../manager/raft/stream/frames.ts";
import { AgentService } from "../../../proto/gen/agent.ts";
import { CAService } from "../../../proto/gen/ca.ts";
import { ControlService, newCreateServiceRequest } from "../../../proto/gen/control.ts";
import { DispatcherService } from "../../../proto/gen/dispatcher.ts";
import { LocalService } from "../../../proto/gen/local.ts";
import { newContainerSpec, newServiceSpec, newTaskSpec } from "../../../proto/gen/objects.ts";
import { RaftService } from "../../../proto/gen/raft.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { RAFT_ALPN } from "../../../shared/rpc/alpn.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import { createLocalServer, type LocalServer } from "../../../shared/rpc/local-server.ts";
import type { AnyMethod } from "../../../shared/rpc/method.ts";
import { addService, type Handlers } from "../../../shared/rpc/server.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "../daemon/daemons.ts";

const SEED = Number(process.env["SEED"] ?? 7);
/** More of both by hand: ROUNDS=100 SEED=3 node --test test/unit/fuzz/daemon.test.ts */
const ROUNDS = Number(process.env["ROUNDS"] ?? 3);
const CALL_LIMIT_MS = 150;
const random = seededRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));

let manager: TestDaemon;
let worker: TestDaemon;
let local: LocalServer;
let socketPath = "";
const clients: grpc.Client[] = [];

before(async () => {
  [manager, worker] = [await testDaemon(), await testDaemon()];
  const { joinTokens } = await manager.init();
  await worker.join(joinTokens?.worker ?? "", manager.addr);
  socketPath = join(manager.dataDir, "skep.sock");
  local = createLocalServer(realEnv, socketPath);
  addService(local.grpc, LocalService, withoutLife(), local.resolvePeer, authorizeByRole);
  addService(local.grpc, ControlService, manager.node().control, local.resolvePeer, authorizeByRole);
  await local.listen();
});
after(async () => {
  for (const client of clients) client.close();
  await local.close(100);
  await Promise.all([worker.remove(), manager.remove()]);
});

/** Only what does not change the node's life: noise that happens to be an empty request would end it, rightly. */
function withoutLife(): Handlers<typeof LocalService> {
  const refuse = async (): Promise<never> => {
    throw new SkepError("failed_precondition", "not in this test");
  };
  const { info, loadImage } = manager.node().local;
  const others = Object.fromEntries(Object.keys(LocalService).map((name) => [name, refuse]));
  const handlers: unknown = { ...others, info, loadImage };
  return handlers as Handlers<typeof LocalService>;
}

async function stillServes(): Promise<void> {
  const { control } = manager.node();
  await eventually("both nodes are ready", async () => {
    const { nodes } = await control.listNodes({ filters: [] }, LOCAL);
    return nodes.filter(({ status }) => status?.state === "ready").length === 2;
  });
  const name = `after-${below(1e9)}`;
  const spec = newServiceSpec({
    name,
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox" }) }),
  });
  await control.createService(newCreateServiceRequest({ spec, noResolveImage: true }), LOCAL);
  await eventually(`the task of ${name} runs`, async () => {
    const { tasks } = await control.listTasks({ filters: [{ key: "name", values: [name] }] }, LOCAL);
    return tasks.some(({ status }) => status?.state === "running");
  });
  await control.removeService({ ref: name, force: false }, LOCAL);
}

const [host, port] = [() => "127.0.0.1", () => Number(manager.addr.split(":")[1])];

/** Sends `data` and waits until the other side has had enough of it, or for a moment. */
function pour(open: () => ReturnType<typeof connect>, data: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = open();
    const timer = setTimeout(() => socket.destroy(), 100);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    socket.write(data);
  });
}

const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const frame = (type: number, flags: number, stream: number, body: Buffer, length = body.length): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
};
const frames = (): Buffer =>
  Buffer.concat([
    HTTP2_PREFACE,
    frame(4, 0, 0, Buffer.alloc(0)),
    ...Array.from({ length: 30 }, () => {
      const body = noise(below(60));
      return frame(below(11), below(256), below(8), body, below(5) === 0 ? below(1 << 24) : body.length);
    }),
  ]);

test("bytes at the port and at the socket, with TLS and without", async () => {
  const plain = () => connect(port(), host());
  const tls = () => connectTls({ port: port(), host: host(), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  const noAlpn = () => connectTls({ port: port(), host: host(), rejectUnauthorized: false });
  const unix = () => connect(socketPath);
  const pours: Promise<void>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const open of [plain, tls, noAlpn, unix]) {
      pours.push(pour(open, noise(below(2000))), pour(open, frames()), pour(open, HTTP2_PREFACE));
    }
  }
  await Promise.all(pours);
  await stillServes();
});

test("bytes on Raft's streams, from whomever", async () => {
  const pem = async (daemon: TestDaemon): Promise<Buffer> =>
    await readFile(join(daemon.dataDir, "certificates/node.pem"));
  const callers = [undefined, await pem(worker), await pem(manager)];
  const batch = (body: Buffer): Buffer => Buffer.concat([encodeFrame(FRAME.batch, body)]);
  const many = Buffer.alloc(4 << 20, Buffer.of(0x0a, 0x00));
  for (let round = 0; round < ROUNDS; round++) {
    for (const own of callers) {
      const open = () =>
        connectTls({
          port: port(),
          host: host(),
          rejectUnauthorized: false,
          ALPNProtocols: [RAFT_ALPN],
          ...(own === undefined ? {} : { key: own, cert: own }),
        });
      await Promise.all([
        pour(open, noise(below(3000))),
        pour(open, Buffer.concat([batch(fields()), batch(noise(below(300))), encodeFrame(FRAME.ping, noise(4))])),
        pour(open, batch(many)),
      ]);
    }
  }
  await stillServes();
});

// ------------------------------------------------------------------------------------------------------- methods

async function credentialsOf(daemon: TestDaemon | undefined): Promise<grpc.ChannelCredentials> {
  const pem = daemon === undefined ? null : await readFile(join(daemon.dataDir, "certificates/node.pem"));
  return grpc.credentials.createSsl(null, pem, pem, {
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
}

/** A message that begins as one of its kind would: noise alone is refused by the first byte. */
function fields(depth = 3): Buffer {
  const parts = Array.from({ length: below(6) }, () => {
    const number = 1 + below(12);
    const kind = below(4);
    if (kind === 0) return Buffer.of(number << 3, below(128));
    const body =
      kind === 1 && depth > 0 ? fields(depth - 1) : kind === 2 ? noise(below(20)) : Buffer.from("a".repeat(below(40)));
    return Buffer.concat([Buffer.of((number << 3) | 2, Math.min(127, body.length)), body.subarray(0, 127)]);
  });
  return Buffer.concat(parts);
}

const asIs = (bytes: Buffer): Buffer => bytes;

function call(client: grpc.Client, method: AnyMethod): Promise<void> {
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest<Buffer, Buffer>(method.path, asIs, asIs, new grpc.Metadata(), {
      deadline: Date.now() + CALL_LIMIT_MS,
    });
    stream.on("error", () => resolve());
    stream.on("end", () => resolve());
    stream.on("close", () => resolve());
    stream.resume();
    const messages = method.requestStream ? 1 + below(4) : below(8) === 0 ? 2 : 1;
    for (let sent = 0; sent < messages; sent++) {
      const data = below(3) === 0 ? noise(below(200)) : fields();
      if (stream.writable) stream.write(data);
    }
    if (below(4) > 0) stream.end();
  });
}

// A node that says it leaves has left, whoever held its certificate.
const CLUSTER_METHODS = [CAService, ControlService, DispatcherService, RaftService, AgentService]
  .flatMap((service) => Object.values<AnyMethod>(service))
  .filter((method) => method !== CAService.leaveCluster);
const LOCAL_METHODS: readonly AnyMethod[] = [LocalService, ControlService].flatMap((service) =>
  Object.values<AnyMethod>(service),
);

const callers: readonly (readonly [name: string, open: () => Promise<grpc.Client>, methods: readonly AnyMethod[]])[] = [
  ["a stranger", async () => new grpc.Client(manager.addr, await credentialsOf(undefined)), CLUSTER_METHODS],
  ["a worker", async () => new grpc.Client(manager.addr, await credentialsOf(worker)), CLUSTER_METHODS],
  ["a manager", async () => new grpc.Client(manager.addr, await credentialsOf(manager)), CLUSTER_METHODS],
  [
    "root, at the socket",
    async () => new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure()),
    LOCAL_METHODS,
  ],
];

/** Of the smallest fields, more than any method takes (Raft's take the most): to decode the largest whole would take seconds. */
const HUGE = [
  [0x0a, 0x00],
  [0x1a, 0x00],
  [0x08, 0x00],
].map((fields) => Buffer.alloc(5 << 19, Buffer.from(fields)));
const ENOUGH_BYTES = 1 << 18;
/** The same in one field: updates of a session's statuses. */
const EMPTY_STATUSES = Buffer.concat([
  Buffer.of(0x1a, 0xc0, 0xff, 0xff, 0x03),
  Buffer.alloc((8 << 20) - 64, Buffer.of(0x0a, 0x00)),
]);

/** How the call ended, in words. */
function sendOne(client: grpc.Client, method: AnyMethod, data: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest<Buffer, Buffer>(method.path, asIs, asIs, new grpc.Metadata(), {
      deadline: Date.now() + 20_000,
    });
    stream.on("error", (error) => resolve(error.message));
    stream.on("close", () => resolve("closed"));
    stream.resume();
    stream.end(data);
  });
}

test("messages of millions of fields end the call that brought them, from whomever, and nothing else", async () => {
  const { nodeId } = await worker.info();
  const session = (await manager.node().control.listNodes({ filters: [] }, LOCAL)).nodes.find(
    ({ id }) => id === nodeId,
  );
  for (const [name, open, methods] of callers) {
    const client = await open();
    clients.push(client);
    for (const method of methods) {
      const huge = HUGE[below(HUGE.length)] ?? Buffer.alloc(0);
      const answer = await sendOne(
        client,
        method,
        method.path.includes(".Raft/") ? huge : huge.subarray(0, ENOUGH_BYTES),
      );
      // A hollow node refuses to test its networks before it has read a word.
      if (method.path.endsWith("/ProbeNetwork") && answer.includes("only pretends")) continue;
      assert.match(
        answer,
        /more fields than any honest one|larger than max|RESOURCE_EXHAUSTED|PERMISSION_DENIED|UNAUTHENTICATED|not in this test|wire type|index out of range|decoding/i,
        `${method.path} from ${name}`,
      );
    }
  }
  const asWorker = new grpc.Client(manager.addr, await credentialsOf(worker));
  clients.push(asWorker);
  const answer = await sendOne(asWorker, DispatcherService.session, EMPTY_STATUSES);
  assert.match(answer, /more fields than any honest one/);
  const now = (await manager.node().control.listNodes({ filters: [] }, LOCAL)).nodes.find(({ id }) => id === nodeId);
  assert.equal(now?.status?.changedAtMs, session?.status?.changedAtMs, "the worker's own session went on");
  await stillServes();
});

for (const [name, open, methods] of callers) {
  test(`random messages to every method, from ${name}`, async () => {
    const client = await open();
    clients.push(client);
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(methods.map((method) => call(client, method)));
    }
    await stillServes();
  });
}
