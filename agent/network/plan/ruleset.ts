// nftables rules as data. Every chain is named by a digest of what is in it: so what is in the kernel is known from names
// alone, a change is a new chain and one map element that points to it, and the cost of a change does not grow with the
// number of services. The old and the new are exchanged in one transaction: no packet sees something between.
import { createHash } from "node:crypto";
import { TABLE } from "./names.ts";

export interface Chain {
  /** "type nat hook output priority -100"; undefined for one that others go to. */
  readonly hook?: string | undefined;
  readonly rules: readonly string[];
}

export interface NftMap {
  /** The type's words: "ipv4_addr : verdict", or "ipv4_addr" for a set. */
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

export const NO_RULES: Ruleset = { chains: new Map(), maps: new Map() };
export const NO_OBSERVED_RULES: ObservedRuleset = { chains: new Map(), maps: new Map() };

export const isEmptyRuleset = (rules: Ruleset | ObservedRuleset): boolean =>
  rules.chains.size === 0 && rules.maps.size === 0;

/** Collects a ruleset; a chain with the same content is made once. */
export class RulesetBuilder {
  readonly #chains = new Map<string, Chain>();
  readonly #maps = new Map<string, { readonly type: string; readonly elements: Map<string, string> }>();

  /** Returns the chain's name. A chain without rules is not made: "" comes back. */
  chain(prefix: string, chain: Chain): string {
    if (chain.rules.length === 0) return "";
    const digest = createHash("sha256")
      .update(JSON.stringify([chain.hook ?? "", chain.rules]))
      .digest("hex");
    const name = `${prefix}-${digest.slice(0, 16)}`;
    this.#chains.set(name, chain);
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

const noun = (type: string): string => (type.includes(" : ") ? "map" : "set");
const element = (key: string, value: string): string => (value === "" ? `{ ${key} }` : `{ ${key} : ${value} }`);

/** One nft transaction that turns what is observed into what is wanted; "" when nothing is to do. */
export function rulesetChange(wanted: Ruleset, observed: ObservedRuleset): string {
  if (isEmptyRuleset(wanted)) return isEmptyRuleset(observed) ? "" : `delete table ${TABLE}\n`;
  if ([...wanted.maps].some(([name, { type }]) => (observed.maps.get(name)?.type ?? type) !== type)) {
    // Another version's map: nothing can be kept of what refers to it.
    return `delete table ${TABLE}\n${rulesetChange(wanted, NO_OBSERVED_RULES)}`;
  }
  const lines: string[] = [];
  for (const [name, { type }] of wanted.maps) {
    if (!observed.maps.has(name)) lines.push(`add ${noun(type)} ${TABLE} ${name} { type ${type}; }`);
  }
  const bodies: string[] = [];
  for (const [name, chain] of wanted.chains) {
    const rules = observed.chains.get(name);
    if (rules === chain.rules.length) continue;
    if (rules === undefined) {
      lines.push(`add chain ${TABLE} ${name}${chain.hook === undefined ? "" : ` { ${chain.hook}; }`}`);
    } else {
      bodies.push(`flush chain ${TABLE} ${name}`);
    }
    for (const rule of chain.rules) bodies.push(`add rule ${TABLE} ${name} ${rule}`);
  }
  lines.push(...bodies);
  for (const [name, map] of observed.maps) {
    const target = wanted.maps.get(name);
    if (target === undefined) continue;
    for (const [key, value] of map.elements) {
      if (target.elements.get(key) !== value) lines.push(`delete element ${TABLE} ${name} { ${key} }`);
    }
  }
  for (const [name, map] of wanted.maps) {
    const before = observed.maps.get(name)?.elements;
    const added = [...map.elements].filter(([key, value]) => before?.get(key) !== value);
    for (const [key, value] of added) lines.push(`add element ${TABLE} ${name} ${element(key, value)}`);
  }
  // Base chains first: their rules may be the last to refer to a map or to another chain.
  const stale = [...observed.chains.keys()].filter((name) => !wanted.chains.has(name));
  const staleMaps = [...observed.maps.keys()].filter((name) => !wanted.maps.has(name));
  for (const name of stale) lines.push(`flush chain ${TABLE} ${name}`);
  for (const name of staleMaps) lines.push(`delete ${noun(observed.maps.get(name)?.type ?? "")} ${TABLE} ${name}`);
  for (const name of stale) lines.push(`delete chain ${TABLE} ${name}`);
  if (lines.length === 0) return "";
  return `add table ${TABLE}\n${lines.join("\n")}\n`;
}

/** What the kernel tells once `rules` is in it. */
export const observedOf = (rules: Ruleset): ObservedRuleset => ({
  chains: new Map([...rules.chains].map(([name, chain]) => [name, chain.rules.length])),
  maps: rules.maps,
});
