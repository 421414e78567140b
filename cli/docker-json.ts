// Our objects in the shape and spelling of Docker's Engine API, which scripts and templates know: PascalCase, times as
// RFC 3339, durations in nanoseconds, absent where nothing is set. What Docker has no name for keeps ours.
import type {
  Cluster,
  ContainerSpec,
  EndpointSpec,
  HealthConfig,
  Meta,
  Mount,
  Node,
  NodeDescription,
  Resources,
  RestartPolicy,
  Service,
  ServiceSpec,
  Task,
  TaskSpec,
  UpdateConfig,
  UpdateStatus,
} from "../proto/gen/objects.ts";
import { formatTimestamp } from "./parse/time.ts";
import { TLS_STATUS } from "./render/tls.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };
type Draft = Readonly<Record<string, Json | undefined>>;

const NS_PER_MS = 1_000_000;

/** Without what is undefined. */
function object(draft: Draft): Fields {
  return Object.fromEntries(Object.entries(draft).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

const ns = (ms: number): number => ms * NS_PER_MS;
const nsOr = (ms: number): number | undefined => (ms === 0 ? undefined : ns(ms));
const text = (value: string): string | undefined => (value === "" ? undefined : value);
const list = (value: readonly Json[]): readonly Json[] | undefined => (value.length === 0 ? undefined : value);
const positive = (value: number): number | undefined => (value === 0 ? undefined : value);
const yes = (value: boolean): boolean | undefined => (value ? true : undefined);
const map = (value: Readonly<Record<string, string>>): Fields | undefined =>
  Object.keys(value).length === 0 ? undefined : value;
/** stop_first is stop-first on Docker's wire. */
const dashed = (value: string): string => value.replaceAll("_", "-");
const when = (ms: number): string | undefined => (ms === 0 ? undefined : formatTimestamp(ms));

const meta = (value: Meta | undefined): Draft => ({
  Version: { Index: value?.version ?? 0 },
  CreatedAt: formatTimestamp(value?.createdAtMs ?? 0),
  UpdatedAt: formatTimestamp(value?.updatedAtMs ?? 0),
});

function resources(value: Resources | undefined): Fields | undefined {
  if (value === undefined) return undefined;
  return object({
    NanoCPUs: positive(value.nanoCpus),
    MemoryBytes: positive(value.memoryBytes),
    Pids: positive(value.pids),
    GenericResources: list(
      value.genericResources.map((one) =>
        one.value === ""
          ? { DiscreteResourceSpec: { Kind: one.kind, Value: one.amount } }
          : { NamedResourceSpec: { Kind: one.kind, Value: one.value } },
      ),
    ),
  });
}

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

const taskSpec = (value: TaskSpec): Fields =>
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

const updateConfig = (value: UpdateConfig): Fields =>
  object({
    Parallelism: value.parallelism,
    Delay: nsOr(value.delayMs),
    FailureAction: value.failureAction,
    Monitor: value.monitorMs === undefined ? undefined : ns(value.monitorMs),
    MaxFailureRatio: value.maxFailureRatio,
    Order: dashed(value.order),
  });

const endpoint = (value: EndpointSpec): Fields =>
  object({
    Mode: value.mode,
    Ports: list(
      value.ports.map((port) =>
        object({
          Name: text(port.name),
          Protocol: port.protocol,
          TargetPort: port.targetPort,
          PublishedPort: positive(port.publishedPort),
          PublishMode: port.publishMode,
          HostIP: text(port.hostIp),
        }),
      ),
    ),
  });

function serviceMode(mode: ServiceSpec["mode"]): Fields | undefined {
  switch (mode?.kind) {
    case "replicated":
      return { Replicated: { Replicas: mode.replicas } };
    case "global":
      return { Global: {} };
    case undefined:
      return undefined;
  }
}

export const serviceSpecJson = (value: ServiceSpec): Fields =>
  object({
    Name: value.name,
    Labels: value.labels,
    TaskTemplate: value.taskTemplate === undefined ? undefined : taskSpec(value.taskTemplate),
    Mode: serviceMode(value.mode),
    UpdateConfig: value.updateConfig === undefined ? undefined : updateConfig(value.updateConfig),
    RollbackConfig: value.rollbackConfig === undefined ? undefined : updateConfig(value.rollbackConfig),
    EndpointSpec: value.endpointSpec === undefined ? undefined : endpoint(value.endpointSpec),
  });

const updateStatus = (value: UpdateStatus): Fields =>
  object({
    State: value.state,
    StartedAt: when(value.startedAtMs),
    CompletedAt: when(value.completedAtMs),
    Message: value.message,
  });

export const serviceJson = (value: Service): Fields =>
  object({
    ID: value.id,
    ...meta(value.meta),
    Spec: value.spec === undefined ? undefined : serviceSpecJson(value.spec),
    PreviousSpec: value.previousSpec === undefined ? undefined : serviceSpecJson(value.previousSpec),
    Endpoint: value.spec?.endpointSpec === undefined ? undefined : { Spec: endpoint(value.spec.endpointSpec) },
    UpdateStatus: value.updateStatus === undefined ? undefined : updateStatus(value.updateStatus),
  });

const description = (value: NodeDescription): Fields =>
  object({
    Hostname: value.hostname,
    Platform: { Architecture: value.platform?.architecture ?? "", OS: value.platform?.os ?? "" },
    Resources: resources(value.resources),
    Engine:
      value.engine === undefined
        ? undefined
        : object({
            EngineVersion: value.engine.engineVersion,
            Labels: map(value.engine.labels),
            Runtime: text(value.engine.runtime),
          }),
    TLSInfo: value.tls === undefined ? undefined : { Issuer: value.tls.issuer, TrustRoots: [...value.tls.trustRoots] },
  });

export const nodeJson = (value: Node): Fields =>
  object({
    ID: value.id,
    ...meta(value.meta),
    Spec:
      value.spec === undefined
        ? undefined
        : object({
            Name: text(value.spec.name),
            Labels: value.spec.labels,
            Role: value.spec.role,
            Availability: value.spec.availability,
          }),
    Role: value.role,
    Description: value.description === undefined ? undefined : description(value.description),
    Status: object({
      State: value.status?.state ?? "unknown",
      Message: text(value.status?.message ?? ""),
      Addr: value.status?.addrs[0] ?? "",
      Addrs: list(value.status?.addrs ?? []),
      ChangedAt: when(value.status?.changedAtMs ?? 0),
    }),
    ManagerStatus:
      value.managerStatus === undefined
        ? undefined
        : object({
            Leader: yes(value.managerStatus.leader),
            Reachability: value.managerStatus.reachability,
            Addr: value.managerStatus.addr,
          }),
    Addr: text(value.addr),
    TLSStatus: TLS_STATUS[value.tlsStatus],
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
  });

/** The cluster as `docker info` tells it; never the CA's key, nor the tokens. */
export const clusterJson = (value: Cluster): Fields =>
  object({
    ID: value.id,
    ...meta(value.meta),
    Spec: object({
      Name: value.spec?.name ?? "",
      Labels: map(value.spec?.labels ?? {}),
      Orchestration: { TaskHistoryRetentionLimit: value.spec?.orchestration?.taskHistoryRetentionLimit ?? 0 },
      Raft: object({ SnapshotInterval: value.spec?.raft?.snapshotInterval ?? 0 }),
      Dispatcher: object({
        HeartbeatPeriod: ns(value.spec?.dispatcher?.heartbeatPeriodMs ?? 0),
        SuspectAfter: ns(value.spec?.dispatcher?.suspectAfterMs ?? 0),
        DownAfter: ns(value.spec?.dispatcher?.downAfterMs ?? 0),
      }),
      CAConfig: { NodeCertExpiry: ns(value.spec?.caConfig?.nodeCertExpiryMs ?? 0) },
      InsecureRegistries: list(value.spec?.insecureRegistries ?? []),
      EncryptionConfig: { AutoLockManagers: value.spec?.encryption?.autoLockManagers === true },
    }),
  });
