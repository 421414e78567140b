// What one task can take of the name server: places for questions that go on to other servers, and connections. On loopback.
import assert from "node:assert/strict";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { FairShare, type Release } from "../../../../agent/network/dns/fair-share.ts";
import { concat, encodeName, parseQuery, type Query, TYPE } from "../../../../agent/network/dns/packet.ts";
import { createNameServer } from "../../../../agent/network/dns/server.ts";
import { frame } from "../../../../agent/network/dns/tcp-frames.ts";
import { createUpstream, type Forwarded, type Upstream } from "../../../../agent/network/dns/upstream.ts";
import { buildNames } from "../../../../agent/network/dns/zone.ts";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { isCode, SkepError } from "../../../../shared/errors.ts";
import { silentLog } from "../../../../shared/log.ts";
import { newTaskId } from "../fixtures.ts";

const MAX_WAITING = 512;
const MAX_CONNECTIONS = 256;
const RESOLVER = "127.83.75.3";

test("a share: nobody holds all places, who holds none gets one while there is one, and what is given back is there again", () => {
  const steps = fc.array(fc.record({ asker: fc.constantFrom("a", "b", "c", "d"), gives: fc.boolean() }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (max, all) => {
      const share = new FairShare(max);
      const held = new Map<string, Release[]>();
      const total = (): number => [...held.values()].reduce((sum, { length }) => sum + length, 0);
      for (const { asker, gives } of all) {
        const own = held.get(asker) ?? [];
        held.set(asker, own);
        if (gives) {
          const release = own.pop();
          release?.();
          release?.(); // a second time does nothing
          continue;
        }
        const before = total();
        const release = share.take(asker);
        if (own.length === 0) assert.equal(release !== undefined, before < max);
        if (release === undefined) continue;
        own.push(release);
        assert.ok(total() <= max && own.length <= Math.ceil(max / 2));
      }
      for (const release of [...held.values()].flat()) release();
      const again = Array.from({ length: max }, () => share.take("e")).filter((release) => release !== undefined);
      assert.equal(again.length, Math.ceil(max / 2));
    }),
  );
});

