// A host with IPv6 switched off among others, in a real kernel: its tasks start, IPv4 is as ever, and its tasks take their share
// of what comes to other hosts by IPv6. All names begin with skepno6- or an id with netno6.
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
const CLIENT = "10.99.0.100";
const CLIENT6 = "fd00:99::100";
const FABRIC: Fabric = { name: "skepno6", hosts: { n1: "10.99.0.1", n2: "10.99.0.2", client: CLIENT } };
const STORY: Story = {
  ids: "netno6",
  nodes: { n1: "10.99.0.1", n2: "10.99.0.2" },
  networks: {
    ingress: {
      vni: 4098,
      ingress: true,
      subnets: [
        { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
        { subnet: "fd00:1::/64", gateway: "fd00:1::1" },
      ],
      services: {
        web: { ports: [newPublishedPort({ protocol: "tcp", publishedPort: 8080, targetPort: 80, mode: "ingress" })] },
      },
    },
  },
  tasks: [
    { name: "web1", node: "n1", service: "web", on: { ingress: ["10.0.0.3", "fd00:1::3"] } },
    { name: "web2", node: "n2", service: "web", on: { ingress: ["10.0.0.4", "fd00:1::4"] } },
  ],
};
const host = (name: string): string => `${FABRIC.name}-${name}`;
const setIpv6 = (value: "on" | "off"): string =>
  sh(`nsenter --net=/run/netns/${host("n2")} sysctl -qw net.ipv6.conf.all.disable_ipv6=${value === "off" ? 1 : 0}`);

const agents = new Map(
  Object.keys(STORY.nodes).map((name) => {
    const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/${host(name)}` });
    const own = ownNamespaces(STORY, name);
    return [name, new NetworkNode({ kernel, isOurs: (namespace) => own.has(namespace), log: silentLog })];
  }),
);
/** As an agent that starts: from what the kernel has. */
async function reconcile(): Promise<void> {
  for (const [name, agent] of agents) {
    agent.doubt();
    const { unready } = await agent.reconcile(inputOf(STORY, name), signal);
    assert.equal(unready.size, 0, name);
    assert.deepEqual(await agent.check(inputOf(STORY, name), signal), [], name);
  }
}

const probes = new Probes();
const ask = probes.ask.bind(probes);
const both = (client: string): readonly string[] => [`web1 ${client}`, `web2 ${client}`];

describe("a host with IPv6 switched off", () => {
  before(async () => {
    removeFabric(FABRIC.name, STORY.ids);
    makeFabric(FABRIC);
    setIpv6("off");
    await reconcile();
    for (const { name } of STORY.tasks) {
      assert.equal(await probes.tell(taskNamespace(STORY, name), `serve ${name} 80`), "ready");
    }
  });

  after(() => {
    probes.kill();
    removeFabric(FABRIC.name, STORY.ids);
  });

  test("publishes by IPv4 as ever: the task sees the client's own address", async () => {
    assert.deepEqual(await ask(host("client"), "10.99.0.2", 8080, 2), both(CLIENT));
    assert.deepEqual(await ask(host("n2"), "127.0.0.1", 8080, 2), both("10.0.0.252"));
  });

  test("has tasks that clients of other hosts reach by IPv6, too", async () => {
    assert.deepEqual(await ask(host("client"), "fd00:99::1", 8080, 2), both(CLIENT6));
    assert.deepEqual(await ask(host("n1"), "::1", 8080, 2), both("fd00:1::251"));
  });

  test("publishes by IPv6 once it is switched on, and by IPv4 alone when it is switched off again", async () => {
    setIpv6("on");
    sh(`ip -n ${host("n2")} addr replace fd00:99::2/64 dev up0 nodad`);
    await reconcile();
    assert.deepEqual(await ask(host("client"), "fd00:99::2", 8080, 2), both(CLIENT6));
    assert.deepEqual(await ask(host("n2"), "::1", 8080, 2), both("fd00:1::252"));
    setIpv6("off");
    await reconcile();
    assert.deepEqual(await ask(host("client"), "10.99.0.2", 8080, 2), both(CLIENT));
  });
});
