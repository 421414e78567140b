// Nothing is stale for long: after services came and went, an agent was killed in the middle of it, and a node lost power, how
// long from when things have settled (the managers' objects say what was wanted) until every node's links, entries, rules and
// names are what the store says. To look takes time itself, so each figure is between two: when the first look that found
// nothing wrong began, and when it ended.
//
//   node test/bench/network-settle.ts [--runs 5] [--name settle]
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pushDemoImage } from "../../deploy/demo-image.ts";
import { retry, withClient } from "../../deploy/dev/client.ts";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { bringDown } from "../../deploy/dev/down.ts";
import { hostProcess, powerOff, powerOn } from "../../deploy/dev/hosts.ts";
import { type DevCluster, nodeByName, pathsOf, registryOf } from "../../deploy/dev/model.ts";
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
  newPortConfig,
  newServiceSpec,
  newTaskSpec,
  type ServiceSpec,
  type Task,
} from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { isTerminal } from "../../shared/model/tasks.ts";
import { unary } from "../../shared/rpc/client.ts";
import { networkDifferences, unsettled } from "../e2e/network-truth.ts";
import { commandOf, pidsOfHosts } from "../support/processes.ts";
import { median, printTable } from "./table.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, name: { type: "string", default: "settle" } },
});
const NETWORK = "settling";
const PORT = 8077;
const POLL_MS = 50;
const LIMIT_MS = 120_000;
const DAEMON = /skep\.(ts|js) daemon/;

