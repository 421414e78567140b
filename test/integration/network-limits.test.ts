// What must hold at the edges of the network in a real kernel: an underlay that carries little, and a task that fills its table
// of connections. All names begin with skeplim- or an id with netlim.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import { newPublishedPort } from "../../proto/gen/network.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { type Fabric, makeFabric, Probes, removeFabric, sh } from "../support/network-fabric.ts";
import { boardNamespace, inputOf, ownNamespaces, type Story, taskNamespace } from "../support/network-story.ts";

const signal = AbortSignal.timeout(300_000);
const CLIENT = "10.99.0.100";
/** Beyond a router that carries still less. */
const FAR = "10.98.0.2";
const FABRIC: Fabric = {
  name: "skeplim",
  hosts: { n1: "10.99.0.1", n2: "10.99.0.2", n3: "10.99.0.3", client: CLIENT },
  mtu: 1400,
};
const STORY: Story = {
  ids: "netlim",
  nodes: { n1: "10.99.0.1", n2: "10.99.0.2", n3: "10.99.0.3" },
  networks: {
    ingress: {
      vni: 4096,
      mtu: 1350,
      ingress: true,
      subnets: [
        { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
        { subnet: "fd00:1::/64", gateway: "fd00:1::1" },
      ],
      services: { web: { ports: [newPublishedPort({ publishedPort: 8080, targetPort: 80, mode: "ingress" })] } },
    },
    back: {
      vni: 4097,
      mtu: 1350,
      subnets: [{ subnet: "10.0.9.0/24", gateway: "10.0.9.1" }],
      services: { web: { vips: ["10.0.9.10"] } },
    },
  },
  tasks: [
    { name: "w1", node: "n2", service: "web", on: { ingress: ["10.0.0.4", "fd00:1::4"], back: ["10.0.9.4"] } },
    { name: "a1", node: "n1", service: "ask", on: { back: ["10.0.9.5"] } },
    { name: "a2", node: "n1", service: "ask", on: { back: ["10.0.9.6"] } },
  ],
};
const host = (name: string): string => `${FABRIC.name}-${name}`;
const task = (name: string): string => taskNamespace(STORY, name);
const at = (namespace: string, command: string): string => sh(`nsenter --net=/run/netns/${namespace} ${command}`);

const probes = new Probes();
const agents = new Map<string, NetworkNode>();
const bulk = (from: string, to: string, port: number): Promise<string> =>
  probes.tell(from, `bulk ${to} ${port} 300000`);

describe("the edges of the network in a real kernel", () => {
  before(async () => {
    removeFabric(FABRIC.name, STORY.ids);
    makeFabric(FABRIC);
    sh(`ip netns add ${host("far")}
      ip -n ${host("client")} link add far mtu 1300 type veth peer name up0 mtu 1300 netns ${host("far")}
      ip -n ${host("client")} addr add 10.98.0.1/24 dev far; ip -n ${host("client")} link set far up
      ip -n ${host("far")} addr add ${FAR}/24 dev up0; ip -n ${host("far")} link set up0 up
      ip -n ${host("far")} route add default via 10.98.0.1
      nsenter --net=/run/netns/${host("client")} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'`);
    for (const name of Object.keys(STORY.nodes)) {
      sh(`ip -n ${host(name)} route add 10.98.0.0/24 via ${CLIENT}`);
      const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/${host(name)}` });
      const own = ownNamespaces(STORY, name);
      const agent = new NetworkNode({ kernel, isOurs: (namespace) => own.has(namespace), log: silentLog });
      agents.set(name, agent);
      await agent.reconcile(inputOf(STORY, name), signal);
    }
    for (const [namespace, port] of [
      [task("w1"), 80],
      [host("client"), 90],
      [host("far"), 90],
    ] as const) {
      assert.equal(await probes.tell(namespace, `serve it ${port}`), "ready");
    }
  });

  after(() => {
    probes.kill();
    removeFabric(FABRIC.name, STORY.ids);
  });

  test("an underlay of 1400: much data comes whole between tasks, through the mesh, and out into the world", async () => {
    assert.equal(await bulk(task("a1"), "10.0.9.10", 80), "whole");
    assert.equal(await bulk(host("client"), "10.99.0.3", 8080), "whole");
    assert.equal(await bulk(host("client"), "fd00:99::3", 8080), "whole");
    assert.equal(await bulk(task("a1"), CLIENT, 90), "whole");
  });

  test("a way that narrows further on: what routers say of it reaches the task, out and back through the mesh", async () => {
    assert.equal(await bulk(task("a1"), FAR, 90), "whole");
    assert.equal(await bulk(host("far"), "10.99.0.3", 8080), "whole");
    assert.equal(await bulk(host("far"), "10.99.0.2", 8080), "whole");
  });

  test("a datagram in fragments comes through the mesh-sized link between tasks", async () => {
    const seen = at(task("a1"), `busybox ping -c1 -W2 -s 4000 10.0.9.4`);
    assert.match(seen, /4008 bytes from 10\.0\.9\.4/);
  });

  test("a network that becomes too narrow for IPv6 goes on by IPv4, nothing fails for it, and IPv6 comes back with the width", async () => {
    const { ingress, back } = STORY.networks;
    assert.ok(ingress !== undefined && back !== undefined);
    for (const mtu of [1_230, 1_350]) {
      const networks: Story["networks"] = { ingress: { ...ingress, mtu }, back: { ...back, mtu } };
      for (const [name, agent] of agents) {
        const { failed, without, unready } = await agent.reconcile(inputOf({ ...STORY, networks }, name), signal);
        assert.deepEqual([failed.size, unready.size, without], [0, 0, []], name);
        agent.doubt();
        assert.equal((await agent.reconcile(inputOf({ ...STORY, networks }, name), signal)).steps, 0, name);
      }
      assert.equal(await bulk(task("a1"), "10.0.9.10", 80), "whole");
      assert.equal(await bulk(host("client"), "10.99.0.3", 8080), "whole");
      const six = await bulk(host("client"), "fd00:99::3", 8080);
      assert.equal(six, mtu === 1_230 ? "error ECONNREFUSED" : "whole");
    }
  });

  test("a task that opens connections without end fills a table of its own, and other traffic goes on", async () => {
    const count = (namespace: string): number =>
      Number(at(namespace, "cat /proc/sys/net/netfilter/nf_conntrack_count").trim());
    const flood = `perl -MSocket -e 'socket(my $s,AF_INET,SOCK_DGRAM,0); my $to=inet_aton("10.0.9.4");
      send($s,"x",0,pack_sockaddr_in($_,$to)) for (20000..60000)'`;
    at(task("a1"), flood);
    assert.ok(count(task("a1")) > 30_000, String(count(task("a1"))));
    for (const other of [
      task("a2"),
      boardNamespace(STORY, "n1"),
      host("n1"),
      boardNamespace(STORY, "n2"),
      host("n2"),
    ]) {
      assert.ok(count(other) < 1_000, `${other}: ${count(other)}`);
    }
    assert.deepEqual(await probes.ask(task("a2"), "10.0.9.10", 80), ["it 10.0.9.6"]);
    assert.deepEqual(await probes.ask(host("client"), "10.99.0.1", 8080), [`it ${CLIENT}`]);
    assert.deepEqual(await probes.ask(task("a2"), CLIENT, 90), ["it 10.99.0.1"]);
  });
});
