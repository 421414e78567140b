// A container's cgroups as the kernel shows them: whether the memory limit killed something, and removing what a crash
// left. In v1 (and hybrid) every controller is a hierarchy of its own under /sys/fs/cgroup; in v2 there is one.
import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Env } from "../../../shared/env/env.ts";

const ROOT = "/sys/fs/cgroup";
const RMDIR_TRIES = 20;
const RMDIR_DELAY_MS = 10;

/** The count of processes that the kernel killed for memory, from memory.events (v2) or memory.oom_control (v1). */
export function parseOomKills(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** `cgroup` as in the specification: "/skep/ID". 0 when the cgroup is gone. */
export async function oomKills(cgroup: string, version: 1 | 2): Promise<number> {
  const file = version === 2 ? join(ROOT, cgroup, "memory.events") : join(ROOT, "memory", cgroup, "memory.oom_control");
  return parseOomKills(await readFile(file, "utf8").catch(() => ""));
}

async function directoriesOf(cgroup: string, version: 1 | 2): Promise<string[]> {
  if (version === 2) return [join(ROOT, cgroup)];
  const hierarchies = await readdir(ROOT, { withFileTypes: true }).catch(() => []);
  return hierarchies.filter((entry) => entry.isDirectory()).map((entry) => join(ROOT, entry.name, cgroup));
}

/**
 * Kills what still runs in the cgroup and removes it from every hierarchy. Normally runc has done both and nothing is
 * there; after a dead shim this is what ends the container. Gives up after 0.2 s per directory: a process that the kernel
 * cannot end yet keeps it.
 */
export async function removeCgroup(env: Env, cgroup: string, version: 1 | 2, signal: AbortSignal): Promise<void> {
  for (const directory of await directoriesOf(cgroup, version)) {
    for (let tries = 0; tries < RMDIR_TRIES; tries++) {
      const problem = await rmdir(directory).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      );
      if (problem !== "EBUSY" && problem !== "ENOTEMPTY") break;
      await removeChildren(directory);
      await killAll(directory);
      await env.sleep(RMDIR_DELAY_MS, signal);
    }
  }
}

async function removeChildren(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
    const child = join(directory, entry.name);
    await removeChildren(child);
    await killAll(child);
    await rmdir(child).catch(() => undefined); // the next try of the caller tells
  }
}

async function killAll(directory: string): Promise<void> {
  const text = await readFile(join(directory, "cgroup.procs"), "utf8").catch(() => "");
  for (const pid of text.split("\n").map(Number)) {
    if (pid <= 1) continue; // 0: a process of another PID namespace
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // already gone
    }
  }
}
