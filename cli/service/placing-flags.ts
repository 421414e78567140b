// Flags that say where, how many and how often: mode, placement, resources, restarts, updates.
import type { ServiceSpec } from "../../proto/gen/objects.ts";
import { choice } from "../options.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseLabel } from "../parse/pairs.ts";
import { parseBytes, parseCpus, parseRatio, parseWhole } from "../parse/quantity.ts";
import { parseConstraint, parseGenericResource, parsePlacementPref } from "../parse/service-values.ts";
import { UsageError } from "../usage-error.ts";
import { drop, placement, put, resources, restart, self, updates, without } from "./edit.ts";
import { both, GROUP, list, type SpecFlag } from "./flag.ts";

const replicated = (spec: ServiceSpec, replicas: number): ServiceSpec => {
  if (spec.mode?.kind === "global")
    throw new UsageError("--replicas is for replicated services: a global one runs one task per node");
  return { ...spec, mode: { kind: "replicated", replicas } };
};

function updateFlags(which: "update" | "rollback"): readonly SpecFlag[] {
  const config = which === "update" ? "updateConfig" : "rollbackConfig";
  const actions = which === "update" ? (["pause", "continue", "rollback"] as const) : (["pause", "continue"] as const);
  const base = { group: GROUP.update, on: "both" } as const;
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

export const PLACING_FLAGS: readonly SpecFlag[] = [
  {
    name: "name",
    value: "name",
    help: "The service's name (default: a made-up one)",
    group: GROUP.general,
    on: "create",
    edit: (raw) => (spec) => ({ ...spec, name: raw }),
  },
  {
    name: "mode",
    value: "mode",
    help: "replicated or global (default replicated)",
    group: GROUP.general,
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
    group: GROUP.general,
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
    group: GROUP.general,
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
    group: GROUP.placement,
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
    group: GROUP.placement,
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
    group: GROUP.placement,
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
    group: GROUP.resources,
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
    group: GROUP.resources,
    edit: (raw) => {
      const memoryBytes = parseBytes(raw);
      return resources("reservations", () => ({ memoryBytes }));
    },
  },
  ...list({
    name: "generic-resource",
    value: "kind=n",
    help: "A resource that nodes advertise: gpu=1",
    group: GROUP.resources,
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
    group: GROUP.resources,
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
    group: GROUP.resources,
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
    group: GROUP.resources,
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
    group: GROUP.restart,
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
    group: GROUP.restart,
    edit: (raw) => restart({ delayMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "restart-max-attempts",
    value: "n",
    help: "Attempts before it gives up; 0 is without limit",
    group: GROUP.restart,
    edit: (raw) => restart({ maxAttempts: parseWhole(raw) }),
  },
  {
    ...both,
    name: "restart-window",
    value: "duration",
    help: "Only attempts within this time count",
    group: GROUP.restart,
    edit: (raw) => restart({ windowMs: parseDuration(raw) }),
  },

  ...updateFlags("update"),
  ...updateFlags("rollback"),
];
