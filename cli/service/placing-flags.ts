// Flags that say where, how many and how often: mode, placement, resources, restarts, updates.
import type { GenericResource, PlacementPreference, ServiceSpec } from "../../proto/gen/objects.ts";
import { constraintIdentity, parseConstraint } from "../../shared/model/constraints.ts";
import { nameProblem } from "../../shared/model/object-name.ts";
import { PIDS, REPLICAS_PER_NODE, RESTART_ATTEMPTS } from "../../shared/model/ranges.ts";
import { checked, choice } from "../options.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseCpus, parseInteger, parseMemory, parseRatio, parseReplicas, parseWhole } from "../parse/quantity.ts";
import { parseGenericResource, parsePlacementPref } from "../parse/service-values.ts";
import { UsageError } from "../usage-error.ts";
import { placement, resources, restart, self, updates } from "./edit.ts";
import { both, GROUP, type SpecFlag } from "./flag.ts";
import { byKey, type Entry, entries, keyOf, labelEntry, list } from "./list-flag.ts";

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

/** The part behind node.labels. counts to the letter, what is before it does not. */
function preferenceIdentity({ spread }: PlacementPreference): string {
  const descriptor = spread?.spreadDescriptor ?? "";
  const label = descriptor.split(".").slice(2).join(".");
  return `${descriptor.slice(0, descriptor.length - label.length).toLowerCase()}${label}`;
}

export const PLACING_FLAGS: readonly SpecFlag[] = [
  {
    name: "name",
    value: "name",
    help: "The service's name (default: a made-up one)",
    group: GROUP.general,
    on: "create",
    edit: (raw) => {
      const name = checked(raw, nameProblem);
      return (spec) => ({ ...spec, name });
    },
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
      const n = parseReplicas(raw);
      return (spec) => replicated(spec, n);
    },
  },
  ...list<Entry>({
    name: "label",
    short: "l",
    value: "key=value",
    help: "Label of the service",
    group: GROUP.general,
    items: entries(
      (spec) => spec.labels,
      (labels) => (spec) => ({ ...spec, labels }),
    ),
    parse: labelEntry,
    key: keyOf,
    text: keyOf,
    double: "replace",
    removeValue: "key",
    removes: byKey,
  }),

  ...list<string>({
    name: "constraint",
    value: "expression",
    help: "Add a placement constraint, for example node.role==worker",
    group: GROUP.placement,
    items: {
      of: (spec) => spec.taskTemplate?.placement?.constraints ?? [],
      set: (constraints) => placement(() => ({ constraints })),
    },
    parse: (raw) => [parseConstraint(raw).text],
    key: constraintIdentity,
    text: self,
    double: "keep",
    removeValue: "expression",
    removes: (raw) => {
      const identity = constraintIdentity(raw);
      return (constraint) => constraintIdentity(constraint) === identity;
    },
  }),
  ...list<PlacementPreference>({
    name: "placement-pref",
    value: "strategy",
    help: "Spread over the values of a label: spread=node.labels.zone",
    group: GROUP.placement,
    items: {
      of: (spec) => spec.taskTemplate?.placement?.preferences ?? [],
      set: (preferences) => placement(() => ({ preferences })),
    },
    parse: (raw) => [parsePlacementPref(raw)],
    key: preferenceIdentity,
    text: (preference) => `spread=${preference.spread?.spreadDescriptor ?? ""}`,
    double: "keep",
    removeValue: "strategy",
  }),
  {
    ...both,
    name: "replicas-max-per-node",
    value: "n",
    help: "At most so many tasks per node; 0 is without limit",
    group: GROUP.placement,
    edit: (raw) => {
      const maxReplicas = parseInteger(REPLICAS_PER_NODE.least, REPLICAS_PER_NODE.most, 2)(raw);
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
      const memoryBytes = parseMemory(raw);
      return resources("reservations", () => ({ memoryBytes }));
    },
  },
  ...list<GenericResource>({
    name: "generic-resource",
    value: "kind=n",
    help: "A resource that nodes advertise: gpu=1",
    group: GROUP.resources,
    items: {
      of: (spec) => spec.taskTemplate?.resources?.reservations?.genericResources ?? [],
      set: (genericResources) => resources("reservations", () => ({ genericResources })),
    },
    parse: (raw) => [parseGenericResource(raw)],
    key: ({ kind }) => kind,
    text: ({ kind }) => kind,
    double: "replace",
    removeValue: "kind",
    removes: (raw) => (resource) => resource.kind === raw,
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
      const memoryBytes = parseMemory(raw);
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
      const pids = parseInteger(PIDS.least, PIDS.most, 100)(raw);
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
    edit: (raw) => restart({ maxAttempts: parseInteger(RESTART_ATTEMPTS.least, RESTART_ATTEMPTS.most, 3)(raw) }),
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
