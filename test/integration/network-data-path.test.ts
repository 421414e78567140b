// Another data path port than 4789, in a real kernel: networks use it and nothing else, and tasks cannot reach it by their way out,
// neither on purpose nor as the answer to somebody who seems to be a node. All names begin with skepdp- or an id with netdp.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import { newPublishedPort } from "../../proto/gen/network.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { type Fabric, makeFabric, Probes, removeFabric, sh } from "../support/network-fabric.ts";
import { inputOf, ownNamespaces, type Story, taskNamespace } from "../support/network-story.ts";

const signal = AbortSignal.timeout(120_000);
const PORT = 5_789;
const CLIENT = "10.99.0.100";
const FABRIC: Fabric = { name: "skepdp", hosts: { n1: "10.99.0.1", n2: "10.99.0.2", client: CLIENT } };
const STORY: Story = {
  ids: "netdp",
  nodes: { n1: "10.99.0.1", n2: "10.99.0.2" },
  networks: {
    ingress: {
      vni: 4098,
      ingress: true,
      dataPathPort: PORT,
      subnets: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }],
      services: {
        web: { ports: [newPublishedPort({ protocol: "udp", publishedPort: 8080, targetPort: 80, mode: "ingress" })] },
      },
    },
    back: {
      vni: 4099,
      dataPathPort: PORT,
      subnets: [{ subnet: "10.0.9.0/24", gateway: "10.0.9.1" }],
      services: { web: { vips: ["10.0.9.10"] } },
    },
  },
  tasks: [
    { name: "web1", node: "n2", service: "web", on: { ingress: ["10.0.0.4"], back: ["10.0.9.4"] } },
    { name: "ask1", node: "n1", service: "ask", on: { back: ["10.0.9.5"] } },
  ],
};
const host = (name: string): string => `${FABRIC.name}-${name}`;
const task = (name: string): string => taskNamespace(STORY, name);
const at = (namespace: string, command: string): string => sh(`nsenter --net=/run/netns/${namespace} ${command}`);

/** Datagrams that have come to a host's port since the test began. */
const arrived = (name: string, port: number): number =>
  Number(/packets (\d+)/.exec(at(host(name), `nft list counter inet count p${port}`))?.[1]);
/** One, from a port of its own. */
const send = (namespace: string, to: string, from: number, port: number): string =>
  at(
    namespace,
    `perl -MSocket -e 'socket(my $s,AF_INET,SOCK_DGRAM,0); bind($s,pack_sockaddr_in(${from},INADDR_ANY)) or die;
      send($s,"x",0,pack_sockaddr_in(${port},inet_aton("${to}")))'`,
  );

const probes = new Probes();

describe("another data path port", () => {
  before(async () => {
    removeFabric(FABRIC.name, STORY.ids);
    makeFabric(FABRIC);
    for (const name of ["n1", "n2", "client"]) {
      const ports = [4_789, PORT, 9_000];
      const counters = ports.map((port) => `add counter inet count p${port}`);
      const rules = ports.map((port) => `add rule inet count in udp dport ${port} counter name p${port}`);
      const chain = "add chain inet count in { type filter hook input priority -10; }";
      at(host(name), `nft '${["add table inet count", ...counters, chain, ...rules].join("; ")}'`);
    }
    for (const name of Object.keys(STORY.nodes)) {
      const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/${host(name)}` });
      const own = ownNamespaces(STORY, name);
      const agent = new NetworkNode({ kernel, isOurs: (namespace) => own.has(namespace), log: silentLog });
      await agent.reconcile(inputOf(STORY, name), signal);
    }
    assert.equal(await probes.tell(task("web1"), "serve web1 80"), "ready");
  });

  after(() => {
    probes.kill();
    removeFabric(FABRIC.name, STORY.ids);
  });

  test("carries what tasks say to one another, and what comes by a published port", async () => {
    assert.deepEqual(await probes.ask(task("ask1"), "10.0.9.10", 80), ["web1 10.0.9.5"]);
    assert.deepEqual(await probes.ask(host("client"), "10.99.0.1", 8080, 1, "udp"), [`web1 ${CLIENT}`]);
    assert.ok(arrived("n2", PORT) > 3 && arrived("n1", PORT) > 3);
    assert.deepEqual([arrived("n1", 4_789), arrived("n2", 4_789)], [0, 0]);
  });

  test("is closed to tasks: on other nodes, on their own, and elsewhere; other ports are not", async () => {
    const before = arrived("n1", PORT) + arrived("n2", PORT);
    for (const to of ["10.99.0.2", "10.99.0.1", CLIENT]) {
      send(task("ask1"), to, 7_001, PORT);
      send(task("ask1"), to, 7_002, 9_000);
    }
    assert.equal(arrived("n1", PORT) + arrived("n2", PORT), before);
    assert.deepEqual([arrived("client", PORT), arrived("client", 9_000), arrived("n2", 9_000)], [0, 1, 1]);
  });

  test("is closed to the answers of tasks, too", async () => {
    const before = arrived("client", PORT);
    send(host("client"), "10.99.0.1", PORT, 8080);
    send(host("client"), "10.99.0.2", PORT, 8080);
    assert.deepEqual(await probes.ask(host("client"), "10.99.0.1", 8080, 1, "udp"), [`web1 ${CLIENT}`]);
    assert.equal(arrived("client", PORT), before);
  });
});
