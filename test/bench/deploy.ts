// Deploying side by side: skep's dev cluster, then Docker Swarm on hosts made the same way, in one run on one machine.
// Three managers and two workers each, the image on every node beforehand.
//
//   node test/bench/deploy.ts [--runs 3] [--only skep|swarm]

import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { withClient } from "../../deploy/dev/client.ts";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { bringDown } from "../../deploy/dev/down.ts";
import { hostProcess } from "../../deploy/dev/hosts.ts";
import { pathsOf } from "../../deploy/dev/model.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { bringUp } from "../../deploy/dev/up.ts";
import {
  ControlService,
  newCreateServiceRequest,
  newListRequest,
  newObjectRequest,
  newRemoveRequest,
  newUpdateServiceRequest,
} from "../../proto/gen/control.ts";
import { newContainerSpec, newServiceSpec, newTaskSpec } from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { busyboxTo } from "../e2e/images.ts";
import { commandOf, cpuTicksOf, pidsOfHosts, rssBytesOf } from "../support/processes.ts";
import { pullEverywhere, startSwarmPeer } from "./swarm-peer.ts";
import { median, printTable } from "./table.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "3" }, only: { type: "string" } } });
const RUNS = Number(values.runs);
const STEPS = [10, 50, 150] as const;
const POLL_MS = 20;
const LIMIT_MS = 300_000;
const IDLE_MS = 20_000;
const SLEEP = ["sleep", "100000"];

/** What a benchmark does to a cluster of either kind. */
interface Subject {
  readonly name: string;
  readonly create: (name: string, replicas: number) => Promise<void>;
  readonly scale: (name: string, replicas: number) => Promise<void>;
  readonly running: (name: string) => Promise<number>;
  /** Resolves when no task is left. */
  readonly remove: (name: string) => Promise<void>;
  readonly hosts: () => readonly number[];
  /** The command line of the daemon whose memory counts. */
  readonly daemon: RegExp;
  readonly down: () => Promise<void>;
}

