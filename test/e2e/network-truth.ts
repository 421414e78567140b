// Is the network of a dev cluster what the store says? For every node that is on: what its agent was told against what the leader
// believes, what its kernel has against what the agent was told (links, entries, rules: the daemon compares them itself), and
// what its tasks hear when they ask for names. `node test/e2e/network-truth.ts NAME` prints what is wrong; exit status 1 then.
import { spawn } from "node:child_process";
import { namespaceOf } from "../../agent/network/plan/names.ts";
import { withClient } from "../../deploy/dev/client.ts";
import { DEV_DIR, requireCluster } from "../../deploy/dev/clusters.ts";
import { hostProcess } from "../../deploy/dev/hosts.ts";
import { type DevCluster, type DevNode, pathsOf } from "../../deploy/dev/model.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { ControlService, type NetworkDetails, type NetworkTask, newListRequest } from "../../proto/gen/control.ts";
import { LocalService, type NetworkStateResponse, newNetworkStateRequest } from "../../proto/gen/local.ts";
import type { NetworkSnapshot } from "../../proto/gen/network.ts";
import type { Node, Task } from "../../proto/gen/objects.ts";
import { isTerminal, isUp, taskName } from "../../shared/model/tasks.ts";
import { unary } from "../../shared/rpc/client.ts";

const CALL_MS = 30_000;

/**
 * What is still to come or to go, in sentences, each with its node or task: nodes whose agent is not heard, or that are off and not
 * yet known to be, and tasks on their way up or down. None: things have settled. @throws when the leader does not answer.
 */
export async function unsettled(clusterName: string): Promise<readonly string[]> {
  const cluster = requireCluster(clusterName);
  const { networks, tasks, nodes } = await believed(cluster);
  const ingress = networks.find(({ network }) => network?.spec?.ingress === true);
  const heard = new Set(ingress?.peers.flatMap((peer) => (peer.appliedVersion > 0 ? [peer.nodeId] : [])));
  const paths = pathsOf(DEV_DIR, cluster.name);
  const turning = cluster.nodes.flatMap((host) => {
    const node = nodes.find(({ description }) => description?.hostname === host.name);
    const state = node?.status?.state ?? "unknown";
    if (hostProcess(paths, host) === undefined) return state === "down" ? [] : [`${host.name}: is off and ${state}`];
    const isHeard = node !== undefined && heard.has(node.id);
    return state === "ready" && isHeard ? [] : [`${host.name}: is ${state}, its agent ${isHeard ? "" : "not "}heard`];
  });
  const moving = tasks.filter((task) => {
    const state = task.status?.state ?? "new";
    const there = task.nodeId === "" || heard.has(task.nodeId);
    return there && !isTerminal(state) && !(task.desiredState === "running" && isUp(task));
  });
  const words = moving.map((task) => `task ${taskName(task)}: is ${task.status?.state}, to be ${task.desiredState}`);
  return [...turning, ...words];
}

interface Host {
  readonly name: string;
  readonly initPid: number;
  readonly state: NetworkStateResponse;
}

/** Sentences, each with its node; none: all is well. @throws when a node that is on, or the leader, does not answer. */
export async function networkDifferences(clusterName: string): Promise<readonly string[]> {
  const cluster = requireCluster(clusterName);
  const [hosts, { networks, tasks }] = await Promise.all([hostsOf(cluster), believed(cluster)]);
  const told = hosts.flatMap((host) => toldDifferences(host, networks).map((text) => `${host.name}: ${text}`));
  const kernels = hosts.flatMap(({ name, state }) => state.differences.map((text) => `${name}: kernel: ${text}`));
  const found = [...told, ...kernels, ...doubles(networks)];
  if (found.length > 0) return found; // names follow from these
  return (await Promise.all(hosts.map((host) => nameDifferences(host, networks, tasks)))).flat();
}

async function hostsOf(cluster: DevCluster): Promise<readonly Host[]> {
  const paths = pathsOf(DEV_DIR, cluster.name);
  const on = cluster.nodes.flatMap((node): { node: DevNode; initPid: number }[] => {
    const outer = hostProcess(paths, node);
    const init = outer === undefined ? undefined : firstChild(outer);
    return init === undefined ? [] : [{ node, initPid: init.pid }];
  });
  return await Promise.all(
    on.map(async ({ node, initPid }) => ({
      name: node.name,
      initPid,
      state: await withClient(paths.socket(node.name), (client) =>
        unary(client, LocalService.networkState, newNetworkStateRequest(), { timeoutMs: CALL_MS }),
      ),
    })),
  );
}

