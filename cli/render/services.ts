// `service ls` and `service inspect --pretty`.
import type { ServiceWithStatus } from "../../proto/gen/control.ts";
import type { Service, ServiceSpec, UpdateConfig } from "../../proto/gen/objects.ts";
import { withServiceDefaults } from "../../shared/model/service-defaults.ts";
import { formatDuration } from "../parse/duration.ts";
import { ago } from "../parse/time.ts";
import { type Line, renderLines } from "./lines.ts";
import { type ListView, shortId } from "./list.ts";
import { portText, servicePortsText } from "./ports.ts";
import { compare, imageText } from "./tasks.ts";
import { cpus, memory } from "./units.ts";

export const SERVICE_HEADERS = {
  ID: "ID",
  Name: "NAME",
  Mode: "MODE",
  Replicas: "REPLICAS",
  Image: "IMAGE",
  Ports: "PORTS",
} as const;

const modeOf = (spec: ServiceSpec | undefined): string => spec?.mode?.kind ?? "replicated";

/** "3/5", with the limit per node; a task on a node that does not answer is not counted as running, but told. */
export function replicasText({ service, status }: ServiceWithStatus): string {
  const max = service?.spec?.taskTemplate?.placement?.maxReplicas ?? 0;
  const counts = `${status?.runningTasks ?? 0}/${status?.desiredTasks ?? 0}`;
  const unknown = status?.unknownTasks ?? 0;
  return `${counts}${max > 0 ? ` (max ${max} per node)` : ""}${unknown > 0 ? ` (${unknown} unknown)` : ""}`;
}

export function serviceListView(services: readonly ServiceWithStatus[]): ListView {
  const rows = [...services]
    .sort((a, b) => compare(a.service?.spec?.name ?? "", b.service?.spec?.name ?? ""))
    .map((one) => ({
      ID: shortId(one.service?.id ?? "", false),
      Name: one.service?.spec?.name ?? "",
      Mode: modeOf(one.service?.spec),
      Replicas: replicasText(one),
      Image: imageText(one.service?.spec?.taskTemplate?.containerSpec?.image ?? "", false),
      Ports: servicePortsText(one.service),
    }));
  return { headers: SERVICE_HEADERS, columns: Object.keys(SERVICE_HEADERS), rows };
}

const updateLines = (title: string, config: UpdateConfig | undefined): readonly Line[] =>
  config === undefined
    ? []
    : [
        [0, title],
        [1, "Parallelism", String(config.parallelism)],
        [1, "Delay", config.delayMs === 0 ? "" : formatDuration(config.delayMs)],
        [1, "On failure", config.failureAction],
        [1, "Monitoring Period", config.monitorMs === undefined ? "" : formatDuration(config.monitorMs)],
        [1, "Max failure ratio", String(config.maxFailureRatio)],
        [1, `${title.replace("Config", "")} order`, config.order.replace("_", "-")],
      ];

const pairs = (labels: Readonly<Record<string, string>>, depth: number): readonly Line[] =>
  Object.entries(labels)
    .sort(([a], [b]) => compare(a, b))
    .map(([key, value]) => [depth, key, value === "" ? " " : value] as const);

const resourceLines = (spec: ServiceSpec): readonly Line[] => {
  const { reservations, limits } = spec.taskTemplate?.resources ?? {};
  return [
    [0, "Resources"],
    ...(reservations === undefined
      ? []
      : ([
          [1, "Reservations"],
          [2, "CPU", reservations.nanoCpus === 0 ? "" : cpus(reservations.nanoCpus)],
          [2, "Memory", reservations.memoryBytes === 0 ? "" : memory(reservations.memoryBytes)],
          ...reservations.genericResources.map((one) => [2, one.kind, String(one.amount)] as const),
        ] as const)),
    ...(limits === undefined
      ? []
      : ([
          [1, "Limits"],
          [2, "CPU", limits.nanoCpus === 0 ? "" : cpus(limits.nanoCpus)],
          [2, "Memory", limits.memoryBytes === 0 ? "" : memory(limits.memoryBytes)],
          [2, "PIDs", limits.pids === 0 ? "" : String(limits.pids)],
        ] as const)),
  ];
};

