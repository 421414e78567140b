// List filters with Docker's keys: the values of one key are alternatives, all keys must match. An unknown key is an error: a
// filter that is quietly ignored shows too much.
import type { Filter } from "../../proto/gen/control.ts";
import type { Network, Node, Service, Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { rank, taskName } from "../../shared/model/tasks.ts";
import type { View } from "../store/types.ts";
import { hostnameOf } from "./refs.ts";

type Labels = Readonly<Record<string, string>> | undefined;

export interface FilterKey<O> {
  readonly matches: (object: O, value: string) => boolean;
  /** The only values that make sense; none is any. */
  readonly values?: readonly string[];
}

export type FilterKeys<O> = Readonly<Record<string, FilterKey<O>>>;

/** @throws {SkepError} `invalid_argument`: unknown key or value; the message names those there are. */
export function compileFilters<O>(
  noun: string,
  filters: readonly Filter[],
  keys: FilterKeys<O>,
): (object: O) => boolean {
  const tests = filters.map(({ key, values }) => {
    const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (known === undefined) {
      const legal = Object.keys(keys).filter((name) => !name.startsWith("_"));
      throw new SkepError(
        "invalid_argument",
        `unknown filter ${JSON.stringify(key)} for ${noun}: use one of ${legal.join(", ")}`,
      );
    }
    const wrong = known.values === undefined ? undefined : values.find((value) => !known.values?.includes(value));
    if (wrong !== undefined) {
      const legal = known.values?.join(", ");
      throw new SkepError("invalid_argument", `filter ${key}=${wrong}: the value must be one of ${legal}`);
    }
    return (object: O): boolean => values.length === 0 || values.some((value) => known.matches(object, value));
  });
  return (object) => tests.every((matches) => matches(object));
}

/** "key" asks for the label, "key=value" for its value too. */
function hasLabel(labels: Labels, wanted: string): boolean {
  const at = wanted.indexOf("=");
  const key = at < 0 ? wanted : wanted.slice(0, at);
  if (labels === undefined || !Object.hasOwn(labels, key)) return false;
  return at < 0 || labels[key] === wanted.slice(at + 1);
}

const startsWith = (text: string, prefix: string): boolean => text.toLowerCase().startsWith(prefix.toLowerCase());

export const NODE_FILTERS: FilterKeys<Node> = {
  id: { matches: (node, value) => node.id.startsWith(value) },
  name: { matches: (node, value) => startsWith(hostnameOf(node), value) },
  label: { matches: (node, value) => hasLabel(node.description?.engine?.labels, value) },
  "node.label": { matches: (node, value) => hasLabel(node.spec?.labels, value) },
  role: { matches: (node, value) => node.role === value, values: ["manager", "worker"] },
  // Every node here has shown a token: none waits to be accepted.
  membership: { matches: (_node, value) => value === "accepted", values: ["accepted", "pending"] },
};

export const SERVICE_FILTERS: FilterKeys<Service> = {
  id: { matches: (service, value) => service.id.startsWith(value) },
  name: { matches: (service, value) => startsWith(service.spec?.name ?? "", value) },
  label: { matches: (service, value) => hasLabel(service.spec?.labels, value) },
  mode: { matches: (service, value) => service.spec?.mode?.kind === value, values: ["replicated", "global"] },
  runtime: { matches: (_service, value) => value === "container", values: ["container", "plugin"] },
};

/** @param isUsed by a service or a task. */
export function networkFilters(isUsed: (network: Network) => boolean): FilterKeys<Network> {
  return {
    id: { matches: (network, value) => network.id.startsWith(value) },
    name: { matches: (network, value) => startsWith(network.spec?.name ?? "", value) },
    driver: { matches: (network, value) => network.spec?.driver === value },
    label: { matches: (network, value) => hasLabel(network.spec?.labels, value) },
    scope: { matches: (_network, value) => value === "swarm", values: ["swarm", "local", "global"] },
    // The one that the cluster was made with is not the user's.
    type: {
      matches: (network, value) => (network.spec?.ingress === true) === (value === "builtin"),
      values: ["custom", "builtin"],
    },
    // The routing mesh's network waits for whoever publishes a port.
    dangling: {
      matches: (network, value) =>
        (network.spec?.ingress !== true && !isUsed(network)) === (value === "true" || value === "1"),
      values: ["true", "false", "1", "0"],
    },
  };
}

export function taskFilters(view: View): FilterKeys<Task> {
  const isService = (task: Task, value: string): boolean =>
    task.serviceId === value ||
    task.serviceName.toLowerCase() === value.toLowerCase() ||
    isPrefix(task.serviceId, value);
  const isNode = (task: Task, value: string): boolean =>
    value !== "" &&
    (task.nodeId === value ||
      hostnameOf(view.get("node", task.nodeId)).toLowerCase() === value.toLowerCase() ||
      isPrefix(task.nodeId, value));
  const isUpToDate = (task: Task): boolean => task.specVersion === view.get("service", task.serviceId)?.specVersion;
  return {
    id: { matches: (task, value) => task.id.startsWith(value) },
    name: { matches: (task, value) => startsWith(taskName(task), value) },
    // Of the service, as Docker's.
    label: {
      matches: (task, value) =>
        hasLabel(view.get("service", task.serviceId)?.spec?.labels ?? task.serviceLabels, value),
    },
    service: { matches: isService },
    node: { matches: isNode },
    "desired-state": { matches: isDesired, values: ["running", "shutdown", "accepted"] },
    runtime: { matches: (_task, value) => value === "container", values: ["container", "plugin"] },
    "_up-to-date": { matches: (task, value) => isUpToDate(task) === (value === "true"), values: ["true", "false"] },
  };
}

const isPrefix = (id: string, value: string): boolean => value !== "" && id.startsWith(value);

// Docker's three words stand for more states than they name: a task that waits for its turn is to run.
function isDesired(task: Task, value: string): boolean {
  const wanted = rank(task.desiredState) <= rank("complete");
  switch (value) {
    case "running":
      return wanted;
    case "shutdown":
      return !wanted;
    default:
      return task.desiredState === value;
  }
}
