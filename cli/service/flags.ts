// Every flag of `service create` and `service update` that ends up in the spec: one table. A list flag is --NAME when
// creating and --NAME-add / --NAME-rm when updating, as Docker has it.
import { newLogDriver, type ServiceSpec } from "../../proto/gen/objects.ts";
import { choice } from "../options.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseMount } from "../parse/mount.ts";
import { parseLabel, parsePair } from "../parse/pairs.ts";
import { parseBytes, parseCpus, parseInteger, parseRatio, parseWhole } from "../parse/quantity.ts";
import {
  parseCapability,
  parseConstraint,
  parseGenericResource,
  parseHost,
  parseNetwork,
  parsePlacementPref,
  parseUlimit,
} from "../parse/service-values.ts";
import { splitWords } from "../parse/words.ts";
import { UsageError } from "../usage-error.ts";
import {
  container,
  dns,
  drop,
  type Edit,
  endpoint,
  health,
  placement,
  put,
  resources,
  restart,
  self,
  task,
  updates,
  without,
} from "./edit.ts";

export interface SpecFlag {
  /** Without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** The value's name in help; none for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly group: string;
  readonly on: "create" | "update" | "both";
  readonly repeat?: boolean;
  /** Removals go first: what one update takes away and adds is there afterwards, in whatever order it was written. */
  readonly first?: boolean;
  readonly edit: (raw: string) => Edit;
}

const GENERAL = "Service:";
const PLACEMENT = "Placement:";
const RESOURCES = "Resources:";
const RESTART = "Restart policy:";
const UPDATE = "Updates and rollback:";
const NETWORK = "Network:";
const CONTAINER = "Container:";
const HEALTH = "Health check:";
const SECURITY = "Security and kernel:";
const LOGGING = "Logging:";

const replicated = (spec: ServiceSpec, replicas: number): ServiceSpec => {
  if (spec.mode?.kind === "global")
    throw new UsageError("--replicas is for replicated services: a global one runs one task per node");
  return { ...spec, mode: { kind: "replicated", replicas } };
};

interface ListFlag {
  readonly name: string;
  readonly short?: string;
  readonly value: string;
  readonly help: string;
  readonly group: string;
  readonly add: (raw: string) => Edit;
  readonly remove: (raw: string) => Edit;
  /** What --NAME-rm takes, when it is not what --NAME-add takes. */
  readonly removeValue?: string;
}

/** One list in its three spellings. */
function list(flag: ListFlag): readonly SpecFlag[] {
  const { name, value, help, group, add, remove, removeValue = "name" } = flag;
  const short = flag.short === undefined ? {} : { short: flag.short };
  return [
    { name, ...short, value, help, group, on: "create", repeat: true, edit: add },
    { name: `${name}-add`, value, help: `Add or replace: ${help}`, group, on: "update", repeat: true, edit: add },
    {
      name: `${name}-rm`,
      value: removeValue,
      help: `Remove by ${removeValue}`,
      group,
      on: "update",
      repeat: true,
      first: true,
      edit: remove,
    },
  ];
}

function updateFlags(which: "update" | "rollback"): readonly SpecFlag[] {
  const config = which === "update" ? "updateConfig" : "rollbackConfig";
  const actions = which === "update" ? (["pause", "continue", "rollback"] as const) : (["pause", "continue"] as const);
  const base = { group: UPDATE, on: "both" } as const;
  const order = choice("stop-first", "start-first");
  return [
    {
      ...base,
      name: `${which}-parallelism`,
      value: "n",
      help: "Tasks at once; 0 is all (default 1)",
      edit: (raw) => updates(config, { parallelism: parseWhole(raw) }),
    },
    {
      ...base,
      name: `${which}-delay`,
      value: "duration",
      help: "Pause between tasks (default 0s)",
      edit: (raw) => updates(config, { delayMs: parseDuration(raw) }),
    },
    {
      ...base,
      name: `${which}-order`,
      value: "order",
      help: "stop-first or start-first (default stop-first)",
      edit: (raw) => updates(config, { order: order(raw) === "stop-first" ? "stop_first" : "start_first" }),
    },
    {
      ...base,
      name: `${which}-failure-action`,
      value: "action",
      help: `${actions.join(", ")} (default pause)`,
      edit: (raw) => updates(config, { failureAction: choice(...actions)(raw) }),
    },
    {
      ...base,
      name: `${which}-monitor`,
      value: "duration",
      help: "How long a new task is watched for failure (default 5s)",
      edit: (raw) => updates(config, { monitorMs: parseDuration(raw) }),
    },
    {
      ...base,
      name: `${which}-max-failure-ratio`,
      value: "ratio",
      help: "Failures to tolerate, 0 to 1 (default 0)",
      edit: (raw) => updates(config, { maxFailureRatio: parseRatio(raw) }),
    },
  ];
}

