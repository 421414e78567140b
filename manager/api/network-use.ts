// Who uses a network. Pure.
import type { Network, Service, Task } from "../../proto/gen/objects.ts";
import type { NetworkId } from "../../shared/model/ids.ts";
import type { View } from "../store/types.ts";

/** The networks that the service asks for, or has a virtual IP on; the routing mesh's among them when it publishes there. */
export function networksOf(service: Service): ReadonlySet<string> {
  const networks = new Set<string>(service.spec?.taskTemplate?.networks.map(({ target }) => target));
  for (const { networkId } of service.endpoint?.virtualIps ?? []) networks.add(networkId);
  return networks;
}

export interface NetworkUsers {
  readonly services: readonly Service[];
  /** Those that hold an address of it; their service may be gone, or have left the network. */
  readonly tasks: readonly Task[];
}

export const usersOf = (view: View, id: NetworkId): NetworkUsers => ({
  services: [...view.all("service")].filter((service) => networksOf(service).has(id)),
  tasks: [...view.tasksOnNetwork(id)],
});

/** Answers for many networks from one look at the services. */
export function usedNetworks(view: View): (network: Network) => boolean {
  const named = new Set<string>();
  for (const service of view.all("service")) for (const id of networksOf(service)) named.add(id);
  return ({ id }) => {
    if (named.has(id)) return true;
    for (const _task of view.tasksOnNetwork(id)) return true;
    return false;
  };
}
