// Powering hosts on and off.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { removeCgroup } from "./cgroups.ts";
import { cgroupOf, DAEMON_PORT, type DevCluster, type DevNode, netnsOf, type Paths, subnetOf } from "./model.ts";
import { setPlugged } from "./network.ts";
import { endProcess, firstChild, isAlive, type ProcessId, readPidFile, startDetached } from "./process.ts";

const ROOT = join(import.meta.dirname, "..", "..");

const pidFileOf = (paths: Paths, node: DevNode): string => join(paths.nodeDir(node.name), "pid");
const logFileOf = (paths: Paths, node: DevNode): string => join(paths.nodeDir(node.name), "daemon.log");

/** The host's first process, when the host is on. */
export function hostProcess(paths: Paths, node: DevNode): ProcessId | undefined {
  const outer = readPidFile(pidFileOf(paths, node));
  return outer !== undefined && isAlive(outer) ? outer : undefined;
}

/** Boots the host from its disk. @throws {SkepError} `failed_precondition` when it is on already. */
export async function powerOn(cluster: DevCluster, paths: Paths, node: DevNode): Promise<void> {
  if (hostProcess(paths, node) !== undefined) {
    throw new SkepError("failed_precondition", `${node.name} is running already`);
  }
  const dir = paths.nodeDir(node.name);
  rmSync(join(dir, "run"), { recursive: true, force: true }); // /run does not survive a boot
  for (const part of ["run/skep", "lib"]) mkdirSync(join(dir, part), { recursive: true });
  chmodSync(dir, 0o711);
  const names = cluster.nodes.map((other) => `${other.addr} ${other.name}`);
  writeFileSync(join(dir, "hosts"), `127.0.0.1 localhost\n::1 localhost\n${names.join("\n")}\n`);
  writeFileSync(join(dir, "hostname"), `${node.name}\n`);
  const logFile = logFileOf(paths, node);
  const daemon = [
    ...["--data-dir", join(dir, "lib")],
    ...["--listen-addr", `0.0.0.0:${DAEMON_PORT}`],
    ...["--insecure-registry", subnetOf(cluster.number)],
    ...["--cgroup-parent", cgroupOf(cluster.name, node.name)],
  ];
  await setPlugged(cluster, node, true);
  const boot = ["sh", join(import.meta.dirname, "host-boot.sh"), node.name, dir, ROOT, logFile, ...daemon];
  const enter = [
    `--net=/run/netns/${netnsOf(cluster.name, node.name)}`,
    "unshare",
    "-m",
    "-p",
    "-f",
    "--uts",
    "--kill-child",
  ];
  startDetached("nsenter", [...enter, ...boot], {
    logFile,
    pidFile: pidFileOf(paths, node),
    env: { PATH: systemPath },
  });
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A power cut: the link goes dead, then everything on the host dies at once. No error when it is off. */
export async function powerOff(cluster: DevCluster, paths: Paths, node: DevNode, env: Env): Promise<void> {
  const outer = hostProcess(paths, node);
  if (outer !== undefined) {
    await setPlugged(cluster, node, false).catch(() => undefined);
    const init = firstChild(outer);
    if (init !== undefined) await endProcess(init, "SIGKILL", env);
    await endProcess(outer, "SIGKILL", env, pidFileOf(paths, node));
  }
  await cleanCgroups(cgroupOf(cluster.name, node.name), env);
}

const CGROUP_TRIES = 100;
const CGROUP_RETRY_MS = 20;

// The kernel empties a group a moment after its last process died.
export async function cleanCgroups(group: string, env: Env): Promise<void> {
  const never = new AbortController().signal;
  for (let i = 0; i < CGROUP_TRIES && !removeCgroup(group); i++) await env.sleep(CGROUP_RETRY_MS, never);
}

/** Arguments for nsenter to run a command inside the host. @throws {SkepError} `failed_precondition` when it is off. */
export function enterArgs(paths: Paths, node: DevNode): string[] {
  const outer = hostProcess(paths, node);
  const init = outer === undefined ? undefined : firstChild(outer);
  if (init === undefined)
    throw new SkepError("failed_precondition", `${node.name} is off: start it with "skep dev start ${node.name}"`);
  return ["-t", String(init.pid), "-m", "-n", "-p", "-u", "--"];
}

export const enterEnv = (node: DevNode): Record<string, string> => ({
  PATH: `${join(ROOT, "bin")}:${systemPath}`,
  HOME: "/root",
  HOSTNAME: node.name,
});

const LAST_LINES = 5;

/** The end of the daemon's log, for an error message. */
export function lastWords(paths: Paths, node: DevNode): string {
  try {
    return readFileSync(logFileOf(paths, node), "utf8").trimEnd().split("\n").slice(-LAST_LINES).join("\n");
  } catch {
    return "";
  }
}
