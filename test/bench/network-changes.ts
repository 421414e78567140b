// What one change costs a node: a network of 500 services with 2 tasks each on 5 nodes, 50 of the tasks on this one, in a real
// kernel. A task becomes ready, drains, goes; each time until the kernel of this node says so.
// Run as root: node test/bench/network-changes.ts [--services 500] [--here 50] [--changes 20]
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { makeFabric, removeFabric, sh } from "../support/network-fabric.ts";
import { inputOf, type Story, type StoryTask, taskNamespace } from "../support/network-story.ts";
import { median, percentile, printTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "500" },
    here: { type: "string", default: "50" },
    changes: { type: "string", default: "20" },
  },
});
const services = Number(values.services);
const here = Number(values.here);
const FABRIC = { name: "skepbench", hosts: { n1: "10.99.0.1" } };
const IDS = "nb"; // links are named after the first eight characters of a task
const signal = new AbortController().signal;

const address = (n: number): string => `10.1.${n >> 8}.${n & 255}`;
const all = Array.from({ length: services * 2 }, (_, n): StoryTask => {
  // The first ones are here, of as many services.
  const node = n < here ? "n1" : `n${2 + (n % 4)}`;
  return { name: `t${n + 1000}`, node, service: `s${n % services}`, on: { net: [address(n + 2)] } };
});

function storyOf(tasks: readonly StoryTask[]): Story {
  const vips = Array.from({ length: services }, (_, n) => [`s${n}`, { vips: [`10.2.${n >> 8}.${n & 255}`] }] as const);
  return {
    ids: IDS,
    nodes: { n1: "10.99.0.1", n2: "10.99.0.2", n3: "10.99.0.3", n4: "10.99.0.4", n5: "10.99.0.5" },
    networks: {
      net: { vni: 4097, subnets: [{ subnet: "10.0.0.0/8", gateway: "10.0.0.1" }], services: Object.fromEntries(vips) },
    },
    tasks,
  };
}

const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/${FABRIC.name}-n1` });
const agent = new NetworkNode({ kernel, isOurs: (name) => name.slice(4).startsWith(IDS), log: silentLog });

interface Cost {
  readonly ms: number;
  readonly ownCpuMs: number;
  readonly steps: number;
}

/** The views of a change: what did not change stays the same object, as when a delta is merged. */
let last = inputOf(storyOf(all), "n1");
async function change(tasks: readonly StoryTask[]): Promise<Cost> {
  const fresh = inputOf(storyOf(tasks), "n1");
  const views = [...fresh.views].map(([id, view]) => {
    const old = last.views.get(id);
    const keep = <K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V> | undefined): ReadonlyMap<K, V> =>
      new Map([...a].map(([key, value]) => [key, same(value, b?.get(key)) ? (b?.get(key) ?? value) : value]));
    const endpoints = keep(view.endpoints, old?.endpoints);
    const merged = {
      ...view,
      endpoints,
      services: keep(view.services, old?.services),
      nodes: keep(view.nodes, old?.nodes),
    };
    return [id, merged] as const;
  });
  last = { ...fresh, views: new Map(views) };
  const cpu = process.cpuUsage();
  const workerMs = workerCpuMs();
  const startedMs = performance.now();
  const { steps } = await agent.reconcile(last, signal);
  const used = process.cpuUsage(cpu);
  const ms = performance.now() - startedMs;
  return { ms, ownCpuMs: (used.user + used.system) / 1000 + workerCpuMs() - workerMs, steps };
}

/** Of the process that works on the kernel, which is our only child; 0 while there is none. */
function workerCpuMs(): number {
  const [pid = ""] = readFileSync("/proc/thread-self/children", "utf8").split(" ");
  if (pid === "") return 0;
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

try {
  removeFabric(FABRIC.name, IDS);
  makeFabric(FABRIC);
  const made = await change(all);
  const costs = new Map<string, Cost[]>([
    ["another node's task becomes ready", []],
    ["… drains", []],
    ["… is gone", []],
    ["nothing changed", []],
  ]);
  const put = async (name: string, tasks: readonly StoryTask[]): Promise<void> => {
    costs.get(name)?.push(await change(tasks));
  };
  for (let i = 0; i < Number(values.changes); i++) {
    const extra: StoryTask = { name: `x${i}`, node: "n3", service: `s${i}`, on: { net: [address(60_000 + i)] } };
    await put("another node's task becomes ready", [...all, extra]);
    await put("… drains", [...all, { ...extra, state: "draining" }]);
    await put("… is gone", all);
    await put("nothing changed", all);
  }
  const checkedMs = performance.now();
  const differences = await agent.check(last, signal);
  const checkMs = performance.now() - checkedMs;
  const rules = sh(
    `nsenter --net=/run/netns/${taskNamespace(storyOf(all), "t1000")} nft list table inet skep | wc -l`,
  ).trim();
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  printTable(
    ["one change", "median", "95 %", "CPU", "steps"],
    [...costs].map(([name, list]) => [
      name,
      ms(median(list.map((cost) => cost.ms))),
      ms(
        percentile(
          list.map((cost) => cost.ms),
          95,
        ),
      ),
      ms(median(list.map((cost) => cost.ownCpuMs))),
      String(median(list.map((cost) => cost.steps))),
    ]),
  );
  console.log(`\n${services} services, ${all.length} tasks, ${here} of them here; ${rules} lines of rules in each.`);
  console.log(
    `All of it made at once: ${(made.ms / 1000).toFixed(2)} s. Read and checked: ${(checkMs / 1000).toFixed(2)} s,`,
  );
  console.log(
    `${differences.length} differences. Memory of this process: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB.`,
  );
} finally {
  removeFabric(FABRIC.name, IDS);
}
