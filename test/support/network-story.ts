// What managers would say of a few networks and tasks, for tests of the network in a real kernel: one place where a test writes
// down who is where, and every node's input follows.
import type { LocalTask, NodeInput } from "../../agent/network/plan/input.ts";
import { namespaceOf, switchboardOf } from "../../agent/network/plan/names.ts";
import { viewOf } from "../../agent/network/view.ts";
import {
  type EndpointState,
  type NetworkService,
  newNetworkEndpoint,
  newNetworkNode,
  newNetworkService,
  newNetworkSnapshot,
  newOverlayNetwork,
  type OverlayNetwork,
  type PublishedPort,
} from "../../proto/gen/network.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";

export interface StoryTask {
  readonly name: string;
  readonly node: string;
  readonly service: string;
  /** Network to addresses. */
  readonly on: Readonly<Record<string, readonly string[]>>;
  readonly state?: EndpointState;
  readonly hostPorts?: readonly PublishedPort[];
}

export interface StoryNetwork {
  readonly vni: number;
  readonly subnets: OverlayNetwork["subnets"];
  readonly mtu?: number;
  /** 4789 where it is not said. */
  readonly dataPathPort?: number;
  readonly ingress?: boolean;
  readonly internal?: boolean;
  /** Service to its virtual addresses and ports there. */
  readonly services: Readonly<Record<string, Partial<Pick<NetworkService, "vips" | "ports">>>>;
}

export interface Story {
  /** All ids begin with it. */
  readonly ids: string;
  /** Node to its underlay address; on the ingress network it has the addresses 250 + its place. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly networks: Readonly<Record<string, StoryNetwork>>;
  readonly tasks: readonly StoryTask[];
  readonly localMtu?: number;
}

const LOCAL = [
  { subnet: "172.29.0.0/16", gateway: "172.29.0.1" },
  { subnet: "fd00:29::/64", gateway: "fd00:29::1" },
];

const idOf = <T extends string>({ ids }: Story, name: string): T => `${ids}${name}`.padEnd(25, "0") as T;
export const taskNamespace = (story: Story, task: string): string => namespaceOf(idOf<TaskId>(story, task));
export const boardNamespace = (story: Story, node: string): string => switchboardOf(idOf<NodeId>(story, node));

/** The node's own address on an ingress network, by family. */
export const ingressAddresses = ({ networks, nodes }: Story, network: string, node: string): readonly string[] =>
  (networks[network]?.subnets ?? []).map(({ gateway }) => {
    const last = 251 + Object.keys(nodes).indexOf(node);
    return gateway.replace(/\d+$/, String(last));
  });

export function inputOf(story: Story, node: string): NodeInput {
  const here = story.tasks.filter((task) => task.node === node);
  const used = new Set(here.flatMap(({ on }) => Object.keys(on)));
  const views = Object.entries(story.networks)
    .filter(([name, { ingress }]) => ingress === true || used.has(name))
    .map(([name]) => [idOf<NetworkId>(story, name), viewOfNetwork(story, name)] as const);
  const tasks = here.map((task): [TaskId, LocalTask] => {
    const taskId = idOf<TaskId>(story, task.name);
    const attachments = Object.entries(task.on).map(([network, addresses]) => ({
      networkId: idOf<NetworkId>(story, network),
      addresses,
    }));
    return [taskId, { taskId, attachments, ports: task.hostPorts ?? [], localAddresses: [] }];
  });
  return {
    nodeId: idOf<NodeId>(story, node),
    views: new Map(views),
    tasks: new Map(tasks),
    localSubnets: LOCAL,
    localMtu: story.localMtu ?? 1500,
    dnsPort: 7353,
  };
}

function viewOfNetwork(story: Story, name: string) {
  const { services, ...spec } = story.networks[name] ?? { services: {}, subnets: [], vni: 0 };
  const network = newOverlayNetwork({ mtu: 1450, ...spec, networkId: idOf<NetworkId>(story, name), name });
  const snapshot = newNetworkSnapshot({
    version: 1,
    network,
    nodes: Object.entries(story.nodes).map(([node, underlay]) =>
      newNetworkNode({
        nodeId: idOf<NodeId>(story, node),
        underlayAddresses: [underlay],
        addresses: network.ingress ? ingressAddresses(story, name, node) : [],
      }),
    ),
    services: Object.entries(services).map(([service, has]) =>
      newNetworkService({ serviceId: idOf<ServiceId>(story, service), name: service, mode: "vip", ...has }),
    ),
    endpoints: story.tasks.flatMap(({ name: task, node, service, on, state }) => {
      const addresses = on[name];
      if (addresses === undefined) return [];
      return newNetworkEndpoint({
        taskId: idOf<TaskId>(story, task),
        serviceId: idOf<ServiceId>(story, service),
        nodeId: idOf<NodeId>(story, node),
        name: task,
        addresses,
        state: state ?? "ready",
      });
    }),
  });
  return viewOf(snapshot, network);
}

/** The namespaces that are this node's, of all tasks that are ever on it. */
export function ownNamespaces(story: Story, node: string): ReadonlySet<string> {
  const tasks = story.tasks.filter((task) => task.node === node).map(({ name }) => taskNamespace(story, name));
  return new Set([boardNamespace(story, node), ...tasks]);
}
