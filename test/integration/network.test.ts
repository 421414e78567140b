// The agent's network in a real kernel: three nodes as network namespaces on one bridge, tasks as namespaces with small
// programs in them. Needs root, iproute2 and nftables; all names start with skepnet- or skt-, and all goes at the end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import type { LocalTask, NodeInput } from "../../agent/network/plan/input.ts";
import { namespaceOf, switchboardOf } from "../../agent/network/plan/names.ts";
import { viewOf } from "../../agent/network/view.ts";
import {
  encodeNetworkSnapshot,
  type NetworkEndpoint,
  type NetworkSnapshot,
  newNetworkEndpoint,
  newNetworkNode,
  newNetworkService,
  newNetworkSnapshot,
  newOverlayNetwork,
  newPublishedPort,
  type PublishedPort,
} from "../../proto/gen/network.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { makeFabric, Probes, removeFabric, sh } from "../support/network-fabric.ts";
import type { NameServerFile } from "../support/network-probe.ts";

const signal = AbortSignal.timeout(300_000);
const id = <T extends string>(text: string): T => `nettest${text}`.padEnd(25, "0") as T;
const NODES = ["n1", "n2", "n3"] as const;
type Name = (typeof NODES)[number];
const nodeId = (name: Name): NodeId => id<NodeId>(name);
const board = (name: Name): string => switchboardOf(nodeId(name));
const underlay = (name: Name): string => `10.99.0.${name.slice(1)}`;
const INGRESS = id<NetworkId>("ingress");
const WEB = id<NetworkId>("webnet");
const BACK = id<NetworkId>("backnet");
const SERVICE = id<ServiceId>("websvc");
const CLIENT = "10.99.0.100";

const cleanUp = (): void => removeFabric("skepnet", "nettest");

interface TestTask {
  readonly taskId: TaskId;
  readonly node: Name;
  readonly service: ServiceId;
  readonly slot: number;
  readonly name: string;
  readonly on: ReadonlyMap<NetworkId, readonly string[]>;
  readonly ports?: readonly PublishedPort[];
}

const task = (name: string, node: Name, slot: number, service: ServiceId, on: [NetworkId, string[]][]): TestTask => ({
  taskId: id<TaskId>(`${name}task`),
  node,
  service,
  slot,
  name,
  on: new Map(on),
});
const WEB_1 = task("web1", "n1", 1, SERVICE, [
  [INGRESS, ["10.0.0.3", "fd00:1::3"]],
  [WEB, ["10.0.9.3", "fd00:9::3"]],
]);
const WEB_2 = task("web2", "n2", 2, SERVICE, [
  [INGRESS, ["10.0.0.4", "fd00:1::4"]],
  [WEB, ["10.0.9.4", "fd00:9::4"]],
]);
const ASKER: TestTask = {
  ...task("asker", "n1", 1, id<ServiceId>("askersvc"), [[WEB, ["10.0.9.5", "fd00:9::5"]]]),
  ports: [newPublishedPort({ protocol: "tcp", publishedPort: 9000, targetPort: 80, mode: "host" })],
};
const SECRET = task("secret", "n2", 1, id<ServiceId>("secretsvc"), [[BACK, ["10.0.10.3"]]]);
const TASKS = [WEB_1, WEB_2, ASKER, SECRET];
const VIP = "10.0.9.10";
const VIP6 = "fd00:9::10";

/** Who is draining gets no new connection. */
type World = { readonly tasks: readonly TestTask[]; readonly draining: ReadonlySet<TaskId> };

