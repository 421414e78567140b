// Docker Swarm as the peer of a benchmark: five hosts on a bridge of their own, made as the dev cluster makes its hosts,
// with one dockerd each (Debian's docker.io) and one registry. Only for test/bench.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cleanCgroups } from "../../deploy/dev/hosts.ts";
import { cutLinks, healLinks } from "../../deploy/dev/links.ts";
import {
  type DevCluster,
  type DevNode,
  netnsOf,
  nodeByName,
  type Paths,
  pathsOf,
  planCluster,
  registryOf,
} from "../../deploy/dev/model.ts";
import { makeBridge, makeLink, removeNetwork, setPlugged } from "../../deploy/dev/network.ts";
import { endProcess, firstChild, type ProcessId, readPidFile, startDetached } from "../../deploy/dev/process.ts";
import { registryReady, startRegistry, stopRegistry } from "../../deploy/dev/registry.ts";
import { realEnv } from "../../shared/env/real-env.ts";

const BASE = "/var/lib/skep-bench";
const NUMBER = 99;
const BOOT_LIMIT_MS = 120_000;

export interface SwarmPeer {
  readonly cluster: DevCluster;
  readonly registry: string;
  /** One call of the Engine API on node1. */
  readonly api: (method: string, path: string, body?: unknown) => Promise<unknown>;
  readonly apiAt: (node: string, method: string, path: string, body?: unknown) => Promise<unknown>;
  readonly hostPids: () => readonly number[];
  /** A power cut: the link goes dead, then everything on the host dies at once. */
  readonly kill: (node: string) => Promise<void>;
  readonly start: (node: string) => Promise<void>;
  readonly cut: (node: string) => Promise<void>;
  readonly heal: () => Promise<void>;
  readonly down: () => Promise<void>;
}

