// On which networks a service is, and what of its endpoint its tasks are made of.
import {
  type EndpointSpec,
  encodePortConfig,
  type Network,
  type PortConfig,
  type ServiceSpec,
  type Task,
} from "../../proto/gen/objects.ts";
import { isPredefinedNetwork } from "../../shared/model/networks.ts";
import type { View } from "../store/types.ts";

const portsOf = (spec: ServiceSpec | undefined): readonly PortConfig[] => spec?.endpointSpec?.ports ?? [];

export const hostPorts = (ports: readonly PortConfig[]): readonly PortConfig[] =>
  ports.filter(({ publishMode }) => publishMode === "host");

export const usesIngress = (spec: ServiceSpec | undefined): boolean =>
  portsOf(spec).some(({ publishMode }) => publishMode === "ingress");

/** The overlay networks that the spec names, by ID, in its order. */
const namedNetworks = (spec: ServiceSpec | undefined): readonly string[] =>
  (spec?.taskTemplate?.networks ?? []).map(({ target }) => target).filter((target) => !isPredefinedNetwork(target));

export function ingressNetwork(view: Pick<View, "all">): Network | undefined {
  for (const network of view.all("network")) if (network.spec?.ingress === true) return network;
  return undefined;
}

/** All of a service's networks in the order of its tasks' interfaces: the routing mesh's comes last. */
export function networksOfService(spec: ServiceSpec | undefined, ingress: Network | undefined): readonly string[] {
  const named = namedNetworks(spec);
  return usesIngress(spec) && ingress !== undefined ? [...named, ingress.id] : named;
}

/**
 * What of an endpoint is in a task itself, as text that is equal when that is: its own ports in mode host, and whether it is on
 * the ingress network. Everything else of a published port is told to the nodes while the tasks go on.
 */
export function endpointOfTasks(spec: EndpointSpec | undefined): string {
  const ports = spec?.ports ?? [];
  const own = hostPorts(ports).map((port) => Buffer.from(encodePortConfig(port)).toString("base64"));
  return [ports.some(({ publishMode }) => publishMode === "ingress") ? "ingress" : "", ...own.sort()].join(" ");
}

/** Has the task what the spec's endpoint asks of its tasks? One that waits for its addresses has not. */
export function hasEndpoint(task: Task, spec: ServiceSpec | undefined): boolean {
  const isOnIngress = task.attachments.length > namedNetworks(spec && { ...spec, taskTemplate: task.spec }).length;
  const wished = hostPorts(portsOf(spec));
  return (
    isOnIngress === usesIngress(spec) &&
    wished.length === task.ports.length &&
    wished.every((port, i) => isWished(task.ports[i], port))
  );
}

/** Published where the wish says so, or anywhere when it leaves that open. */
function isWished(port: PortConfig | undefined, wish: PortConfig): boolean {
  if (port === undefined) return false;
  const publishedPort = wish.publishedPort === 0 ? port.publishedPort : wish.publishedPort;
  return Buffer.from(encodePortConfig(port)).equals(encodePortConfig({ ...wish, publishedPort }));
}