function snapshot(world: World, networkId: NetworkId): NetworkSnapshot {
  const vni = networkId === INGRESS ? 4096 : networkId === WEB ? 4097 : 4098;
  const subnets = {
    [INGRESS]: [
      { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
      { subnet: "fd00:1::/64", gateway: "fd00:1::1" },
    ],
    [WEB]: [
      { subnet: "10.0.9.0/24", gateway: "10.0.9.1" },
      { subnet: "fd00:9::/64", gateway: "fd00:9::1" },
    ],
    [BACK]: [{ subnet: "10.0.10.0/24", gateway: "10.0.10.1" }],
  }[networkId];
  const ports = [newPublishedPort({ protocol: "tcp", publishedPort: 8080, targetPort: 80, mode: "ingress" })];
  const service = newNetworkService({ serviceId: SERVICE, name: "web", aliases: ["shop"], mode: "vip" });
  return newNetworkSnapshot({
    version: 1,
    network: newOverlayNetwork({
      networkId,
      name: networkId === INGRESS ? "ingress" : networkId === WEB ? "webnet" : "backnet",
      vni,
      mtu: 1450,
      ingress: networkId === INGRESS,
      internal: networkId === BACK,
      subnets: subnets ?? [],
    }),
    nodes: NODES.map((name) => {
      const own = networkId === INGRESS ? [`10.0.0.25${name.slice(1)}`, `fd00:1::25${name.slice(1)}`] : [];
      return newNetworkNode({ nodeId: nodeId(name), underlayAddresses: [underlay(name)], addresses: own });
    }),
    services:
      networkId === INGRESS
        ? [{ ...service, ports }]
        : networkId === WEB
          ? [
              { ...service, vips: [VIP, VIP6] },
              newNetworkService({ serviceId: id<ServiceId>("none"), name: "none", vips: ["10.0.9.11"] }),
            ]
          : [newNetworkService({ serviceId: SECRET.service, name: "secret", mode: "dnsrr" })],
    endpoints: world.tasks.flatMap((t): NetworkEndpoint[] => {
      const addresses = t.on.get(networkId);
      if (addresses === undefined) return [];
      const state = world.draining.has(t.taskId) ? "draining" : "ready";
      const name = `web.${t.slot}.${t.taskId}`;
      return [
        newNetworkEndpoint({
          ...t,
          serviceId: t.service,
          nodeId: nodeId(t.node),
          name,
          hostname: t.name,
          addresses,
          state,
        }),
      ];
    }),
  });
}

const LOCAL = [
  { subnet: "172.29.0.0/16", gateway: "172.29.0.1" },
  { subnet: "fd00:29::/64", gateway: "fd00:29::1" },
];

function inputOf(name: Name, world: World): NodeInput {
  const here = world.tasks.filter((t) => t.node === name);
  const ids = new Set([INGRESS, ...here.flatMap((t) => [...t.on.keys()])]);
  const views = [...ids].map((networkId) => {
    const said = snapshot(world, networkId);
    assert.ok(said.network);
    return [networkId, viewOf(said, said.network)] as const;
  });
  const tasks = here.map((t): [TaskId, LocalTask] => [
    t.taskId,
    {
      taskId: t.taskId,
      attachments: [...t.on].map(([networkId, addresses]) => ({ networkId, addresses })),
      ports: t.ports ?? [],
      localAddresses: [],
    },
  ]);
  return {
    nodeId: nodeId(name),
    views: new Map(views),
    tasks: new Map(tasks),
    localSubnets: LOCAL,
    localMtu: 1500,
    dnsPort: 7353,
  };
}

const owned = (name: Name) =>
  new Set([board(name), ...TASKS.filter((t) => t.node === name).map((t) => namespaceOf(t.taskId))]);
function agentOf(name: Name): NetworkNode {
  const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/skepnet-${name}` });
  const mine = owned(name);
  return new NetworkNode({ kernel, isOurs: (namespace) => mine.has(namespace), log: silentLog });
}
const agents = new Map(NODES.map((name) => [name, agentOf(name)]));
const agent = (name: Name): NetworkNode => agents.get(name) ?? agentOf(name);

async function reconcileAll(world: World): Promise<number> {
  let steps = 0;
  for (const name of NODES) steps += (await agent(name).reconcile(inputOf(name, world), signal)).steps;
  return steps;
}

const ALL: World = { tasks: TASKS, draining: new Set() };

const probes = new Probes();
const tell = (namespace: string, line: string): Promise<string> => probes.tell(namespace, line);
const ask = (namespace: string, host: string, port: number, count = 1) => probes.ask(namespace, host, port, count);
const namespace = (t: TestTask): string => namespaceOf(t.taskId);
const dns = (t: TestTask, name: string, type: string): Promise<string> => tell(namespace(t), `dns ${name} ${type}`);

const ping = (from: string) =>
  spawnSync("nsenter", [`--net=/run/netns/${from}`, "--", "busybox", "ping", "-c1", "-W2", CLIENT]);

describe("the agent's network in a real kernel", () => {
  const dir = mkdtempSync(join(tmpdir(), "skepnet-"));
  let foreign = "";

  before(async () => {
    cleanUp();
    const hosts = Object.fromEntries(NODES.map((name) => [name, underlay(name)]));
    makeFabric({ name: "skepnet", hosts: { ...hosts, client: CLIENT } });
    // Somebody else's rules, which must be the same at the end.
    sh(`nsenter --net=/run/netns/skepnet-n1 nft -f - <<'X'
table ip other {
  chain input { type filter hook input priority 0; policy accept; tcp dport 6666 drop; }
}
X`);
    foreign = sh("nsenter --net=/run/netns/skepnet-n1 nft list table ip other");
    await reconcileAll(ALL);
    const names: NameServerFile = {
      snapshots: [INGRESS, WEB].map((network) =>
        Buffer.from(encodeNetworkSnapshot(snapshot(ALL, network))).toString("hex"),
      ),
      tasks: [WEB_1, ASKER].map((t) => ({
        taskId: t.taskId,
        networks: [...t.on.keys()],
        localAddresses: [...(agent("n1").localAddresses.get(t.taskId) ?? [])],
      })),
      addresses: ["172.29.0.1"],
      port: 7353,
      upstream: [{ address: CLIENT, port: 53 }],
    };
    writeFileSync(join(dir, "names.json"), JSON.stringify(names));
    const ready = await Promise.all([
      tell("skepnet-client", `resolver ${CLIENT}`),
      tell("skepnet-n1", `name-server ${join(dir, "names.json")}`),
      ...TASKS.map((t) => tell(namespace(t), `serve ${t.name} 80`)),
    ]);
    assert.deepEqual(new Set(ready), new Set(["ready"]));
  });

  after(() => {
    probes.kill();
    cleanUp();
    rmSync(dir, { recursive: true, force: true });
  });

  test("a task reaches another on another node by its address, with both families, and is seen with its own", async () => {
    assert.deepEqual(await ask(namespace(ASKER), "10.0.9.4", 80), ["web2 10.0.9.5"]);
    assert.deepEqual(await ask(namespace(ASKER), "fd00:9::4", 80), ["web2 fd00:9::5"]);
    assert.deepEqual(await ask(namespace(ASKER), "10.0.9.3", 80), ["web1 10.0.9.5"]);
  });

  test("a virtual address spreads evenly over local and remote tasks and keeps the source", async () => {
    for (const [vip, source] of [
      [VIP, "10.0.9.5"],
      [VIP6, "fd00:9::5"],
    ] as const) {
      const seen = (await ask(namespace(ASKER), vip, 80, 6)).toSorted();
      const [one, two] = [`web1 ${source}`, `web2 ${source}`];
      assert.deepEqual(seen, [one, one, one, two, two, two]);
    }
  });

  test("a virtual address without a task is refused at once", async () => {
    assert.deepEqual(await ask(namespace(ASKER), "10.0.9.11", 80), ["error ECONNREFUSED"]);
  });

  test("a task reaches nothing of a network that it is not on", async () => {
    const before = realEnv.nowMs();
    const [answer = ""] = await ask(namespace(ASKER), "10.0.10.3", 80);
    assert.match(answer, /^error/);
    assert.ok(realEnv.nowMs() - before < 10_000);
  });

  test("names at 127.0.0.11: service, alias, tasks, slot, own; reverse; what is empty and what is unknown", async () => {
    assert.equal(await dns(ASKER, "web", "A"), `["${VIP}"]`);
    assert.equal(await dns(ASKER, "WEB", "AAAA"), `["${VIP6}"]`);
    assert.equal(await dns(ASKER, "shop", "A"), `["${VIP}"]`);
    assert.equal(await dns(ASKER, "tasks.web", "A"), '["10.0.9.3","10.0.9.4"]');
    assert.equal(await dns(ASKER, "2.web", "A"), '["10.0.9.4"]');
    assert.equal(await dns(ASKER, "asker", "A"), '["10.0.9.5"]');
    assert.equal(await dns(ASKER, "10.0.9.4", "PTR"), `["web.2.${WEB_2.taskId}"]`);
    assert.equal(await dns(ASKER, "web", "MX"), "error ENODATA");
    assert.equal(await dns(ASKER, "secret", "A"), "error ENOTFOUND");
  });

  test("other names are asked of the host's resolver, ours never", async () => {
    assert.equal(await dns(ASKER, "known.example.com", "A"), '["192.0.2.7"]');
    assert.equal(await dns(ASKER, "unknown.example.com", "A"), "error ENOTFOUND");
    const asked = JSON.parse(await tell("skepnet-client", "asked")) as string[];
    assert.deepEqual(asked.toSorted(), ["known.example.com", "unknown.example.com"]);
  });

  test("a published port answers on every node, and the task sees the client's own address", async () => {
    for (const name of NODES) {
      const seen = (await ask("skepnet-client", underlay(name), 8080, 4)).toSorted();
      const [one, two] = [`web1 ${CLIENT}`, `web2 ${CLIENT}`];
      assert.deepEqual(seen, [one, one, two, two], `through ${name}`);
    }
    const seen6 = (await ask("skepnet-client", "fd00:99::3", 8080, 2)).toSorted();
    assert.deepEqual(seen6, ["web1 fd00:99::100", "web2 fd00:99::100"]);
  });

  test("a published port answers on localhost and to tasks, with the node's address", async () => {
    assert.deepEqual((await ask("skepnet-n3", "127.0.0.1", 8080, 2)).toSorted(), [
      "web1 10.0.0.253",
      "web2 10.0.0.253",
    ]);
    assert.deepEqual((await ask("skepnet-n3", underlay("n3"), 8080, 2)).toSorted(), [
      "web1 10.0.0.253",
      "web2 10.0.0.253",
    ]);
    const seen = (await ask(namespace(ASKER), underlay("n1"), 8080, 2)).toSorted();
    assert.deepEqual(seen, ["web1 10.0.0.251", "web2 10.0.0.251"]);
  });

  test("a port in host mode answers on its node only, and shows the client's address", async () => {
    assert.deepEqual(await ask("skepnet-client", underlay("n1"), 9000), [`asker ${CLIENT}`]);
    assert.deepEqual(await ask("skepnet-n1", "127.0.0.1", 9000), ["asker 172.29.0.1"]);
    assert.deepEqual(await ask("skepnet-client", underlay("n2"), 9000), ["error ECONNREFUSED"]);
  });

  test("a task goes out, one of internal networks only does not, and nobody comes in but by a published port", async () => {
    assert.equal(ping(namespace(ASKER)).status, 0);
    assert.notEqual(ping(namespace(SECRET)).status, 0);
    sh(`ip -n skepnet-client route add 10.0.0.0/24 via ${underlay("n3")}`);
    assert.match((await ask("skepnet-client", "10.0.0.4", 80))[0] ?? "", /^error/);
    sh("ip -n skepnet-client route del 10.0.0.0/24");
  });

  test("an agent that starts again changes nothing, and the checker finds nothing", async () => {
    for (const name of NODES) {
      assert.deepEqual(await agentOf(name).check(inputOf(name, ALL), signal), [], name);
      assert.equal((await agentOf(name).reconcile(inputOf(name, ALL), signal)).steps, 0, name);
    }
  });

  test("what is broken by hand is told in words and healed", async () => {
    sh(`nsenter --net=/run/netns/${board("n1")} sh -ec '
      bridge fdb del 02:42:0a:00:09:04 dev skvx4097 self
      ip neigh del 10.0.9.4 dev skvx4097
      ip link set skbr4096 down
      nft delete table inet skep; nft delete table bridge skep'
      nsenter --net=/run/netns/skepnet-n1 nft delete table ip skep`);
    sh(`ip -n ${namespace(ASKER)} link del eth0`);
    const found = (await agent("n1").check(inputOf("n1", ALL), signal)).map(({ message }) => message);
    assert.ok(
      found.includes(`the entry that 02:42:0a:00:09:04 of skvx4097 is at node 10.99.0.2 is missing in ${board("n1")}`),
    );
    assert.ok(found.includes(`the link skbr4096 in ${board("n1")} is down`), found.join("\n"));
    assert.ok(found.includes(`our table of rules is missing in ${board("n1")}`));
    assert.ok(found.some((message) => message.startsWith("our rules on this node:")));
    agent("n1").doubt();
    await agent("n1").reconcile(inputOf("n1", ALL), signal);
    assert.deepEqual(await agent("n1").check(inputOf("n1", ALL), signal), []);
    assert.deepEqual(await ask(namespace(ASKER), "10.0.9.4", 80), ["web2 10.0.9.5"]);
    assert.deepEqual((await ask("skepnet-client", underlay("n1"), 8080, 2)).toSorted(), [
      `web1 ${CLIENT}`,
      `web2 ${CLIENT}`,
    ]);
  });

  test("a draining task gets no new connection, and those it has go on", async () => {
    // Both ways in: by the virtual address and through a node without a task, until each holds one to web2.
    const web2: string[] = [];
    for (const [from, to, port] of [
      [namespace(ASKER), VIP, 80],
      ["skepnet-client", underlay("n3"), 8080],
    ] as const) {
      for (let i = 0; i < 2; i++) web2.push(await tell(from, `hold ${to} ${port}`));
    }
    assert.equal(web2.filter((line) => line.startsWith("web2")).length, 2);
    const draining: World = { tasks: TASKS, draining: new Set([WEB_2.taskId]) };
    assert.ok((await reconcileAll(draining)) > 0);
    assert.deepEqual(new Set(await ask(namespace(ASKER), VIP, 80, 4)), new Set(["web1 10.0.9.5"]));
    assert.deepEqual(new Set(await ask("skepnet-client", underlay("n3"), 8080, 4)), new Set([`web1 ${CLIENT}`]));
    for (const from of [namespace(ASKER), "skepnet-client"]) {
      assert.equal(await tell(from, "say still-here"), '["still-here","still-here"]');
    }
    await reconcileAll(ALL);
  });

  test("somebody else's rules are untouched", async () => {
    assert.equal(sh("nsenter --net=/run/netns/skepnet-n1 nft list table ip other"), foreign);
    const tables = sh("nsenter --net=/run/netns/skepnet-n1 nft list tables").trim().split("\n");
    assert.deepEqual(tables.toSorted(), ["table inet skep", "table ip other", "table ip skep", "table ip6 skep"]);
  });

  test("without tasks and ports nothing is left", async () => {
    for (const name of NODES) {
      await agent(name).reconcile({ ...inputOf(name, ALL), tasks: new Map(), views: new Map() }, signal);
      const links = sh(`ip -n skepnet-${name} -o link`).match(/\b(skep0|skbr\d+|skvx\d+|sv\w+)\b/g);
      assert.equal(links, null, name);
      assert.doesNotMatch(sh(`nsenter --net=/run/netns/skepnet-${name} nft list tables`), /skep/);
    }
    assert.doesNotMatch(sh("ip netns list"), /sk[tn]-nettest/);
  });
});
