// A real containerd of its own in a temporary folder, for tests and benchmarks as root; and everything of it taken away.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContainerdRuntime } from "../../agent/runtime/containerd/open.ts";
import type { ContainerConfig, OutputSink, Runtime } from "../../agent/runtime/runtime.ts";
import { newResources } from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { type Log, silentLog } from "../../shared/log.ts";
import { newId, type TaskId } from "../../shared/model/ids.ts";
import { busyboxArchive, TEST_IMAGE } from "./busybox.ts";

export interface TestContainerd {
  readonly root: string;
  readonly dir: string;
  readonly runDir: string;
  readonly cgroupParent: string;
  /** Opens a runtime over the folder; the one before must be closed. */
  readonly open: () => Promise<Runtime>;
  /** Process id of the containerd that runs now. */
  readonly containerdPid: () => number;
  /** Everything that is left: processes, mounts, cgroups and files that only a container makes. */
  readonly leftovers: () => string[];
  /** Kills and removes everything, whatever state it is in. */
  readonly dispose: () => Promise<void>;
}

export function makeTestContainerd(log: Log = silentLog): TestContainerd {
  const root = mkdtempSync(join(tmpdir(), "skep-containerd-"));
  const dir = join(root, "lib");
  const runDir = join(root, "run");
  const cgroupParent = `/skep-test-${root.slice(-6)}`;
  const runtimes: Runtime[] = [];

  const open = async (): Promise<Runtime> => {
    const runtime = await openContainerdRuntime({ env: realEnv, log, dir, runDir, knownSockets: [], cgroupParent });
    runtimes.push(runtime);
    return runtime;
  };

  const leftovers = (): string[] => [
    ...processesOf(root).map(({ pid, command }) => `process ${pid} ${command}`),
    ...mountsBelow(root).map((path) => `mount ${path}`),
    ...cgroupsBelow(cgroupParent).map((path) => `cgroup ${path}`),
    ...filesBelow(join(dir, "containers")).map((path) => `file ${path}`),
    ...filesBelow(join(runDir, "fifos"))
      .filter((path) => !path.includes("spare-"))
      .map((path) => `pipe ${path}`),
    ...filesBelow(join(runDir, "containerd", "io.containerd.runtime.v2.task", "skep")).map((path) => `bundle ${path}`),
  ];

  const dispose = async (): Promise<void> => {
    const last = runtimes.at(-1);
    try {
      const signal = AbortSignal.timeout(30_000);
      for (const { id } of (await last?.list(signal)) ?? []) await last?.remove(id, signal);
    } catch (error) {
      console.error("the test's containers are removed by force:", error);
    }
    for (const runtime of runtimes) await runtime.close().catch(() => undefined);
    for (const { pid } of processesOf(root)) kill(pid);
    for (const path of cgroupsBelow(cgroupParent)) killCgroup(path);
    for (const path of mountsBelow(root).toReversed()) spawnSync("umount", ["-l", path]);
    for (const path of cgroupsBelow(cgroupParent).toReversed()) removeDirectory(path);
    for (const path of cgroupParents(cgroupParent)) removeDirectory(path);
    rmSync(root, { recursive: true, force: true });
  };

  return {
    root,
    dir,
    runDir,
    cgroupParent,
    open,
    containerdPid: () => Number(readFileSync(join(runDir, "containerd", "containerd.pid"), "utf8")),
    leftovers,
    dispose,
  };
}

export async function loadBusybox(runtime: Runtime): Promise<void> {
  async function* archive(): AsyncGenerator<Uint8Array> {
    yield await busyboxArchive();
  }
  await runtime.loadImage(archive(), AbortSignal.timeout(60_000));
}

/** Processes that work for this folder, by their command line: containerd, shims, holders. Zombies do not count. */
export function processesOf(root: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: readOr(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim() }))
    .filter(({ command }) => command.includes(root));
}

const mountsBelow = (root: string): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${root}/`));

const cgroupParents = (parent: string): string[] =>
  [
    join("/sys/fs/cgroup", parent),
    ...list("/sys/fs/cgroup").map((name) => join("/sys/fs/cgroup", name, parent)),
  ].filter((path) => list(path).length > 0);

const cgroupsBelow = (parent: string): string[] =>
  cgroupParents(parent).flatMap((path) =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name)),
  );

const filesBelow = (path: string): string[] => list(path).map((name) => join(path, name));

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone
  }
}

function killCgroup(path: string): void {
  for (const pid of readOr(join(path, "cgroup.procs")).split("\n").map(Number)) if (pid > 1) kill(pid);
}

function removeDirectory(path: string): void {
  for (let tries = 0; tries < 50; tries++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") return;
      execFileSync("sleep", ["0.02"]);
    }
  }
}

export function containerConfig(init: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    id: newId<TaskId>(realEnv.random),
    image: TEST_IMAGE,
    args: ["true"],
    env: [],
    workingDir: "",
    user: "",
    groups: [],
    hostname: "",
    network: { kind: "none" },
    mounts: [],
    readOnlyRootfs: false,
    tty: false,
    openStdin: false,
    init: false,
    limits: newResources(),
    reservations: newResources(),
    capabilityAdd: [],
    capabilityDrop: [],
    sysctls: {},
    ulimits: [],
    oomScoreAdj: 0,
    extraHosts: [],
    dns: { nameservers: [], search: [], options: [] },
    labels: {},
    ...init,
  };
}

/** A sink that keeps all it gets, and tells when something has come. */
export interface Collector extends OutputSink {
  readonly text: (stream?: "stdout" | "stderr") => string;
  /** Resolves when `wanted` is in stdout. */
  readonly until: (wanted: string) => Promise<void>;
}

export function collector(): Collector {
  const texts = { stdout: "", stderr: "" };
  let waiting: { wanted: string; resolve: () => void }[] = [];
  return {
    write: async (stream, data) => {
      texts[stream] += Buffer.from(data).toString();
      for (const { resolve } of waiting.filter(({ wanted }) => texts.stdout.includes(wanted))) resolve();
      waiting = waiting.filter(({ wanted }) => !texts.stdout.includes(wanted));
    },
    text: (stream = "stdout") => texts[stream],
    until: (wanted) => {
      if (texts.stdout.includes(wanted)) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push({ wanted, resolve });
      });
    },
  };
}
