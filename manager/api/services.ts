import {
  type ControlService,
  newListServicesResponse,
  newRemoveResponse,
  newServiceResponse,
  newServiceWithStatus,
  type ServiceResponse,
} from "../../proto/gen/control.ts";
import { newService, newServiceSpec, type Service, type ServiceSpec } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { newId, type ServiceId } from "../../shared/model/ids.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { Cursors } from "../allocator/addresses.ts";
import { allocateEndpoint } from "../allocator/endpoint.ts";
import type { ControlOptions } from "./context.ts";
import { compileFilters, SERVICE_FILTERS } from "./filters.ts";
import { resolveImage } from "./image.ts";
import { randomName } from "./names.ts";
import { redactService } from "./redact.ts";
import { resolveService } from "./refs.ts";
import { withNetworkIds } from "./service-networks.ts";
import { serviceStatus } from "./service-status.ts";
import { checkUnchangeable, keepRegistryAuth, rolledBackService, updatedService } from "./service-update.ts";
import { completeServiceSpec } from "./validate/service-spec.ts";

type ServiceHandlers = Pick<
  Handlers<typeof ControlService>,
  "createService" | "getService" | "listServices" | "updateService" | "removeService"
>;

export function createServiceHandlers({ env, store, images }: ControlOptions): ServiceHandlers {
  const insecureRegistries = (): readonly string[] =>
    store.view((view) => view.cluster()?.spec?.insecureRegistries ?? []);

  const cursors = new Cursors(env.random);

  const refuseTakenName = (name: string): void => {
    const other = store.view((view) => view.byName("service", name));
    if (other !== undefined) {
      throw new SkepError(
        "already_exists",
        `the service name ${JSON.stringify(other.spec?.name)} is taken: service ${other.id} has it`,
      );
    }
  };

  const present = (id: ServiceId): Service => {
    const service = store.view((view) => view.get("service", id));
    if (service === undefined) throw new SkepError("not_found", `no such service: ${id}`);
    return service;
  };

  /** As the transaction left it: by now another may have changed or removed it. */
  const answer = (service: Service | undefined, warnings: readonly string[]): ServiceResponse =>
    newServiceResponse({ service: service && redactService(service), warnings });

  return {
    createService: async ({ spec: wish, noResolveImage }, { signal }) => {
      const wanted = store.view((view) => withNetworkIds(view, completeServiceSpec(wish, view.all("node"))));
      // Told before the registry is asked, which may take its time; the transaction decides.
      if (wanted.name !== "") refuseTakenName(wanted.name);
      const { spec, warnings } = noResolveImage
        ? { spec: wanted, warnings: [] }
        : await resolveImage(wanted, insecureRegistries(), images, signal);
      const id = newId<ServiceId>(env.random);
      const created = await store.update((tx) => {
        const name = spec.name || randomName(env.random, (taken) => tx.byName("service", taken) !== undefined);
        const service = newService({ id, spec: { ...spec, name }, specVersion: tx.version + 1 });
        tx.put("service", { ...service, endpoint: allocateEndpoint(tx, service, cursors) });
        return tx.get("service", id);
      });
      return answer(created, warnings);
    },

    getService: async ({ ref }) =>
      store.view((view) => {
        const service = resolveService(view, ref);
        return newServiceWithStatus({ service: redactService(service), status: serviceStatus(view, service) });
      }),

    listServices: async ({ filters }) => {
      const matches = compileFilters("services", filters, SERVICE_FILTERS);
      return store.view((view) =>
        newListServicesResponse({
          services: [...view.all("service")]
            .filter(matches)
            .map((service) =>
              newServiceWithStatus({ service: redactService(service), status: serviceStatus(view, service) }),
            ),
        }),
      );
    },

    updateService: async (
      { id, version, spec: wish, noResolveImage, rollback, keepRegistryAuth: keep },
      { signal },
    ) => {
      const before = present(id);
      let prepared: { readonly spec: ServiceSpec; readonly warnings: readonly string[] } | undefined;
      if (!rollback) {
        const given = wish === undefined || !keep ? wish : keepRegistryAuth(before.spec, wish);
        const wanted = store.view((view) => withNetworkIds(view, completeServiceSpec(given, view.all("node"))));
        checkUnchangeable(before.spec ?? newServiceSpec(), wanted);
        prepared = noResolveImage
          ? { spec: wanted, warnings: [] }
          : await resolveImage(wanted, insecureRegistries(), images, signal);
      }
      const updated = await store.update((tx) => {
        const service = tx.get("service", id);
        if (service === undefined) throw new SkepError("not_found", `no such service: ${id}`);
        const next =
          prepared === undefined ? rolledBackService(service) : updatedService(service, prepared.spec, tx.version + 1);
        // The version that the caller read: the store refuses it when the service has changed since.
        const endpoint = allocateEndpoint(tx, next, cursors);
        tx.put("service", { ...next, endpoint, meta: service.meta && { ...service.meta, version } });
        return tx.get("service", id);
      });
      return answer(updated, prepared?.warnings ?? []);
    },

    // Its tasks are the orchestrator's: it stops and removes those whose service is gone.
    removeService: async ({ ref }) => {
      const id = await store.update((tx) => {
        const service = resolveService(tx, ref);
        tx.remove("service", service.id);
        return service.id;
      });
      return newRemoveResponse({ id });
    },
  };
}
