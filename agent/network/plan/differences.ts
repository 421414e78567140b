// What the kernel says against what it should say, in words a person can use. It is the plan's own comparison: no
// difference means that the plan is empty, and a plan that is not empty shows as differences.
import { assertNever } from "../../../shared/errors.ts";
import type { Desired } from "./desired.ts";
import type { FactKind, ObservedState } from "./kernel.ts";
import { NODE } from "./names.ts";
import { planSteps, type Step } from "./steps.ts";

export interface Difference {
  /** NODE, or the namespace of a task. */
  readonly namespace: string;
  readonly message: string;
}

export function differences(desired: Desired, observed: ObservedState): readonly Difference[] {
  const waiting = [...desired.unready].map(([taskId, reason]) => ({
    namespace: NODE,
    message: `task ${taskId} waits for its network: ${reason}`,
  }));
  return [...waiting, ...planSteps(desired, observed).map((step) => differenceOf(step, desired, observed))];
}

function differenceOf(step: Step, desired: Desired, observed: ObservedState): Difference {
  return { namespace: step.namespace, message: wordsOf(step, desired, observed) };
}

function wordsOf(step: Step, desired: Desired, observed: ObservedState): string {
  const where = step.namespace === NODE ? "on this node" : `in ${step.namespace}`;
  switch (step.kind) {
    case "addNamespace":
      return `the network namespace ${step.namespace} is missing`;
    case "removeNamespace":
      return `the network namespace ${step.namespace} belongs to no task of this node`;
    case "addLink":
      return `the link ${step.name} (${step.link.make.kind}) is missing ${where}`;
    case "setLink":
      return linkWords(step, observed, where);
    case "removeLink":
      return desired.state.get(step.namespace)?.links.has(step.name)
        ? `the link ${step.name} ${where} was made in another way`
        : `the link ${step.name} ${where} belongs to nothing`;
    case "putFact": {
      const old = observed.get(step.namespace)?.facts[step.fact].get(step.key);
      return old === undefined
        ? `${factWords(step.fact, step.key, step.value)} is missing ${where}`
        : `${factWords(step.fact, step.key, step.value)}: ${where} it is ${old || "otherwise"}`;
    }
    case "removeFact":
      return `${factWords(step.fact, step.key, step.value)} ${where} is stale`;
    case "rules":
      return ruleWords(step, observed, where);
    default:
      return assertNever(step);
  }
}

function linkWords(step: Extract<Step, { kind: "setLink" }>, observed: ObservedState, where: string): string {
  const have = observed.get(step.namespace)?.links.get(step.name);
  const want = step.link;
  if (have === undefined) return `the link ${step.name} is missing ${where}`;
  const parts = [
    want.up === have.up ? "" : have.up ? "up instead of down" : "down",
    want.mtu === have.mtu ? "" : `MTU ${have.mtu} instead of ${want.mtu}`,
    want.mac === undefined || want.mac === have.mac ? "" : `MAC ${have.mac} instead of ${want.mac}`,
    want.master === have.master ? "" : `port of ${have.master ?? "no bridge"} instead of ${want.master ?? "none"}`,
    want.port === have.port ? "" : "with other port flags than it should have",
  ].filter((part) => part !== "");
  return `the link ${step.name} ${where} is ${parts.join(", ")}`;
}

function factWords(kind: FactKind, key: string, value: string): string {
  switch (kind) {
    case "sysctl":
      return `the setting ${key.replaceAll("/", ".")} = ${value}`;
    case "address":
      return `the address ${key}`;
    case "neighbour":
      return `the answer to who has ${key.replace(" dev ", " on ")} (${value.replace("lladdr ", "")})`;
    case "fdb":
      return `the entry that ${key.replace(" dev ", " of ")} is at node ${value.replace("dst ", "")}`;
    case "bridge-port":
      return `the entry that ${key.replace(" ", " of ")} is behind ${value}`;
    case "route":
      return `the route to ${key} ${value}`;
    case "rule":
      return `the routing rule (IPv${key}) ${value}`;
    default:
      return assertNever(kind);
  }
}

function ruleWords(step: Extract<Step, { kind: "rules" }>, observed: ObservedState, where: string): string {
  const have = observed.get(step.namespace)?.rules;
  if (have === undefined || have.chains.size === 0) return `our table of rules is missing ${where}`;
  const parts: string[] = [];
  for (const [name, map] of step.rules.maps) {
    const elements = have.maps.get(name)?.elements;
    for (const [key, value] of map.elements) {
      const old = elements?.get(key);
      if (old === undefined) parts.push(`${name} misses ${key}`);
      else if (old !== value) parts.push(`${name} sends ${key} to other targets`);
    }
    for (const key of elements?.keys() ?? []) if (!map.elements.has(key)) parts.push(`${name} has ${key} too many`);
  }
  const changed = [...step.rules.chains].filter(([name, chain]) => have.chains.get(name) !== chain.rules.length);
  if (parts.length === 0) parts.push(...changed.map(([name]) => `chain ${name} is missing or was changed`));
  if (parts.length === 0) parts.push("chains that nothing refers to");
  const shown = parts.slice(0, 5).join(", ");
  return `our rules ${where}: ${shown}${parts.length > 5 ? ` and ${parts.length - 5} more` : ""}`;
}
