// Placement constraints, Swarm's grammar: `KEY == VALUE` or `KEY != VALUE`, all of a list must hold. The API parses them when a
// service is made; the scheduler compiles them once per task group and asks per node.
//
// Keys are case-insensitive, but the part after `node.labels.` or `engine.labels.` is not. Values are compared without regard
// to case. A node without the label (or whatever the key reads) has the empty value: == fails, != holds.
//
// Swarm lets an unknown key pass and then never places a task. Such a key is a typing error, so parsing refuses it;
// `compileConstraints` meets what a store may hold from elsewhere, and there it never matches.
import type { Node } from "../../proto/gen/objects.ts";
import { assertNever, SkepError } from "../errors.ts";
import { formatIp, formatSubnet, type Ip, parseIp, parseSubnet, type Subnet, sameIp, subnetContains } from "./ip.ts";

export type ConstraintKey =
  | { readonly kind: "id" | "hostname" | "role" | "os" | "arch" }
  | { readonly kind: "node_label" | "engine_label"; readonly label: string }
  | { readonly kind: "ip"; readonly range: { readonly ip: Ip } | { readonly subnet: Subnet } };

export interface Constraint {
  readonly key: ConstraintKey;
  readonly operator: "==" | "!=";
  readonly value: string;
  /** As the user wrote it. */
  readonly text: string;
}

const CONSTRAINT_KEYS =
  "node.id, node.hostname, node.role, node.ip, node.platform.os, node.platform.arch, node.labels.LABEL, engine.labels.LABEL";

/** Whatever a label can be set to must be possible to ask for; a second operator is a second constraint. */
const VALUE_PATTERN = /^(?!.*[=!]=)[^=\p{Cc}][^\p{Cc}]*$/u;
const CONTROL = /\p{Cc}/u;
const NODE_LABELS = "node.labels.";
const ENGINE_LABELS = "engine.labels.";

const refuse = (text: string, why: string): SkepError =>
  new SkepError("invalid_argument", `constraint ${JSON.stringify(text)}: ${why}`);

function parseKey(text: string, key: string, value: string): ConstraintKey {
  const lower = key.toLowerCase();
  if (lower.startsWith(NODE_LABELS) && key.length > NODE_LABELS.length) {
    return { kind: "node_label", label: key.slice(NODE_LABELS.length) };
  }
  if (lower.startsWith(ENGINE_LABELS) && key.length > ENGINE_LABELS.length) {
    return { kind: "engine_label", label: key.slice(ENGINE_LABELS.length) };
  }
  switch (lower) {
    case "node.id":
      return { kind: "id" };
    case "node.hostname":
      return { kind: "hostname" };
    case "node.role":
      if (!/^(manager|worker)$/i.test(value)) throw refuse(text, `a role is manager or worker, not '${value}'`);
      return { kind: "role" };
    case "node.platform.os":
      return { kind: "os" };
    case "node.platform.arch":
      return { kind: "arch" };
    case "node.ip": {
      const ip = parseIp(value);
      if (ip !== undefined) return { kind: "ip", range: { ip } };
      const subnet = parseSubnet(value);
      if (subnet !== undefined) return { kind: "ip", range: { subnet } };
      throw refuse(text, `'${value}' is neither an IP address nor a subnet like 10.0.0.0/8`);
    }
    default:
      throw refuse(text, `key '${key}' is unknown; the keys are ${CONSTRAINT_KEYS}`);
  }
}

/** @throws {SkepError} `invalid_argument` with the constraint, what is wrong with it and what is right. */
export function parseConstraint(text: string): Constraint {
  const at = text.search(/==|!=/);
  if (at < 0) throw refuse(text, "expected one operator from ==, !=");
  const key = text.slice(0, at).trim();
  const value = text.slice(at + 2).trim();
  const hasLabel = key.toLowerCase().startsWith(NODE_LABELS) || key.toLowerCase().startsWith(ENGINE_LABELS);
  if (key === "" || CONTROL.test(key) || (!hasLabel && /\s/.test(key))) throw refuse(text, `key '${key}' is invalid`);
  if (!VALUE_PATTERN.test(value)) throw refuse(text, `value '${value}' is invalid`);
  return {
    key: parseKey(text, key, value),
    operator: text.slice(at, at + 2) === "==" ? "==" : "!=",
    value,
    text,
  };
}

