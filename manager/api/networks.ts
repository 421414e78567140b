import { type ControlService, newListNetworksResponse, newRemoveResponse } from "../../proto/gen/control.ts";
import { type Network, newNetwork } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { type NetworkId, newId } from "../../shared/model/ids.ts";
import { isPredefinedNetwork } from "../../shared/model/networks.ts";
import { fullTaskName } from "../../shared/model/tasks.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { allocateNetwork, networkScope, newestNetwork } from "../allocator/network.ts";
import type { View } from "../store/types.ts";
import type { ControlOptions } from "./context.ts";
import { compileFilters, networkFilters } from "./filters.ts";
import { networkDetails } from "./network-details.ts";
import { usedNetworks, usersOf } from "./network-use.ts";
import { resolveNetwork } from "./refs.ts";
import { completeNetworkSpec } from "./validate/network-spec.ts";

type NetworkHandlers = Pick<
  Handlers<typeof ControlService>,
  "createNetwork" | "getNetwork" | "listNetworks" | "removeNetwork"
>;

const MAX_NAMED = 3;

export function createNetworkHandlers({ env, store, networkProgress }: ControlOptions): NetworkHandlers {
  // Only where to go on from: the store says what is taken.
  let last: Network | undefined;
  return {
    createNetwork: async ({ spec: wish }) => {
      const spec = completeNetworkSpec(wish);
      const id = newId<NetworkId>(env.random);
      const { made, network } = await store.update((tx) => {
        if (spec.ingress) refuseSecondIngress(tx);
        const scope = networkScope(tx);
        const fresh = newNetwork({ id, spec, ...allocateNetwork(scope, spec, last ?? newestNetwork(scope)) });
        tx.put("network", fresh);
        return { made: tx.get("network", id), network: fresh };
      });
      last = made ?? network;
      return last;
    },

    getNetwork: async ({ ref }) =>
      store.view((view) => {
        const network = resolveNetwork(view, ref);
        return networkDetails(view, network, networkProgress?.(network.id));
      }),

    listNetworks: async ({ filters }) =>
      store.view((view) => {
        const matches = compileFilters("networks", filters, networkFilters(usedNetworks(view)));
        return newListNetworksResponse({ networks: [...view.all("network")].filter(matches) });
      }),

    removeNetwork: async ({ ref }) => {
      if (isPredefinedNetwork(ref)) {
        throw new SkepError("permission_denied", `${ref} is a pre-defined network and cannot be removed`);
      }
      const id = await store.update((tx) => {
        const network = resolveNetwork(tx, ref);
        refuseUsed(tx, network);
        tx.remove("network", network.id);
        return network.id;
      });
      return newRemoveResponse({ id });
    },
  };
}

function refuseSecondIngress(view: View): void {
  for (const { id, spec } of view.all("network")) {
    if (spec?.ingress === true) {
      throw new SkepError(
        "already_exists",
        `ingress network (${spec.name}, ${id}) is already present: remove it first`,
      );
    }
  }
}

/** @throws {SkepError} `failed_precondition` that names who uses it. */
function refuseUsed(view: View, network: Network): void {
  const { services, tasks } = usersOf(view, network.id);
  const name = network.spec?.name ?? network.id;
  if (services.length > 0) {
    const names = listed(services.map(({ id, spec }) => spec?.name ?? id));
    throw new SkepError(
      "failed_precondition",
      network.spec?.ingress === true
        ? `ingress network cannot be removed because ${names} publish${services.length === 1 ? "es" : ""} ports on it`
        : `network ${name} is in use by ${services.length === 1 ? "service" : "services"} ${names}`,
    );
  }
  if (tasks.length > 0) {
    const names = listed(tasks.map(fullTaskName));
    const what = tasks.length === 1 ? "task" : "tasks";
    throw new SkepError(
      "failed_precondition",
      `network ${name} is in use by ${what} ${names}, which ${tasks.length === 1 ? "has" : "have"} not ended yet: try again in a moment`,
    );
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return names.slice(0, MAX_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
