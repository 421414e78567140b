// A service's flags are edits of its spec: pure functions from spec to spec. `service create` runs them over an empty spec,
// `service update` over the present one, so both share one table of flags.

import type { DNSConfig, EndpointSpec, HealthConfig } from "../../proto/gen/objects.ts";
import {
  type ContainerSpec,
  newContainerSpec,
  newDNSConfig,
  newEndpointSpec,
  newHealthConfig,
  newPlacement,
  newResourceRequirements,
  newResources,
  newRestartPolicy,
  newTaskSpec,
  newUpdateConfig,
  type Placement,
  type PortConfig,
  type ResourceRequirements,
  type Resources,
  type RestartPolicy,
  type ServiceSpec,
  type TaskSpec,
  type UpdateConfig,
} from "../../proto/gen/objects.ts";

export type Edit = (spec: ServiceSpec) => ServiceSpec;

export const task =
  (change: (task: TaskSpec) => TaskSpec): Edit =>
  (spec) => ({ ...spec, taskTemplate: change(spec.taskTemplate ?? newTaskSpec()) });

export const container = (change: (container: ContainerSpec) => Partial<ContainerSpec>): Edit =>
  task((of) => {
    const present = of.containerSpec ?? newContainerSpec();
    return { ...of, containerSpec: { ...present, ...change(present) } };
  });

export const placement = (change: (placement: Placement) => Partial<Placement>): Edit =>
  task((of) => {
    const present = of.placement ?? newPlacement();
    return { ...of, placement: { ...present, ...change(present) } };
  });

export const restart = (change: Partial<RestartPolicy>): Edit =>
  task((of) => ({ ...of, restartPolicy: { ...(of.restartPolicy ?? newRestartPolicy()), ...change } }));

export const resources = (
  which: keyof ResourceRequirements,
  change: (resources: Resources) => Partial<Resources>,
): Edit =>
  task((of) => {
    const all = of.resources ?? newResourceRequirements();
    const present = all[which] ?? newResources();
    return { ...of, resources: { ...all, [which]: { ...present, ...change(present) } } };
  });

/** The zero value of parallelism is "all at once": a config that comes into being by another flag has Docker's 1. */
export const updates =
  (which: "updateConfig" | "rollbackConfig", change: Partial<UpdateConfig>): Edit =>
  (spec) => ({ ...spec, [which]: { ...(spec[which] ?? newUpdateConfig({ parallelism: 1 })), ...change } });

export const health = (change: Partial<HealthConfig>): Edit =>
  container((of) => ({ healthcheck: { ...(of.healthcheck ?? newHealthConfig()), ...change } }));

export const dns = (change: (dns: DNSConfig) => Partial<DNSConfig>): Edit =>
  container((of) => {
    const present = of.dnsConfig ?? newDNSConfig();
    return { dnsConfig: { ...present, ...change(present) } };
  });

export const endpoint =
  (change: Partial<EndpointSpec>): Edit =>
  (spec) => ({ ...spec, endpointSpec: { ...(spec.endpointSpec ?? newEndpointSpec()), ...change } });

export const ports =
  (change: (ports: readonly PortConfig[]) => readonly PortConfig[]): Edit =>
  (spec) =>
    endpoint({ ports: change(spec.endpointSpec?.ports ?? []) })(spec);

/** Puts `value` in place of the one with the same key, else at the end. */
export const put = <T>(list: readonly T[], value: T, key: (of: T) => string): readonly T[] => {
  const at = list.findIndex((other) => key(other) === key(value));
  return at < 0 ? [...list, value] : list.with(at, value);
};

export const drop = <T>(list: readonly T[], name: string, key: (of: T) => string): readonly T[] =>
  list.filter((other) => key(other) !== name);

export const without = (map: Readonly<Record<string, string>>, key: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));

export const self = (value: string): string => value;

/** NAME of "NAME=value". */
export const envName = (entry: string): string => entry.split("=", 1)[0] ?? entry;
