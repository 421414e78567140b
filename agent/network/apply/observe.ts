// Reads from the kernel what is ours: the host's one link and rules, the switchboard with its links and entries, and every
// task's namespace. Runs in the process of its own (network-worker.ts).
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { SkepError } from "../../../shared/errors.ts";
import { hasBridgeRules } from "../netlink/families.ts";
import type { Namespaces } from "../netlink/namespaces.ts";
import { runNft } from "../netlink/nftables.ts";
import {
  type ReadAddress,
  type ReadLink,
  readAddressesOf,
  readForwarding,
  readLinks,
  readNeighbours,
  readRoutes,
  readRules,
} from "../netlink/read.ts";
import type { HostFacts } from "../plan/input.ts";
import { type Link, type NamespaceState, NO_SUCH_SYSCTL, newFacts } from "../plan/kernel.ts";
import {
  isOurLink,
  isSwitchboard,
  isTaskNamespace,
  LOCAL_LINK,
  NAMESPACES_FOLDER,
  NODE,
  UPLINK,
} from "../plan/names.ts";
import type { Family, ObservedRuleset } from "../plan/ruleset.ts";
import { droppingChains, hostLinks, type Json, parseRules } from "./parse.ts";

export interface ObservedNode {
  readonly state: NamespaceState<ObservedRuleset>;
  readonly host: HostFacts;
  /** Of tasks, and switchboards: of all nodes on this machine. */
  readonly namespaces: readonly string[];
}

/** @param sysctls to be read. @throws {SystemError | SkepError} when the kernel cannot be read. */
export function observeNode(namespaces: Namespaces, sysctls: readonly string[]): ObservedNode {
  const connection = namespaces.connection(NODE, "route");
  const all = readLinks(connection, (name) => name === UPLINK);
  const addresses = readAddressesOf(connection);
  const ours = all.filter(({ name }) => isOurLink(name));
  const state = namespaceState(ours, addresses);
  const nameOf = namesOf(ours);
  for (const [key, value] of readNeighbours(connection, nameOf)) {
    if (key.endsWith(` dev ${LOCAL_LINK}`)) state.facts.neighbour.set(key, value);
  }
  for (const [key, value] of readRoutes(connection, nameOf)) {
    if (value.endsWith(`dev ${LOCAL_LINK}`)) state.facts.route.set(key, value);
  }
  const bridges = filtersBridges(namespaces);
  const { rules, host } = namespaces.within(NODE, () => {
    readSysctls(sysctls, state.facts.sysctl);
    return {
      rules: parseRules(HOST_FAMILIES.map(listRules)),
      host: {
        links: hostLinks(all, addresses),
        forwardDrops: forwardDrops(),
        ipv6: hostIpv6(),
        filtersBridges: bridges,
      },
    };
  });
  return { state: { ...state, rules }, host, namespaces: listNamespaces() };
}

/** Of a task, or a switchboard. @throws {SystemError | SkepError} when the kernel cannot be read. */
export function observeNamespace(
  namespaces: Namespaces,
  name: string,
  sysctls: readonly string[],
): NamespaceState<ObservedRuleset> {
  const connection = namespaces.connection(name, "route");
  const links = readLinks(connection, (link) => isTaskNamespace(name) || link === UPLINK);
  const state = namespaceState(links, readAddressesOf(connection));
  const nameOf = namesOf(links);
  if (isSwitchboard(name)) {
    for (const [key, value] of readNeighbours(connection, nameOf)) state.facts.neighbour.set(key, value);
    for (const { fact, key, value } of readForwarding(connection, nameOf)) state.facts[fact].set(key, value);
  }
  for (const [key, value] of readRoutes(connection, nameOf)) state.facts.route.set(key, value);
  for (const [key, value] of readRules(connection)) state.facts.rule.set(key, value);
  const families: readonly Family[] = isSwitchboard(name) && filtersBridges(namespaces) ? ["inet", "bridge"] : ["inet"];
  const rules = namespaces.within(name, () => {
    readSysctls(sysctls, state.facts.sysctl);
    return parseRules(families.map(listRules));
  });
  return { ...state, rules };
}