interface Believed {
  readonly networks: readonly NetworkDetails[];
  readonly tasks: readonly Task[];
  readonly nodes: readonly Node[];
}

async function believed(cluster: DevCluster): Promise<Believed> {
  const paths = pathsOf(DEV_DIR, cluster.name);
  const manager = cluster.nodes.find((node) => node.role === "manager" && hostProcess(paths, node) !== undefined);
  if (manager === undefined) throw new Error(`no manager of ${cluster.name} is on`);
  return await withClient(paths.socket(manager.name), async (client) => {
    const options = { timeoutMs: CALL_MS };
    const { networks } = await unary(client, ControlService.listNetworks, newListRequest(), options);
    const details = networks.map(({ id }) => unary(client, ControlService.getNetwork, { ref: id }, options));
    const { tasks } = await unary(client, ControlService.listTasks, newListRequest(), options);
    const { nodes } = await unary(client, ControlService.listNodes, newListRequest(), options);
    return { networks: await Promise.all(details), tasks, nodes };
  });
}

/** Those that others can reach: nobody is told of the tasks of a node that is down. */
const placed = ({ tasks, peers }: NetworkDetails): readonly NetworkTask[] =>
  tasks.filter((task) => peers.some(({ nodeId }) => nodeId === task.nodeId));

const nameOf = ({ network }: NetworkDetails): string => network?.spec?.name ?? "";

/** What the node's agent was told against what the leader believes. */
function toldDifferences({ state }: Host, networks: readonly NetworkDetails[]): string[] {
  const known = new Map(state.networks.map((snapshot) => [snapshot.network?.networkId ?? "", snapshot]));
  const found = networks.flatMap((details) => {
    const id = details.network?.id ?? "";
    const view = known.get(id);
    known.delete(id);
    const ingress = details.network?.spec?.ingress === true;
    const needed = ingress || placed(details).some(({ nodeId }) => nodeId === state.nodeId);
    if (view === undefined) return needed ? [`network ${nameOf(details)}: not known`] : [];
    if (!needed) return [`network ${nameOf(details)}: known without a task on it`];
    const applied = details.peers.find(({ nodeId }) => nodeId === state.nodeId)?.appliedVersion;
    return [
      ...differ("the version it was told", view.version, details.version),
      ...differ("the version the leader knows it has", applied, details.version),
      ...differ("tasks", toldTasks(view), placed(details).map(taskWords).sort()),
      ...differ("services", toldServices(view), believedServices(details)),
    ].map((text) => `network ${nameOf(details)}: ${text}`);
  });
  return [...found, ...[...known.keys()].map((id) => `network ${id}: known, and the cluster has none such`)];
}

const taskWords = ({ name, addresses, nodeId, state }: Omit<NetworkTask, "taskId" | "serviceId">): string =>
  `${name} ${addresses.join()} at ${nodeId} ${state}`;

const toldTasks = ({ endpoints }: NetworkSnapshot): readonly string[] => endpoints.map(taskWords).sort();

const serviceWords = (name: string, vips: readonly string[], ports: readonly number[]): string =>
  `${name} ${vips.join()} ${[...ports].sort((a, b) => a - b).join()}`;

const toldServices = ({ services }: NetworkSnapshot): readonly string[] =>
  services
    .map(({ name, vips, ports }) =>
      serviceWords(
        name,
        vips,
        ports.map(({ publishedPort }) => publishedPort),
      ),
    )
    .sort();

const believedServices = ({ services }: NetworkDetails): readonly string[] =>
  services
    .map(({ name, virtualIps, ports }) =>
      serviceWords(
        name,
        virtualIps,
        ports.map(({ publishedPort }) => publishedPort),
      ),
    )
    .sort();