export function prettyService({ service, status }: ServiceWithStatus, nowMs: number): string {
  const known: Service | undefined = service;
  if (known?.spec === undefined) return "";
  const spec = withServiceDefaults(known.spec);
  const container = spec.taskTemplate?.containerSpec;
  const placement = spec.taskTemplate?.placement;
  const restart = spec.taskTemplate?.restartPolicy;
  const update = known.updateStatus;
  return renderLines([
    [0, "ID", known.id],
    [0, "Name", spec.name],
    [0, "Labels"],
    ...pairs(spec.labels, 1),
    [0, "Service Mode", modeOf(spec) === "global" ? "Global" : "Replicated"],
    [1, "Replicas", spec.mode?.kind === "replicated" ? String(spec.mode.replicas) : ""],
    [0, "Running", `${status?.runningTasks ?? 0} of ${status?.desiredTasks ?? 0}`],
    ...(update === undefined
      ? []
      : ([
          [0, "UpdateStatus"],
          [1, "State", update.state],
          [1, "Started", ago(update.startedAtMs, nowMs)],
          [1, "Completed", update.completedAtMs === 0 ? "" : ago(update.completedAtMs, nowMs)],
          [1, "Message", update.message],
        ] as const)),
    [0, "Placement"],
    [
      1,
      "Constraints",
      placement === undefined || placement.constraints.length === 0 ? "" : `[${placement.constraints.join(", ")}]`,
    ],
    [
      1,
      "Preferences",
      (placement?.preferences ?? []).map((one) => `spread=${one.spread?.spreadDescriptor ?? ""}`).join(", "),
    ],
    [
      1,
      "Max Replicas Per Node",
      placement === undefined || placement.maxReplicas === 0 ? "" : String(placement.maxReplicas),
    ],
    ...updateLines("UpdateConfig", spec.updateConfig),
    ...updateLines("RollbackConfig", spec.rollbackConfig),
    [0, "RestartPolicy"],
    [1, "Condition", restart === undefined ? "" : restart.condition.replace("_", "-")],
    [1, "Delay", restart?.delayMs === undefined ? "" : formatDuration(restart.delayMs)],
    [1, "Max attempts", restart === undefined || restart.maxAttempts === 0 ? "" : String(restart.maxAttempts)],
    [1, "Window", restart === undefined || restart.windowMs === 0 ? "" : formatDuration(restart.windowMs)],
    [0, "ContainerSpec"],
    [1, "Image", container?.image ?? ""],
    [1, "Entrypoint", container?.command.join(" ") ?? ""],
    [1, "Args", container?.args.join(" ") ?? ""],
    [1, "Env", container?.env.join(" ") ?? ""],
    [1, "Dir", container?.dir ?? ""],
    [1, "User", container?.user ?? ""],
    [1, "Hostname", container?.hostname ?? ""],
    [0, "Mounts"],
    ...(container?.mounts ?? []).flatMap(
      (mount) =>
        [
          [1, "Target", mount.target],
          [2, "Source", mount.source],
          [2, "Type", mount.type],
          [2, "ReadOnly", String(mount.readOnly)],
        ] as const,
    ),
    ...resourceLines(spec),
    [0, "Networks", (spec.taskTemplate?.networks ?? []).map((one) => one.target).join(" ")],
    [0, "Endpoint Mode", spec.endpointSpec?.mode ?? ""],
    [0, "Virtual IPs", (known.endpoint?.virtualIps ?? []).flatMap((one) => one.addresses).join(" ")],
    [0, "Ports"],
    ...(known.endpoint?.ports ?? spec.endpointSpec?.ports ?? []).map(
      (port) => [1, port.publishMode, portText(port)] as const,
    ),
  ]);
}
