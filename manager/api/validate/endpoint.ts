// Networks and ports of a service, as far as its spec alone says what is right.
import type { EndpointSpec, NetworkAttachmentConfig, PortConfig, ServiceSpec } from "../../../proto/gen/objects.ts";
import { formatIp, parseIp } from "../../../shared/model/ip.ts";
import { isPredefinedNetwork } from "../../../shared/model/networks.ts";
import { meet, portText } from "../../allocator/ports.ts";
import { invalid } from "./problem.ts";

const ALIAS = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/;
const MAX_NETWORKS = 64;
const MAX_PORTS = 10_000;
const MAX_PORT = 65_535;
/** Every address is no address to open a port at: that is what naming none says. */
const UNSPECIFIED = ["0.0.0.0", "::"];

/** In canonical spelling: what is equal is equal bytes. */
export const canonicalEndpoint = (spec: EndpointSpec | undefined): EndpointSpec | undefined =>
  spec && { ...spec, ports: spec.ports.map((port) => ({ ...port, hostIp: canonicalIp(port.hostIp) })) };

function canonicalIp(text: string): string {
  const ip = parseIp(text);
  return ip === undefined ? text : formatIp(ip);
}

export function checkNetworks(networks: readonly NetworkAttachmentConfig[]): void {
  if (networks.length > MAX_NETWORKS) throw invalid("network", `a service is on at most ${MAX_NETWORKS} networks`);
  for (const { target, aliases, driverOpts } of networks) {
    if (target === "") throw invalid("network", "the name is missing");
    if (Object.keys(driverOpts).length > 0)
      throw invalid(`network ${target}`, "a service's place on a network takes no driver options");
    for (const alias of aliases) {
      if (!ALIAS.test(alias)) throw invalid(`network ${target}`, `alias ${JSON.stringify(alias)} is not a host's name`);
    }
    if (!isPredefinedNetwork(target)) continue;
    if (aliases.length > 0) throw invalid(`network ${target}`, "a predefined network takes no aliases");
    if (networks.length > 1)
      throw invalid(`network ${target}`, "a service on a predefined network is on no other beside it");
  }
}

export function checkEndpoint({ endpointSpec, taskTemplate }: ServiceSpec): void {
  const ports = endpointSpec?.ports ?? [];
  if (ports.length > MAX_PORTS) throw invalid("publish", `a service publishes at most ${MAX_PORTS} ports`);
  const own = taskTemplate?.networks
    .map(({ target }) => target)
    .find((target) => target === "host" || target === "none");
  const seen = new Map<string, PortConfig[]>();
  for (const port of ports) {
    checkPort(port);
    if (port.publishMode === "ingress" && endpointSpec?.mode === "dnsrr") {
      throw invalid(
        "publish",
        "port published with ingress mode can't be used with dnsrr mode: publish it with mode=host",
      );
    }
    if (own !== undefined) checkOwnNetwork(own, port);
    if (port.publishedPort === 0) continue;
    const key = `${port.protocol}/${port.publishedPort}`;
    const others = seen.get(key) ?? [];
    if (others.some((other) => meet(other, port))) {
      throw invalid("publish", `duplicate published ports provided: ${portText(port)} is there twice`);
    }
    seen.set(key, [...others, port]);
  }
}

function checkPort(port: PortConfig): void {
  const { targetPort, publishedPort, hostIp, preferLocal, publishMode } = port;
  const where = `publish ${publishedPort === 0 ? "" : `${publishedPort}:`}${targetPort}`;
  if (targetPort < 1 || targetPort > MAX_PORT) throw invalid(where, `the target port is from 1 to ${MAX_PORT}`);
  if (publishedPort > MAX_PORT) throw invalid(where, `the published port is from 1 to ${MAX_PORT}`);
  if (hostIp !== "" && parseIp(hostIp) === undefined)
    throw invalid(where, `${JSON.stringify(hostIp)} is not an IP address`);
  if (UNSPECIFIED.includes(hostIp)) throw invalid(where, `${hostIp} is every address of a node: leave it out`);
  if (preferLocal && publishMode === "host")
    throw invalid(where, "prefer-local is for mode ingress: a port in mode host is always local");
}

/** The container is on the host's network, or on none: nothing can lead to it. */
function checkOwnNetwork(own: string, port: PortConfig): void {
  const where = `publish ${portText(port)}`;
  if (port.publishMode === "ingress") throw invalid(where, `a service on network ${own} has no port in mode ingress`);
  if (own === "none") throw invalid(where, "a service on network none publishes nothing");
  if (port.publishedPort !== 0 && port.publishedPort !== port.targetPort) {
    throw invalid(where, `on network host the container's port is the host's: ${port.targetPort} cannot be another`);
  }
}
