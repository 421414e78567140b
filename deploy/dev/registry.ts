// The dev cluster's registry: Debian's docker-registry on the bridge's address, plain HTTP, storage in the cluster's folder.
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { bridgeAddrOf, type DevCluster, type Paths, REGISTRY_PORT, registryOf } from "./model.ts";
import { endProcess, readPidFile, startDetached } from "./process.ts";

const pidFileOf = (paths: Paths): string => join(paths.registryDir, "pid");

export function startRegistry(cluster: DevCluster, paths: Paths): void {
  const { registryDir } = paths;
  mkdirSync(join(registryDir, "data"), { recursive: true });
  const config = join(registryDir, "config.yml");
  writeFileSync(
    config,
    `version: 0.1
log: { level: warn }
storage:
  filesystem: { rootdirectory: ${join(registryDir, "data")} }
  delete: { enabled: true }
http: { addr: "${registryOf(cluster)}" }
`,
  );
  startDetached("docker-registry", ["serve", config], {
    logFile: join(registryDir, "registry.log"),
    pidFile: pidFileOf(paths),
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", OTEL_TRACES_EXPORTER: "none" },
  });
}

export async function stopRegistry(paths: Paths, env: Env): Promise<void> {
  const id = readPidFile(pidFileOf(paths));
  if (id !== undefined) await endProcess(id, "SIGKILL", env, pidFileOf(paths));
}

const READY_POLL_MS = 50;
const READY_LIMIT_MS = 20_000;

export async function registryReady(cluster: DevCluster, paths: Paths, env: Env, signal: AbortSignal): Promise<void> {
  const limit = env.nowMs() + READY_LIMIT_MS;
  while (!(await accepts(bridgeAddrOf(cluster.number), REGISTRY_PORT))) {
    if (env.nowMs() > limit) {
      throw new SkepError(
        "unavailable",
        `the registry does not answer; see ${join(paths.registryDir, "registry.log")}`,
      );
    }
    await env.sleep(READY_POLL_MS, signal);
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
