import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { decide, reverseAddress } from "../../../../agent/network/dns/answer.ts";
import { concat, encodeName, encodeReply, parseQuery, RCODE, TYPE } from "../../../../agent/network/dns/packet.ts";
import { createNameServer, type NameServerOptions } from "../../../../agent/network/dns/server.ts";
import { FrameReader, frame } from "../../../../agent/network/dns/tcp-frames.ts";
import { createUpstream, type Forwarded, isAnswerTo, readResolvConf } from "../../../../agent/network/dns/upstream.ts";
import { buildNames } from "../../../../agent/network/dns/zone.ts";
import { formatIp } from "../../../../agent/network/plan/addresses.ts";
import { newNetworkEndpoint, newNetworkService, newOverlayNetwork } from "../../../../proto/gen/network.ts";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { createSimEnv } from "../../../../shared/env/sim-env.ts";
import { SkepError } from "../../../../shared/errors.ts";
import { silentLog } from "../../../../shared/log.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../../../shared/model/ids.ts";
import { parseIp } from "../../../../shared/model/ip.ts";

const id = <T extends string>(text: string): T => text.padEnd(25, "x") as T;
const NET = id<NetworkId>("net");
const OTHER = id<NetworkId>("other");
const WEB = id<ServiceId>("web");

const endpoint = (n: number, state: "ready" | "draining") =>
  newNetworkEndpoint({
    taskId: id<TaskId>(`t${n}`),
    serviceId: WEB,
    slot: n,
    name: `web.${n}.t${n}`,
    hostname: `host${n}`,
    addresses: [`10.0.9.${n}`],
    nodeId: id<NodeId>("n1"),
    state,
  });
const view = (networkId: NetworkId, subnet: string, many: number, name: string) => ({
  version: 1,
  network: newOverlayNetwork({ networkId, subnets: [{ subnet, gateway: "" }] }),
  nodes: new Map(),
  services: new Map([[WEB, newNetworkService({ serviceId: WEB, name, aliases: ["shop"], vips: ["10.0.9.250"] })]]),
  endpoints: new Map(
    Array.from({ length: many }, (_, i) => endpoint(i + 1, i === 1 ? "draining" : "ready")).map((e) => [e.taskId, e]),
  ),
});
const names = buildNames({
  views: new Map([
    [NET, view(NET, "10.0.9.0/24", 100, "web")],
    [OTHER, view(OTHER, "10.0.10.0/24", 0, "hidden")],
  ]),
  tasks: [{ taskId: id<TaskId>("t1"), networks: [NET], nameservers: [], localAddresses: ["172.29.0.5"] }],
});

function ask(name: string, type: number): string {
  const decision = decide(names, "172.29.0.5", { name, type }, () => 0);
  if (decision.kind === "forward") return "forward";
  if (decision.rcode !== RCODE.noError) return decision.rcode === RCODE.nameError ? "no such name" : "refused";
  const texts = decision.answers.map((a) => (a.kind === "name" ? a.name : [...a.bytes].join(".")));
  return texts.length > 3 ? `${texts.length} answers` : texts.join(" ") || "empty";
}

const cases: readonly (readonly [name: string, type: number, want: string])[] = [
  ["web", TYPE.A, "10.0.9.250"],
  ["web", TYPE.AAAA, "empty"],
  ["web", 15, "empty"],
  ["shop", TYPE.A, "10.0.9.250"],
  ["tasks.web", TYPE.A, "99 answers"],
  ["tasks.nothing", TYPE.A, "no such name"],
  ["3.web", TYPE.A, "10.0.9.3"],
  ["2.web", TYPE.A, "empty"],
  ["777.web", TYPE.A, "no such name"],
  ["web.3.t3", TYPE.A, "10.0.9.3"],
  ["host1", TYPE.A, "10.0.9.1"],
  ["host3", TYPE.A, "10.0.9.3"],
  ["host4", TYPE.AAAA, "empty"],
  ["host2", TYPE.A, "empty"],
  ["host777", TYPE.A, "no such name"],
  ["t3xxxxxxxxxx", TYPE.A, "10.0.9.3"],
  ["hidden", TYPE.A, "no such name"],
  ["nothing", TYPE.A, "no such name"],
  ["example.com", TYPE.A, "forward"],
  ["3.pool.ntp.org", TYPE.A, "forward"],
  ["", 2, "forward"],
  ["3.9.0.10.in-addr.arpa", TYPE.PTR, "web.3.t3"],
  ["250.9.0.10.in-addr.arpa", TYPE.PTR, "web"],
  ["200.9.0.10.in-addr.arpa", TYPE.PTR, "no such name"],
  ["3.10.0.10.in-addr.arpa", TYPE.PTR, "no such name"],
  ["8.8.8.8.in-addr.arpa", TYPE.PTR, "forward"],
];
for (const [name, type, want] of cases)
  test(`decide: ${name || "the root"} ${type}`, () => assert.equal(ask(name, type), want));

