// What an update makes of a service. Pure.
import { encodeTaskSpec, newTaskSpec, type Service, type ServiceSpec } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { endpointOfTasks } from "../allocator/places.ts";

/**
 * Would tasks of one spec have to be replaced to become tasks of the other? Not for a port more or less of the routing mesh, or
 * for another endpoint mode: nodes are told of those while the tasks go on.
 */
export function changesTasks(before: ServiceSpec | undefined, after: ServiceSpec): boolean {
  const bytes = (spec: ServiceSpec | undefined): Buffer =>
    Buffer.from(encodeTaskSpec(spec?.taskTemplate ?? newTaskSpec()));
  const endpoint = (spec: ServiceSpec | undefined): string => endpointOfTasks(spec?.endpointSpec);
  return !bytes(before).equals(bytes(after)) || endpoint(before) !== endpoint(after);
}

/** @throws {SkepError} `unimplemented`: what Swarm refuses to change as well. */
export function checkUnchangeable(before: ServiceSpec, after: ServiceSpec): void {
  if (after.name !== before.name) {
    throw new SkepError("unimplemented", `a service cannot be renamed: it is ${before.name}`);
  }
  if (after.mode?.kind !== before.mode?.kind) {
    throw new SkepError(
      "unimplemented",
      `service mode change is not allowed: ${before.name} is ${before.mode?.kind ?? "replicated"}; remove it and create it anew`,
    );
  }
}

/**
 * @param nextVersion of the transaction: the version of what tasks are made of, when that changes.
 * An update that was under way or paused is over with it: the orchestrator begins anew.
 */
export function updatedService(service: Service, spec: ServiceSpec, nextVersion: number): Service {
  return {
    ...service,
    spec,
    specVersion: changesTasks(service.spec, spec) ? nextVersion : service.specVersion,
    previousSpec: service.spec,
    previousSpecVersion: service.specVersion,
    updateStatus: undefined,
  };
}

/** Swaps spec and previous spec: twice is where it began. Tasks of the previous version that still run stay. */
export function rolledBackService(service: Service): Service {
  if (service.previousSpec === undefined) {
    const name = service.spec?.name ?? service.id;
    throw new SkepError("failed_precondition", `service ${name} does not have a previous spec`);
  }
  return {
    ...service,
    spec: service.previousSpec,
    specVersion: service.previousSpecVersion,
    previousSpec: service.spec,
    previousSpecVersion: service.specVersion,
    updateStatus: undefined,
  };
}

/** Reads never return credentials, so a spec that comes back has none: the present ones stay when asked for. */
export function keepRegistryAuth(before: ServiceSpec | undefined, after: ServiceSpec): ServiceSpec {
  const kept = before?.taskTemplate?.containerSpec?.registryAuth ?? "";
  const container = after.taskTemplate?.containerSpec;
  if (kept === "" || container === undefined || container.registryAuth !== "") return after;
  return {
    ...after,
    taskTemplate: { ...newTaskSpec(after.taskTemplate), containerSpec: { ...container, registryAuth: kept } },
  };
}
