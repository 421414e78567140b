// A cluster of three managers and two workers, of skep or of Docker Swarm, as test/bench/failover.ts treats it.
import * as grpc from "@grpc/grpc-js";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { bringDown } from "../../deploy/dev/down.ts";
import { hostProcess, powerOff, powerOn } from "../../deploy/dev/hosts.ts";
import { cutLinks, healLinks } from "../../deploy/dev/links.ts";
import { type DevCluster, nodeByName, type Paths, pathsOf } from "../../deploy/dev/model.ts";
import { setPlugged } from "../../deploy/dev/network.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { bringUp } from "../../deploy/dev/up.ts";
import {
  ControlService,
  newCreateServiceRequest,
  newFilter,
  newListRequest,
  newRemoveRequest,
} from "../../proto/gen/control.ts";
import { newContainerSpec, newServiceSpec, newTaskSpec } from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { busyboxTo } from "../e2e/images.ts";
import { commandOf, pidsOfHosts } from "../support/processes.ts";
import { pullEverywhere, startSwarmPeer } from "./swarm-peer.ts";

export const MANAGERS = ["node1", "node2", "node3"];
export const WORKERS = ["node4", "node5"];
const SLEEP = ["sleep", "100000"];

export interface RunningTask {
  readonly id: string;
  /** node1 to node5 */
  readonly node: string;
}

export interface Subject {
  readonly name: string;
  /** As `at` knows it; throws when it knows none. */
  readonly leader: (at: string) => Promise<string>;
  /** Creates a service through `at` and gives up after `limitMs`. */
  readonly create: (at: string, name: string, replicas: number, limitMs: number) => Promise<void>;
  readonly remove: (at: string, name: string) => Promise<void>;
  /** Tasks that are wanted and were last seen running. */
  readonly running: (at: string, service: string) => Promise<readonly RunningTask[]>;
  /** Every node is ready and every manager reachable, as `at` sees it. */
  readonly isHealthy: (at: string) => Promise<boolean>;
  /** The link goes dead; `start` plugs it in again. */
  readonly unplug: (node: string) => Promise<void>;
  /** The link goes dead, then everything on the host dies at once. */
  readonly kill: (node: string) => Promise<void>;
  readonly start: (node: string) => Promise<void>;
  readonly cut: (node: string) => Promise<void>;
  readonly heal: () => Promise<void>;
  readonly down: () => Promise<void>;
}

export interface SkepSubject extends Subject {
  readonly cluster: DevCluster;
  readonly client: (node: string) => grpc.Client;
  readonly daemonPid: (node: string) => number;
}

const CHANNEL: grpc.ChannelOptions = {
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 200,
  "grpc.max_receive_message_length": 64 << 20,
};
const CALL_LIMIT_MS = 10_000;

/** A fresh dev cluster of that name. */
export async function skepSubject(name: string): Promise<SkepSubject> {
  await bringDown(name, realEnv).catch(() => undefined);
  const { signal } = new AbortController();
  const cluster = await bringUp({ name, managers: 3, workers: 2, env: realEnv, signal, tell: console.error });
  const paths = pathsOf(DEV_DIR, name);
  const image = await busyboxTo(cluster);
  const clients = new Map<string, grpc.Client>();
  const client = (node: string): grpc.Client => {
    const known = clients.get(node);
    if (known !== undefined) return known;
    const made = new grpc.Client(`unix:${paths.socket(node)}`, grpc.credentials.createInsecure(), CHANNEL);
    clients.set(node, made);
    return made;
  };
  const nodes = async (at: string) =>
    (await unary(client(at), ControlService.listNodes, newListRequest(), { timeoutMs: CALL_LIMIT_MS })).nodes;
  const hostnameOf = (ids: Awaited<ReturnType<typeof nodes>>, id: string): string =>
    ids.find((node) => node.id === id)?.description?.hostname ?? id;
  const subject: SkepSubject = {
    name: "skep",
    cluster,
    client,
    daemonPid: (node) => daemonPid(cluster, paths, node),
    leader: async (at) => {
      const found = (await nodes(at)).find((node) => node.managerStatus?.leader === true);
      if (found?.description === undefined) throw new Error("no leader");
      return found.description.hostname;
    },
    create: async (at, service, replicas, limitMs) => {
      const spec = newServiceSpec({
        name: service,
        mode: { kind: "replicated", replicas },
        taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image, args: SLEEP }) }),
      });
      const request = newCreateServiceRequest({ spec, noResolveImage: replicas === 0 });
      await unary(client(at), ControlService.createService, request, { timeoutMs: limitMs });
    },
    remove: async (at, ref) => {
      await unary(client(at), ControlService.removeService, newRemoveRequest({ ref }), { timeoutMs: CALL_LIMIT_MS });
    },
    running: async (at, service) => {
      const request = newListRequest({ filters: [newFilter({ key: "service", values: [service] })] });
      const { tasks } = await unary(client(at), ControlService.listTasks, request, { timeoutMs: CALL_LIMIT_MS });
      const known = await nodes(at);
      return tasks
        .filter((task) => task.desiredState === "running" && task.status?.state === "running")
        .map((task) => ({ id: task.id, node: hostnameOf(known, task.nodeId) }));
    },
    isHealthy: async (at) => {
      const all = await nodes(at);
      return (
        all.length === cluster.nodes.length &&
        all.every((node) => node.status?.state === "ready") &&
        all.filter((node) => node.managerStatus?.reachability === "reachable").length === MANAGERS.length
      );
    },
    unplug: (node) => setPlugged(cluster, nodeByName(cluster, node), false),
    kill: (node) => powerOff(cluster, paths, nodeByName(cluster, node), realEnv),
    start: (node) => powerOn(cluster, paths, nodeByName(cluster, node)),
    cut: (node) => cutLinks(cluster, paths, [node]),
    heal: () => healLinks(cluster, paths),
    down: async () => {
      for (const one of clients.values()) one.close();
      await bringDown(name, realEnv);
    },
  };
  return subject;
}