test("decide: a host name is a name on its task's networks, shared by all who have it, and never a service's", () => {
  const host = (n: number, hostname: string) => newNetworkEndpoint({ ...endpoint(n, "ready"), hostname });
  const tasks = [host(1, "Rabbit"), host(3, "rabbit"), host(4, "web"), host(5, "web.1.t1"), host(6, "mq.example.com")];
  const elsewhere = newNetworkEndpoint({ ...endpoint(7, "ready"), hostname: "far", addresses: ["10.0.10.7"] });
  const ofHosts = (taskId: TaskId) =>
    buildNames({
      views: new Map([
        [NET, { ...view(NET, "10.0.9.0/24", 0, "web"), endpoints: new Map(tasks.map((task) => [task.taskId, task])) }],
        [OTHER, { ...view(OTHER, "10.0.10.0/24", 0, "hidden"), endpoints: new Map([[elsewhere.taskId, elsewhere]]) }],
      ]),
      tasks: [{ taskId, networks: [NET], localAddresses: ["172.29.0.5"] }],
    });
  const told = (name: string, taskId = id<TaskId>("t9")): unknown => {
    const decision = decide(ofHosts(taskId), "172.29.0.5", { name, type: TYPE.A }, () => 0.99);
    if (decision.kind === "forward") return "forward";
    return decision.rcode || decision.answers.map((a) => (a.kind === "address" ? [...a.bytes].join(".") : a.name));
  };
  assert.deepEqual(told("rabbit"), ["10.0.9.1", "10.0.9.3"]);
  assert.deepEqual(told("rabbit", id<TaskId>("t3")), ["10.0.9.3"], "its own is itself");
  assert.deepEqual(told("web"), ["10.0.9.250"], "the service's virtual address");
  assert.deepEqual(told("web.1.t1"), ["10.0.9.1"], "the task of that name");
  assert.deepEqual(told("mq.example.com"), ["10.0.9.6"]);
  assert.equal(told("far"), RCODE.nameError, "on a network that the asker is not on");
});

test("decide: the ingress network has no names, in neither family, but to a task on no other its own", () => {
  const INGRESS = id<NetworkId>("ingress");
  const six = newNetworkEndpoint({ ...endpoint(1, "ready"), addresses: ["10.0.0.1", "fd00:1::1"] });
  const ingress = {
    ...view(INGRESS, "10.0.0.0/24", 0, "published"),
    network: newOverlayNetwork({
      networkId: INGRESS,
      ingress: true,
      subnets: ["10.0.0.0/24", "fd00:1::/64"].map((subnet) => ({ subnet, gateway: "" })),
    }),
    endpoints: new Map([[six.taskId, six]]),
  };
  const t1 = id<TaskId>("t1");
  const both = buildNames({
    views: new Map([
      [NET, view(NET, "10.0.9.0/24", 3, "web")],
      [INGRESS, ingress],
    ]),
    tasks: [
      { taskId: t1, networks: [NET, INGRESS], localAddresses: ["172.29.0.5"] },
      { taskId: id<TaskId>("alone"), networks: [INGRESS], localAddresses: ["172.29.0.6"] },
    ],
  });
  const told = (source: string, name: string, type: number): unknown => {
    const decision = decide(both, source, { name, type }, () => 0);
    return decision.kind === "reply" && [decision.rcode, decision.answers.length];
  };
  for (const source of ["172.29.0.5", "172.29.0.6"]) {
    for (const type of [TYPE.A, TYPE.AAAA]) assert.deepEqual(told(source, "published", type), [RCODE.nameError, 0]);
    assert.deepEqual(told(source, "1.0.0.10.in-addr.arpa", TYPE.PTR), [RCODE.nameError, 0]);
  }
  assert.deepEqual(told("172.29.0.5", "host1", TYPE.A), [RCODE.noError, 1]);
  assert.deepEqual(told("172.29.0.5", "host1", TYPE.AAAA), [RCODE.noError, 0]);
  assert.deepEqual(told("172.29.0.5", "web", TYPE.A), [RCODE.noError, 1]);
  const own = buildNames({
    views: new Map([[INGRESS, ingress]]),
    tasks: [{ taskId: t1, networks: [INGRESS], localAddresses: [] }],
  }).own;
  assert.equal(own.get(t1)?.addresses.length, 2);
});

