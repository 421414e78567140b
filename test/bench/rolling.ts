// No failed request while a service is replaced: rolls through a service of 5 on a dev cluster again and again, under constant
// load from a task on its network (by name, so by its virtual address) and from outside through the routing mesh of each
// node, over connections that are kept and over fresh ones.
//
//   node test/bench/rolling.ts [--rolls 10] [--name rolling]
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { bringDown } from "../../deploy/dev/down.ts";
import { hostProcess } from "../../deploy/dev/hosts.ts";
import { type DevCluster, nodeByName, pathsOf } from "../../deploy/dev/model.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { bringUp } from "../../deploy/dev/up.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { busyboxTo } from "../e2e/images.ts";
import { runCommand } from "../e2e/support.ts";
import { commandOf, pidsOfHosts } from "../support/processes.ts";
import { printTable } from "./table.ts";

const { values } = parseArgs({
  options: { name: { type: "string", default: "rolling" }, rolls: { type: "string", default: "10" } },
});
const ROOT = join(import.meta.dirname, "..", "..");
const SKEP = join(ROOT, "bin", "skep");
const PORT = 8088;
const CONNECTIONS = 4;
const ROLL_LIMIT_MS = 300_000;
/** This machine's node and checkout inside a container, by a read-only mount of / at /host. */
const IN_CONTAINER = [
  "/host/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
  "--library-path",
  "/host/lib/x86_64-linux-gnu:/host/usr/lib/x86_64-linux-gnu",
  `/host${process.execPath}`,
];
const script = (name: string): string => join(import.meta.dirname, "rolling", name);

interface Seen {
  readonly requests: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly servers: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

interface Load {
  readonly what: string;
  readonly stop: () => Promise<Seen>;
}

function startLoad(what: string, file: string, args: readonly string[]): Load {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${what}: the client ended with ${code}`))));
  });
  ended.catch(() => undefined);
  return {
    what,
    stop: async () => {
      child.stdin.end();
      await ended;
      return JSON.parse(out) as Seen;
    },
  };
}

/** The process of a container on a host whose command line matches. */
function pidOn(cluster: DevCluster, node: string, pattern: RegExp): number {
  const outer = hostProcess(pathsOf(DEV_DIR, cluster.name), nodeByName(cluster, node));
  const init = outer === undefined ? undefined : firstChild(outer);
  const found = init === undefined ? undefined : pidsOfHosts([init.pid]).find((pid) => pattern.test(commandOf(pid)));
  if (found === undefined) throw new Error(`no process ${pattern} on ${node}`);
  return found;
}

async function skep(cluster: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(SKEP, args, {
    env: { SKEP_HOST: `dev:${cluster}/node1` },
    timeoutMs: ROLL_LIMIT_MS,
  });
  if (code !== 0) throw new Error(`skep ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

const cluster = await bringUp({
  name: values.name,
  managers: 3,
  workers: 2,
  env: realEnv,
  signal: new AbortController().signal,
  tell: console.error,
});
try {
  const image = await busyboxTo(cluster);
  const say = (...args: readonly string[]): Promise<string> => skep(cluster.name, ...args);
  const common = ["--network", "rolled", "--mount", "type=bind,source=/,target=/host,readonly,bind-nonrecursive=true"];
  await say("network", "create", "rolled");
  const server = [image, ...IN_CONTAINER, `/host${script("server.ts")}`];
  await say("service", "create", "--name", "web", "--replicas", "5", "-p", `${PORT}:8080`, ...common, ...server);
  const probe = [image, "sh", "-c", "trap 'exit 0' TERM; : rolling-probe; while :; do sleep 1 & wait $!; done"];
  await say("service", "create", "--name", "probe", "--mode", "global", ...common, ...probe);

  const loads: Load[] = [];
  for (const mode of ["kept", "fresh"]) {
    const client = (url: string): readonly string[] => [script("client.ts"), url, mode, String(CONNECTIONS)];
    for (const { name, addr } of cluster.nodes) {
      loads.push(startLoad(`mesh of ${name}, ${mode}`, process.execPath, client(`http://${addr}:${PORT}/`)));
    }
    const pid = String(pidOn(cluster, "node5", /rolling-probe/));
    const [path = "", ...rest] = client("http://web:8080/");
    const enter = ["-t", pid, "-m", "-u", "-n", "--", ...IN_CONTAINER, `/host${path}`, ...rest];
    loads.push(startLoad(`by name from a task, ${mode}`, "nsenter", enter));
  }
  for (let roll = 1; roll <= Number(values.rolls); roll++) {
    const startedMs = performance.now();
    await say("service", "update", "--force", "web");
    console.error(`roll ${roll}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  }
  const rows: string[][] = [];
  let failed = 0;
  for (const load of loads) {
    const { requests, failures, servers, slowestMs } = await load.stop();
    const sum = Object.values(failures).reduce((total, count) => total + count, 0);
    failed += sum;
    const words = Object.entries(failures).map(([name, count]) => `${count} ${name}`);
    rows.push([
      load.what,
      String(requests),
      String(Object.keys(servers).length),
      `${slowestMs.toFixed(0)} ms`,
      words.join(", ") || "none",
    ]);
  }
  printTable(["load", "requests", "servers seen", "slowest", "failed"], rows);
  if (failed > 0) process.exitCode = 1;
} finally {
  await bringDown(values.name, realEnv);
}
