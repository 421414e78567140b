// How fast the network is: iperf3 between tasks on two hosts, against VXLAN made by hand on two hosts of the same kind and against
// a bare pair of veth; wrk to a service by its virtual address and through a node without a task, against the task's own address.
// All in turn, so that what else the machine does hits all alike. Needs iperf3 and wrk.
// Run as root: node test/bench/network-data-plane.ts [--rounds 5] [--seconds 3]
import { spawn, spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import { newPublishedPort } from "../../proto/gen/network.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { makeFabric, Probes, removeFabric, sh } from "../support/network-fabric.ts";
import { inputOf, ownNamespaces, type Story, taskNamespace } from "../support/network-story.ts";
import { median, printTable } from "./table.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "3" } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const FABRIC = {
  name: "skepplane",
  hosts: {
    n1: "10.99.0.1",
    n2: "10.99.0.2",
    n3: "10.99.0.3",
    hand1: "10.99.0.11",
    hand2: "10.99.0.12",
    client: "10.99.0.100",
  },
};
const STORY: Story = {
  ids: "nd",
  nodes: { n1: "10.99.0.1", n2: "10.99.0.2", n3: "10.99.0.3" },
  networks: {
    ingress: {
      vni: 4096,
      ingress: true,
      subnets: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }],
      services: { web: { ports: [newPublishedPort({ publishedPort: 8080, targetPort: 80, mode: "ingress" })] } },
    },
    net: {
      vni: 4097,
      subnets: [{ subnet: "10.0.9.0/24", gateway: "10.0.9.1" }],
      services: { web: { vips: ["10.0.9.10"] } },
    },
  },
  tasks: [
    { name: "asker1", node: "n1", service: "asker", on: { net: ["10.0.9.3"] } },
    { name: "web001", node: "n2", service: "web", on: { ingress: ["10.0.0.4"], net: ["10.0.9.4"] } },
  ],
};
const NODES = Object.keys(STORY.nodes);
const signal = new AbortController().signal;
const host = (name: string): string => `${FABRIC.name}-${name}`;
const task = (name: string): string => taskNamespace(STORY, name);
const inside = (namespace: string): readonly string[] => [`--net=/run/netns/${namespace}`, "--"];

/** Two hosts with a bridge, a VXLAN device and a namespace each, and two namespaces with nothing between. */
function makePeers(): void {
  for (const [i, other] of [
    [1, 2],
    [2, 1],
  ] as const) {
    sh(`ip netns add ${host(`c${i}`)}
      ip -n ${host(`hand${i}`)} link add br0 mtu 1450 type bridge
      ip -n ${host(`hand${i}`)} link add vx0 mtu 1450 type vxlan id 7 dstport 4789 local 10.99.0.1${i} nolearning
      ip -n ${host(`hand${i}`)} link set vx0 master br0 up
      ip -n ${host(`hand${i}`)} link set br0 up
      ip -n ${host(`hand${i}`)} link add v0 mtu 1450 type veth peer name eth0 mtu 1450 netns ${host(`c${i}`)}
      ip -n ${host(`hand${i}`)} link set v0 master br0 up
      nsenter --net=/run/netns/${host(`hand${i}`)} bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.99.0.1${other}
      ip -n ${host(`c${i}`)} addr add 10.0.9.${i}/24 dev eth0
      ip -n ${host(`c${i}`)} link set eth0 up`);
  }
  sh(`ip netns add ${host("b1")}; ip netns add ${host("b2")}
    ip -n ${host("b1")} link add eth0 type veth peer name eth0 netns ${host("b2")}
    ip -n ${host("b1")} addr add 10.0.9.1/24 dev eth0; ip -n ${host("b1")} link set eth0 up
    ip -n ${host("b2")} addr add 10.0.9.2/24 dev eth0; ip -n ${host("b2")} link set eth0 up`);
}

function run(namespace: string, ...words: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync("nsenter", [...inside(namespace), ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

/** Gbit/s as the receiver counts. */
function iperf(namespace: string, to: string): number {
  const report: unknown = JSON.parse(run(namespace, "iperf3", "-J", "-c", to, "-t", String(seconds)));
  const { end } = report as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e9;
}

/** Requests per second. */
function wrk(namespace: string, url: string): number {
  const report = run(namespace, "wrk", "-t1", "-c16", `-d${seconds}s`, url);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(report)?.[1] ?? Number.NaN);
}

const probes = new Probes();
const servers: ReturnType<typeof spawn>[] = [];
try {
  removeFabric(FABRIC.name, STORY.ids);
  makeFabric(FABRIC);
  makePeers();
  for (const name of NODES) {
    const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/${host(name)}` });
    const own = ownNamespaces(STORY, name);
    const agent = new NetworkNode({ kernel, isOurs: (namespace) => own.has(namespace), log: silentLog });
    await agent.reconcile(inputOf(STORY, name), signal);
  }
  for (const namespace of [task("web001"), host("c2"), host("b2")]) {
    servers.push(spawn("nsenter", [...inside(namespace), "iperf3", "-s"], { stdio: "ignore" }));
  }
  await probes.tell(task("web001"), "serve-http 80");
  await realEnv.sleep(500, signal); // iperf3 has no sign that it listens

  const kinds: readonly (readonly [string, () => number])[] = [
    ["bare pair of veth, Gbit/s", () => iperf(host("b1"), "10.0.9.2")],
    ["VXLAN by hand, Gbit/s", () => iperf(host("c1"), "10.0.9.2")],
    ["between tasks, by address, Gbit/s", () => iperf(task("asker1"), "10.0.9.4")],
    ["between tasks, by virtual address, Gbit/s", () => iperf(task("asker1"), "10.0.9.10")],
    ["wrk to the task's own address, requests/s", () => wrk(task("asker1"), "http://10.0.9.4/")],
    ["wrk by virtual address, requests/s", () => wrk(task("asker1"), "http://10.0.9.10/")],
    ["wrk by a node with the task, requests/s", () => wrk(host("client"), "http://10.99.0.2:8080/")],
    ["wrk by a node without a task, requests/s", () => wrk(host("client"), "http://10.99.0.3:8080/")],
  ];
  const seen = new Map<string, number[]>(kinds.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) for (const [name, measure] of kinds) seen.get(name)?.push(measure());
  /** Of the same round: the machine was as busy then. */
  const against = (name: string, base: string): string => {
    const bases = seen.get(base) ?? [];
    return median((seen.get(name) ?? []).map((value, i) => value / (bases[i] ?? Number.NaN))).toFixed(2);
  };
  printTable(
    ["what", "median", "lowest – highest", "against", "ratio"],
    kinds.map(([name], i) => {
      const list = seen.get(name) ?? [];
      const digits = i < 4 ? 1 : 0;
      const base = kinds[i < 4 ? 1 : 4]?.[0] ?? "";
      const range = `${Math.min(...list).toFixed(digits)} – ${Math.max(...list).toFixed(digits)}`;
      return [name, median(list).toFixed(digits), range, i < 4 ? "VXLAN by hand" : "own address", against(name, base)];
    }),
  );
} finally {
  probes.kill();
  for (const server of servers) server.kill("SIGKILL");
  removeFabric(FABRIC.name, STORY.ids);
}