/** Equal for constraints that ask for the same, however they are written: blanks, the case of keys and values, an IP's spelling. */
export function constraintIdentity(text: string): string {
  let parsed: Constraint;
  try {
    parsed = parseConstraint(text);
  } catch {
    return text.trim(); // of an older version, or from elsewhere: only the very same text is the same
  }
  const { key, operator, value } = parsed;
  const label = key.kind === "node_label" || key.kind === "engine_label" ? key.label : "";
  return JSON.stringify([key.kind, label, operator, canonicalValue(key, value)]);
}

function canonicalValue(key: ConstraintKey, value: string): string {
  if (key.kind === "arch") return normalizeArchitecture(value);
  if (key.kind !== "ip") return value.toLowerCase();
  return "ip" in key.range ? formatIp(key.range.ip) : formatSubnet(key.range.subnet);
}

/** What `spread=` names. Why it is wrong; undefined when it is right. */
export const spreadProblem = (descriptor: string): string | undefined =>
  /^(?:node|engine)\.labels\.[^\p{Cc}]+$/iu.test(descriptor)
    ? undefined
    : `spread over node.labels.LABEL or engine.labels.LABEL, not ${JSON.stringify(descriptor)}`;

export const parseConstraints = (texts: readonly string[]): readonly Constraint[] => texts.map(parseConstraint);

const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["aarch64", "arm64"],
  ["armv7l", "arm"],
]);

/** One name for each architecture: Docker's nodes say x86_64, images say amd64. Lower case. */
export function normalizeArchitecture(name: string): string {
  const lower = name.toLowerCase();
  return ARCHITECTURES.get(lower) ?? lower;
}

function holds(constraint: Constraint, node: Node): boolean {
  const same = (actual: string): boolean => actual.toLowerCase() === constraint.value.toLowerCase();
  const { key } = constraint;
  switch (key.kind) {
    case "id":
      return same(node.id);
    case "hostname":
      return same(node.description?.hostname ?? "");
    case "role":
      return same(node.role);
    case "os":
      return same(node.description?.platform?.os ?? "");
    case "arch":
      return (
        normalizeArchitecture(node.description?.platform?.architecture ?? "") ===
        normalizeArchitecture(constraint.value)
      );
    case "node_label":
      return same(ownValue(node.spec?.labels, key.label));
    case "engine_label":
      return same(ownValue(node.description?.engine?.labels, key.label));
    case "ip": {
      const { range } = key;
      return (node.status?.addrs ?? []).some((addr) => {
        const ip = parseIp(addr);
        if (ip === undefined) return false;
        return "ip" in range ? sameIp(range.ip, ip) : subnetContains(range.subnet, ip);
      });
    }
    default:
      return assertNever(key);
  }
}

const ownValue = (labels: Readonly<Record<string, string>> | undefined, label: string): string =>
  labels !== undefined && Object.hasOwn(labels, label) ? (labels[label] ?? "") : "";

/** Does the node satisfy every constraint? */
export const matchesConstraints = (constraints: readonly Constraint[], node: Node): boolean =>
  constraints.every((constraint) => holds(constraint, node) === (constraint.operator === "=="));

/** For what is already stored: never throws; a constraint that cannot be parsed matches no node. */
export function compileConstraints(texts: readonly string[]): (node: Node) => boolean {
  if (texts.length === 0) return () => true;
  let constraints: readonly Constraint[];
  try {
    constraints = parseConstraints(texts);
  } catch {
    return () => false;
  }
  return (node) => matchesConstraints(constraints, node);
}