test("decide: who is no task of this node is refused", () => {
  const decision = decide(names, "172.29.0.6", { name: "web", type: TYPE.A }, () => 0);
  assert.equal(decision.kind === "reply" && decision.rcode, RCODE.refused);
});

const query = (name: string, type: number, id = 0x1234): Uint8Array =>
  concat([
    Uint8Array.of(id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0),
    encodeName(name),
    Uint8Array.of(0, type, 0, 1),
  ]);
const options: NameServerOptions = {
  env: { random: () => 0.5 },
  log: silentLog,
  names: () => names,
  upstream: { ask: () => Promise.reject(new SkepError("unavailable", "nobody")) },
};
const server = createNameServer(options);
const signal = new AbortController().signal;
const handle = (packet: Uint8Array, transport: "udp" | "tcp") => server.handle(packet, "172.29.0.5", transport, signal);

/** What a resolver without TCP makes of an answer: how many addresses, which they are, and whether there are more. */
function read(reply: Uint8Array | undefined) {
  assert.ok(reply);
  const records = ((reply[6] ?? 0) << 8) | (reply[7] ?? 0);
  const start = query("tasks.web", TYPE.A).length;
  const addresses = Array.from({ length: records }, (_, i) => [
    ...reply.subarray(start + 16 * i + 12, start + 16 * i + 16),
  ]);
  return { bytes: reply.length, addresses: addresses.map((a) => a.join(".")), truncated: ((reply[2] ?? 0) & 2) !== 0 };
}

test("of an answer that does not fit, UDP gives the part that does, in another order each time, and TCP the whole", async () => {
  const udp = read(await handle(query("tasks.web", TYPE.A), "udp"));
  assert.deepEqual([udp.bytes <= 512, udp.bytes > 512 - 16, udp.truncated], [true, true, true]);
  assert.ok(udp.addresses.every((address) => /^10\.0\.9\.[0-9]+$/.test(address)));
  assert.equal(new Set(udp.addresses).size, udp.addresses.length);
  const tcp = read(await handle(query("tasks.web", TYPE.A), "tcp"));
  assert.deepEqual([tcp.addresses.length, tcp.truncated], [99, false]);
  // Whoever takes the first answers only must not always be told the same ones.
  const random = createSimEnv(1).random;
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const server = createNameServer({ ...options, env: { random } });
    const one = read(await server.handle(query("tasks.web", TYPE.A), "172.29.0.5", "udp", signal));
    for (const address of one.addresses) seen.add(address);
  }
  assert.equal(seen.size, 99);
});

test("an answer by UDP is as large as the asker says that it takes, up to what crosses every link", async () => {
  const sizes: [said: number, atMost: number][] = [
    [0, 512],
    [512, 512],
    [900, 900],
    [65_535, 1_232],
  ];
  for (const [said, atMost] of sizes) {
    const packet = query("tasks.web", TYPE.A);
    packet[11] = 1;
    const opt = Uint8Array.of(0, 0, TYPE.OPT, said >> 8, said & 255, 0, 0, 0, 0, 0, 0);
    const reply = read(await handle(concat([packet, opt]), "udp"));
    assert.ok(reply.bytes <= atMost && reply.bytes > atMost - 16 && reply.truncated, `${said}: ${reply.bytes}`);
  }
});

test("before anything is known nothing is said, so that the asker asks again", async () => {
  const early = createNameServer({
    env: { random: () => 0.5 },
    log: silentLog,
    names: () => undefined,
    upstream: { ask: () => assert.fail("nobody is asked") },
  });
  for (const name of ["web", "example.com"]) {
    assert.equal(await early.handle(query(name, TYPE.A), "172.29.0.5", "udp", signal), undefined);
  }
});

test("no resolver: the asker is told at once, with its question", async () => {
  const answer = await handle(query("Example.com", TYPE.A), "udp");
  assert.equal((answer?.[3] ?? 0) & 15, RCODE.serverFailure);
  assert.deepEqual(answer?.subarray(12), query("Example.com", TYPE.A).subarray(12));
});

test("no packet makes it throw, and no answer is larger than the asker takes", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const near = fc.tuple(
    fc.constantFrom("web", "tasks.web", "x"),
    fc.nat(300),
    fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
  );
  const damaged = near.map(([name, type, changes]) => {
    const packet = query(name, type & 255);
    for (const [at, value] of changes) if (at < packet.length) packet[at] = value;
    return packet;
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, damaged), async (packet) => {
      const answer = await handle(packet, "udp");
      assert.ok(answer === undefined || answer.length <= 1232);
      if (answer !== undefined) assert.deepEqual(answer.subarray(0, 2), packet.subarray(0, 2));
    }),
    { numRuns: 2_000 },
  );
});

