// Reads from the kernel what is ours: the host's one link and rules, the switchboard with its links and entries, and every
// task's namespace. One shell for the host and few for the others, because starting programs is what takes the time.
import { SkepError } from "../../../shared/errors.ts";
import { type HostFacts, NO_HOST } from "../plan/input.ts";
import { type KernelState, type Link, type NamespaceState, newFacts, type ObservedState } from "../plan/kernel.ts";
import { isOurLink, isSwitchboard, isTaskNamespace, LOCAL_LINK, NODE, namespacePath, UPLINK } from "../plan/names.ts";
import { FAMILIES, type ObservedRuleset } from "../plan/ruleset.ts";
import {
  droppingChains,
  hostLinks,
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

const rulesOf = (family: string): string => `nft -j list table ${family} skep 2>/dev/null || echo {}`;
const SYSCTLS =
  'while read -r key; do if [ -e "/proc/sys/$key" ]; then echo "$key $(cat "/proc/sys/$key")"; else echo "$key "; fi; done';
const script = (parts: readonly string[]): string => parts.join("\necho @@@\n");
const PART = "@@@\n";
const NODE_SCRIPT = script([
  "ip netns list",
  "ip -j -d addr",
  `ip -j neigh show dev ${LOCAL_LINK} nud permanent 2>/dev/null || true`,
  `ip -j -4 route show dev ${LOCAL_LINK} table all 2>/dev/null || true`,
  `ip -j -6 route show dev ${LOCAL_LINK} table all 2>/dev/null || true`,
  "nft -j list chains 2>/dev/null || echo {}",
  // Only where the old tables are in use already: to ask would begin to use them.
  ...["", "6"].map(
    (v) =>
      `if grep -qsx filter /proc/net/ip${v}_tables_names; then ip${v}tables-legacy -S FORWARD 2>/dev/null; fi; true`,
  ),
  "cat /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || true",
  ...FAMILIES.map(rulesOf),
  SYSCTLS,
]);
const SCRIPT = script([
  "ip -j -d addr",
  "ip -j neigh show nud permanent",
  "bridge -j fdb show",
  "ip -j -4 route show table all",
  "ip -j -6 route show table all",
  "ip -j -4 rule",
  "ip -j -6 rule",
  rulesOf("inet"),
  SYSCTLS,
]);
/** Shells, and namespaces that one of them reads: it has a time limit, and output with a bound. */
const AT_ONCE = 3;
const IN_A_SHELL = 10;

export interface ObserveOptions {
  readonly runner: ToolRunner;
  /** Namespaces of tasks, and switchboards, that are this node's; all that look like one, unless several nodes share a machine. */
  readonly isOurs?: (namespace: string) => boolean;
}

export interface Observed {
  readonly state: ObservedState;
  readonly host: HostFacts;
}

/** @param wanted what should be on such a host; of it the sysctls are read. @throws {SkepError} `internal` when the kernel cannot be read. */
export async function observe(
  wanted: (host: HostFacts) => KernelState,
  { runner, isOurs = () => true }: ObserveOptions,
  signal: AbortSignal,
): Promise<Observed> {
  let state = wanted(NO_HOST);
  const keys = (namespace: string): string =>
    [...(state.get(namespace)?.facts.sysctl.keys() ?? [])].map((key) => `${key}\n`).join("");
  const shell = async (what: string, args: readonly string[], input: string): Promise<string> => {
    const { code, stdout, stderr } = await runner.run({ command: "sh", args, input }, signal);
    if (code === 0) return stdout;
    throw new SkepError("internal", `cannot read the network of ${what}: ${stderr.trim() || `exit ${code}`}`);
  };

  const [list = "", ...parts] = (await shell("this node", ["-c", NODE_SCRIPT], keys(NODE))).split(PART);
  const host = hostFacts(parts);
  if (host.ipv6 !== NO_HOST.ipv6) state = wanted(host);
  const observed = new Map<string, NamespaceState<ObservedRuleset>>([[NODE, nodeState(parts)]]);
  const names = list
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((name) => (isTaskNamespace(name) || isSwitchboard(name)) && isOurs(name));
  const read = async (some: readonly string[]): Promise<void> => {
    const script = some.map(
      (name) =>
        `nsenter --net=${namespacePath(name)} -- sh -c "$script" <<'@@end' || exit 1\n${keys(name)}@@end\necho @@@@\n`,
    );
    const output = await shell(
      some.join(", "),
      ["-s"],
      `script='${SCRIPT.replaceAll("'", "'\\''")}'\n${script.join("")}`,
    );
    const states = output.split("@@@@\n");
    some.forEach((name, i) => {
      observed.set(name, namespaceState(name, (states[i] ?? "").split(PART)));
    });
  };
  const shares = Array.from({ length: Math.ceil(names.length / IN_A_SHELL) }, (_, share) =>
    names.slice(share * IN_A_SHELL, (share + 1) * IN_A_SHELL),
  ).values();
  const worker = async (): Promise<void> => {
    for (const share of shares) await read(share);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { state: observed, host };
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

const put = (map: Map<string, string>, pair: readonly [string, string] | undefined): void => {
  if (pair !== undefined) map.set(pair[0], pair[1]);
};

function nodeState(parts: readonly string[]): NamespaceState<ObservedRuleset> {
  const [addr, neighbours, routes4, routes6, , , , , ...rest] = parts;
  const facts = newFacts();
  const links = new Map<string, Link>();
  for (const entry of objects(json(addr)))
    if (isOurLink(text(entry["ifname"]))) addLink(NODE, entry, links, facts.address);
  // ip does not say the device that it was asked for.
  for (const entry of objects(json(neighbours))) {
    facts.neighbour.set(`${text(entry["dst"])} dev ${LOCAL_LINK}`, `lladdr ${text(entry["lladdr"])}`);
  }
  for (const entry of objects(json(routes4))) put(facts.route, parseRoute({ ...entry, dev: LOCAL_LINK }, 4));
  for (const entry of objects(json(routes6))) put(facts.route, parseRoute({ ...entry, dev: LOCAL_LINK }, 6));
  readSysctls(rest[FAMILIES.length], facts.sysctl);
  return { links, facts, rules: parseRules(rest.slice(0, FAMILIES.length).map(json)) };
}

function namespaceState(name: string, parts: readonly string[]): NamespaceState<ObservedRuleset> {
  const [addr, neighbours, fdb, routes4, routes6, rules4, rules6, rules, sysctls] = parts;
  const facts = newFacts();
  const links = new Map<string, Link>();
  for (const entry of objects(json(addr))) addLink(name, entry, links, facts.address);
  if (isSwitchboard(name)) readEntries(neighbours, fdb, facts);
  for (const entry of objects(json(routes4))) put(facts.route, parseRoute(entry, 4));
  for (const entry of objects(json(routes6))) put(facts.route, parseRoute(entry, 6));
  for (const entry of objects(json(rules4))) put(facts.rule, parseRule(entry, 4));
  for (const entry of objects(json(rules6))) put(facts.rule, parseRule(entry, 6));
  readSysctls(sysctls, facts.sysctl);
  return { links, facts, rules: parseRules([json(rules)]) };
}

function readEntries(
  neighbours: string | undefined,
  fdb: string | undefined,
  facts: ReturnType<typeof newFacts>,
): void {
  for (const entry of objects(json(neighbours))) {
    facts.neighbour.set(`${text(entry["dst"])} dev ${text(entry["dev"])}`, `lladdr ${text(entry["lladdr"])}`);
  }
  for (const entry of objects(json(fdb))) {
    const dev = text(entry["ifname"]);
    const mac = text(entry["mac"]);
    if (entry["dst"] !== undefined) facts.fdb.set(`${mac} dev ${dev}`, `dst ${text(entry["dst"])}`);
    else if (entry["state"] === "static") facts["bridge-port"].set(`${mac} ${text(entry["master"])}`, dev);
  }
}

function addLink(namespace: string, entry: Json, links: Map<string, Link>, addresses: Map<string, string>): void {
  if (!isObject(entry)) return;
  const name = text(entry["ifname"]);
  const link = parseLink(entry, isTaskNamespace(namespace) || name === UPLINK);
  if (link === undefined) return;
  links.set(name, link);
  for (const address of parseAddresses(entry)) addresses.set(address, "");
}

function hostFacts([addr, , , , chains, legacy4, legacy6, disableIpv6 = ""]: readonly string[]): HostFacts {
  const forwardDrops = droppingChains(json(chains));
  for (const [part, name] of [
    [legacy4, "iptables-legacy"],
    [legacy6, "ip6tables-legacy"],
  ] as const) {
    if (part?.includes("-P FORWARD DROP")) forwardDrops.push(`the policy of FORWARD is DROP (${name})`);
  }
  const ipv6 = disableIpv6.trim() === "" ? "absent" : disableIpv6.includes("1") ? "off" : "on";
  return { links: hostLinks(json(addr)), forwardDrops, ipv6 };
}

function readSysctls(part: string | undefined, sysctls: Map<string, string>): void {
  for (const line of (part ?? "").split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) sysctls.set(line.slice(0, space), line.slice(space + 1).trim());
  }
}
