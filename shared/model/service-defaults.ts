// What a service has when its spec says nothing: the agent and the orchestrator go by it, and `inspect` shows it.
import {
  newContainerSpec,
  newDNSConfig,
  newEndpointSpec,
  newPlacement,
  newResourceRequirements,
  newResources,
  newRestartPolicy,
  newTaskSpec,
  newUpdateConfig,
  type ServiceSpec,
  type UpdateConfig,
} from "../../proto/gen/objects.ts";

export const DEFAULT_STOP_GRACE_MS = 10_000;
export const DEFAULT_RESTART_DELAY_MS = 5_000;
export const DEFAULT_MONITOR_MS = 5_000;

/** The spec with every default written out, for people and their templates; never what is stored. */
export function withServiceDefaults(spec: ServiceSpec): ServiceSpec {
  const template = spec.taskTemplate ?? newTaskSpec();
  const { containerSpec, resources, restartPolicy, placement } = template;
  return {
    ...spec,
    mode: spec.mode ?? { kind: "replicated", replicas: 1 },
    taskTemplate: {
      ...template,
      containerSpec: {
        ...(containerSpec ?? newContainerSpec()),
        stopGracePeriodMs: containerSpec?.stopGracePeriodMs ?? DEFAULT_STOP_GRACE_MS,
        dnsConfig: containerSpec?.dnsConfig ?? newDNSConfig(),
      },
      resources: newResourceRequirements({
        limits: resources?.limits ?? newResources(),
        reservations: resources?.reservations ?? newResources(),
      }),
      restartPolicy: {
        ...(restartPolicy ?? newRestartPolicy()),
        delayMs: restartPolicy?.delayMs ?? DEFAULT_RESTART_DELAY_MS,
      },
      placement: placement ?? newPlacement(),
    },
    updateConfig: withUpdateDefaults(spec.updateConfig),
    rollbackConfig: withUpdateDefaults(spec.rollbackConfig),
    endpointSpec: spec.endpointSpec ?? newEndpointSpec(),
  };
}

/** A config that is there has its parallelism, of which 0 is all at once; one that is not is Docker's. */
const withUpdateDefaults = (config: UpdateConfig | undefined): UpdateConfig => ({
  ...(config ?? newUpdateConfig({ parallelism: 1 })),
  monitorMs: config?.monitorMs ?? DEFAULT_MONITOR_MS,
});