const both = { on: "both" } as const;

export const SPEC_FLAGS: readonly SpecFlag[] = [
  {
    name: "name",
    value: "name",
    help: "The service's name (default: a made-up one)",
    group: GENERAL,
    on: "create",
    edit: (raw) => (spec) => ({ ...spec, name: raw }),
  },
  {
    name: "mode",
    value: "mode",
    help: "replicated or global (default replicated)",
    group: GENERAL,
    on: "create",
    first: true,
    edit: (raw) => {
      const mode = choice("replicated", "global")(raw);
      return (spec) => ({
        ...spec,
        mode: mode === "global" ? { kind: "global" } : { kind: "replicated", replicas: 1 },
      });
    },
  },
  {
    ...both,
    name: "replicas",
    value: "n",
    help: "Number of tasks (default 1)",
    group: GENERAL,
    edit: (raw) => {
      const n = parseWhole(raw);
      return (spec) => replicated(spec, n);
    },
  },
  ...list({
    name: "label",
    short: "l",
    value: "key=value",
    help: "Label of the service",
    group: GENERAL,
    removeValue: "key",
    add: (raw) => {
      const { key, value } = parseLabel(raw);
      return (spec) => ({ ...spec, labels: { ...spec.labels, [key]: value } });
    },
    remove: (raw) => (spec) => ({ ...spec, labels: without(spec.labels, raw) }),
  }),

  ...list({
    name: "constraint",
    value: "expression",
    help: "Only nodes where it holds: node.role==worker",
    group: PLACEMENT,
    removeValue: "expression",
    add: (raw) => {
      const value = parseConstraint(raw);
      return placement((of) => ({ constraints: put(of.constraints, value, self) }));
    },
    remove: (raw) => placement((of) => ({ constraints: drop(of.constraints, raw, self) })),
  }),
  ...list({
    name: "placement-pref",
    value: "strategy",
    help: "Spread over the values of a label: spread=node.labels.zone",
    group: PLACEMENT,
    removeValue: "strategy",
    add: (raw) => {
      const value = parsePlacementPref(raw);
      return placement((of) => ({ preferences: [...of.preferences, value] }));
    },
    remove: (raw) =>
      placement((of) => ({
        preferences: drop(of.preferences, raw, (one) => `spread=${one.spread?.spreadDescriptor ?? ""}`),
      })),
  }),
  {
    ...both,
    name: "replicas-max-per-node",
    value: "n",
    help: "At most so many tasks per node; 0 is without limit",
    group: PLACEMENT,
    edit: (raw) => {
      const maxReplicas = parseWhole(raw);
      return placement(() => ({ maxReplicas }));
    },
  },

  {
    ...both,
    name: "reserve-cpu",
    value: "cpus",
    help: "CPUs a node must have free: 0.5",
    group: RESOURCES,
    edit: (raw) => {
      const nanoCpus = parseCpus(raw);
      return resources("reservations", () => ({ nanoCpus }));
    },
  },
  {
    ...both,
    name: "reserve-memory",
    value: "bytes",
    help: "Memory a node must have free: 64m, 1.5GiB",
    group: RESOURCES,
    edit: (raw) => {
      const memoryBytes = parseBytes(raw);
      return resources("reservations", () => ({ memoryBytes }));
    },
  },
  ...list({
    name: "generic-resource",
    value: "kind=n",
    help: "A resource that nodes advertise: gpu=1",
    group: RESOURCES,
    removeValue: "kind",
    add: (raw) => {
      const value = parseGenericResource(raw);
      return resources("reservations", (of) => ({
        genericResources: put(of.genericResources, value, (one) => one.kind),
      }));
    },
    remove: (raw) =>
      resources("reservations", (of) => ({ genericResources: drop(of.genericResources, raw, (one) => one.kind) })),
  }),
  {
    ...both,
    name: "limit-cpu",
    value: "cpus",
    help: "CPUs a task may use: 0.5",
    group: RESOURCES,
    edit: (raw) => {
      const nanoCpus = parseCpus(raw);
      return resources("limits", () => ({ nanoCpus }));
    },
  },
  {
    ...both,
    name: "limit-memory",
    value: "bytes",
    help: "Memory a task may use: 64m, 1.5GiB",
    group: RESOURCES,
    edit: (raw) => {
      const memoryBytes = parseBytes(raw);
      return resources("limits", () => ({ memoryBytes }));
    },
  },
  {
    ...both,
    name: "limit-pids",
    value: "n",
    help: "Processes a task may have; 0 is without limit",
    group: RESOURCES,
    edit: (raw) => {
      const pids = parseWhole(raw);
      return resources("limits", () => ({ pids }));
    },
  },

  {
    ...both,
    name: "restart-condition",
    value: "condition",
    help: "any, on-failure or none (default any)",
    group: RESTART,
    edit: (raw) => {
      const value = choice("any", "on-failure", "none")(raw);
      return restart({ condition: value === "on-failure" ? "on_failure" : value });
    },
  },
  {
    ...both,
    name: "restart-delay",
    value: "duration",
    help: "Pause before a new attempt (default 5s)",
    group: RESTART,
    edit: (raw) => restart({ delayMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "restart-max-attempts",
    value: "n",
    help: "Attempts before it gives up; 0 is without limit",
    group: RESTART,
    edit: (raw) => restart({ maxAttempts: parseWhole(raw) }),
  },
  {
    ...both,
    name: "restart-window",
    value: "duration",
    help: "Only attempts within this time count",
    group: RESTART,
    edit: (raw) => restart({ windowMs: parseDuration(raw) }),
  },

  ...updateFlags("update"),
  ...updateFlags("rollback"),

  ...list({
    name: "network",
    value: "network",
    help: "host, none, a network's name, or name=web,alias=www (default none)",
    group: NETWORK,
    add: (raw) => {
      const value = parseNetwork(raw);
      return task((of) => ({ ...of, networks: put(of.networks, value, (one) => one.target) }));
    },
    remove: (raw) => task((of) => ({ ...of, networks: drop(of.networks, raw, (one) => one.target) })),
  }),
  {
    ...both,
    name: "endpoint-mode",
    value: "mode",
    help: "vip or dnsrr",
    group: NETWORK,
    edit: (raw) => endpoint({ mode: choice("vip", "dnsrr")(raw) }),
  },
  {
    ...both,
    name: "hostname",
    value: "name",
    help: "Hostname of the containers",
    group: NETWORK,
    edit: (raw) => container(() => ({ hostname: raw })),
  },
  ...list({
    name: "host",
    value: "host:ip",
    help: "Line of /etc/hosts: db:10.0.0.7",
    group: NETWORK,
    removeValue: "host:ip",
    add: (raw) => {
      const value = parseHost(raw);
      return container((of) => ({ hosts: put(of.hosts, value, self) }));
    },
    remove: (raw) =>
      container((of) => ({
        hosts: raw.includes(":")
          ? drop(of.hosts, parseHost(raw), self)
          : drop(of.hosts, raw, (line) => line.split(" ")[1] ?? ""),
      })),
  }),
  ...list({
    name: "dns",
    value: "ip",
    help: "DNS server",
    group: NETWORK,
    removeValue: "ip",
    add: (raw) => dns((of) => ({ nameservers: put(of.nameservers, raw, self) })),
    remove: (raw) => dns((of) => ({ nameservers: drop(of.nameservers, raw, self) })),
  }),
  ...list({
    name: "dns-search",
    value: "domain",
    help: "DNS search domain",
    group: NETWORK,
    removeValue: "domain",
    add: (raw) => dns((of) => ({ search: put(of.search, raw, self) })),
    remove: (raw) => dns((of) => ({ search: drop(of.search, raw, self) })),
  }),
  ...list({
    name: "dns-option",
    value: "option",
    help: "DNS option: ndots:2",
    group: NETWORK,
    removeValue: "option",
    add: (raw) => dns((of) => ({ options: put(of.options, raw, self) })),
    remove: (raw) => dns((of) => ({ options: drop(of.options, raw, self) })),
  }),

  {
    name: "image",
    value: "image",
    help: "The image",
    group: CONTAINER,
    on: "update",
    edit: (raw) => container(() => ({ image: raw })),
  },
  {
    ...both,
    name: "entrypoint",
    value: "command",
    help: 'Instead of the image\'s ENTRYPOINT: "sh -c"; empty restores it',
    group: CONTAINER,
    edit: (raw) => {
      const command = splitWords(raw);
      return container(() => ({ command }));
    },
  },
  {
    name: "args",
    value: "words",
    help: 'Arguments of the command: "-p 80"; empty restores the image\'s',
    group: CONTAINER,
    on: "update",
    edit: (raw) => {
      const args = splitWords(raw);
      return container(() => ({ args }));
    },
  },
  ...list({
    name: "container-label",
    value: "key=value",
    help: "Label of the containers",
    group: CONTAINER,
    removeValue: "key",
    add: (raw) => {
      const { key, value } = parseLabel(raw);
      return container((of) => ({ labels: { ...of.labels, [key]: value } }));
    },
    remove: (raw) => container((of) => ({ labels: without(of.labels, raw) })),
  }),
  ...list({
    name: "mount",
    value: "mount",
    help: "type=bind,source=/srv,target=/srv[,readonly]; also tmpfs and volume",
    group: CONTAINER,
    removeValue: "target",
    add: (raw) => {
      const value = parseMount(raw);
      return container((of) => ({ mounts: put(of.mounts, value, (one) => one.target) }));
    },
    remove: (raw) => container((of) => ({ mounts: drop(of.mounts, raw, (one) => one.target) })),
  }),
  {
    ...both,
    name: "user",
    short: "u",
    value: "name|uid[:group]",
    help: "User of the processes",
    group: CONTAINER,
    edit: (raw) => container(() => ({ user: raw })),
  },
  ...list({
    name: "group",
    value: "group",
    help: "Additional group",
    group: CONTAINER,
    removeValue: "group",
    add: (raw) => container((of) => ({ groups: put(of.groups, raw, self) })),
    remove: (raw) => container((of) => ({ groups: drop(of.groups, raw, self) })),
  }),
  {
    ...both,
    name: "workdir",
    short: "w",
    value: "dir",
    help: "Working directory",
    group: CONTAINER,
    edit: (raw) => container(() => ({ dir: raw })),
  },
  {
    ...both,
    name: "tty",
    short: "t",
    help: "Give the processes a pseudo-terminal",
    group: CONTAINER,
    edit: (raw) => container(() => ({ tty: raw === "true" })),
  },
  {
    ...both,
    name: "read-only",
    help: "Mount the root file system read-only",
    group: CONTAINER,
    edit: (raw) => container(() => ({ readOnly: raw === "true" })),
  },
  {
    ...both,
    name: "init",
    help: "Run an init that reaps processes and forwards signals",
    group: CONTAINER,
    edit: (raw) => container(() => ({ init: raw === "true" })),
  },
  {
    ...both,
    name: "stop-signal",
    value: "signal",
    help: "Signal to stop with (default: the image's, else SIGTERM)",
    group: CONTAINER,
    edit: (raw) => container(() => ({ stopSignal: raw })),
  },
  {
    ...both,
    name: "stop-grace-period",
    value: "duration",
    help: "Time before SIGKILL (default 10s)",
    group: CONTAINER,
    edit: (raw) => {
      const stopGracePeriodMs = parseDuration(raw);
      return container(() => ({ stopGracePeriodMs }));
    },
  },

  {
    ...both,
    name: "health-cmd",
    value: "command",
    help: "Shell command that succeeds while the task is healthy",
    group: HEALTH,
    edit: (raw) => health({ test: ["CMD-SHELL", raw] }),
  },
  {
    ...both,
    name: "health-interval",
    value: "duration",
    help: "Time between checks",
    group: HEALTH,
    edit: (raw) => health({ intervalMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "health-timeout",
    value: "duration",
    help: "A check that takes longer has failed",
    group: HEALTH,
    edit: (raw) => health({ timeoutMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "health-retries",
    value: "n",
    help: "Failures in a row that make a task unhealthy",
    group: HEALTH,
    edit: (raw) => health({ retries: parseWhole(raw) }),
  },
  {
    ...both,
    name: "health-start-period",
    value: "duration",
    help: "Failures in this first time do not count",
    group: HEALTH,
    edit: (raw) => health({ startPeriodMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "health-start-interval",
    value: "duration",
    help: "Time between checks in that first time",
    group: HEALTH,
    edit: (raw) => health({ startIntervalMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "no-healthcheck",
    help: "Without the image's health check",
    group: HEALTH,
    edit: () => health({ test: ["NONE"] }),
  },

  ...capabilities("cap-add", "capabilityAdd", "capabilityDrop", "Give a Linux capability: NET_ADMIN, ALL"),
  ...capabilities("cap-drop", "capabilityDrop", "capabilityAdd", "Take a Linux capability away: CHOWN, ALL"),
  ...list({
    name: "sysctl",
    value: "key=value",
    help: "Kernel parameter: net.core.somaxconn=1024",
    group: SECURITY,
    removeValue: "key",
    add: (raw) => {
      const { key, value } = parsePair(raw, "net.core.somaxconn=1024");
      return container((of) => ({ sysctls: { ...of.sysctls, [key]: value } }));
    },
    remove: (raw) => container((of) => ({ sysctls: without(of.sysctls, raw) })),
  }),
  ...list({
    name: "ulimit",
    value: "name=soft:hard",
    help: "Resource limit: nofile=1024:2048",
    group: SECURITY,
    add: (raw) => {
      const value = parseUlimit(raw);
      return container((of) => ({ ulimits: put(of.ulimits, value, (one) => one.name) }));
    },
    remove: (raw) => container((of) => ({ ulimits: drop(of.ulimits, raw, (one) => one.name) })),
  }),
  {
    ...both,
    name: "oom-score-adj",
    value: "n",
    help: "-1000 to 1000: who is killed first when memory runs out",
    group: SECURITY,
    edit: (raw) => {
      const oomScoreAdj = parseInteger(-1000, 1000, 100)(raw);
      return container(() => ({ oomScoreAdj }));
    },
  },

  {
    ...both,
    name: "log-driver",
    value: "driver",
    help: "Log driver",
    group: LOGGING,
    edit: (raw) => task((of) => ({ ...of, logDriver: newLogDriver({ ...of.logDriver, name: raw }) })),
  },
  {
    ...both,
    name: "log-opt",
    value: "key=value",
    help: "Option of the log driver: max-size=10m",
    group: LOGGING,
    repeat: true,
    edit: (raw) => {
      const { key, value } = parsePair(raw, "max-size=10m");
      return task((of) => ({
        ...of,
        logDriver: newLogDriver({ ...of.logDriver, options: { ...of.logDriver?.options, [key]: value } }),
      }));
    },
  },
];

/** On update Docker's --cap-add and --cap-drop work upon what is there: adding undoes a drop, and dropping an addition. */
function capabilities(
  name: string,
  into: "capabilityAdd" | "capabilityDrop",
  outOf: "capabilityAdd" | "capabilityDrop",
  help: string,
): readonly SpecFlag[] {
  const edit = (raw: string): Edit => {
    const capability = parseCapability(raw);
    return container((of) => ({ [into]: put(of[into], capability, self), [outOf]: drop(of[outOf], capability, self) }));
  };
  return [{ name, value: "capability", help, group: SECURITY, on: "both", repeat: true, edit }];
}
