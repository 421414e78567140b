import type { NetworkDetails } from "../../proto/gen/control.ts";
import type { NetworkSpec } from "../../proto/gen/objects.ts";
import { formatTimestamp } from "../parse/time.ts";
import { type Fields, list, object, text } from "./fields.ts";
import { port } from "./service.ts";

/** `docker network inspect`; its Services and Peers with -v only. @param hostnames of nodes, by id. */
export function networkJson(details: NetworkDetails, verbose: boolean, hostnames: ReadonlyMap<string, string>): Fields {
  const { network } = details;
  const spec: NetworkSpec | undefined = network?.spec;
  return object({
    Name: spec?.name ?? "",
    Id: network?.id ?? "",
    Created: formatTimestamp(network?.meta?.createdAtMs ?? 0),
    Scope: "swarm",
    Driver: spec?.driver ?? "",
    EnableIPv6: spec?.ipv6Enabled === true,
    IPAM: {
      Driver: "default",
      Config: (network?.ipam ?? []).map((one) =>
        object({ Subnet: one.subnet, IPRange: text(one.ipRange), Gateway: text(one.gateway) }),
      ),
    },
    Internal: spec?.internal === true,
    Attachable: spec?.attachable === true,
    Ingress: spec?.ingress === true,
    Options: { "com.docker.network.driver.overlay.vxlanid_list": String(network?.vni ?? 0), ...spec?.driverOpts },
    Labels: spec?.labels ?? {},
    ...(verbose ? use(details, hostnames) : {}),
  });
}

const use = ({ services, tasks, peers, subnets, version }: NetworkDetails, hostnames: ReadonlyMap<string, string>) => ({
  Services: Object.fromEntries(
    services.map((service) => [
      service.name,
      object({
        ID: service.serviceId,
        VIP: service.virtualIps[0] ?? "",
        VIPs: list(service.virtualIps),
        Ports: service.ports.map(port),
        Tasks: tasks
          .filter((task) => task.serviceId === service.serviceId)
          .map((task) => ({
            Name: task.name,
            TaskID: task.taskId,
            EndpointIP: task.addresses[0] ?? "",
            EndpointIPs: [...task.addresses],
            State: task.state,
            NodeID: task.nodeId,
            Node: hostnames.get(task.nodeId) ?? "",
          })),
      }),
    ]),
  ),
  Peers: peers.map((peer) => ({
    Name: peer.hostname,
    NodeID: peer.nodeId,
    IP: peer.addresses[0] ?? "",
    AppliedVersion: peer.appliedVersion,
  })),
  SubnetUse: subnets.map(({ used, size }) => ({ Used: used, Size: size })),
  Version: version,
});
