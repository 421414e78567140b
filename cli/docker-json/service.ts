import type {
  Endpoint,
  EndpointSpec,
  PortConfig,
  Service,
  ServiceSpec,
  UpdateConfig,
  UpdateStatus,
} from "../../proto/gen/objects.ts";
import { withServiceDefaults } from "../../shared/model/service-defaults.ts";
import { dashed, type Fields, list, meta, ns, nsOr, object, positive, text, when, yes } from "./fields.ts";
import { taskSpec } from "./task.ts";

const updateConfig = (value: UpdateConfig): Fields =>
  object({
    Parallelism: value.parallelism,
    Delay: nsOr(value.delayMs),
    FailureAction: value.failureAction,
    Monitor: value.monitorMs === undefined ? undefined : ns(value.monitorMs),
    MaxFailureRatio: value.maxFailureRatio,
    Order: dashed(value.order),
  });

export const port = (value: PortConfig): Fields =>
  object({
    Name: text(value.name),
    Protocol: value.protocol,
    TargetPort: value.targetPort,
    PublishedPort: positive(value.publishedPort),
    PublishMode: value.publishMode,
    HostIP: text(value.hostIp),
    PreferLocal: yes(value.preferLocal),
  });

const endpointSpec = (value: EndpointSpec): Fields => object({ Mode: value.mode, Ports: list(value.ports.map(port)) });

/** An address is written with the length of its subnet in Docker's API; here it stands alone, one entry for each family. */
const endpoint = (spec: EndpointSpec | undefined, given: Endpoint | undefined): Fields | undefined =>
  spec === undefined && given === undefined
    ? undefined
    : object({
        Spec: spec && endpointSpec(spec),
        Ports: given && list(given.ports.map(port)),
        VirtualIPs:
          given &&
          list(given.virtualIps.flatMap((one) => one.addresses.map((Addr) => ({ NetworkID: one.networkId, Addr })))),
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

const serviceSpecJson = (value: ServiceSpec): Fields =>
  object({
    Name: value.name,
    Labels: value.labels,
    TaskTemplate: value.taskTemplate === undefined ? undefined : taskSpec(value.taskTemplate),
    Mode: serviceMode(value.mode),
    UpdateConfig: value.updateConfig === undefined ? undefined : updateConfig(value.updateConfig),
    RollbackConfig: value.rollbackConfig === undefined ? undefined : updateConfig(value.rollbackConfig),
    EndpointSpec: value.endpointSpec && endpointSpec(value.endpointSpec),
  });

const updateStatus = (value: UpdateStatus): Fields =>
  object({
    State: value.state,
    StartedAt: when(value.startedAtMs),
    CompletedAt: when(value.completedAtMs),
    Message: value.message,
  });

/** As `docker service inspect` asks for it: what the spec leaves open is shown as what it comes to. */
export const serviceJson = (value: Service): Fields =>
  object({
    ID: value.id,
    ...meta(value.meta),
    Spec: value.spec === undefined ? undefined : serviceSpecJson(withServiceDefaults(value.spec)),
    PreviousSpec: value.previousSpec === undefined ? undefined : serviceSpecJson(value.previousSpec),
    Endpoint: endpoint(value.spec?.endpointSpec, value.endpoint),
    UpdateStatus: value.updateStatus === undefined ? undefined : updateStatus(value.updateStatus),
  });
