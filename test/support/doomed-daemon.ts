// A process that uses the containerd runtime as a daemon does, until it is killed: starts the container that its argument
// describes, prints "started", and stays.
import { openContainerdRuntime } from "../../agent/runtime/containerd/open.ts";
import type { ContainerConfig } from "../../agent/runtime/runtime.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";

interface Work {
  readonly dir: string;
  readonly runDir: string;
  readonly cgroupParent: string;
  readonly config: ContainerConfig;
}

const { dir, runDir, cgroupParent, config } = JSON.parse(process.argv[2] ?? "{}") as Work;
const signal = new AbortController().signal;
const runtime = await openContainerdRuntime({
  env: realEnv,
  log: silentLog,
  dir,
  runDir,
  cgroupParent,
  knownSockets: [],
});
await runtime.create(config, signal);
await runtime.start(config.id, { write: async () => undefined }, signal);
process.stdout.write("started\n");
setInterval(() => undefined, 1_000_000);
