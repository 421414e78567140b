// The name server of tasks on loopback: where it listens, whom it asks, what stays inside.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { decide } from "../../../../agent/network/dns/answer.ts";
import { RCODE, TYPE } from "../../../../agent/network/dns/packet.ts";
import { createTaskNames } from "../../../../agent/network/dns/task-names.ts";
import { type Asker, buildNames } from "../../../../agent/network/dns/zone.ts";
import type { NetworkView } from "../../../../agent/network/view.ts";
import { newNetworkService, newOverlayNetwork } from "../../../../proto/gen/network.ts";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { silentLog } from "../../../../shared/log.ts";
import { type NetworkId, newId, type ServiceId } from "../../../../shared/model/ids.ts";
import { newTaskId } from "../fixtures.ts";

// Of this machine's loopback, and nobody else's.
const HERE = "127.83.75.1";
const stop = new AbortController();
const sockets: Socket[] = [];
const dir = mkdtempSync(join(tmpdir(), "skep-names-"));
after(() => {
  stop.abort();
  for (const socket of sockets) socket.close();
  rmSync(dir, { recursive: true, force: true });
});

const names = (addresses: readonly string[], resolvConf?: string) =>
  createTaskNames({ env: realEnv, log: silentLog, addresses, ...(resolvConf === undefined ? {} : { resolvConf }) });

const udpSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "UDPWrap").length;

async function take(port: number): Promise<void> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  await new Promise<void>((resolve) => socket.bind({ address: HERE, port, exclusive: true }, resolve));
}

test("a port that somebody has is passed over, and the one that is used is told", async () => {
  const first = names([HERE]);
  await take(first.port);
  await take(first.port + 1);
  const server = names([HERE]);
  const before = udpSockets();
  assert.equal(await server.listen(stop.signal), true);
  assert.equal(server.port, first.port + 2);
  assert.equal(await server.listen(stop.signal), true, "once is enough");
  for (let turns = 0; turns < 100 && udpSockets() > before + 1; turns++) await realEnv.breathe();
  assert.equal(udpSockets(), before + 1, "those that could not have their port are closed");
});

test("an address that is not there yet is no failure", async () => {
  assert.equal(await names(["192.0.2.1"]).listen(stop.signal), false);
});

const question = (name: string, type: number): Uint8Array =>
  Buffer.concat([
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...name.split(".").map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.from([0, 0, type, 0, 1]),
  ]);

/** Bytes of an answer. */
const [RESPONSE, ANSWERS] = [3, 7];

/** The response code of an answer, or what else is in a byte of its head, asked from HERE. */
function ask(port: number, name: string, type: number = TYPE.A, byte = RESPONSE): Promise<number> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.on("message", (answer) => resolve((answer[byte] ?? 0) & 15));
    socket.bind({ address: HERE }, () => socket.send(question(name, type), port, HERE));
  });
}

test("what is swapped in is what is answered", async () => {
  const conf = join(dir, "resolv.conf");
  writeFileSync(conf, "# no resolver at all\n");
  const server = names([HERE], conf);
  await server.listen(stop.signal);
  server.swap({ views: new Map(), tasks: [] });
  assert.equal(await ask(server.port, "web"), RCODE.refused, "nobody that is known");
  server.swap({ views: new Map(), tasks: [{ taskId: newTaskId(), networks: [], localAddresses: [HERE] }] });
  assert.equal(await ask(server.port, "web"), RCODE.nameError);
  assert.equal(await ask(server.port, "example.com"), RCODE.serverFailure);
});

const NET = "net" as NetworkId;
const INNER = "inner" as NetworkId;
const view = (networkId: NetworkId, internal: boolean): [NetworkId, NetworkView] => {
  const network = newOverlayNetwork({ networkId, internal });
  return [networkId, { version: 1, network, nodes: new Map(), services: new Map(), endpoints: new Map() }];
};
test("a kernel without IPv6: tasks are told of IPv4 addresses alone", async () => {
  const service = newNetworkService({
    serviceId: newId<ServiceId>(realEnv.random),
    name: "web",
    vips: ["10.0.9.2", "fd00::2"],
  });
  const [id, empty] = view(NET, false);
  const views = new Map([[id, { ...empty, services: new Map([[service.serviceId, service]]) }]]);
  for (const ipv6 of [true, false]) {
    const server = createTaskNames({ env: realEnv, log: silentLog, addresses: [HERE], ipv6 });
    await server.listen(stop.signal);
    server.swap({ views, tasks: [{ taskId: newTaskId(), networks: [NET], localAddresses: [HERE] }] });
    for (const type of [TYPE.A, TYPE.AAAA]) {
      const [rcode, answers] = [await ask(server.port, "web", type), await ask(server.port, "web", type, ANSWERS)];
      assert.deepEqual([rcode, answers], [0, type === TYPE.A || ipv6 ? 1 : 0], `${type} ${ipv6}`);
    }
  }
});

test("a network too narrow for IPv6: tasks are told of IPv4 addresses alone", async () => {
  const service = newNetworkService({
    serviceId: newId<ServiceId>(realEnv.random),
    name: "web",
    vips: ["10.0.9.2", "fd00::2"],
  });
  const [id, empty] = view(NET, false);
  const server = names([HERE]);
  await server.listen(stop.signal);
  for (const mtu of [1_279, 1_280]) {
    const network = { ...empty.network, mtu };
    const views = new Map([[id, { ...empty, network, services: new Map([[service.serviceId, service]]) }]]);
    server.swap({ views, tasks: [{ taskId: newTaskId(), networks: [NET], localAddresses: [HERE] }] });
    assert.equal(await ask(server.port, "web", TYPE.A, ANSWERS), 1);
    assert.equal(await ask(server.port, "web", TYPE.AAAA, ANSWERS), mtu === 1_280 ? 1 : 0, String(mtu));
  }
});

const cases: readonly (readonly [name: string, asker: Partial<Asker>, want: readonly string[] | undefined])[] = [
  ["without networks, the host's resolvers", {}, []],
  ["on a network with a way out, too", { networks: [INNER, NET] }, []],
  ["those that the service names", { networks: [NET], nameservers: ["9.9.9.9"] }, ["9.9.9.9"]],
  ["none from a network without a way out", { networks: [INNER], nameservers: ["9.9.9.9"] }, undefined],
  ["none from a network that nobody described", { networks: ["x" as NetworkId] }, undefined],
];
for (const [name, asker, want] of cases) {
  test(`who is asked for a name of the world: ${name}`, () => {
    const built = buildNames({
      views: new Map([view(NET, false), view(INNER, true)]),
      tasks: [{ taskId: newTaskId(), networks: [], localAddresses: [HERE], ...asker }],
    });
    for (const asked of ["example.com", "8.8.8.8.in-addr.arpa"]) {
      const decision = decide(built, HERE, { name: asked, type: TYPE.A }, () => 0);
      if (want === undefined) assert.ok(decision.kind === "reply" && decision.rcode === RCODE.nameError);
      else assert.deepEqual(decision, { kind: "forward", servers: want });
    }
  });
}
