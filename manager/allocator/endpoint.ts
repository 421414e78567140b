// What a service is given: its ports and a virtual IP on each of its networks. In the transaction that makes or changes it, so
// that a service is never there without, and what cannot be given is told to the user at once.
import {
  type Endpoint,
  type Network,
  newEndpoint,
  newVirtualIP,
  type Service,
  type VirtualIP,
} from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { NetworkId } from "../../shared/model/ids.ts";
import type { View } from "../store/types.ts";
import { type Cursors, giveAddresses } from "./addresses.ts";
import { hostsOfNetwork } from "./hosts.ts";
import { ingressNetwork, networksOfService, usesIngress } from "./places.ts";
import { allocatePorts, type PortScope } from "./ports.ts";

export type EndpointScope = PortScope & Pick<View, "get" | "all" | "isAddressHeld">;

/**
 * @param service with the spec that it shall have and the endpoint that it has: what still fits stays as it is.
 * @throws {SkepError} `not_found`: a network; `failed_precondition`: a port is taken, or there is no ingress network;
 * `resource_exhausted`: a network is full.
 */
export function allocateEndpoint(view: EndpointScope, service: Service, cursors: Cursors): Endpoint {
  const { spec, endpoint: before } = service;
  const mode = spec?.endpointSpec?.mode ?? "vip";
  const ingress = ingressNetwork(view);
  if (usesIngress(spec) && ingress === undefined) {
    throw new SkepError(
      "failed_precondition",
      "service needs ingress network, but no ingress network is present: make one with network create --ingress",
    );
  }
  const ports = allocatePorts(view, service.id, spec?.endpointSpec?.ports ?? [], before?.ports ?? [], cursors);
  const networks = networksOfService(spec, ingress).map((id) => presentNetwork(view, id));
  const virtualIps =
    mode === "dnsrr" ? [] : networks.map((network) => virtualIp(view, network, before?.virtualIps ?? [], cursors));
  return newEndpoint({ mode, ports, virtualIps });
}

function presentNetwork(view: EndpointScope, id: string): Network {
  const network = view.get("network", id);
  if (network === undefined) throw new SkepError("not_found", `no such network: ${id}`);
  return network;
}

function virtualIp(view: EndpointScope, network: Network, before: readonly VirtualIP[], cursors: Cursors): VirtualIP {
  const present = before.find(({ networkId }) => networkId === network.id);
  if (present !== undefined && present.addresses.length === hostsOfNetwork(network).length) return present;
  const given = giveAddresses(view, network, cursors);
  if (given.kind === "full") throw new SkepError("resource_exhausted", `${given.err}: no virtual IP for the service`);
  return newVirtualIP({ networkId: network.id as NetworkId, addresses: given.addresses });
}
