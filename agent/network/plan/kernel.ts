// The part of the kernel's state that is ours, in one form for what is wanted and what is observed: links, and facts. A fact
// is a key and a value in the very words of the command that makes it ("10.0.9.3/24 dev eth0"), so that comparing is comparing
// strings, and rendering is concatenation.
import { assertNever } from "../../../shared/errors.ts";
import type { ObservedRuleset, Ruleset } from "./ruleset.ts";

/** What cannot be changed of a link once it is made. */
export type LinkMake =
  | { readonly kind: "loopback" }
  | { readonly kind: "bridge" }
  /** Its packets to other nodes go by the namespace NODE, wherever the link is. */
  | { readonly kind: "vxlan"; readonly vni: number; readonly local: string; readonly port: number }
  /** Made together with its peer, which is `name` in the namespace of a task. */
  | { readonly kind: "veth"; readonly peerNamespace: string; readonly peerName: string }
  /** The task's end of a veth. */
  | { readonly kind: "peer" };

export type PortKind = "task" | "isolated-task" | "vxlan";

export interface Link {
  readonly make: LinkMake;
  readonly mtu: number;
  /** Undefined: whatever the kernel chose. */
  readonly mac?: string | undefined;
  /** The bridge that it is a port of. */
  readonly master?: string | undefined;
  readonly port?: PortKind | undefined;
  readonly up: boolean;
}

/** What is observed of a sysctl that this kernel does not have. */
export const NO_SUCH_SYSCTL = "";

// In the order in which they are made; taken away in the reverse one.
export const FACT_KINDS = ["sysctl", "address", "neighbour", "fdb", "bridge-port", "route", "rule"] as const;
export type FactKind = (typeof FACT_KINDS)[number];
export type Facts = ReadonlyMap<string, string>;

/**
 * sysctl: "net/ipv4/ip_forward" → "1" (set, never taken back; where the kernel does not have it, it need not be).
 * address: "10.0.9.3/24 dev eth0" → "".
 * neighbour: "10.0.9.4 dev skvx4097" → "lladdr 02:42:0a:00:09:04".
 * fdb: "02:42:0a:00:09:04 dev skvx4097" → "dst 192.168.1.3": the node behind which a MAC is.
 * bridge-port: "02:42:0a:00:09:04 skbr4097" → "skvx4097": the port of the bridge behind which a MAC is.
 * route: "0.0.0.0/0 table 254" → "via 172.29.0.2 dev eth1"; an IPv6 one says ::/0. A local one begins with "local".
 * rule: "4 pref 10003" → "fwmark 3 lookup 100003"; the first character is the family.
 */
export interface NamespaceState<Rules = Ruleset> {
  readonly links: ReadonlyMap<string, Link>;
  readonly facts: Readonly<Record<FactKind, Facts>>;
  readonly rules: Rules;
}

/** By namespace: NODE, the switchboard, and those of tasks. */
export type KernelState<Rules = Ruleset> = ReadonlyMap<string, NamespaceState<Rules>>;
export type ObservedState = KernelState<ObservedRuleset>;

export type MutableFacts = Record<FactKind, Map<string, string>>;

export const newFacts = (): MutableFacts => ({
  sysctl: new Map(),
  address: new Map(),
  neighbour: new Map(),
  fdb: new Map(),
  "bridge-port": new Map(),
  route: new Map(),
  rule: new Map(),
});

/** The links that a fact needs: with one of them it goes. */
export function linksOf(kind: FactKind, key: string, value: string): readonly string[] {
  switch (kind) {
    case "bridge-port":
      return [key.slice(key.indexOf(" ") + 1), value];
    case "address":
    case "neighbour":
    case "fdb":
    case "route": {
      const words = `${key} ${value}`.split(" ");
      const at = words.indexOf("dev");
      const link = at < 0 ? undefined : words[at + 1];
      return link === undefined ? [] : [link];
    }
    case "sysctl": {
      const link = /^net\/ipv[46]\/(?:conf|neigh)\/([^/]+)\//.exec(key)?.[1];
      return link === undefined || link === "all" || link === "default" ? [] : [link];
    }
    case "rule":
      return [];
    default:
      return assertNever(kind);
  }
}

/** Two makes that differ are two links: the first must go before the second can come. */
export function sameMake(a: LinkMake, b: LinkMake): boolean {
  if (a.kind === "vxlan" && b.kind === "vxlan") return a.vni === b.vni && a.local === b.local && a.port === b.port;
  // Of an existing veth only the end here can be seen; its name says which task and network it is for.
  return a.kind === b.kind;
}
