// nftables rules as data. Every chain is named by a digest of what is in it: so what is in the kernel is known from names
// alone, a change is a new chain and one map element that points to it, and the cost of a change does not grow with the
// number of services. The old and the new are exchanged in one transaction: no packet sees something between.
//
// Everything is in the table "skep" of the family inet, but for the few chains whose statements exist only in ip and ip6, or that
// are asked within a bridge: the names of those, and of their maps, begin with the family: "ip/take-…".
import { createHash } from "node:crypto";
import { type Balance, dnat } from "./balance.ts";

export const FAMILIES = ["inet", "ip", "ip6", "bridge"] as const;
export type Family = (typeof FAMILIES)[number];

export interface Chain {
  /** "type nat hook output priority -100"; undefined for one that others go to. */
  readonly hook?: string | undefined;
  readonly rules: readonly string[];
  /** What the one rule says, when it is nothing but this. */
  readonly balance?: Balance | undefined;
}

export interface NftMap {
  /** The type's words: "ipv4_addr : verdict", or "ipv4_addr" for a set; and TURNED and LATELY, which packets fill. */
  readonly type: string;
  /** Key to value; the value of a set's element is "". */
  readonly elements: ReadonlyMap<string, string>;
}

export interface Ruleset {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly maps: ReadonlyMap<string, NftMap>;
}

/** As the kernel tells it: of a chain, the number of its rules. */
export interface ObservedRuleset {
  readonly chains: ReadonlyMap<string, number>;
  readonly maps: ReadonlyMap<string, NftMap>;
}

/** A set that says of UDP whether it was turned to another address lately (apply/flows.ts). What is in it is not ours to say. */
export const TURNED_SET = "turned";
export const TURNED = "inet_proto; flags timeout,dynamic; timeout 10m; size 16";
export const TURNED_RULE = "meta l4proto { udp, udplite } ct status dnat update @turned { meta l4proto }";

/**
 * Ports of TCP at which connections began not longer ago than this, whether they are published still or not. A port that is
 * published no more stays the switchboard's for what is no beginning. What is in it is not ours to say.
 */
export const LATELY = "inet_service; flags timeout,dynamic; timeout 10080m; size 65535";

/** A set whose key is a port, and 128 bits of what it sends: no type of nft has a name for that (port-guard.ts). */
export const ADVERTS_SET = "adverts";
export const ADVERTS = "typeof iifname . @th,64,128";

export const NO_RULES: Ruleset = { chains: new Map(), maps: new Map() };
export const NO_OBSERVED_RULES: ObservedRuleset = { chains: new Map(), maps: new Map() };

export const isEmptyRuleset = (rules: Ruleset | ObservedRuleset): boolean =>
  rules.chains.size === 0 && rules.maps.size === 0;

/** The family in a chain's or map's name, and what it is called there. */
export function placeOf(name: string): { readonly family: Family; readonly bare: string } {
  const slash = name.indexOf("/");
  const family = name.slice(0, Math.max(0, slash));
  return { family: FAMILIES.find((one) => one === family) ?? "inet", bare: name.slice(slash + 1) };
}

export interface NamedChain {
  /** "" for a chain without rules, which is not made. */
  readonly name: string;
  readonly chain: Chain;
}

export function nameChain(prefix: string, chain: Chain): NamedChain {
  if (chain.rules.length === 0) return { name: "", chain };
  const digest = createHash("sha256")
    .update(JSON.stringify([chain.hook ?? "", chain.rules]))
    .digest("hex");
  return { name: `${prefix}-${digest.slice(0, 16)}`, chain };
}

/** A chain that only spreads connections. */
export function balanceChain(prefix: string, balance: Balance): NamedChain {
  const rule = dnat(balance);
  return nameChain(prefix, { rules: rule === "" ? [] : [rule], balance });
}

/** Collects a ruleset; a chain with the same content is made once. */
export class RulesetBuilder {
  readonly #chains = new Map<string, Chain>();
  readonly #maps = new Map<string, { readonly type: string; readonly elements: Map<string, string> }>();

  /** Returns the chain's name. A chain without rules is not made: "" comes back. */
  chain(prefix: string, chain: Chain): string {
    return this.add(nameChain(prefix, chain));
  }

  add({ name, chain }: NamedChain): string {
    if (name !== "") this.#chains.set(name, chain);
    return name;
  }

  /** Maps are there from the start even if empty: rules refer to them. */
  map(name: string, type: string): Map<string, string> {
    const known = this.#maps.get(name);
    if (known !== undefined) return known.elements;
    const elements = new Map<string, string>();
    this.#maps.set(name, { type, elements });
    return elements;
  }

  build(): Ruleset {
    return { chains: this.#chains, maps: this.#maps };
  }
}

const observedCache = new WeakMap<Ruleset, ObservedRuleset>();

/** What the kernel tells once `rules` is in it; the same object for the same rules. */
export function observedOf(rules: Ruleset): ObservedRuleset {
  const known = observedCache.get(rules);
  if (known !== undefined) return known;
  const observed: ObservedRuleset = {
    chains: new Map([...rules.chains].map(([name, chain]) => [name, chain.rules.length])),
    maps: rules.maps,
  };
  observedCache.set(rules, observed);
  return observed;
}
