// A containerd of our own, as the daemon's child, for hosts that run none. It has its own folders and socket and only the
// parts that we use. It is started again whenever it dies, after a delay that grows while it keeps dying. Containers do not
// depend on it: each hangs on its shim, and a new containerd finds the shims again. So a clean stop of the daemon ends it
// (a package upgrade takes effect with the next start), and one left behind by a crash is ended before the new one starts:
// there is always one containerd, and it is always our child.
import { type ChildProcess, spawn } from "node:child_process";
import { access, constants, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import { backoffMs } from "./backoff.ts";

const STOP_GRACE_MS = 5_000;
const STEADY_AFTER_MS = 60_000;
const KEPT_WORDS = 20;
const POLL_MS = 10;

export interface PrivateContainerd {
  readonly socket: string;
  /** Why it is not running now, in its own last words; undefined while it runs. */
  readonly problem: () => string | undefined;
  readonly pid: () => number | undefined;
  /** Ends containerd, not the containers. */
  readonly close: () => Promise<void>;
}

export interface PrivateContainerdOptions {
  readonly env: Env;
  readonly log: Log;
  /** Persistent state: images, snapshots, records. */
  readonly root: string;
  /** Sockets and bundles; lost at a reboot of the host. */
  readonly state: string;
  /** Search path for containerd, its shim and runc. */
  readonly path: string;
}

const NEEDED = [
  ["containerd", "containerd"],
  ["containerd-shim-runc-v2", "containerd"],
  ["runc", "runc"],
] as const;

async function findBinary(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

/** containerd's configuration: state of our own, no CRI, none of the snapshotters that need set-up. */
export function containerdConfig(root: string, state: string, socket: string): string {
  const off = [
    "io.containerd.grpc.v1.cri",
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.restart",
    "io.containerd.internal.v1.tracing",
    "io.containerd.tracing.processor.v1.otlp",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
  ];
  return [
    "version = 2",
    `root = ${JSON.stringify(root)}`,
    `state = ${JSON.stringify(state)}`,
    `disabled_plugins = ${JSON.stringify(off)}`,
    "[grpc]",
    `address = ${JSON.stringify(socket)}`,
    "[debug]",
    'level = "warn"',
    "",
  ].join("\n");
}

/** @throws {SkepError} `failed_precondition`: a program is missing, or cannot be started. */
export async function startPrivateContainerd(options: PrivateContainerdOptions): Promise<PrivateContainerd> {
  const { env, log, root, state, path } = options;
  for (const [binary, packageName] of NEEDED) {
    if ((await findBinary(binary, path)) === undefined) {
      throw new SkepError(
        "failed_precondition",
        `${binary} is not installed on this node (looked in ${path}); install the package ${packageName}`,
      );
    }
  }
  const command = (await findBinary("containerd", path)) ?? "containerd";
  const socket = join(state, "containerd.sock");
  const configFile = join(state, "config.toml");
  const pidFile = join(state, "containerd.pid");
  await mkdir(root, { recursive: true, mode: 0o711 });
  await mkdir(state, { recursive: true, mode: 0o711 });
  await endOld(env, pidFile, configFile);
  await rm(socket, { force: true });
  await writeFile(configFile, containerdConfig(root, state, socket), { mode: 0o600 });

  let child: ChildProcess | undefined;
  let problem: string | undefined;
  const closing = new AbortController();

  const runOnce = (): Promise<string> =>
    new Promise((resolve) => {
      const words: string[] = [];
      // A session of its own: a Ctrl-C at the daemon's terminal is not for it.
      const started = spawn(command, ["--config", configFile], {
        cwd: "/",
        detached: true,
        env: { PATH: path },
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      problem = undefined;
      started.stderr.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\n").filter((part) => part !== "")) {
          log.debug({ line }, "containerd says");
          if (!line.includes("level=info")) words.push(line); // shims write through it at their own level
          if (words.length > KEPT_WORDS) words.shift();
        }
      });
      started.once("error", (error) => resolve(error.message));
      started.once("exit", (code, signal) => {
        resolve(`${signal === null ? `status ${code}` : signal}${words.length > 0 ? `: ${words.at(-1)}` : ""}`);
      });
      if (started.pid !== undefined) writeFile(pidFile, `${started.pid}\n`).catch(() => undefined);
    });

  const supervise = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; ) {
      const startedMs = env.nowMs();
      const why = await runOnce();
      child = undefined;
      problem = why;
      if (closing.signal.aborted) return;
      failures = env.nowMs() - startedMs > STEADY_AFTER_MS ? 1 : failures + 1;
      const delayMs = backoffMs(failures);
      log.warn({ why, delayMs }, "containerd ended; starting it again");
      await env.sleep(delayMs, closing.signal).catch(() => undefined);
    }
  };
  const supervising = supervise();

  return {
    socket,
    problem: () => problem,
    pid: () => child?.pid,
    close: async () => {
      closing.abort();
      const last = child;
      last?.kill("SIGTERM");
      const stopped = new AbortController();
      env
        .sleep(STOP_GRACE_MS, stopped.signal)
        .then(() => last?.kill("SIGKILL"))
        .catch(() => undefined);
      await supervising;
      stopped.abort();
      await rm(pidFile, { force: true });
    },
  };
}

/**
 * Two containerds on one folder would corrupt it, so an earlier one must be gone first.
 * @throws {SkepError} `failed_precondition`: it does not end, not even killed.
 */
async function endOld(env: Env, pidFile: string, configFile: string): Promise<void> {
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  const running = async (): Promise<boolean> => {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return commandLine.split("\0").includes(configFile);
  };
  const forever = new AbortController().signal;
  const deadlineMs = env.nowMs() + STOP_GRACE_MS;
  for (let asked = false; await running(); asked = true) {
    if (env.nowMs() > deadlineMs + STOP_GRACE_MS) {
      throw new SkepError(
        "failed_precondition",
        `the containerd of an earlier daemon (process ${pid}) does not end, though it was killed: look what it waits for`,
      );
    }
    try {
      if (!asked) process.kill(pid, "SIGTERM");
      else if (env.nowMs() > deadlineMs) process.kill(pid, "SIGKILL");
    } catch {
      return; // gone
    }
    await env.sleep(POLL_MS, forever);
  }
}