test("parseQuery reads the asker's buffer size, and ignores responses", () => {
  const opt = query("web", TYPE.A);
  opt[11] = 1;
  const parsed = parseQuery(concat([opt, Uint8Array.of(0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0)]));
  assert.ok(parsed.kind === "query" && parsed.query.edns && parsed.query.udpBytes === 1232);
  const reply = encodeReply(parsed.query, { rcode: 0, answers: [], ttlSeconds: 1 }, 512);
  assert.equal(parseQuery(reply).kind, "ignore");
});

test("an answer from outside counts only with its id and question", () => {
  const sent = query("example.com", TYPE.A, 7);
  const parsed = parseQuery(sent);
  assert.ok(parsed.kind === "query");
  const answer = query("EXAMPLE.com", TYPE.A, 7);
  assert.equal(isAnswerTo(answer, sent, parsed.query), false, "a question is no answer");
  answer[2] = 0x81;
  assert.equal(isAnswerTo(answer, sent, parsed.query), true);
  assert.equal(isAnswerTo(concat([Uint8Array.of(1), answer.subarray(1)]), sent, parsed.query), false, "another id");
});

test("TCP frames come whole out of any chunks", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), fc.nat(9), (messages, size) => {
      const stream = concat(messages.map(frame));
      const reader = new FrameReader();
      const seen: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size + 1)
        seen.push(...reader.push(stream.subarray(at, at + size + 1)));
      assert.deepEqual(
        seen.map((m) => [...m]),
        messages.map((m) => [...m]),
      );
    }),
  );
});

test("addresses are written as the kernel's tools write them, and read back from reverse names", () => {
  for (const text of ["10.0.9.3", "fd00:9::3", "::", "::1", "2001:db8:0:1:1:1:1:1", "fe80::1:0:0:1"]) {
    const ip = parseIp(text);
    assert.ok(ip);
    assert.equal(formatIp(ip), text);
  }
  assert.deepEqual(reverseAddress("3.9.0.10.in-addr.arpa"), parseIp("10.0.9.3"));
  const v6 = `3${".0".repeat(27)}.0.0.d.f.ip6.arpa`;
  assert.deepEqual(reverseAddress(v6), parseIp("fd00::3"));
  assert.equal(reverseAddress("example.com"), undefined);
});

test("readResolvConf: three servers at most, ours never", () => {
  const text =
    "search lan\nnameserver 127.0.0.11\nnameserver 192.0.2.1\n nameserver fd00::1\nnameserver 1.2.3.4\nnameserver 5.6.7.8\n";
  const servers = readResolvConf(text, ["127.0.0.11"]).map(({ address }) => address);
  assert.deepEqual(servers, ["192.0.2.1", "fd00::1", "1.2.3.4"]);
});

test("a resolver that cannot even be asked is passed over at once", async () => {
  const packet = query("example.com", TYPE.A);
  const parsed = parseQuery(packet);
  assert.ok(parsed.kind === "query");
  const never = { ...realEnv, timer: () => ({ cancel: () => undefined }) };
  // A link-local address without its link.
  const upstream = createUpstream({ env: never, servers: () => [{ address: "fe80::1", port: 53 }] });
  const question: Forwarded = { packet, query: parsed.query, transport: "udp", source: "", servers: [] };
  const asked = upstream.ask(question, signal);
  await assert.rejects(asked, /no resolver answered for example.com/);
});

test("who asks much and reads nothing for a while gets every answer", async () => {
  const COUNT = 1_500;
  const [HERE, PORT] = ["127.83.75.2", 17_353];
  const stop = new AbortController();
  const known = buildNames({
    views: new Map([[NET, view(NET, "10.0.9.0/24", 100, "web")]]),
    tasks: [{ taskId: id<TaskId>("t1"), networks: [NET], nameservers: [], localAddresses: [HERE] }],
  });
  const upstream = createUpstream({ env: realEnv, servers: () => [] });
  const large = createNameServer({ env: realEnv, log: silentLog, names: () => known, upstream });
  await large.listen([HERE], PORT, stop.signal);
  const socket = connect({ host: HERE, port: PORT, localAddress: HERE });
  try {
    await once(socket, "connect");
    const one = frame(query("tasks.web", TYPE.A));
    for (let i = 0; i < COUNT; i++) socket.write(one);
    const frames = new FrameReader();
    let answers = 0;
    for await (const chunk of socket) {
      answers += frames.push(chunk as Buffer).length;
      if (answers === COUNT) break;
    }
    assert.equal(answers, COUNT);
  } finally {
    socket.destroy();
    stop.abort();
  }
});
