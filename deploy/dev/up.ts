// `skep dev up`: hosts, links and registry; then `swarm init` on node1 and `swarm join` on the others, as a person would.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ControlService, newListRequest } from "../../proto/gen/control.ts";
import { LocalService, newInitRequest, newJoinRequest } from "../../proto/gen/local.ts";
import { newClusterSpec } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { unary } from "../../shared/rpc/client.ts";
import { BOOT_LIMIT_MS, daemonAnswers } from "./answers.ts";
import { retry, withClient } from "./client.ts";
import { claimCluster, DEV_DIR, writeCluster } from "./clusters.ts";
import { type DiskKind, makeDisk } from "./disks.ts";
import { takeDown } from "./down.ts";
import { tryRun } from "./exec.ts";
import { lastWords, powerOn } from "./hosts.ts";
import {
  DAEMON_PORT,
  type DevCluster,
  type Paths,
  parseClusterName,
  pathsOf,
  planCluster,
  registryOf,
  subnetOf,
} from "./model.ts";
import { makeBridge, makeLink } from "./network.ts";
import { registryReady, startRegistry } from "./registry.ts";

export interface UpOptions {
  readonly name: string;
  readonly managers: number;
  readonly workers: number;
  readonly env: Env;
  readonly signal: AbortSignal;
  /** One line per step. */
  readonly tell: (line: string) => void;
  readonly base?: string;
  /** Gives each node a disk of its own of that size (in memory), which can then fill up; without it they share this machine's. */
  readonly diskMegabytes?: number | undefined;
  /** What such a disk is. "image": a file with ext4 on it, which can be frozen, too; needs loop devices. "memory". */
  readonly diskKind?: DiskKind;
}

const BUNDLER = join(import.meta.dirname, "..", "bundle", "checkout.ts");
const READY_LIMIT_MS = 60_000;
const READY_POLL_MS = 50;

/** Builds the cluster and resolves when every node is ready. What it began is taken down again when it fails. */
export async function bringUp(options: UpOptions): Promise<DevCluster> {
  const { env, base = DEV_DIR } = options;
  if (process.getuid?.() !== 0) {
    throw new SkepError(
      "permission_denied",
      "a dev cluster makes network namespaces and containers: run as root (sudo)",
    );
  }
  const name = parseClusterName(options.name);
  planCluster(name, 0, options, 0); // a wrong size is told before anything is made
  const { number } = claimCluster(name, base);
  const paths = pathsOf(base, name);
  const cluster = planCluster(name, number, options, env.wallMs());
  try {
    writeCluster(cluster, base);
    await refreshBundle(options.signal);
    await boot(cluster, paths, options);
    await form(cluster, paths, options);
    return cluster;
  } catch (error) {
    const words = cluster.nodes.map((node) => lastWords(paths, node)).find((text) => text !== "");
    if (words !== undefined && !options.signal.aborted) options.tell(`last words of a daemon:\n${words}`);
    await takeDown(cluster, paths, env);
    rmSync(paths.dir, { recursive: true, force: true });
    throw error;
  }
}

// After an edit, all daemons of the new cluster would run from the sources: correct, but larger and slower. An installed skep
// has no sources.
async function refreshBundle(signal: AbortSignal): Promise<void> {
  if (existsSync(BUNDLER)) await tryRun(process.execPath, [BUNDLER], { signal });
}

async function boot(cluster: DevCluster, paths: Paths, options: UpOptions): Promise<void> {
  const { env, signal, tell } = options;
  const { forwardingWasOff } = await makeBridge(cluster);
  writeFileSync(join(paths.dir, "machine.json"), JSON.stringify({ forwardingWasOff }));
  startRegistry(cluster, paths);
  for (const node of cluster.nodes) {
    signal.throwIfAborted();
    await makeLink(cluster, node);
    if (options.diskMegabytes !== undefined) {
      await makeDisk(paths.diskDir(node.name), options.diskMegabytes, options.diskKind ?? "memory");
    }
    await powerOn(cluster, paths, node);
  }
  await registryReady(cluster, paths, env, signal);
  tell(`registry ${registryOf(cluster)}`);
}

async function form(cluster: DevCluster, paths: Paths, options: UpOptions): Promise<void> {
  const { env, signal, tell } = options;
  const [first, ...others] = cluster.nodes;
  if (first === undefined) return;
  await daemonAnswers(paths, first, options);
  const init = await withClient(paths.socket(first.name), (client) =>
    unary(
      client,
      LocalService.init,
      newInitRequest({
        advertiseAddr: `${first.addr}:${DAEMON_PORT}`,
        spec: newClusterSpec({ name: "default", insecureRegistries: [subnetOf(cluster.number)] }),
      }),
      { signal, timeoutMs: BOOT_LIMIT_MS },
    ),
  );
  tell(`${first.name}  ${first.addr}  manager (swarm init)`);
  await Promise.all(
    others.map(async (node) => {
      await daemonAnswers(paths, node, options);
      const token = node.role === "manager" ? init.joinTokens?.manager : init.joinTokens?.worker;
      const request = newJoinRequest({
        token: token ?? "",
        remoteAddrs: [`${first.addr}:${DAEMON_PORT}`],
        advertiseAddr: `${node.addr}:${DAEMON_PORT}`,
      });
      await retry(
        () =>
          withClient(paths.socket(node.name), (client) =>
            unary(client, LocalService.join, request, { signal, timeoutMs: BOOT_LIMIT_MS }),
          ),
        { env, signal, limitMs: BOOT_LIMIT_MS },
      );
      tell(`${node.name}  ${node.addr}  ${node.role} (swarm join)`);
    }),
  );
  await allReady(cluster, paths, options);
}

async function allReady(cluster: DevCluster, paths: Paths, options: UpOptions): Promise<void> {
  const { env, signal } = options;
  const [first] = cluster.nodes;
  if (first === undefined) return;
  const limit = env.nowMs() + READY_LIMIT_MS;
  await withClient(paths.socket(first.name), async (client) => {
    for (;;) {
      const { nodes } = await retry(
        () => unary(client, ControlService.listNodes, newListRequest(), { signal, timeoutMs: 5_000 }),
        { env, signal, limitMs: READY_LIMIT_MS },
      );
      const ready = nodes.filter((node) => node.status?.state === "ready");
      const managers = nodes.filter((node) => node.managerStatus?.reachability === "reachable");
      const wanted = cluster.nodes.filter((node) => node.role === "manager").length;
      if (ready.length === cluster.nodes.length && managers.length === wanted) return;
      if (env.nowMs() > limit) {
        throw new SkepError("deadline_exceeded", `only ${ready.length} of ${cluster.nodes.length} nodes became ready`);
      }
      await env.sleep(READY_POLL_MS, signal);
    }
  });
}
