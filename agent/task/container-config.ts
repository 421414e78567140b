// One container's configuration from the image's defaults and the service's wishes, by Docker's rules. Pure.
import { type ContainerSpec, type Mount, newContainerSpec, newResources, type Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { DEFAULT_STOP_GRACE_MS } from "../../shared/model/service-defaults.ts";
import { signalProblem } from "../../shared/model/signals.ts";
import { fullTaskName } from "../../shared/model/tasks.ts";
import { defaultHostname, expandContainerSpec, templateContext } from "../../shared/model/templates.ts";
import type { ContainerConfig, ContainerMount, ContainerNetwork, ImageConfig } from "../runtime/runtime.ts";

/** This node, as templates and labels name it. */
export interface NodeIdentity {
  readonly id: string;
  readonly hostname: string;
  readonly os: string;
  readonly architecture: string;
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * @throws {SkepError} `invalid_argument`: no command, bad template or mount this node cannot make.
 */
export function containerConfig(
  task: Task,
  image: ImageConfig,
  node: NodeIdentity,
  network: ContainerNetwork,
): ContainerConfig {
  const spec = expandContainerSpec(containerSpec(task), templateContext(task, node));
  const hostname = spec.hostname || (network.kind === "host" ? node.hostname : defaultHostname(task));
  return {
    id: task.id,
    image: spec.image,
    args: processArgs(spec, image),
    env: mergeEnv(
      [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, ...(spec.tty ? ["TERM=xterm"] : [])],
      image.env,
      spec.env,
    ),
    workingDir: spec.dir || image.workingDir || "/",
    user: spec.user || image.user,
    groups: spec.groups,
    hostname,
    network,
    mounts: spec.mounts.map(containerMount),
    readOnlyRootfs: spec.readOnly,
    tty: spec.tty,
    openStdin: spec.openStdin,
    init: spec.init,
    limits: task.spec?.resources?.limits ?? newResources(),
    reservations: task.spec?.resources?.reservations ?? newResources(),
    capabilityAdd: spec.capabilityAdd,
    capabilityDrop: spec.capabilityDrop,
    sysctls: spec.sysctls,
    ulimits: spec.ulimits,
    oomScoreAdj: spec.oomScoreAdj,
    extraHosts: spec.hosts,
    dns: {
      nameservers: spec.dnsConfig?.nameservers ?? [],
      search: spec.dnsConfig?.search ?? [],
      options: spec.dnsConfig?.options ?? [],
    },
    labels: { ...spec.labels, ...systemLabels(task, node) },
  };
}

export const containerSpec = (task: Task): ContainerSpec => task.spec?.containerSpec ?? newContainerSpec();

export const stopGraceMs = (task: Task): number => containerSpec(task).stopGracePeriodMs ?? DEFAULT_STOP_GRACE_MS;

/** An image's own is nobody's to refuse: one that is no signal counts as none, as in Docker. */
export const stopSignal = (task: Task, imageStopSignal: string): string =>
  [containerSpec(task).stopSignal, imageStopSignal].find((name) => signalProblem(name) === undefined) ?? "SIGTERM";

export const memoryLimitBytes = (task: Task): number => task.spec?.resources?.limits?.memoryBytes ?? 0;

/**
 * Entrypoint and command: the service's `command` replaces the image's ENTRYPOINT and drops its CMD; `args` replaces
 * the image's CMD.
 */
function processArgs(spec: ContainerSpec, image: ImageConfig): readonly string[] {
  const entrypoint = spec.command.length > 0 ? spec.command : image.entrypoint;
  const imageCmd = spec.command.length > 0 ? [] : image.cmd;
  const args = [...entrypoint, ...(spec.args.length > 0 ? spec.args : imageCmd)];
  if (args.length > 0) return args;
  throw new SkepError(
    "invalid_argument",
    `no command specified: image ${spec.image} has neither ENTRYPOINT nor CMD, give the service a command`,
  );
}

/** Later lists win by name; a name without "=" takes the variable away. */
export function mergeEnv(...lists: readonly (readonly string[])[]): readonly string[] {
  const merged = new Map<string, string>();
  for (const entry of lists.flat()) {
    const equals = entry.indexOf("=");
    if (equals < 0) merged.delete(entry);
    else merged.set(entry.slice(0, equals), entry);
  }
  return [...merged.values()];
}

function containerMount(mount: Mount): ContainerMount {
  switch (mount.type) {
    case "bind":
    case "tmpfs":
      return {
        type: mount.type,
        source: mount.source,
        target: mount.target,
        readOnly: mount.readOnly,
        propagation: mount.bindOptions?.propagation ?? "",
        sizeBytes: mount.tmpfsOptions?.sizeBytes ?? 0,
        mode: mount.tmpfsOptions?.mode ?? 0,
      };
    case "volume":
      throw new SkepError(
        "invalid_argument",
        `mount ${mount.target}: this node has no volumes; use a bind or tmpfs mount`,
      );
  }
}

function systemLabels(task: Task, node: NodeIdentity): Readonly<Record<string, string>> {
  return {
    "com.docker.swarm.node.id": node.id,
    "com.docker.swarm.service.id": task.serviceId,
    "com.docker.swarm.service.name": task.serviceName,
    "com.docker.swarm.task": "",
    "com.docker.swarm.task.id": task.id,
    "com.docker.swarm.task.name": fullTaskName(task),
  };
}
