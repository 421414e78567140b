// Published ports in a real kernel, on hosts that forward nothing: every way in, both families, all protocols; what happens to
// flows when a task drains or goes. All names begin with skeppub- or an id with netpub.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import { newPublishedPort, type PublishedPort } from "../../proto/gen/network.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { type Fabric, makeFabric, Probes, removeFabric, sh } from "../support/network-fabric.ts";
import {
  boardNamespace,
  inputOf,
  ownNamespaces,
  type Story,
  type StoryTask,
  taskNamespace,
} from "../support/network-story.ts";
import { heardSctp, sendSctp } from "../support/sctp.ts";

const signal = AbortSignal.timeout(300_000);
const CLIENT = "10.99.0.100";
const CLIENT6 = "fd00:99::100";
const FABRIC: Fabric = {
  name: "skeppub",
  hosts: { n1: "10.99.0.1", n2: "10.99.0.2", n3: "10.99.0.3", client: CLIENT, other: "10.99.0.101" },
};
const port = (publishedPort: number, more: Partial<PublishedPort> = {}): PublishedPort =>
  newPublishedPort({ protocol: "tcp", publishedPort, targetPort: 80, mode: "ingress", ...more });
const STORY: Story = {
  ids: "netpub",
  nodes: { n1: "10.99.0.1", n2: "10.99.0.2", n3: "10.99.0.3" },
  networks: {
    ingress: {
      vni: 4096,
      ingress: true,
      subnets: [
        { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
        { subnet: "fd00:1::/64", gateway: "fd00:1::1" },
      ],
      services: {
        web: {
          ports: [
            port(8080),
            port(8053, { protocol: "udp" }),
            port(9132, { protocol: "sctp", targetPort: 9132 }),
            port(8081, { preferLocal: true }),
            port(8082, { hostIps: ["127.0.0.1", "::1"] }),
            port(8083, { hostIps: ["10.99.0.3", "not an address"] }),
            // A range is so many ports.
            ...[8090, 8091, 8092].map((published, i) => port(published, { targetPort: 80 + i })),
          ],
        },
      },
    },
    back: {
      vni: 4097,
      subnets: [{ subnet: "10.0.9.0/24", gateway: "10.0.9.1" }],
      services: { web: { vips: ["10.0.9.10"] } },
    },
  },
  tasks: [
    { name: "web1", node: "n1", service: "web", on: { ingress: ["10.0.0.3", "fd00:1::3"], back: ["10.0.9.3"] } },
    { name: "web2", node: "n2", service: "web", on: { ingress: ["10.0.0.4", "fd00:1::4"], back: ["10.0.9.4"] } },
    {
      name: "asker",
      node: "n1",
      service: "asker",
      on: { back: ["10.0.9.5"] },
      hostPorts: [
        port(9000, { mode: "host" }),
        port(9001, { mode: "host", protocol: "udp" }),
        port(9132, { mode: "host", protocol: "sctp", targetPort: 9132, hostIps: ["10.99.0.1"] }),
      ],
    },
  ],
};
/** Of the same service, when the others are gone. */
const LAST: StoryTask = {
  name: "web3",
  node: "n2",
  service: "web",
  on: { ingress: ["10.0.0.5", "fd00:1::5"], back: ["10.0.9.6"] },
};
const NODES = Object.keys(STORY.nodes);
const host = (name: string): string => `${FABRIC.name}-${name}`;
const task = (name: string): string => taskNamespace(STORY, name);

const agents = new Map(
  NODES.map((name) => {
    const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/${host(name)}` });
    const own = ownNamespaces({ ...STORY, tasks: [...STORY.tasks, LAST] }, name);
    return [name, new NetworkNode({ kernel, isOurs: (namespace) => own.has(namespace), log: silentLog })];
  }),
);
async function reconcile(story: Story): Promise<void> {
  for (const [name, agent] of agents) await agent.reconcile(inputOf(story, name), signal);
}
const withWeb2 = (state: "draining" | "gone"): Story => ({
  ...STORY,
  tasks: STORY.tasks.flatMap((each) => (each.name !== "web2" ? each : state === "gone" ? [] : { ...each, state })),
});

/** As Docker's, and as a firewall's: nothing is forwarded, and what stays inside a bridge passes here, too. */
const DROPPING = `
table ip foreign { chain FORWARD { type filter hook forward priority 0; policy drop; }; }
table ip6 foreign { chain FORWARD { type filter hook forward priority 0; policy drop; }; }
`;

const switches = (): string =>
  sh(
    `nsenter --net=/run/netns/${host("n3")} sh -c 'cd /proc/sys/net; grep -s . bridge/* ipv4/ip_forward ipv6/conf/all/*; true'`,
  );
let untouched = "";

const probes = new Probes();
const ask = probes.ask.bind(probes);
const tell = probes.tell.bind(probes);

describe("published ports in a real kernel, where the host forwards nothing", () => {
  before(async () => {
    removeFabric(FABRIC.name, STORY.ids);
    makeFabric(FABRIC);
    for (const name of NODES) sh(`nsenter --net=/run/netns/${host(name)} nft -f - <<'X'${DROPPING}X`);
    untouched = switches();
    await reconcile(STORY);
    assert.equal(await tell(host("client"), "serve world 80"), "ready");
    for (const each of STORY.tasks) {
      for (const number of each.service === "web" ? [80, 81, 82] : [80]) {
        assert.equal(await tell(task(each.name), `serve ${each.name} ${number}`), "ready");
      }
    }
  });

  after(() => {
    probes.kill();
    removeFabric(FABRIC.name, STORY.ids);
  });

  test("tasks reach each other across nodes and by virtual address", async () => {
    assert.deepEqual(await ask(task("asker"), "10.0.9.4", 80), ["web2 10.0.9.5"]);
    assert.deepEqual(await ask(task("asker"), "10.0.9.10", 80, 2), ["web1 10.0.9.5", "web2 10.0.9.5"]);
    assert.deepEqual(await ask(task("asker"), "10.0.9.10", 80, 2, "udp"), ["web1 10.0.9.5", "web2 10.0.9.5"]);
  });

  for (const protocol of ["tcp", "udp"] as const) {
    const published = protocol === "tcp" ? 8080 : 8053;
    test(`${protocol}: every node answers, and the task sees the client's own address, IPv4 and IPv6`, async () => {
      for (const name of NODES) {
        const last = STORY.nodes[name]?.split(".")[3];
        const seen = await ask(host("client"), `10.99.0.${last}`, published, 4, protocol);
        assert.deepEqual(seen, [`web1 ${CLIENT}`, `web1 ${CLIENT}`, `web2 ${CLIENT}`, `web2 ${CLIENT}`], name);
        const seen6 = await ask(host("client"), `fd00:99::${last}`, published, 2, protocol);
        assert.deepEqual(seen6, [`web1 ${CLIENT6}`, `web2 ${CLIENT6}`], name);
      }
    });

    test(`${protocol}: a node without a task answers itself: 127.0.0.1, ::1 and its own addresses`, async () => {
      for (const address of ["127.0.0.1", "10.99.0.3"]) {
        const seen = await ask(host("n3"), address, published, 2, protocol);
        assert.deepEqual(seen, ["web1 10.0.0.253", "web2 10.0.0.253"], address);
      }
      for (const address of ["::1", "fd00:99::3"]) {
        const seen = await ask(host("n3"), address, published, 2, protocol);
        assert.deepEqual(seen, ["web1 fd00:1::253", "web2 fd00:1::253"], address);
      }
    });

    test(`${protocol}: a port in host mode answers on its node, with the client's address`, async () => {
      const own = protocol === "tcp" ? 9000 : 9001;
      assert.deepEqual(await ask(host("client"), "10.99.0.1", own, 1, protocol), [`asker ${CLIENT}`]);
      assert.deepEqual(await ask(host("client"), "fd00:99::1", own, 1, protocol), [`asker ${CLIENT6}`]);
      assert.deepEqual(await ask(host("n1"), "127.0.0.1", own, 1, protocol), ["asker 172.29.0.1"]);
      assert.deepEqual(await ask(host("n1"), "::1", own, 1, protocol), ["asker fd00:29::1"]);
    });
  }

  test("a client asks several nodes from one port of its own: each of them answers, whatever task they lead to", async () => {
    const hosts = ["10.99.0.1", "10.99.0.2", "10.99.0.3"];
    const hosts6 = ["fd00:99::1", "fd00:99::2", "fd00:99::3"];
    // Three nodes, two tasks: two of the connections are at the same one.
    for (const [nodes, client] of [
      [hosts, CLIENT],
      [hosts6, CLIENT6],
    ] as const) {
      const seen = JSON.parse(await tell(host("client"), `same-tcp 8080 ${nodes.join()}`)) as string[];
      for (const [i, line] of seen.entries()) assert.match(line, new RegExp(`^web[12] ${client}$`), `by ${nodes[i]}`);
    }
    for (const [i, node] of hosts.entries()) {
      const seen = await tell(host("client"), `same-udp ${node} 8053${i === 0 ? " new" : ""}`);
      assert.match(seen, new RegExp(`^web[12] ${CLIENT}$`), `by ${node}`);
    }
  });

  test("sctp: the task gets the client's packet with his own address, by the mesh and in host mode", async () => {
    for (const [through, receiver] of [
      ["10.99.0.3", "web"],
      ["10.99.0.1", "asker"],
    ] as const) {
      const there = STORY.tasks.filter(({ service }) => service === receiver).map(({ name }) => task(name));
      const heard = await heardSctp(there, () => sendSctp(host("client"), through, 9132), signal);
      assert.equal(heard, `${CLIENT} 9132`, `through ${through}`);
    }
  });

  test("prefer local: a node with a task gives it all its connections, another one spreads them", async () => {
    assert.deepEqual(new Set(await ask(host("client"), "10.99.0.1", 8081, 4)), new Set([`web1 ${CLIENT}`]));
    assert.deepEqual(new Set(await ask(host("client"), "10.99.0.2", 8081, 4)), new Set([`web2 ${CLIENT}`]));
    assert.equal(new Set(await ask(host("client"), "10.99.0.3", 8081, 4)).size, 2);
  });

  test("a port on one address of the node is on no other", async () => {
    assert.deepEqual(await ask(host("client"), "10.99.0.3", 8083, 2), [`web1 ${CLIENT}`, `web2 ${CLIENT}`]);
    assert.deepEqual(await ask(host("n3"), "10.99.0.3", 8083, 2), ["web1 10.0.0.253", "web2 10.0.0.253"]);
    for (const [from, to, number] of [
      ["client", "10.99.0.1", 8083],
      ["client", "fd00:99::3", 8083],
      ["n3", "127.0.0.1", 8083],
      ["client", "10.99.0.3", 8082],
      ["n3", "10.99.0.3", 8082],
    ] as const) {
      assert.deepEqual(await ask(host(from), to, number), ["error ECONNREFUSED"], `${from} to ${to}:${number}`);
    }
    assert.deepEqual(await ask(host("n3"), "127.0.0.1", 8082, 2), ["web1 10.0.0.253", "web2 10.0.0.253"]);
    assert.deepEqual(await ask(host("n3"), "::1", 8082, 2), ["web1 fd00:1::253", "web2 fd00:1::253"]);
  });

  test("a range: each port has its own target", async () => {
    for (const number of [8090, 8091, 8092]) {
      assert.deepEqual(await ask(host("client"), "10.99.0.3", number, 2), [`web1 ${CLIENT}`, `web2 ${CLIENT}`]);
    }
  });

  test("a task reaches its own service by virtual address and published port, itself included", async () => {
    assert.deepEqual(await ask(task("web1"), "10.0.9.10", 80, 2), ["web1 10.0.9.3", "web2 10.0.9.3"]);
    assert.deepEqual(await ask(task("web1"), "10.99.0.1", 8080, 2), ["web1 10.0.0.251", "web2 10.0.0.251"]);
    assert.deepEqual(await ask(task("web1"), "10.99.0.2", 8080, 2), ["web1 10.99.0.1", "web2 10.99.0.1"]);
    assert.deepEqual(await ask(task("asker"), "10.99.0.1", 9000), ["asker 172.29.0.2"]);
  });

  test("a task goes out with the host's address, though the host forwards nothing: TCP, UDP, echo, IPv4 and IPv6", async () => {
    for (const protocol of ["tcp", "udp"] as const) {
      assert.deepEqual(await ask(task("web1"), CLIENT, 80, 2, protocol), ["world 10.99.0.1", "world 10.99.0.1"]);
      assert.deepEqual(await ask(task("web1"), CLIENT6, 80, 1, protocol), ["world fd00:99::1"]);
    }
    sh(`nsenter --net=/run/netns/${task("web1")} busybox ping -c1 -W2 ${CLIENT}`);
    sh(`nsenter --net=/run/netns/${task("web1")} busybox ping -6 -c1 -W2 ${CLIENT6}`);
    // The host's own use of a port in the range is not disturbed.
    assert.equal(await tell(host("n1"), "serve host 61234"), "ready");
    assert.deepEqual(await ask(host("client"), "10.99.0.1", 61234), [`host ${CLIENT}`]);
    assert.deepEqual(await ask(host("client"), "10.99.0.1", 61234, 1, "udp"), [`host ${CLIENT}`]);
  });

  test("an agent that starts again finds nothing to do", async () => {
    for (const [name, agent] of agents) {
      agent.doubt();
      assert.deepEqual(await agent.check(inputOf(STORY, name), signal), [], name);
      assert.equal((await agent.reconcile(inputOf(STORY, name), signal)).steps, 0, name);
    }
  });

  test("a draining task: UDP goes to another at once, from the same port; TCP goes on; in the end nothing leads to it", async () => {
    const streams = [
      [host("client"), "10.99.0.3", 8053, 8080],
      [task("asker"), "10.0.9.10", 80, 80],
    ] as const;
    for (const [from, to, udp, tcp] of streams) {
      const seen: string[] = [];
      while (seen.length < 4 && !seen.at(-1)?.startsWith("web2"))
        seen.push(await tell(from, `same-udp ${to} ${udp} new`));
      assert.match(await tell(from, `same-udp ${to} ${udp}`), /^web2 /, from);
      for (let i = 0; i < 2; i++) await tell(from, `hold ${to} ${tcp}`);
    }
    await reconcile(withWeb2("draining"));
    for (const [from, to, udp] of streams) {
      assert.match(await tell(from, `same-udp ${to} ${udp}`), /^web1 /, from);
      assert.equal(await tell(from, "say still-here"), '["still-here","still-here"]');
    }
    const entries = (): string =>
      sh(`cat_() { nsenter --net=/run/netns/$1 cat /proc/net/nf_conntrack; }
      cat_ ${task("asker")}; cat_ ${boardNamespace(STORY, "n3")}`);
    assert.match(entries(), /tcp .*src=10\.0\.9\.4 dst=10\.0\.9\.5/);
    assert.doesNotMatch(entries(), /udp .*src=10\.0\.9\.4 /);
    await reconcile(withWeb2("gone"));
    for (const agent of agents.values()) while (agent.hasStaleFlows) await agent.endStaleFlows(signal);
    assert.doesNotMatch(entries(), /dst=10\.0\.9\.10 .*src=10\.0\.9\.4 /);
    assert.doesNotMatch(entries(), /src=10\.0\.0\.4 dst=10\.99\.0\.100/);
    assert.deepEqual(new Set(await ask(host("client"), "10.99.0.3", 8080, 3)), new Set([`web1 ${CLIENT}`]));
  });

  test("the last task of a service stops: established connections go on at every node, though nothing is published any more", async () => {
    const ingress = STORY.networks["ingress"];
    assert.ok(ingress !== undefined);
    const only = (state: "ready" | "draining" | "gone", services = ingress.services): Story => ({
      ...STORY,
      networks: { ...STORY.networks, ingress: { ...ingress, services } },
      tasks: [
        ...STORY.tasks.filter(({ service }) => service !== "web"),
        ...(state === "gone" ? [] : [{ ...LAST, state }]),
      ],
    });
    await reconcile(only("ready"));
    assert.equal(await tell(task("web3"), "serve web3 80"), "ready");
    const other = host("other");
    const ways = ["10.99.0.1", "10.99.0.2", "10.99.0.3", "fd00:99::2", "fd00:99::3"];
    for (const way of ways) assert.match(await tell(other, `hold ${way} 8080`), /^web3 /, way);
    const all = (word: string): string => JSON.stringify(ways.map(() => word));
    for (const services of [ingress.services, {}]) {
      await reconcile(only("draining", services)); // an update or scale=0, then as after `service rm`
      assert.equal(await tell(other, "say still-here"), all("still-here"));
      for (const way of ways) assert.deepEqual(await ask(other, way, 8080), ["error ECONNREFUSED"], way);
    }
    await reconcile(only("gone", {}));
    for (const agent of agents.values()) while (agent.hasStaleFlows) await agent.endStaleFlows(signal);
    assert.equal(await tell(other, "say anybody"), all("error read ECONNRESET"));
  });

  test("the host's rules and switches are as they were, but for our tables", () => {
    const tables = sh(`nsenter --net=/run/netns/${host("n3")} nft list tables`)
      .trim()
      .split("\n");
    assert.deepEqual(
      tables.filter((line) => !line.endsWith(" skep")),
      ["table ip foreign", "table ip6 foreign"],
    );
    assert.equal(switches(), untouched);
  });
});
