// What never leaves the managers: registry credentials, the CA's keys, the unlock key.
import type { Cluster, RootCA, Service, ServiceSpec, Task, TaskSpec } from "../../proto/gen/objects.ts";

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

const NOTHING = new Uint8Array(0);

const redactRoot = (root: RootCA): RootCA => ({
  ...root,
  caKey: NOTHING,
  rotation: root.rotation === undefined ? undefined : { ...root.rotation, caKey: NOTHING },
});

/** The join tokens stay: whoever may call at all is root on a manager. */
export const redactCluster = (cluster: Cluster): Cluster => ({
  ...cluster,
  rootCa: cluster.rootCa === undefined ? undefined : redactRoot(cluster.rootCa),
  unlockKey: NOTHING,
});