const signal = new AbortController().signal;
const cluster: DevCluster = await bringUp({
  name: values.name,
  managers: 3,
  workers: 2,
  env: realEnv,
  signal,
  tell: console.error,
});
const paths = pathsOf(DEV_DIR, cluster.name);
/** Managers may be without a leader for a moment. */
const call = <R>(use: Parameters<typeof withClient<R>>[1]): Promise<R> =>
  retry(() => withClient(paths.socket("node1"), use), { env: realEnv, limitMs: LIMIT_MS, signal });

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  while (!(await look())) {
    if (performance.now() > limit) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`);
    await delay(POLL_MS);
  }
}

const tasks = (): Promise<readonly Task[]> =>
  call(async (client) => (await unary(client, ControlService.listTasks, newListRequest())).tasks);

/** By their IDs. */
const readyNodes = (): Promise<ReadonlySet<string>> =>
  call(async (client) => {
    const { nodes } = await unary(client, ControlService.listNodes, newListRequest());
    return new Set(nodes.flatMap(({ id, status }) => (status?.state === "ready" ? [id] : [])));
  });

/** So many tasks of the service run and every other one has ended, but for those of nodes that are away. */
async function settled(service: string, replicas: number, nodes = cluster.nodes.length): Promise<void> {
  await until(`${service} has settled`, async () => {
    const ready = await readyNodes();
    if (ready.size !== nodes) return false;
    const open = (await tasks()).filter(
      (task) =>
        task.serviceName === service &&
        !isTerminal(task.status?.state ?? "new") &&
        (task.nodeId === "" || ready.has(task.nodeId)),
    );
    const up = open.filter((task) => task.desiredState === "running" && task.status?.state === "running");
    return up.length === replicas && open.length === replicas && (await unsettled(cluster.name)).length === 0;
  });
}

async function create(name: string, replicas: number, port: number): Promise<void> {
  const image = await pushDemoImage(registryOf(cluster), { env: realEnv, signal });
  const spec = newServiceSpec({
    name,
    mode: { kind: "replicated", replicas },
    taskTemplate: newTaskSpec({
      containerSpec: newContainerSpec({ image, args: ["page"], stopGracePeriodMs: 1_000 }),
      networks: [newNetworkAttachmentConfig({ target: NETWORK })],
    }),
    endpointSpec: {
      mode: "vip",
      ports: [newPortConfig({ protocol: "tcp", targetPort: 8080, publishedPort: port, publishMode: "ingress" })],
    },
  });
  await call((client) => unary(client, ControlService.createService, newCreateServiceRequest({ spec })));
}

const remove = (name: string) =>
  call((client) => unary(client, ControlService.removeService, newRemoveRequest({ ref: name })));

async function scale(name: string, replicas: number): Promise<void> {
  await call(async (client) => {
    const { service } = await unary(client, ControlService.getService, newObjectRequest({ ref: name }));
    if (service?.spec === undefined) throw new Error(`no service ${name}`);
    const spec: ServiceSpec = { ...service.spec, mode: { kind: "replicated", replicas } };
    const request = newUpdateServiceRequest({ id: service.id, version: service.meta?.version ?? 0, spec });
    await unary(client, ControlService.updateService, { ...request, noResolveImage: true });
  });
}

function killDaemon(name: string): void {
  const outer = hostProcess(paths, nodeByName(cluster, name));
  const init = outer === undefined ? undefined : firstChild(outer);
  if (init === undefined) throw new Error(`${name} is off`);
  const pids = pidsOfHosts([init.pid]).filter((pid) => DAEMON.test(commandOf(pid)));
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

interface Stale {
  /** Milliseconds from when things had settled. */
  readonly atLeast: number;
  readonly atMost: number;
  /** What the looks before found. */
  readonly found: readonly string[];
}

async function stale(): Promise<Stale> {
  const settledAt = performance.now();
  const found: string[] = [];
  for (;;) {
    const beganAt = performance.now();
    const differences = await networkDifferences(cluster.name);
    const atMost = performance.now() - settledAt;
    if (differences.length === 0) return { atLeast: beganAt - settledAt, atMost, found };
    if (atMost > LIMIT_MS) throw new Error(`not within ${LIMIT_MS / 1000} s: ${differences.join("\n")}`);
    found.push(`after ${atMost.toFixed(0)} ms: ${differences.length} such as ${differences[0]}`);
  }
}

/** Each is done, and ends when things have settled. */
const EVENTS: Readonly<Record<string, () => Promise<void>>> = {
  "20 replicas become 5": async () => {
    await scale("crowd", 20);
    await settled("crowd", 20);
    await scale("crowd", 5);
    await settled("crowd", 5);
  },
  "a service of 10 is removed": async () => {
    await create("passing", 10, PORT + 1);
    await settled("passing", 10);
    await remove("passing");
    await settled("passing", 0);
  },
  "an agent is killed while 5 become 20": async () => {
    await scale("crowd", 20);
    killDaemon("node4");
    await settled("crowd", 20);
  },
  "an agent is killed while 20 become 5": async () => {
    await scale("crowd", 5);
    killDaemon("node5");
    await settled("crowd", 5);
  },
  "a node loses power": async () => {
    await powerOff(cluster, paths, nodeByName(cluster, "node4"), realEnv);
    await settled("crowd", 5, cluster.nodes.length - 1);
  },
  "a node has power again": async () => {
    await powerOn(cluster, paths, nodeByName(cluster, "node4"));
    await settled("crowd", 5);
  },
};

try {
  const spec = newNetworkSpec({ name: NETWORK, driver: "overlay" });
  await call((client) => unary(client, ControlService.createNetwork, newCreateNetworkRequest({ spec })));
  await create("crowd", 5, PORT);
  await settled("crowd", 5);
  const seen = new Map(Object.keys(EVENTS).map((what): [string, Stale[]] => [what, []]));
  for (let run = 1; run <= Number(values.runs); run++) {
    for (const [what, act] of Object.entries(EVENTS)) {
      await act();
      const one = await stale();
      seen.get(what)?.push(one);
      console.error(`run ${run}: ${what}: ${one.atLeast.toFixed(0)} to ${one.atMost.toFixed(0)} ms`);
      for (const line of one.found) console.error(`  ${line}`);
    }
  }
  const words = (all: readonly number[]): readonly string[] =>
    [median(all), Math.max(...all)].map((ms) => ms.toFixed(0));
  printTable(
    ["ms until nothing is stale", "at least, median", "longest", "at most, median", "longest"],
    [...seen].map(([what, all]) => [
      what,
      ...words(all.map(({ atLeast }) => atLeast)),
      ...words(all.map(({ atMost }) => atMost)),
    ]),
  );
} finally {
  await bringDown(values.name, realEnv);
}