interface Result {
  readonly one: number;
  readonly steps: readonly number[];
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  while (!(await check())) {
    if (performance.now() > limit) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`);
    await delay(POLL_MS);
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function measure(subject: Subject): Promise<Result> {
  const reach = async (name: string, count: number): Promise<void> =>
    await until(`${subject.name}: ${name} ${count}/${count}`, async () => (await subject.running(name)) === count);
  const one = await timed(async () => {
    await subject.create("one", 1);
    await reach("one", 1);
  });
  await subject.remove("one");
  const steps: number[] = [];
  for (const [i, count] of STEPS.entries()) {
    steps.push(
      await timed(async () => {
        await (i === 0 ? subject.create("many", count) : subject.scale("many", count));
        await reach("many", count);
      }),
    );
  }
  await subject.remove("many");
  return { one, steps };
}

interface Idle {
  readonly cpuPercent: number;
  readonly daemonMegabytes: number;
}

async function idle(subject: Subject): Promise<Idle> {
  await delay(5_000); // what the last removal set going comes to rest
  const before = cpuTicksOf(pidsOfHosts(subject.hosts()));
  await delay(IDLE_MS);
  const pids = pidsOfHosts(subject.hosts());
  const cpuPercent = ((cpuTicksOf(pids) - before) / 100 / (IDLE_MS / 1000)) * 100;
  const daemons = pids.filter((pid) => subject.daemon.test(commandOf(pid))).map((pid) => rssBytesOf(pid) / 2 ** 20);
  return { cpuPercent, daemonMegabytes: Math.max(...daemons) };
}

async function skepSubject(): Promise<Subject> {
  const name = "bench";
  await bringDown(name, realEnv).catch(() => undefined);
  const signal = new AbortController().signal;
  const cluster = await bringUp({ name, managers: 3, workers: 2, env: realEnv, signal, tell: console.error });
  const paths = pathsOf(DEV_DIR, name);
  const image = await busyboxTo(cluster);
  const call = <R>(use: Parameters<typeof withClient<R>>[1]): Promise<R> => withClient(paths.socket("node1"), use);
  const spec = (service: string, replicas: number): ReturnType<typeof newServiceSpec> =>
    newServiceSpec({
      name: service,
      mode: { kind: "replicated", replicas },
      taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image, args: SLEEP }) }),
    });
  const subject: Subject = {
    name: "skep",
    create: async (service, replicas) => {
      await call((client) =>
        unary(client, ControlService.createService, newCreateServiceRequest({ spec: spec(service, replicas) })),
      );
    },
    scale: async (ref, replicas) => {
      await call(async (client) => {
        const { service } = await unary(client, ControlService.getService, newObjectRequest({ ref }));
        if (service?.spec === undefined) throw new Error(`no service ${ref}`);
        const request = newUpdateServiceRequest({
          id: service.id,
          version: service.meta?.version ?? 0,
          spec: { ...service.spec, mode: { kind: "replicated", replicas } },
          noResolveImage: true,
        });
        await unary(client, ControlService.updateService, request);
      });
    },
    running: async (ref) => {
      const { status } = await call((client) => unary(client, ControlService.getService, newObjectRequest({ ref })));
      return status?.runningTasks ?? 0;
    },
    remove: async (ref) => {
      await call((client) => unary(client, ControlService.removeService, newRemoveRequest({ ref })));
      await until("skep: tasks gone", async () => {
        const { tasks } = await call((client) => unary(client, ControlService.listTasks, newListRequest()));
        return tasks.length === 0;
      });
    },
    hosts: () =>
      cluster.nodes.flatMap((node) => {
        const outer = hostProcess(paths, node);
        const init = outer === undefined ? undefined : firstChild(outer);
        return init === undefined ? [] : [init.pid];
      }),
    daemon: /skep\.(ts|js) daemon/,
    down: () => bringDown(name, realEnv),
  };
  await warm(subject);
  return subject;
}

// One task per node and back: the image is on every node before anything is measured.
async function warm(subject: Subject): Promise<void> {
  await subject.create("warm", 5);
  await until(`${subject.name}: warm`, async () => (await subject.running("warm")) === 5);
  await subject.remove("warm");
}

async function swarmSubject(): Promise<Subject> {
  const peer = await startSwarmPeer(3, 2);
  const image = await busyboxTo(peer.cluster);
  await pullEverywhere(peer, image);
  interface Service {
    readonly ID: string;
    readonly Version: { readonly Index: number };
    readonly Spec: Record<string, unknown>;
    readonly ServiceStatus?: { readonly RunningTasks: number };
  }
  const find = async (name: string): Promise<Service> => {
    const filters = encodeURIComponent(JSON.stringify({ name: { [name]: true } }));
    const [service] = (await peer.api("GET", `/services?status=true&filters=${filters}`)) as Service[];
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  };
  const subject: Subject = {
    name: "swarm",
    create: async (name, replicas) => {
      await peer.api("POST", "/services/create", {
        Name: name,
        Mode: { Replicated: { Replicas: replicas } },
        TaskTemplate: { ContainerSpec: { Image: image, Args: SLEEP, StopGracePeriod: 1_000_000_000 } },
      });
    },
    scale: async (name, replicas) => {
      const service = await find(name);
      const spec = { ...service.Spec, Mode: { Replicated: { Replicas: replicas } } };
      await peer.api("POST", `/services/${service.ID}/update?version=${service.Version.Index}`, spec);
    },
    running: async (name) => (await find(name)).ServiceStatus?.RunningTasks ?? 0,
    remove: async (name) => {
      await peer.api("DELETE", `/services/${name}`);
      await until("swarm: containers gone", async () => {
        const counts = await Promise.all(
          peer.cluster.nodes.map(
            async (node) => ((await peer.apiAt(node.name, "GET", "/containers/json")) as unknown[]).length,
          ),
        );
        return counts.every((count) => count === 0);
      });
    },
    hosts: peer.hostPids,
    daemon: /^(\/usr\/sbin\/)?dockerd /,
    down: peer.down,
  };
  await warm(subject);
  return subject;
}

async function bench(
  make: () => Promise<Subject>,
): Promise<{ readonly results: readonly Result[]; readonly idle: Idle }> {
  const subject = await make();
  try {
    const results: Result[] = [];
    for (let run = 0; run < RUNS; run++) {
      results.push(await measure(subject));
      console.error(`${subject.name} run ${run + 1}: ${JSON.stringify(results.at(-1))}`);
    }
    return { results, idle: await idle(subject) };
  } finally {
    await subject.down();
  }
}

const skep = values.only === "swarm" ? undefined : await bench(skepSubject);
const swarm = values.only === "skep" ? undefined : await bench(swarmSubject);

const pick = (side: typeof skep, of: (result: Result) => number): number | undefined =>
  side === undefined ? undefined : median(side.results.map(of));
const row = (what: string, of: (result: Result) => number, aim: string): string[] => {
  const ours = pick(skep, of);
  const theirs = pick(swarm, of);
  const ratio = ours === undefined || theirs === undefined ? "" : (ours / theirs).toFixed(2);
  return [what, seconds(ours), seconds(theirs), ratio, aim];
};
const seconds = (value: number | undefined): string => (value === undefined ? "" : `${value.toFixed(2)} s`);

printTable(
  ["what (median of runs)", "skep", "Swarm", "ratio", "aim"],
  [
    row("one replica, image present", (result) => result.one, "0.25 s"),
    row("create 10 until 10/10", (result) => result.steps[0] ?? 0, "0.50"),
    row("scale 10 to 50", (result) => result.steps[1] ?? 0, "0.35"),
    row("scale 50 to 150", (result) => result.steps[2] ?? 0, "0.35"),
    ["idle CPU, whole cluster, of a core", percent(skep?.idle), percent(swarm?.idle), "", "5 %"],
    ["idle memory, largest daemon", megabytes(skep?.idle), megabytes(swarm?.idle), "", "110 MB"],
  ],
);

function percent(side: Idle | undefined): string {
  return side === undefined ? "" : `${side.cpuPercent.toFixed(1)} %`;
}
function megabytes(side: Idle | undefined): string {
  return side === undefined ? "" : `${side.daemonMegabytes.toFixed(0)} MB`;
}
