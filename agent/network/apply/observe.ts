// Reads from the kernel what is ours: the node's links, addresses and entries, our table, and every task's namespace. One run
// of a shell per namespace, because starting programs is what takes the time.
import { SkepError } from "../../../shared/errors.ts";
import { type KernelState, type Link, type NamespaceState, newFacts, type ObservedState } from "../plan/kernel.ts";
import { isOurLink, isTaskNamespace, NODE, namespacePath } from "../plan/names.ts";
import type { ObservedRuleset } from "../plan/ruleset.ts";
import {
  isObject,
  type Json,
  objects,
  parseAddresses,
  parseLink,
  parseRoute,
  parseRule,
  parseRules,
  text,
} from "./parse.ts";
import type { ToolRunner } from "./run.ts";

const RULES = "nft -j list table inet skep 2>/dev/null || echo {}";
const SYSCTLS = 'while read -r key; do [ ! -e "/proc/sys/$key" ] || echo "$key $(cat "/proc/sys/$key")"; done';
const between = (parts: readonly string[]): string => parts.join("\necho @@@\n");
const NODE_SCRIPT = between([
  "ip netns list",
  "ip -j -d addr",
  "ip -j neigh show nud permanent",
  "bridge -j fdb show",
  RULES,
  SYSCTLS,
]);
const TASK_SCRIPT = between([
  "ip -j -d addr",
  "ip -j -4 route show table all",
  "ip -j -6 route show table all",
  "ip -j -4 rule",
  "ip -j -6 rule",
  RULES,
  SYSCTLS,
]);
const TASKS_AT_ONCE = 4;

export interface ObserveOptions {
  readonly runner: ToolRunner;
  /** Namespaces of tasks that are this node's; all that look like one, unless several nodes share a machine. */
  readonly isOurs?: (namespace: string) => boolean;
}

/** @param wanted of which the sysctls are read. @throws {SkepError} `internal` when the kernel cannot be read. */
export async function observe(
  wanted: KernelState,
  { runner, isOurs = () => true }: ObserveOptions,
  signal: AbortSignal,
): Promise<ObservedState> {
  const keys = (namespace: string): string =>
    [...(wanted.get(namespace)?.facts.sysctl.keys() ?? [])].map((key) => `${key}\n`).join("");
  const shell = async (namespace: string, script: string): Promise<readonly string[]> => {
    const at = namespace === NODE ? {} : { namespacePath: namespacePath(namespace) };
    const call = { command: "sh", args: ["-c", script], input: keys(namespace), ...at };
    const { code, stdout, stderr } = await runner.run(call, signal);
    if (code === 0) return stdout.split("@@@\n");
    const where = namespace === NODE ? "this node" : `namespace ${namespace}`;
    throw new SkepError("internal", `cannot read the network of ${where}: ${stderr.trim() || `exit ${code}`}`);
  };

  const [list = "", ...parts] = await shell(NODE, NODE_SCRIPT);
  const observed = new Map<string, NamespaceState<ObservedRuleset>>([[NODE, nodeState(parts)]]);
  const names = list
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((name) => isTaskNamespace(name) && isOurs(name));
  const next = names.values();
  const worker = async (): Promise<void> => {
    for (const name of next) observed.set(name, taskState(await shell(name, TASK_SCRIPT)));
  };
  await Promise.all(Array.from({ length: TASKS_AT_ONCE }, worker));
  return observed;
}

function json(part: string | undefined): Json {
  const trimmed = (part ?? "").trim();
  if (trimmed === "") return [];
  try {
    return JSON.parse(trimmed) as Json; // the boundary: everything is looked at before it is used
  } catch (cause) {
    throw new SkepError("internal", `ip or nft print what is no JSON: ${trimmed.slice(0, 80)}`, { cause });
  }
}

function nodeState([addr, neighbours, fdb, rules, sysctls]: readonly string[]): NamespaceState<ObservedRuleset> {
  const facts = newFacts();
  const links = new Map<string, Link>();
  for (const entry of objects(json(addr))) addLink(entry, true, links, facts.address);
  for (const entry of objects(json(neighbours))) {
    const dev = text(entry["dev"]);
    if (isOurLink(dev)) facts.neighbour.set(`${text(entry["dst"])} dev ${dev}`, `lladdr ${text(entry["lladdr"])}`);
  }
  for (const entry of objects(json(fdb))) {
    const dev = text(entry["ifname"]);
    const mac = text(entry["mac"]);
    if (!isOurLink(dev)) continue;
    if (entry["dst"] !== undefined) facts.fdb.set(`${mac} dev ${dev}`, `dst ${text(entry["dst"])}`);
    else if (entry["state"] === "static") facts["bridge-port"].set(`${mac} ${text(entry["master"])}`, dev);
  }
  readSysctls(sysctls, facts.sysctl);
  return { links, facts, rules: parseRules(json(rules)) };
}

function taskState(parts: readonly string[]): NamespaceState<ObservedRuleset> {
  const [addr, routes4, routes6, rules4, rules6, rules, sysctls] = parts;
  const facts = newFacts();
  const links = new Map<string, Link>();
  for (const entry of objects(json(addr))) addLink(entry, false, links, facts.address);
  const put = (map: Map<string, string>, pair: readonly [string, string] | undefined): void => {
    if (pair !== undefined) map.set(pair[0], pair[1]);
  };
  for (const entry of objects(json(routes4))) put(facts.route, parseRoute(entry, 4));
  for (const entry of objects(json(routes6))) put(facts.route, parseRoute(entry, 6));
  for (const entry of objects(json(rules4))) put(facts.rule, parseRule(entry, 4));
  for (const entry of objects(json(rules6))) put(facts.rule, parseRule(entry, 6));
  readSysctls(sysctls, facts.sysctl);
  return { links, facts, rules: parseRules(json(rules)) };
}

function addLink(entry: Json, inNode: boolean, links: Map<string, Link>, addresses: Map<string, string>): void {
  if (!isObject(entry)) return;
  const name = text(entry["ifname"]);
  if (inNode && !isOurLink(name)) return;
  const link = parseLink(entry, inNode);
  if (link === undefined) return;
  links.set(name, link);
  for (const address of parseAddresses(entry)) addresses.set(address, "");
}

function readSysctls(part: string | undefined, sysctls: Map<string, string>): void {
  for (const line of (part ?? "").split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) sysctls.set(line.slice(0, space), line.slice(space + 1).trim());
  }
}