export function installDocker(): void {
  if (existsSync("/usr/sbin/dockerd")) return;
  console.error("bench: installing Debian's docker.io");
  execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "docker.io"], {
    stdio: "ignore",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

export async function startSwarmPeer(managers: number, workers: number): Promise<SwarmPeer> {
  installDocker();
  const cluster = planCluster("peer", NUMBER, { managers, workers }, realEnv.wallMs());
  const paths = pathsOf(BASE, cluster.name);
  rmSync(paths.dir, { recursive: true, force: true });
  mkdirSync(paths.dir, { recursive: true });
  const down = async (): Promise<void> => {
    for (const node of cluster.nodes) await stopHost(paths, node);
    await stopRegistry(paths, realEnv);
    await removeNetwork(cluster, false);
    for (const node of cluster.nodes) await cleanCgroups(`/skep-peer-${node.name}`, realEnv);
    rmSync(paths.dir, { recursive: true, force: true });
  };
  try {
    await makeBridge(cluster);
    startRegistry(cluster, paths);
    for (const node of cluster.nodes) {
      await makeLink(cluster, node);
      startHost(cluster, paths, node);
    }
    await registryReady(cluster, paths, realEnv, new AbortController().signal);
    const apiAt = (node: string, method: string, path: string, body?: unknown): Promise<unknown> =>
      engine(join(paths.nodeDir(node), "docker.sock"), method, path, body);
    await Promise.all(cluster.nodes.map((node) => until(() => apiAt(node.name, "GET", "/_ping"))));
    await form(cluster, apiAt);
    const api: SwarmPeer["api"] = (method, path, body) => apiAt("node1", method, path, body);
    const hostPids = (): number[] => cluster.nodes.flatMap((node) => initOf(paths, node)?.pid ?? []);
    return {
      cluster,
      registry: registryOf(cluster),
      api,
      apiAt,
      hostPids,
      kill: async (name) => {
        const node = nodeByName(cluster, name);
        await setPlugged(cluster, node, false);
        await stopHost(paths, node);
      },
      start: async (name) => {
        const node = nodeByName(cluster, name);
        await setPlugged(cluster, node, true);
        startHost(cluster, paths, node);
        await until(() => apiAt(name, "GET", "/_ping"));
      },
      cut: (name) => cutLinks(cluster, paths, [name]),
      heal: () => healLinks(cluster, paths),
      down,
    };
  } catch (error) {
    await down();
    throw error;
  }
}

const pidFileOf = (paths: Paths, node: DevNode): string => join(paths.nodeDir(node.name), "pid");

function initOf(paths: Paths, node: DevNode): ProcessId | undefined {
  const outer = readPidFile(pidFileOf(paths, node));
  return outer === undefined ? undefined : firstChild(outer);
}

function startHost(cluster: DevCluster, paths: Paths, node: DevNode): void {
  const dir = paths.nodeDir(node.name);
  // None of it survives a boot. dockerd would take the number in a file of the last one for its containerd, and wait for that.
  for (const name of ["run", "exec", "docker.pid", "docker.sock"])
    rmSync(join(dir, name), { recursive: true, force: true });
  mkdirSync(join(dir, "run"), { recursive: true });
  const script = join(dir, "boot.sh");
  writeFileSync(
    script,
    `set -e
mount --make-rprivate /
mount --bind ${dir}/run /run
mount -t proc proc /proc
hostname ${node.name}
dockerd --data-root ${dir}/root --exec-root ${dir}/exec --pidfile ${dir}/docker.pid -H unix://${dir}/docker.sock \\
  --insecure-registry ${registryOf(cluster)} --cgroup-parent /skep-peer-${node.name} &
wait $!
`,
  );
  startDetached(
    "nsenter",
    [
      `--net=/run/netns/${netnsOf(cluster.name, node.name)}`,
      ..."unshare -m -p -f --uts --kill-child sh".split(" "),
      script,
    ],
    {
      logFile: join(dir, "dockerd.log"),
      pidFile: pidFileOf(paths, node),
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    },
  );
}

async function stopHost(paths: Paths, node: DevNode): Promise<void> {
  const outer = readPidFile(pidFileOf(paths, node));
  if (outer === undefined) return;
  const init = firstChild(outer);
  if (init !== undefined) await endProcess(init, "SIGKILL", realEnv);
  await endProcess(outer, "SIGKILL", realEnv);
}

async function form(cluster: DevCluster, apiAt: SwarmPeer["apiAt"]): Promise<void> {
  const [first, ...others] = cluster.nodes;
  if (first === undefined) return;
  const address = `${first.addr}:2377`;
  await apiAt(first.name, "POST", "/swarm/init", { ListenAddr: "0.0.0.0:2377", AdvertiseAddr: address });
  const { JoinTokens } = (await apiAt(first.name, "GET", "/swarm")) as {
    JoinTokens: { Worker: string; Manager: string };
  };
  for (const node of others) {
    await apiAt(node.name, "POST", "/swarm/join", {
      ListenAddr: "0.0.0.0:2377",
      AdvertiseAddr: `${node.addr}:2377`,
      RemoteAddrs: [address],
      JoinToken: node.role === "manager" ? JoinTokens.Manager : JoinTokens.Worker,
    });
  }
  await until(async () => {
    const nodes = (await apiAt(first.name, "GET", "/nodes")) as { Status: { State: string } }[];
    if (nodes.filter((node) => node.Status.State === "ready").length < cluster.nodes.length)
      throw new Error("not ready");
  });
}

async function until(attempt: () => Promise<unknown>): Promise<void> {
  const limit = Date.now() + BOOT_LIMIT_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > limit) throw error;
      await delay(100);
    }
  }
}

function engine(socketPath: string, method: string, path: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const call = request({ socketPath, method, path: `/v1.41${path}`, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const answer = Buffer.concat(parts).toString();
        if ((response.statusCode ?? 500) >= 400) return reject(new Error(`${method} ${path}: ${answer}`));
        try {
          resolve(answer === "" ? undefined : JSON.parse(answer));
        } catch {
          resolve(answer);
        }
      });
    });
    call.on("error", reject);
    call.end(text);
  });
}

/** Pulls an image onto every node, so that no task waits for the registry. */
export async function pullEverywhere(peer: SwarmPeer, image: string): Promise<void> {
  await Promise.all(
    peer.cluster.nodes.map((node) =>
      peer.apiAt(node.name, "POST", `/images/create?fromImage=${encodeURIComponent(image)}`),
    ),
  );
}
