// What agents are told of a network's parts, as functions from the objects in the store. Nothing here depends on what was told
// before: the same objects give the same words on every manager.
import {
  type EndpointState,
  type NetworkEndpoint,
  type NetworkNode,
  type NetworkService,
  newNetworkEndpoint,
  newNetworkNode,
  newNetworkService,
  newNetworkSubnet,
  newOverlayNetwork,
  newPublishedPort,
  type OverlayNetwork,
} from "../../../proto/gen/network.ts";
import type {
  Cluster,
  Network,
  NetworkAttachment,
  Node,
  PortConfig,
  Service,
  Task,
} from "../../../proto/gen/objects.ts";
import type { NetworkId } from "../../../shared/model/ids.ts";
import { isEncrypted as isEncryptedSpec } from "../../../shared/model/networks.ts";
import { fullTaskName } from "../../../shared/model/tasks.ts";
import { defaultHostname, expandTemplate, templateContext } from "../../../shared/model/templates.ts";
import { tunnelAddressOf } from "../../../shared/network/tunnel-address.ts";

export const isEncrypted = ({ spec }: Network): boolean => isEncryptedSpec(spec);

export function describeNetwork(network: Network, mtu: number, dataPathPort: number): OverlayNetwork {
  const { id, spec, vni, ipam } = network;
  return newOverlayNetwork({
    networkId: id,
    name: spec?.name ?? "",
    vni,
    mtu,
    subnets: ipam.map(({ subnet, gateway }) => newNetworkSubnet({ subnet, gateway })),
    internal: spec?.internal ?? false,
    encrypted: isEncrypted(network),
    ingress: spec?.ingress ?? false,
    dataPathPort,
  });
}

/** Of the cluster, chosen when it is made; 0 is the default. */
export const dataPathPortOf = (cluster: Cluster | undefined): number => cluster?.spec?.networking?.dataPathPort ?? 0;

/** Where a node takes VXLAN packets, without a port; those that it names, else those that it is reached at. */
export function underlayAddresses(node: Node): readonly string[] {
  const named = node.description?.dataPathAddrs ?? [];
  return named.length > 0 ? named : (node.status?.addrs ?? []);
}

/** Those that can be reached there: nobody is led to an address that its kernel cannot have. */
const possible = ({ description }: Node, addresses: readonly string[]): readonly string[] =>
  description?.withoutIpv6 === true ? addresses.filter((text) => !text.includes(":")) : addresses;

/** @param encrypted whether the network is: then the node says by which keys its tunnels go, and nothing without one. */
export function describeNode(node: Node, networkId: NetworkId, encrypted: boolean): NetworkNode {
  const tunnelKeys = encrypted ? (node.description?.tunnelKeys ?? []) : [];
  return newNetworkNode({
    nodeId: node.id,
    underlayAddresses: underlayAddresses(node),
    encryptedAddresses: tunnelKeys.length > 0 ? [tunnelAddressOf(node.id)] : [],
    addresses: possible(
      node,
      node.attachments.find((attachment) => attachment.networkId === networkId)?.addresses ?? [],
    ),
    tunnelKeys,
  });
}

/** Undefined when the service is not on the network. */
export function describeService(service: Service, networkId: NetworkId, ingress: boolean): NetworkService | undefined {
  const { id, spec, endpoint } = service;
  const attached = spec?.taskTemplate?.networks.find(({ target }) => target === networkId);
  const vip = endpoint?.virtualIps.find((entry) => entry.networkId === networkId);
  const published = ingress ? (endpoint?.ports ?? []).filter(isIngress) : [];
  if (attached === undefined && vip === undefined && published.length === 0) return undefined;
  return newNetworkService({
    serviceId: id,
    name: spec?.name ?? "",
    aliases: attached?.aliases ?? [],
    mode: endpoint?.mode ?? "vip",
    vips: vip?.addresses ?? [],
    ports: published.map((port) =>
      newPublishedPort({
        protocol: port.protocol,
        publishedPort: port.publishedPort,
        targetPort: port.targetPort,
        mode: port.publishMode,
        hostIps: port.hostIp === "" ? [] : [port.hostIp],
        preferLocal: port.preferLocal,
      }),
    ),
  });
}

const isIngress = (port: PortConfig): boolean => port.publishMode === "ingress" && port.publishedPort !== 0;

/** The networks that `describeService` may say something of, the ingress network apart. */
export const networksOf = ({ spec, endpoint }: Service): readonly string[] => [
  ...(spec?.taskTemplate?.networks ?? []).map(({ target }) => target),
  ...(endpoint?.virtualIps ?? []).map(({ networkId }) => networkId),
];

export function describeEndpoint(
  task: Task,
  attachment: NetworkAttachment,
  node: Node,
  state: EndpointState,
): NetworkEndpoint {
  // Names of the whole service lead to its virtual address: they are said with the service.
  const shared = task.spec?.networks.find(({ target }) => target === attachment.networkId)?.aliases ?? [];
  return newNetworkEndpoint({
    taskId: task.id,
    serviceId: task.serviceId,
    slot: task.slot,
    name: fullTaskName(task),
    aliases: attachment.aliases.filter((alias) => !shared.includes(alias)),
    hostname: hostnameOf(task, node),
    addresses: possible(node, attachment.addresses),
    nodeId: task.nodeId,
    state,
  });
}

/** As the agent gives it to the container. A template that cannot be expanded is refused there; the task never runs. */
function hostnameOf(task: Task, node: Node): string {
  const wished = task.spec?.containerSpec?.hostname ?? "";
  if (!wished.includes("{{")) return wished || defaultHostname(task);
  const { description } = node;
  try {
    const context = templateContext(task, {
      id: node.id,
      hostname: description?.hostname ?? "",
      os: description?.platform?.os ?? "",
      architecture: description?.platform?.architecture ?? "",
    });
    return expandTemplate(wished, context) || defaultHostname(task);
  } catch {
    return defaultHostname(task);
  }
}
