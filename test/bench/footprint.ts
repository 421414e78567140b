// What skep costs when it does nothing, and how soon a command answers. A dev cluster of its own, 3 managers and 2 workers:
// resident memory of the daemons and CPU of everything on the hosts (daemons, containerd, shims), first as born, then after a
// service went to 50 replicas and away again; and the wall time of two commands beside programs that do nothing.
//
//   node test/bench/footprint.ts [--settle 60] [--idle 20] [--runs 20]     seconds, seconds, runs of each command

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { withClient } from "../../deploy/dev/client.ts";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { bringDown } from "../../deploy/dev/down.ts";
import { hostProcess } from "../../deploy/dev/hosts.ts";
import { type DevCluster, pathsOf } from "../../deploy/dev/model.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { bringUp } from "../../deploy/dev/up.ts";
import { ControlService, newListRequest } from "../../proto/gen/control.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { busyboxTo } from "../e2e/images.ts";
import { commandOf, cpuTicksOf, pidsOfHosts, rssBytesOf } from "../support/processes.ts";
import { median, printTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    settle: { type: "string", default: "60" },
    idle: { type: "string", default: "20" },
    runs: { type: "string", default: "20" },
  },
});
const NAME = "footprint";
const ROOT = join(import.meta.dirname, "..", "..");
const SKEP = join(ROOT, "bin/skep");
const TICKS_PER_SECOND = 100;
const REPLICAS = 50;
const LIMIT_MS = 120_000;
/** With the process that works on the kernel's network. What both have of Node's program is counted twice. */
const DAEMON = /skep\.(ts|js) daemon|network-worker\.(ts|js)/;

const paths = pathsOf(DEV_DIR, NAME);

function initOf(cluster: DevCluster, name: string): number[] {
  const node = cluster.nodes.find((one) => one.name === name);
  const outer = node === undefined ? undefined : hostProcess(paths, node);
  const init = outer === undefined ? undefined : firstChild(outer);
  return init === undefined ? [] : [init.pid];
}

interface Rest {
  /** Largest of its kind. */
  readonly leaderMegabytes: number;
  readonly followerMegabytes: number;
  readonly workerMegabytes: number;
  readonly cpuPercent: number;
}

async function atRest(cluster: DevCluster): Promise<Rest> {
  await delay(Number(values.settle) * 1_000);
  const pids = pidsOfHosts(cluster.nodes.flatMap((node) => initOf(cluster, node.name)));
  const before = cpuTicksOf(pids);
  await delay(Number(values.idle) * 1_000);
  const cpuPercent = ((cpuTicksOf(pids) - before) / TICKS_PER_SECOND / Number(values.idle)) * 100;
  const { nodes } = await withClient(paths.socket("node1"), (client) =>
    unary(client, ControlService.listNodes, newListRequest()),
  );
  const leader = nodes.find((node) => node.managerStatus?.leader === true)?.description?.hostname;
  const largest = (names: readonly string[]): number =>
    Math.max(
      ...names.map((name) => {
        const daemons = pidsOfHosts(initOf(cluster, name)).filter((pid) => DAEMON.test(commandOf(pid)));
        return daemons.reduce((sum, pid) => sum + rssBytesOf(pid) / 2 ** 20, 0);
      }),
    );
  const named = (role: string): string[] =>
    cluster.nodes.filter((node) => node.role === role && node.name !== leader).map((node) => node.name);
  return {
    leaderMegabytes: largest(leader === undefined ? [] : [leader]),
    followerMegabytes: largest(named("manager")),
    workerMegabytes: largest(named("worker")),
    cpuPercent,
  };
}

function skep(...args: string[]): string {
  const env = { ...process.env, SKEP_HOST: `dev:${NAME}/node1` };
  const result = spawnSync(SKEP, args, { encoding: "utf8", env });
  if (result.status !== 0) throw new Error(`skep ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

/** Up to 50 replicas and away again. */
async function exercise(image: string): Promise<void> {
  skep("service", "create", "--name", "many", "--replicas", "5", image, "sleep", "100000");
  skep("service", "scale", `many=${REPLICAS}`);
  skep("service", "rm", "many");
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const { tasks } = await withClient(paths.socket("node1"), (client) =>
      unary(client, ControlService.listTasks, newListRequest()),
    );
    if (tasks.length === 0) return;
    if (performance.now() > limit) throw new Error(`${tasks.length} tasks are left of a removed service`);
    await delay(500);
  }
}

/** Median wall time in milliseconds of each command, taken in turns so that all see the same machine; undefined: not here. */
function wallTimes(commands: readonly (readonly string[])[]): (number | undefined)[] {
  const env = { ...process.env, SKEP_HOST: `dev:${NAME}/node1` };
  const times = commands.map((): number[] => []);
  for (let run = -2; run < Number(values.runs); run++) {
    for (const [i, [file = "", ...args]] of commands.entries()) {
      const start = performance.now();
      const { status } = spawnSync(file, args, { stdio: "ignore", env });
      if (run >= 0 && status === 0) times[i]?.push(performance.now() - start);
    }
  }
  return times.map((of) => (of.length === 0 ? undefined : median(of)));
}

const COMMANDS = [
  [SKEP, "service", "ls"],
  [SKEP, "--help"],
  [process.execPath, "-e", "0"],
  ["docker", "--version"],
];

async function main(): Promise<void> {
  await bringDown(NAME, realEnv).catch(() => undefined); // what an interrupted run left
  const signal = new AbortController().signal;
  const cluster = await bringUp({ name: NAME, managers: 3, workers: 2, env: realEnv, signal, tell: console.error });
  try {
    const image = await busyboxTo(cluster);
    const born = await atRest(cluster);
    await exercise(image);
    const used = await atRest(cluster);
    const times = wallTimes(COMMANDS);

    const megabytes = (of: (rest: Rest) => number): string[] => [born, used].map((rest) => `${of(rest).toFixed(0)} MB`);
    printTable(
      ["at rest", "as born", `after ${REPLICAS} replicas`, "aim"],
      [
        ["daemon of the leader", ...megabytes((rest) => rest.leaderMegabytes), "110 MB"],
        ["largest of the other managers", ...megabytes((rest) => rest.followerMegabytes), "110 MB"],
        ["largest of the workers", ...megabytes((rest) => rest.workerMegabytes), ""],
        ["CPU of all 5 hosts, of a core", ...[born, used].map((rest) => `${rest.cpuPercent.toFixed(1)} %`), "5 %"],
      ],
    );
    console.log("");
    const milliseconds = times.map((time) => (time === undefined ? "not here" : `${time.toFixed(0)} ms`));
    const names = ["skep service ls", "skep --help", "node -e 0", "docker --version"];
    const aims = ["80 ms", "", "", ""];
    printTable(
      ["command", "wall, median", "aim"],
      names.map((name, i) => [name, milliseconds[i] ?? "", aims[i] ?? ""]),
    );
  } finally {
    await bringDown(NAME, realEnv);
  }
}

await main();
