// What never leaves the managers: registry credentials and the CA's key.
import type { Cluster, Service, ServiceSpec, Task, TaskSpec } from "../../proto/gen/objects.ts";

const redactTemplate = (spec: TaskSpec | undefined): TaskSpec | undefined =>
  spec?.containerSpec === undefined || spec.containerSpec.registryAuth === ""
    ? spec
    : { ...spec, containerSpec: { ...spec.containerSpec, registryAuth: "" } };

const redactSpec = (spec: ServiceSpec | undefined): ServiceSpec | undefined =>
  spec === undefined ? undefined : { ...spec, taskTemplate: redactTemplate(spec.taskTemplate) };

export const redactService = (service: Service): Service => ({
  ...service,
  spec: redactSpec(service.spec),
  previousSpec: redactSpec(service.previousSpec),
});

export const redactTask = (task: Task): Task => ({ ...task, spec: redactTemplate(task.spec) });

/** The join tokens stay: whoever may call at all is root on a manager. */
export const redactCluster = (cluster: Cluster): Cluster => ({
  ...cluster,
  rootCa: cluster.rootCa === undefined ? undefined : { ...cluster.rootCa, caKey: new Uint8Array(0) },
});