function differ(what: string, have: unknown, want: unknown): string[] {
  if (Array.isArray(have) && Array.isArray(want)) {
    const missing = want.filter((one) => !have.includes(one));
    const stale = have.filter((one) => !want.includes(one));
    return [
      ...missing.map((one) => `${what}: misses ${one}`),
      ...stale.map((one) => `${what}: has ${one}`),
      ...(missing.length + stale.length === 0 && have.length !== want.length ? [`${what}: one is there twice`] : []),
    ];
  }
  return have === want ? [] : [`${what} is ${have}, not ${want}`];
}

/** An address has one owner. */
function doubles(networks: readonly NetworkDetails[]): string[] {
  return networks.flatMap((details) => {
    const held = [
      ...details.tasks.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address }))),
      ...details.services.flatMap(({ name, virtualIps }) => virtualIps.map((address) => ({ name, address }))),
    ];
    return [...Map.groupBy(held, ({ address }) => address)].flatMap(([address, owners]) =>
      owners.length < 2
        ? []
        : [`network ${nameOf(details)}: ${address} is of ${owners.map(({ name }) => name).join()}`],
    );
  });
}

/** What each task of the host hears: of every service on its networks the virtual address, and the ready tasks. */
async function nameDifferences(
  host: Host,
  networks: readonly NetworkDetails[],
  tasks: readonly Task[],
): Promise<readonly string[]> {
  const here = new Set(
    networks.flatMap(placed).flatMap(({ taskId, nodeId }) => (nodeId === host.state.nodeId ? [taskId] : [])),
  );
  const questions = tasks
    .filter(({ id }) => here.has(id))
    .flatMap((task) =>
      [...namesFor(task, networks)].map(([name, want]) => ({
        namespace: namespaceOf(task.id),
        id: task.id,
        name,
        want,
      })),
    );
  const answers = await ask(host.initPid, questions);
  return questions.flatMap(({ id, name, want }, i) => {
    const heard = [...new Set(answers[i]?.match(/(?<=^Address(?: \d+)?:\s*)[0-9.]+$/gm) ?? [])].sort().join();
    return heard === want ? [] : [`${host.name}: task ${id} asks for ${name} and hears "${heard}", not "${want}"`];
  });
}

/** Of several networks the task's first that has somebody by the name answers. */
function namesFor({ attachments }: Task, networks: readonly NetworkDetails[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { networkId } of attachments) {
    const details = networks.find(({ network }) => network?.id === networkId);
    if (details === undefined || details.network?.spec?.ingress === true) continue;
    for (const { name, addresses } of namesIn(details)) {
      if ((names.get(name) ?? "") === "") names.set(name, [...addresses].sort().join());
    }
  }
  return names;
}

function namesIn(details: NetworkDetails): readonly { readonly name: string; readonly addresses: readonly string[] }[] {
  return details.services.flatMap(({ name, serviceId, virtualIps }) => {
    const ready = placed(details).filter((task) => task.serviceId === serviceId && task.state === "ready");
    const addresses = ready.flatMap((task) => task.addresses);
    return [
      { name, addresses: virtualIps.length > 0 ? virtualIps : addresses },
      { name: `tasks.${name}`, addresses },
    ];
  });
}

const MARK = "@@";

/** Asks 127.0.0.11 within the namespaces; resolves with what nslookup printed for each. */
async function ask(
  initPid: number,
  questions: readonly { readonly namespace: string; readonly name: string }[],
): Promise<readonly string[]> {
  if (questions.length === 0) return [];
  const lines = questions.map(
    ({ namespace, name }) =>
      `echo ${MARK}; nsenter --net=/run/netns/${namespace} -- busybox nslookup -type=a ${name} 127.0.0.11 2>&1`,
  );
  const child = spawn("nsenter", ["-t", String(initPid), "-m", "-n", "-p", "--", "sh", "-s"], {
    stdio: ["pipe", "pipe", "inherit"],
    timeout: CALL_MS,
  });
  const printed = child.stdout.setEncoding("utf8").toArray();
  child.stdin.on("error", () => undefined); // then answers are missing, which is told
  child.stdin.end(`${lines.join("\n")}\n`);
  return (await printed).join("").split(MARK).slice(1);
}

if (import.meta.main) {
  const found = await networkDifferences(process.argv[2] ?? "dev");
  for (const text of found) console.log(text);
  process.exitCode = found.length === 0 ? 0 : 1;
}
