// How long until every node sends to a new task, and until none sends to one that is to stop: a service is made on a network that
// has a task on each node of a dev cluster, and from within each of these its name is asked for and its virtual address called.
//
//   node test/bench/network-converge.ts [--runs 20] [--name a-dev-cluster-that-is-up]
import { spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pushDemoImage } from "../../deploy/demo-image.ts";
import { withClient } from "../../deploy/dev/client.ts";
import { DEV_DIR, readCluster } from "../../deploy/dev/clusters.ts";
import { bringDown } from "../../deploy/dev/down.ts";
import { hostProcess } from "../../deploy/dev/hosts.ts";
import { type DevCluster, pathsOf, registryOf } from "../../deploy/dev/model.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { bringUp } from "../../deploy/dev/up.ts";
import {
  ControlService,
  newCreateNetworkRequest,
  newCreateServiceRequest,
  newListRequest,
  newObjectRequest,
  newRemoveRequest,
  newUpdateServiceRequest,
} from "../../proto/gen/control.ts";
import {
  newContainerSpec,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newServiceSpec,
  newTaskSpec,
  type ServiceSpec,
} from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { commandOf, pidsOfHosts } from "../support/processes.ts";
import { median, percentile, printTable } from "./table.ts";

const PORT = 8080;
const POLL_MS = 5;
const LIMIT_MS = 60_000;
const CALL_LIMIT_MS = 500;
const RESOLVER = "127.0.0.11";
const NETWORK = "converge";
const PROBE = ["sh", "-c", "trap 'exit 0' TERM; : converge-probe; while :; do sleep 1 & wait $!; done"];

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20" },
    name: { type: "string" },
    probe: { type: "boolean", default: false },
  },
});

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const limit = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > limit) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`);
    await delay(POLL_MS);
  }
}

// ---------------------------------------------------------------------------------- inside a task's network namespace

/** When it was so, by the clock of the machine: on all hosts the same. */
interface Seen {
  readonly named: number;
  readonly answered: number;
}

const calls = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CALL_LIMIT_MS });
    const done = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.on("connect", () => done(true));
    socket.on("timeout", () => done(false));
    socket.on("error", () => done(false));
  });

async function probe(): Promise<void> {
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([RESOLVER]);
  const addresses = (name: string): Promise<readonly string[]> => resolver.resolve4(name).catch(() => []);
  const vip = (name: string): Promise<string> =>
    until(`the address of ${name}`, async () => (await addresses(name))[0]);
  const named = (name: string): Promise<number> =>
    until(`tasks.${name}`, async () => ((await addresses(`tasks.${name}`)).length > 0 ? Date.now() : undefined));
  const answered = async (name: string, wanted: boolean): Promise<number> => {
    const address = await vip(name);
    return await until(`${name} answers: ${wanted}`, async () =>
      (await calls(address, PORT)) === wanted ? Date.now() : undefined,
    );
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb = "", name = ""] = line.split(" ");
    if (verb === "comes") {
      const [first, second] = await Promise.all([named(name), answered(name, true)]);
      console.log(JSON.stringify({ named: first, answered: second } satisfies Seen));
    } else if (verb === "goes") console.log(JSON.stringify({ named: 0, answered: await answered(name, false) }));
  }
}

// ------------------------------------------------------------------------------------------------------------ the bench

class Probe {
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: AsyncIterator<string>;

  constructor(pid: number) {
    const args = ["-t", String(pid), "-n", process.execPath, import.meta.filename, "--probe"];
    this.#child = spawn("nsenter", args, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("no output of the probe");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async ask(line: string): Promise<Seen> {
    this.#child.stdin?.write(`${line}\n`);
    const { value } = await this.#lines.next();
    return JSON.parse(String(value)) as Seen;
  }

  end(): void {
    this.#child.kill();
  }
}

interface Run {
  /** Milliseconds from the task's running, as its agent saw it: one of each node. */
  readonly named: readonly number[];
  readonly answered: readonly number[];
  /** From the managers' word that the service has no replicas any more. */
  readonly refused: readonly number[];
}

class Bench {
  readonly #cluster: DevCluster;
  readonly #call: <R>(use: Parameters<typeof withClient<R>>[1]) => Promise<R>;
  #image = "";
  #network = "";

  constructor(cluster: DevCluster) {
    this.#cluster = cluster;
    const socket = pathsOf(DEV_DIR, cluster.name).socket("node1");
    this.#call = (use) => withClient(socket, use);
  }

  async prepare(): Promise<readonly Probe[]> {
    this.#image = await pushDemoImage(registryOf(this.#cluster), {
      env: realEnv,
      signal: new AbortController().signal,
    });
    const spec = newNetworkSpec({ name: NETWORK, driver: "overlay" });
    const made = await this.#call((client) =>
      unary(client, ControlService.createNetwork, newCreateNetworkRequest({ spec })),
    );
    this.#network = made.id;
    await this.#create("converge-probe", PROBE, { kind: "global" });
    const nodes = this.#cluster.nodes.length;
    await until("a probe on each node", async () =>
      (await this.#running("converge-probe")).length === nodes ? true : undefined,
    );
    const pids = pidsOfHosts(this.#hosts()).filter((pid) => /: converge-probe/.test(commandOf(pid)));
    const shells = pids.filter((pid) => commandOf(pid).startsWith("sh "));
    return shells.map((pid) => new Probe(pid));
  }

  async run(name: string, probes: readonly Probe[]): Promise<Run> {
    const coming = probes.map((each) => each.ask(`comes ${name}`));
    await this.#create(name, ["page"], { kind: "replicated", replicas: 1 });
    const [runningAt = 0] = await until(`${name} runs`, async () => {
      const times = await this.#running(name);
      return times.length > 0 ? times : undefined;
    });
    const seen = await Promise.all(coming);
    await delay(100);
    const going = probes.map((each) => each.ask(`goes ${name}`));
    const stoppedAt = await this.#stop(name);
    const gone = await Promise.all(going);
    await this.#remove(name);
    return {
      named: seen.map(({ named }) => named - runningAt),
      answered: seen.map(({ answered }) => answered - runningAt),
      refused: gone.map(({ answered }) => answered - stoppedAt),
    };
  }

  async clear(): Promise<void> {
    await this.#remove("converge-probe");
    await this.#call((client) => unary(client, ControlService.removeNetwork, newRemoveRequest({ ref: NETWORK })));
  }

  async #create(name: string, args: readonly string[], mode: NonNullable<ServiceSpec["mode"]>): Promise<void> {
    const spec = newServiceSpec({
      name,
      mode,
      taskTemplate: newTaskSpec({
        containerSpec: newContainerSpec({ image: this.#image, args, stopGracePeriodMs: 1_000 }),
        networks: [newNetworkAttachmentConfig({ target: this.#network })],
      }),
    });
    await this.#call((client) => unary(client, ControlService.createService, newCreateServiceRequest({ spec })));
  }

  /** When its tasks began to run. */
  async #running(name: string): Promise<readonly number[]> {
    const { tasks } = await this.#call((client) => unary(client, ControlService.listTasks, newListRequest()));
    return tasks
      .filter(({ serviceName, status }) => serviceName === name && status?.state === "running")
      .map(({ status }) => status?.timestampMs ?? 0);
  }

  async #stop(name: string): Promise<number> {
    return await this.#call(async (client) => {
      const { service } = await unary(client, ControlService.getService, newObjectRequest({ ref: name }));
      if (service?.spec === undefined) throw new Error(`no service ${name}`);
      const spec: ServiceSpec = { ...service.spec, mode: { kind: "replicated", replicas: 0 } };
      const request = newUpdateServiceRequest({ id: service.id, version: service.meta?.version ?? 0, spec });
      await unary(client, ControlService.updateService, { ...request, noResolveImage: true });
      return Date.now();
    });
  }

  async #remove(name: string): Promise<void> {
    await this.#call((client) => unary(client, ControlService.removeService, newRemoveRequest({ ref: name })));
    await until(`no task of ${name}`, async () => {
      const { tasks } = await this.#call((client) => unary(client, ControlService.listTasks, newListRequest()));
      return tasks.some(({ serviceName }) => serviceName === name) ? undefined : true;
    });
  }

  #hosts(): readonly number[] {
    const paths = pathsOf(DEV_DIR, this.#cluster.name);
    return this.#cluster.nodes.flatMap((node) => {
      const outer = hostProcess(paths, node);
      const init = outer === undefined ? undefined : firstChild(outer);
      return init === undefined ? [] : [init.pid];
    });
  }
}

async function main(): Promise<void> {
  const name = values.name ?? "converge";
  const signal = new AbortController().signal;
  const cluster =
    values.name === undefined
      ? await bringUp({ name, managers: 3, workers: 2, env: realEnv, signal, tell: console.error })
      : readCluster(name);
  if (cluster === undefined) throw new Error(`no dev cluster ${name}`);
  const bench = new Bench(cluster);
  let probes: readonly Probe[] = [];
  try {
    probes = await bench.prepare();
    console.error(`${probes.length} probes`);
    await bench.run("warm", probes);
    const runs: Run[] = [];
    for (let n = 0; n < Number(values.runs); n++) runs.push(await bench.run(`come${n}`, probes));
    await bench.clear();
    const row = (what: string, pick: (run: Run) => readonly number[]): readonly string[] => {
      const last = runs.map((run) => Math.max(...pick(run)));
      return [what, ...[median(runs.flatMap(pick)), median(last), percentile(last, 90)].map((ms) => ms.toFixed(0))];
    };
    printTable(
      ["ms", "one node, median", "all nodes, median", "all nodes, 90 %"],
      [
        row("task runs → its name is answered", ({ named }) => named),
        row("task runs → its virtual address connects", ({ answered }) => answered),
        row("no replicas wanted → its virtual address is refused", ({ refused }) => refused),
      ],
    );
  } finally {
    for (const each of probes) each.end();
    if (values.name === undefined) await bringDown(name, realEnv);
  }
}

await (values.probe ? probe() : main());
