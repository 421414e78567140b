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
import { type DevCluster, pathsOf, registryOf } from "./model.ts";
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
  const named = cluster.name === "dev" ? "" : ` --name ${cluster.name}`;
  const off = cluster.nodes.filter((node) => hostProcess(paths, node) === undefined);
  const manager = cluster.nodes.find((node) => node.role === "manager" && !off.includes(node));
  const offText = `off: "skep dev start${named} ${off.map(({ name: node }) => node).join(" ")}" boots`;
  if (manager === undefined) {
    throw new SkepError(
      "failed_precondition",
      `all managers of dev cluster ${cluster.name} are ${offText} its hosts, "skep dev down${named}" begins anew`,
    );
  }
  if (off.length > 0)
    tell(`Dev cluster ${cluster.name} runs already, with ${off.length} of its hosts ${offText} them.`);
  else if (found !== undefined) tell(`Dev cluster ${cluster.name} runs already: this is how it is.`);
  const image = await pushDemoImage(registryOf(cluster), { env, signal });
  const host = `unix://${paths.socket(manager.name)}`;
  const { services } = await retry(
    () =>
      withClient(paths.socket(manager.name), (client) =>
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
  print(next(cluster, image, named));
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

function next(cluster: DevCluster, image: string, named: string): string {
  const first = cluster.nodes[0];
  const last = cluster.nodes.at(-1);
  const steps = [
    ["skep service scale hello=20", "more of it, spread over the hosts"],
    ["skep service logs --tail 2 -f hello", "what all of them say; Ctrl-C ends"],
    [`skep dev kill${named} ${last?.name}`, "cut a worker's power, then watch: skep service ps hello"],
    [`skep dev kill${named} ${first?.name}`, "the leader's power: another manager leads within seconds"],
    ["skep status", "one screen that tells how the cluster is, and why"],
    [`skep dev start${named} ${first?.name} ${last?.name}`, "both boot again from their disks"],
    [`skep service create --name page --replicas 2 --publish 8080:8080 ${image} page`, ""],
    [`curl http://${first?.addr}:8080`, "every host answers, also those without a replica"],
    [`skep dev down${named}`, "everything is removed again"],
  ] as const;
  const columns = Math.max(...steps.filter(([, why]) => why !== "").map(([command]) => command.length)) + 3;
  const lines = steps.map(([command, why]) => `  ${command.padEnd(why === "" ? 0 : columns)}${why}`);
  return `\nWhat to look at next (bin/skep, or "export PATH=$PWD/bin:$PATH" first):\n\n${lines.join("\n")}`;
}
