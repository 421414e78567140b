// `npm run demo`: a real cluster, a real service on it, and what to look at next. It types the commands that a user would.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ControlService, newListRequest } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { unary } from "../../shared/rpc/client.ts";
import { pushDemoImage } from "../demo-image.ts";
import { retry, withClient } from "./client.ts";
import { DEV_DIR, readCluster } from "./clusters.ts";
import { hostProcess } from "./hosts.ts";
import { type DevCluster, nodeByName, pathsOf, registryOf } from "./model.ts";
import { bringUp } from "./up.ts";

export interface DemoOptions {
  readonly name: string;
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
  readonly print: (line: string) => void;
}

const SKEP = join(import.meta.dirname, "..", "..", "bin", "skep");
const MANAGERS = 3;
const WORKERS = 2;

/** Resolves with the exit status. Repeating it shows what runs already. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { env, signal, tell, print } = options;
  const found = readCluster(options.name);
  if (found === undefined) {
    tell(`Starting ${MANAGERS} managers and ${WORKERS} workers, each a host of its own on this machine …`);
  }
  const cluster = found ?? (await bringUp({ ...options, managers: MANAGERS, workers: WORKERS }));
  const paths = pathsOf(DEV_DIR, cluster.name);
  if (hostProcess(paths, nodeByName(cluster, "node1")) === undefined) {
    throw new SkepError(
      "failed_precondition",
      `node1 of dev cluster ${cluster.name} is off: "skep dev start node1", or "skep dev down" to begin anew`,
    );
  }
  const image = await pushDemoImage(registryOf(cluster), { env, signal });
  const host = `unix://${paths.socket("node1")}`;
  const { services } = await retry(
    () =>
      withClient(paths.socket("node1"), (client) =>
        unary(client, ControlService.listServices, newListRequest(), { signal, timeoutMs: 5_000 }),
      ),
    { env, signal, limitMs: 20_000 },
  );
  if (!services.some(({ service }) => service?.spec?.name === "hello")) {
    const code = await type(["service", "create", "--name", "hello", "--replicas", "5", image], host, print);
    if (code !== 0) return code;
  }
  await type(["service", "ps", "hello"], host, print);
  await type(["status"], host, print);
  print(next(cluster, image));
  return 0;
}

/** Shows a command as typed, and runs it. */
function type(args: readonly string[], host: string, print: (line: string) => void): Promise<number> {
  print(`\n$ skep ${args.join(" ")}`);
  return new Promise((resolve, reject) => {
    const child = spawn(SKEP, args, { stdio: "inherit", env: { ...process.env, SKEP_HOST: host } });
    child.on("error", (error) => reject(SkepError.from(error)));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

function next(cluster: DevCluster, image: string): string {
  const name = cluster.name === "dev" ? "" : ` --name ${cluster.name}`;
  const [first] = cluster.nodes;
  const last = cluster.nodes.at(-1);
  return `
What to look at next (bin/skep, or "export PATH=$PWD/bin:$PATH" first):

  skep service scale hello=20            more of it, spread over the hosts
  skep service logs --tail 2 -f hello    what all of them say; Ctrl-C ends
  skep dev kill${name} ${last?.name}                    cut a worker's power, then watch: skep service ps hello
  skep dev kill${name} ${first?.name}                    the leader's power: another manager leads within seconds
  skep status                            one screen that tells how the cluster is, and why
  skep dev start${name} ${first?.name} ${last?.name}             both boot again from their disks
  skep service create --name page --mode global --network host ${image} page
                                         a page on port 8080 of every host: curl http://${first?.addr}:8080
  skep dev down${name}                          everything is removed again`;
}