const namesOf = (links: readonly ReadLink[]): ((index: number) => string | undefined) => {
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return (index) => names.get(index);
};

function namespaceState(read: readonly ReadLink[], addresses: readonly ReadAddress[]) {
  const facts = newFacts();
  const links = new Map<string, Link>();
  const names = new Map<number, string>();
  for (const { index, name, link } of read) {
    if (link === undefined) continue;
    links.set(name, link);
    if (link.make.kind !== "loopback") names.set(index, name);
  }
  for (const { link, address, prefixLength, scope } of addresses) {
    const dev = names.get(link);
    // In IPv6 those are the kernel's own.
    if (dev === undefined || (scope === "link" && address.includes(":"))) continue;
    facts.address.set(`${address}/${prefixLength} dev ${dev}`, "");
  }
  return { links, facts };
}

const HOST_FAMILIES: readonly Family[] = ["inet", "ip", "ip6"];

/** A kernel is asked once: it has it, or it does not. */
const asked = new WeakMap<Namespaces, boolean>();
function filtersBridges(namespaces: Namespaces): boolean {
  const known = asked.get(namespaces) ?? hasBridgeRules(namespaces.connection(NODE, "netfilter"));
  asked.set(namespaces, known);
  return known;
}

/** {} where there is no such table. Another error must not look like it: all rules would be put a second time. */
function listRules(family: Family): Json {
  const { ok, output, errors } = runNft(`list table ${family} skep`, true);
  if (ok) return json(output);
  if (errors.includes("No such file or directory")) return {};
  throw new SkepError("internal", `nftables cannot list the table ${family} skep: ${errors.trim().slice(0, 200)}`);
}

function json(text: string): Json {
  try {
    return JSON.parse(text) as Json; // the boundary: everything is looked at before it is used
  } catch (cause) {
    throw new SkepError("internal", `nftables prints what is no JSON: ${text.slice(0, 80)}`, { cause });
  }
}

function listNamespaces(): readonly string[] {
  if (!existsSync(NAMESPACES_FOLDER)) return [];
  return readdirSync(NAMESPACES_FOLDER).filter((name) => isTaskNamespace(name) || isSwitchboard(name));
}

function readSysctls(keys: readonly string[], into: Map<string, string>): void {
  for (const key of keys) into.set(key, readIfThere(`/proc/sys/${key}`) ?? NO_SUCH_SYSCTL);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Who drops what the host would forward, in words. */
function forwardDrops(): readonly string[] {
  const chains = runNft("list chains", true);
  const found = droppingChains(chains.ok ? json(chains.output) : {});
  for (const v of ["", "6"]) {
    // Only where the old tables are in use already: to ask would begin to use them.
    const tables = readIfThere(`/proc/thread-self/net/ip${v}_tables_names`);
    if (tables?.split("\n").includes("filter") !== true) continue;
    const name = `ip${v}tables-legacy`;
    if (legacyRules(name).includes("-P FORWARD DROP")) found.push(`the policy of FORWARD is DROP (${name})`);
  }
  return found;
}

/** "" where there is no such program. It runs in the namespace that the thread is in. */
function legacyRules(program: string): string {
  try {
    return execFileSync(program, ["-S", "FORWARD"], {
      encoding: "utf8",
      timeout: 5_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}

function hostIpv6(): HostFacts["ipv6"] {
  const read = (scope: string): string | undefined => readIfThere(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`);
  return ipv6Of(read("all"), read("default"));
}

/** From the switches net.ipv6.conf.all and default.disable_ipv6; undefined: the kernel has no such. */
export function ipv6Of(all: string | undefined, byDefault: string | undefined): HostFacts["ipv6"] {
  if (all === undefined && byDefault === undefined) return "absent";
  return all === "1" || byDefault === "1" ? "off" : "on";
}