function question(name: string, id = 1): { readonly packet: Uint8Array; readonly query: Query } {
  const head = Uint8Array.of(id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  const packet = concat([head, encodeName(name), Uint8Array.of(0, TYPE.A, 0, 1)]);
  const parsed = parseQuery(packet);
  assert.ok(parsed.kind === "query");
  return { packet, query: parsed.query };
}
const from = (source: string): Forwarded => ({ ...question("example.com"), transport: "udp", source, servers: [] });

/** A resolver on loopback that tells every question to `onAsked`, with a function that answers it. */
async function resolver(t: TestContext, onAsked: (answer: () => void) => void): Promise<Upstream> {
  const socket: UdpSocket = createSocket("udp4");
  t.after(() => socket.close());
  socket.on("message", (packet, { port, address }) => {
    const answer = Uint8Array.from(packet);
    answer[2] = 0x81;
    onAsked(() => socket.send(answer, port, address, () => undefined));
  });
  socket.bind({ address: RESOLVER, port: 0, exclusive: true });
  await once(socket, "listening");
  const server = { address: RESOLVER, port: socket.address().port };
  return createUpstream({ env: patient, servers: () => [server] });
}

/** On a busy machine an answer may take long: nothing here is decided by how long. */
const patient = { ...realEnv, timer: () => ({ cancel: () => undefined }) };

const never = new AbortController().signal;

test("outside names: however a question ends, its place is free again", async (t) => {
  let says = true;
  const upstream = await resolver(t, (answer) => {
    if (says) answer();
  });
  for (let i = 0; i < 2 * MAX_WAITING; i++) await upstream.ask(from("a"), never);
  const nowhere = createUpstream({ env: realEnv, servers: () => [] });
  for (let i = 0; i < 2 * MAX_WAITING; i++) await assert.rejects(nowhere.ask(from("a"), never), isUnavailable);
  says = false;
  for (let i = 0; i < 2 * MAX_WAITING; i++) {
    const stop = new AbortController();
    const asked = upstream.ask(from("a"), stop.signal);
    stop.abort();
    await assert.rejects(asked, { name: "AbortError" });
  }
  says = true;
  await upstream.ask(from("a"), never);
  const open = (): number => process.getActiveResourcesInfo().filter((name) => name === "UDPWrap").length;
  for (let turns = 0; turns < 10_000 && open() > 1; turns++) await realEnv.breathe();
  assert.equal(open(), 1, "no socket is left but the resolver's");
});

const isUnavailable = (error: unknown): boolean => isCode(error, "unavailable");

test("outside names: a task whose questions are not answered leaves places for others", async (t) => {
  let silent = true;
  const waiting: (() => void)[] = [];
  const upstream = await resolver(t, (answer) => {
    if (silent) waiting.push(answer);
    else answer();
  });
  const stop = new AbortController();
  t.after(() => stop.abort());
  const refused: string[] = [];
  const greedy = Array.from({ length: MAX_WAITING }, async (_, i) => {
    for (let turns = 0; turns < i / 16; turns++) await realEnv.breathe(); // more at once than a socket holds would be lost
    await upstream.ask(from("greedy"), stop.signal).catch((error: unknown) => {
      if (error instanceof SkepError && error.code === "resource_exhausted") refused.push(error.message);
    });
  });
  for (let turns = 0; turns < 100_000 && waiting.length + refused.length < MAX_WAITING; turns++)
    await realEnv.breathe();
  assert.equal(refused.length, MAX_WAITING / 2);
  assert.match(refused[0] ?? "", /questions of greedy wait/);
  silent = false;
  await upstream.ask(from("neighbour"), never);
  stop.abort();
  await Promise.all(greedy);
});

async function open(
  t: TestContext,
  here: string,
  idleMs?: number,
): Promise<(localAddress?: string) => Promise<Socket>> {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const asker = (address: string) => ({ taskId: newTaskId(), networks: [], localAddresses: [address] });
  const known = buildNames({ views: new Map(), tasks: [asker(here), asker(NEIGHBOUR)] });
  const upstream = createUpstream({ env: realEnv, servers: () => [] });
  const options = idleMs === undefined ? {} : { idleMs };
  const server = createNameServer({ env: realEnv, log: silentLog, names: () => known, upstream, ...options });
  await server.listen([here], PORT, stop.signal);
  return async (localAddress = here) => {
    const socket = connect({ host: here, port: PORT, localAddress });
    t.after(() => socket.destroy());
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };
}
const PORT = 17_354;
const NEIGHBOUR = "127.83.75.6";

test("DNS over TCP: a connection that says nothing is closed", async (t) => {
  const dial = await open(t, "127.83.75.4", 50);
  const silent = await dial();
  silent.resume();
  await once(silent, "close");
});

test("DNS over TCP: a task that opens many connections leaves some for others, and those that end are free", async (t) => {
  const dial = await open(t, "127.83.75.5");
  const answered = async (socket: Socket): Promise<boolean> => {
    socket.write(frame(question("web").packet), () => undefined);
    return await new Promise((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("close", () => resolve(false));
      if (socket.closed) resolve(false);
    });
  };
  const sockets: Socket[] = [];
  for (let i = 0; i < MAX_CONNECTIONS; i++) sockets.push(await dial());
  const served = await Promise.all(sockets.map(answered));
  assert.equal(served.filter(Boolean).length, MAX_CONNECTIONS / 2);
  assert.equal(await answered(await dial(NEIGHBOUR)), true, "the neighbour");
  for (const socket of sockets) socket.destroy();
  // The server hears of an end in its own time.
  for (;;) if (await answered(await dial())) break;
});
