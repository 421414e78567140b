// The name server's sockets over a restart of the daemon, on loopback: what is asked meanwhile waits, and nothing is left behind.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, type TestContext, test } from "node:test";
import { createKeptSockets, type KeptSockets } from "../../../../agent/network/dns/kept-sockets.ts";
import { concat, encodeName, RCODE, TYPE } from "../../../../agent/network/dns/packet.ts";
import { bindSocket, closeSocket } from "../../../../agent/network/dns/socket-calls.ts";
import { createTaskNames, type TaskNames } from "../../../../agent/network/dns/task-names.ts";
import { FrameReader, frame } from "../../../../agent/network/dns/tcp-frames.ts";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { silentLog } from "../../../../shared/log.ts";
import { newTaskId } from "../fixtures.ts";

const HERE = "127.83.75.7";
/** More than a socket holds that was not given more room; to do so takes root. */
const MANY = process.getuid?.() === 0 ? 1_000 : 100;
let dir = "";
let file = "";
let kept: KeptSockets;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skep-kept-"));
  file = join(dir, "name-server.json");
  kept = createKeptSockets(file, "test", silentLog);
});
afterEach(() => {
  kept.end();
  rmSync(dir, { recursive: true, force: true });
});

const keeper = (): { pid: number; startTicks: string } => JSON.parse(readFileSync(file, "utf8")) as never;
const isThere = (pid: number): boolean => existsSync(`/proc/${pid}/fd/0`);
async function gone(pid: number): Promise<void> {
  for (let turns = 0; turns < 100_000 && isThere(pid); turns++) await realEnv.breathe();
  assert.equal(isThere(pid), false);
}

/** One life of the daemon's name server. It knows one task, which asks from HERE, and no names. */
function life(t: TestContext): {
  readonly names: TaskNames;
  readonly knows: () => void;
  readonly stop: AbortController;
} {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const resolvConf = join(dir, "resolv.conf");
  writeFileSync(resolvConf, "");
  const names = createTaskNames({ env: realEnv, log: silentLog, addresses: [HERE], resolvConf, sockets: kept });
  const tasks = [{ taskId: newTaskId(), networks: [], localAddresses: [HERE] }];
  return { names, stop, knows: () => names.swap({ views: new Map(), tasks }) };
}

const question = concat([
  Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0),
  encodeName("web"),
  Uint8Array.of(0, TYPE.A, 0, 1),
]);

/** Asks once. Resolves when the question is sent, with a promise of the answer's code. */
function askByUdp(t: TestContext, port: number): Promise<{ readonly answer: Promise<number> }> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  const answer = new Promise<number>((resolve) => socket.on("message", (bytes) => resolve((bytes[3] ?? 0) & 15)));
  return new Promise((resolve) => {
    socket.bind({ address: HERE }, () => socket.send(question, port, HERE, () => resolve({ answer })));
  });
}

function askByTcp(t: TestContext, port: number): Promise<{ readonly answer: Promise<number> }> {
  const socket = connect({ host: HERE, port, localAddress: HERE });
  t.after(() => socket.destroy());
  const frames = new FrameReader();
  const answer = new Promise<number>((resolve, reject) => {
    socket.on("data", (chunk) => {
      for (const bytes of frames.push(chunk)) resolve((bytes[3] ?? 0) & 15);
    });
    socket.on("close", () => reject(new Error("closed without an answer")));
  });
  answer.catch(() => undefined);
  return new Promise((resolve) => {
    socket.on("connect", () => socket.write(frame(question), () => resolve({ answer })));
  });
}

test("what is asked while no daemon runs, and before it knows its tasks, is answered by the next one", async (t) => {
  const first = life(t);
  assert.equal(await first.names.listen(first.stop.signal), true);
  first.knows();
  assert.equal(await (await askByUdp(t, first.names.port)).answer, RCODE.nameError);
  const { pid } = keeper();
  first.stop.abort();

  const many = await Promise.all(Array.from({ length: MANY }, () => askByUdp(t, first.names.port)));
  const byTcp = await askByTcp(t, first.names.port);
  const second = life(t);
  assert.equal(second.names.port, first.names.port);
  await second.names.listen(second.stop.signal);
  const early = await askByUdp(t, second.names.port);
  second.knows();
  const answers = await Promise.all([...many, byTcp, early].map(({ answer }) => answer));
  assert.deepEqual(new Set(answers), new Set([RCODE.nameError]));
  assert.equal(keeper().pid, pid, "the same keeper");
});

test("a keeper that is gone, or keeps something else, is replaced, and the old one ended", async (t) => {
  const { port } = await someSockets(t, 17_355);
  const { pid } = keeper();
  process.kill(pid, "SIGKILL");
  await gone(pid);
  assert.equal(createKeptSockets(file, "test", silentLog).port, undefined);
  await someSockets(t, port);
  const second = keeper().pid;
  assert.notEqual(second, pid);
  await someSockets(t, port + 1);
  await gone(second);
  writeFileSync(file, '{"pid":1,"startTicks":"0","sockets":[]}');
  assert.equal(kept.port, undefined, "a number that is another process's now");
});

async function someSockets(t: TestContext, port: number): Promise<{ readonly port: number }> {
  const sockets = await kept.open([HERE], port);
  const pid = keeper().pid;
  t.after(() => {
    if (isThere(pid)) process.kill(pid, "SIGKILL");
  });
  for (const socket of sockets) closeSocket(socket);
  return { port };
}

test("a node that leaves keeps nothing", async (t) => {
  const { names, stop } = life(t);
  await names.listen(stop.signal);
  const { pid } = keeper();
  names.clear();
  stop.abort();
  await gone(pid);
  assert.equal(existsSync(file), false);
  const again = bindSocket("udp", HERE, names.port, 65_536);
  closeSocket(again);
});

test("a port or an address that cannot be had is told as Node tells it, and nothing stays bound", async () => {
  const told = (code: string) => (error: Error) =>
    error.cause instanceof Error && "code" in error.cause && error.cause.code === code;
  await assert.rejects(kept.open(["192.0.2.1"], 17_358), told("EADDRNOTAVAIL"));
  for (const kind of ["udp", "tcp"] as const) {
    const taken = bindSocket(kind, HERE, 17_359, 65_536);
    try {
      await assert.rejects(kept.open([HERE], 17_359), told("EADDRINUSE"));
    } finally {
      closeSocket(taken);
    }
  }
  for (const kind of ["udp", "tcp"] as const) closeSocket(bindSocket(kind, HERE, 17_359, 65_536));
});