function daemonPid(cluster: DevCluster, paths: Paths, node: string): number {
  const outer = hostProcess(paths, nodeByName(cluster, node));
  const init = outer === undefined ? undefined : firstChild(outer);
  const pid = pidsOfHosts(init === undefined ? [] : [init.pid]).find((one) =>
    /skep\.(ts|js) daemon/.test(commandOf(one)),
  );
  if (pid === undefined) throw new Error(`no daemon on ${node}`);
  return pid;
}

interface SwarmNode {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability: string };
}
interface SwarmTask {
  readonly ID: string;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string };
}

export async function swarmSubject(): Promise<Subject> {
  const peer = await startSwarmPeer(MANAGERS.length, WORKERS.length);
  const image = await busyboxTo(peer.cluster);
  await pullEverywhere(peer, image);
  const nodes = async (at: string): Promise<SwarmNode[]> => (await peer.apiAt(at, "GET", "/nodes")) as SwarmNode[];
  return {
    name: "Swarm",
    leader: async (at) => {
      const found = (await nodes(at)).find((node) => node.ManagerStatus?.Leader === true);
      if (found === undefined) throw new Error("no leader");
      return found.Description.Hostname;
    },
    create: async (at, name, replicas, limitMs) => {
      const call = peer.apiAt(at, "POST", "/services/create", {
        Name: name,
        Mode: { Replicated: { Replicas: replicas } },
        TaskTemplate: { ContainerSpec: { Image: image, Args: SLEEP, StopGracePeriod: 1_000_000_000 } },
      });
      call.catch(() => undefined); // told by the race, or late
      await Promise.race([call, new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), limitMs))]);
    },
    remove: async (at, name) => {
      await peer.apiAt(at, "DELETE", `/services/${name}`);
    },
    running: async (at, service) => {
      const filters = encodeURIComponent(JSON.stringify({ service: { [service]: true } }));
      const tasks = (await peer.apiAt(at, "GET", `/tasks?filters=${filters}`)) as SwarmTask[];
      const known = await nodes(at);
      return tasks
        .filter((task) => task.DesiredState === "running" && task.Status.State === "running")
        .map((task) => ({
          id: task.ID,
          node: known.find((node) => node.ID === task.NodeID)?.Description.Hostname ?? "",
        }));
    },
    isHealthy: async (at) => {
      const all = await nodes(at);
      return (
        all.every((node) => node.Status.State === "ready") &&
        all.filter((node) => node.ManagerStatus?.Reachability === "reachable").length === MANAGERS.length
      );
    },
    unplug: (node) => setPlugged(peer.cluster, nodeByName(peer.cluster, node), false),
    kill: peer.kill,
    start: peer.start,
    cut: peer.cut,
    heal: peer.heal,
    down: peer.down,
  };
}
