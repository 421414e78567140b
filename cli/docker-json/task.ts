import type { ContainerSpec, HealthConfig, Mount, RestartPolicy, Task, TaskSpec } from "../../proto/gen/objects.ts";
import { dashed, type Fields, list, map, meta, ns, nsOr, object, positive, text, when, yes } from "./fields.ts";
import { resources } from "./resources.ts";

const mount = (value: Mount): Fields =>
  object({
    Type: value.type,
    Source: text(value.source),
    Target: value.target,
    ReadOnly: yes(value.readOnly),
    BindOptions:
      value.bindOptions === undefined
        ? undefined
        : object({
            Propagation: text(value.bindOptions.propagation),
            NonRecursive: yes(value.bindOptions.nonRecursive),
          }),
    TmpfsOptions:
      value.tmpfsOptions === undefined
        ? undefined
        : object({ SizeBytes: positive(value.tmpfsOptions.sizeBytes), Mode: positive(value.tmpfsOptions.mode) }),
  });

const health = (value: HealthConfig): Fields =>
  object({
    Test: list(value.test),
    Interval: nsOr(value.intervalMs),
    Timeout: nsOr(value.timeoutMs),
    Retries: positive(value.retries),
    StartPeriod: nsOr(value.startPeriodMs),
    StartInterval: nsOr(value.startIntervalMs),
  });

/** Credentials are never shown, whatever the server sent. */
const container = (value: ContainerSpec): Fields =>
  object({
    Image: value.image,
    Labels: map(value.labels),
    Command: list(value.command),
    Args: list(value.args),
    Hostname: text(value.hostname),
    Env: list(value.env),
    Dir: text(value.dir),
    User: text(value.user),
    Groups: list(value.groups),
    TTY: yes(value.tty),
    OpenStdin: yes(value.openStdin),
    ReadOnly: yes(value.readOnly),
    Mounts: list(value.mounts.map(mount)),
    StopSignal: text(value.stopSignal),
    StopGracePeriod: value.stopGracePeriodMs === undefined ? undefined : ns(value.stopGracePeriodMs),
    Healthcheck: value.healthcheck === undefined ? undefined : health(value.healthcheck),
    Hosts: list(value.hosts),
    DNSConfig:
      value.dnsConfig === undefined
        ? undefined
        : object({
            Nameservers: list(value.dnsConfig.nameservers),
            Search: list(value.dnsConfig.search),
            Options: list(value.dnsConfig.options),
          }),
    Init: value.init,
    Sysctls: map(value.sysctls),
    CapabilityAdd: list(value.capabilityAdd),
    CapabilityDrop: list(value.capabilityDrop),
    Ulimits: list(value.ulimits.map((one) => ({ Name: one.name, Soft: one.soft, Hard: one.hard }))),
    OomScoreAdj: positive(value.oomScoreAdj),
  });

const restart = (value: RestartPolicy): Fields =>
  object({
    Condition: dashed(value.condition),
    Delay: value.delayMs === undefined ? undefined : ns(value.delayMs),
    MaxAttempts: value.maxAttempts,
    Window: nsOr(value.windowMs),
  });

export const taskSpec = (value: TaskSpec): Fields =>
  object({
    ContainerSpec: value.containerSpec === undefined ? undefined : container(value.containerSpec),
    Resources:
      value.resources === undefined
        ? undefined
        : object({ Limits: resources(value.resources.limits), Reservations: resources(value.resources.reservations) }),
    RestartPolicy: value.restartPolicy === undefined ? undefined : restart(value.restartPolicy),
    Placement:
      value.placement === undefined
        ? undefined
        : object({
            Constraints: list(value.placement.constraints),
            Preferences: list(
              value.placement.preferences.map((one) => ({
                Spread: { SpreadDescriptor: one.spread?.spreadDescriptor ?? "" },
              })),
            ),
            MaxReplicas: positive(value.placement.maxReplicas),
            Platforms: list(value.placement.platforms.map((one) => ({ Architecture: one.architecture, OS: one.os }))),
          }),
    Networks: list(
      value.networks.map((one) =>
        object({ Target: one.target, Aliases: list(one.aliases), DriverOpts: map(one.driverOpts) }),
      ),
    ),
    LogDriver:
      value.logDriver === undefined
        ? undefined
        : object({ Name: value.logDriver.name, Options: map(value.logDriver.options) }),
    ForceUpdate: value.forceUpdate,
  });

export const taskJson = (value: Task): Fields =>
  object({
    ID: value.id,
    ...meta(value.meta),
    Spec: value.spec === undefined ? undefined : taskSpec(value.spec),
    SpecVersion: { Index: value.specVersion },
    ServiceID: value.serviceId,
    Slot: positive(value.slot),
    NodeID: text(value.nodeId),
    Status: object({
      Timestamp: when(value.status?.timestampMs ?? 0),
      State: value.status?.state ?? "new",
      Message: text(value.status?.message ?? ""),
      Err: text(value.status?.err ?? ""),
      ContainerStatus:
        value.status?.containerStatus === undefined
          ? undefined
          : object({
              ContainerID: value.status.containerStatus.containerId,
              PID: value.status.containerStatus.pid,
              ExitCode: value.status.containerStatus.exitCode,
              OOMKilled: yes(value.status.containerStatus.oomKilled),
            }),
    }),
    DesiredState: value.desiredState,
    NetworksAttachments: list(
      value.attachments.map((one) =>
        object({ Network: { ID: one.networkId }, Addresses: [...one.addresses], Aliases: list(one.aliases) }),
      ),
    ),
  });
