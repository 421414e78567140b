// `network inspect`: what the leader believes of a network. Pure.
import {
  type NetworkDetails,
  type NetworkPeer,
  type NetworkTask,
  newNetworkDetails,
  newNetworkPeer,
  newNetworkServiceUse,
  newNetworkTask,
  newSubnetUse,
  type SubnetUse,
} from "../../proto/gen/control.ts";
import type { EndpointState } from "../../proto/gen/network.ts";
import type { Network, Node, Service, Task } from "../../proto/gen/objects.ts";
import { parseIp, parseSubnet, subnetContains } from "../../shared/model/ip.ts";
import { fullTaskName } from "../../shared/model/tasks.ts";
import { hostsOf, sizeOf } from "../allocator/hosts.ts";
import { underlayAddresses } from "../dispatcher/network/describe.ts";
import type { NetworkProgress } from "../dispatcher/network/network-dispatch.ts";
import { phaseOf, presenceOf } from "../dispatcher/network/state.ts";
import type { View } from "../store/types.ts";
import { usersOf } from "./network-use.ts";
import { hostnameOf } from "./refs.ts";

const on = (network: Network, places: Task["attachments"]): readonly string[] =>
  places.find(({ networkId }) => networkId === network.id)?.addresses ?? [];

export function networkDetails(view: View, network: Network, progress: NetworkProgress | undefined): NetworkDetails {
  const { services, tasks } = usersOf(view, network.id);
  const onNodes = new Set<string>(tasks.map(({ nodeId }) => nodeId));
  const nodes = [...view.all("node")].filter(
    (node) => onNodes.has(node.id) || on(network, node.attachments).length > 0,
  );
  const reachable = new Set<string>();
  for (const task of tasks) if (isReady(view, task)) reachable.add(task.serviceId);
  const held = [
    ...tasks.flatMap((task) => on(network, task.attachments)),
    ...nodes.flatMap((node) => on(network, node.attachments)),
    ...services.flatMap((service) => vipsOf(network, service)),
  ];
  return newNetworkDetails({
    network,
    services: services.map((service) =>
      newNetworkServiceUse({
        serviceId: service.id,
        name: service.spec?.name ?? "",
        virtualIps: vipsOf(network, service),
        ports: network.spec?.ingress === true ? ingressPorts(service) : [],
      }),
    ),
    tasks: tasks.map((task) => taskUse(network, task, stateOf(view, task, reachable))),
    peers: nodes.filter((node) => presenceOf(node) !== "gone").map((node) => peer(node, progress)),
    subnets: network.ipam.map((config) => useOf(config, held)),
    version: progress?.version ?? 0,
  });
}

const vipsOf = (network: Network, { endpoint }: Service): readonly string[] =>
  endpoint?.virtualIps.find(({ networkId }) => networkId === network.id)?.addresses ?? [];

const ingressPorts = ({ endpoint }: Service) =>
  endpoint?.ports.filter(({ publishMode }) => publishMode === "ingress") ?? [];

const taskUse = (network: Network, task: Task, state: EndpointState): NetworkTask =>
  newNetworkTask({
    taskId: task.id,
    serviceId: task.serviceId,
    name: fullTaskName(task),
    addresses: on(network, task.attachments),
    nodeId: task.nodeId,
    state,
  });

const isReady = (view: View, task: Task): boolean =>
  phaseOf(task) === "ready" && presenceOf(view.get("node", task.nodeId)) === "here";

/** As nodes are told: new connections go to a doubtful node only when the service has nobody else, and to a lost one never. */
function stateOf(view: View, task: Task, reachable: ReadonlySet<string>): EndpointState {
  const phase = phaseOf(task);
  if (phase !== "ready") return phase;
  const presence = presenceOf(view.get("node", task.nodeId));
  if (presence === "gone" || (presence === "doubtful" && reachable.has(task.serviceId))) return "draining";
  return phase;
}

function peer(node: Node, progress: NetworkProgress | undefined): NetworkPeer {
  return newNetworkPeer({
    nodeId: node.id,
    hostname: hostnameOf(node),
    addresses: underlayAddresses(node),
    appliedVersion: progress?.applied.get(node.id) ?? 0,
  });
}

function useOf(config: Network["ipam"][number], held: readonly string[]): SubnetUse {
  const subnet = parseSubnet(config.subnet);
  const hosts = hostsOf(config);
  if (subnet === undefined || hosts === undefined) return newSubnetUse();
  const used = held.filter((address) => {
    const ip = parseIp(address);
    return ip !== undefined && subnetContains(subnet, ip);
  }).length;
  const size = sizeOf(hosts);
  return newSubnetUse({ used, size: Math.min(Number(size), Number.MAX_SAFE_INTEGER) });
}
