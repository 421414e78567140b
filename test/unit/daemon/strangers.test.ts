// Five thousand connections of strangers at a manager's port, from many addresses, at every stage before identity is proven: the
// cluster goes on, and hosts join.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { newCreateServiceRequest } from "../../../proto/gen/control.ts";
import { newContainerSpec, newServiceSpec, newTaskSpec } from "../../../proto/gen/objects.ts";
import { HELLO } from "../rpc/http2/frame-text.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const ADDRESSES = 40;
/** The first bytes of a TLS record that announces 512. */
const HALF_HELLO = Buffer.from("160301020001000100", "hex");
/** As tls-server.ts bounds them: without a finished handshake, and strangers. */
const MAX_HANDSHAKES = 2_000;
const MAX_STRANGERS = 1_000;
/** The machine may be busy with other tests. */
const LIMIT_MS = 60_000;

let manager: TestDaemon;
let worker: TestDaemon;
let late: TestDaemon;
let workerToken = "";
const sockets: Socket[] = [];

before(async () => {
  [manager, worker, late] = await Promise.all([testDaemon(), testDaemon(), testDaemon()]);
  const { joinTokens } = await manager.init();
  workerToken = joinTokens?.worker ?? "";
  await worker.join(workerToken, manager.addr);
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all([worker, late, manager].map((daemon) => daemon.remove()));
});

const port = (): number => Number(manager.addr.split(":")[1]);
const from = (count: number): string => `127.0.0.${2 + (count % ADDRESSES)}`;

function keep(socket: Socket): Socket {
  sockets.push(socket);
  socket.on("error", () => undefined);
  return socket;
}

async function open(count: number, bytes: Buffer): Promise<void> {
  const socket = keep(connect({ host: "127.0.0.1", port: port(), localAddress: from(count) }));
  socket.resume();
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  if (bytes.length > 0 && !socket.destroyed) socket.write(bytes);
}

async function openTls(count: number, bytes: Buffer): Promise<void> {
  const socket = keep(connect({ host: "127.0.0.1", port: port(), localAddress: from(count) }));
  const secure = connectTls({ socket, ALPNProtocols: ["h2"], rejectUnauthorized: false });
  secure.on("error", () => undefined);
  secure.resume();
  await Promise.race([once(secure, "secureConnect"), once(secure, "close")]);
  if (bytes.length > 0 && !secure.destroyed) secure.write(bytes);
}

/** In batches: a hundred at once. */
async function many(count: number, open: (index: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < count; at += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - at) }, (_, index) => open(at + index)));
  }
}

test("strangers take the port's time and memory only up to their bounds, from nobody else", async () => {
  await many(1_050, (index) => openTls(index, [Buffer.alloc(0), HELLO.subarray(0, 12), HELLO][index % 3] ?? HELLO));
  await many(3_950, (index) => open(index, index % 4 === 0 ? HALF_HELLO : Buffer.alloc(0)));
  assert.equal(sockets.length, 5_000);
  const left = (): number => sockets.filter((socket) => !socket.closed).length;
  await eventually("the rest is cut", () => left() <= MAX_HANDSHAKES + MAX_STRANGERS, LIMIT_MS);

  const { control } = manager.node();
  await late.join(workerToken, manager.addr);
  const spec = newServiceSpec({
    name: "meanwhile",
    mode: { kind: "global" },
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox" }) }),
  });
  await control.createService(newCreateServiceRequest({ spec, noResolveImage: true }), LOCAL);
  await eventually(
    "its tasks run on all three nodes",
    async () => {
      const { tasks } = await control.listTasks({ filters: [] }, LOCAL);
      return tasks.filter(({ status }) => status?.state === "running").length === 3;
    },
    LIMIT_MS,
  );
});
