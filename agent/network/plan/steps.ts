// From what should be and what is, to the steps between. The order keeps traffic whole: first everything new is made (links,
// then addresses, entries and routes), then rules change, each namespace in one transaction, and only then goes what nothing
// refers to any more. No step means converged. Every step tolerates that it was done before.
import type { TaskId } from "../../../shared/model/ids.ts";
import type { Desired } from "./desired.ts";
import {
  FACT_KINDS,
  type FactKind,
  type KernelState,
  type Link,
  linksOf,
  type NamespaceState,
  NO_SUCH_SYSCTL,
  newFacts,
  type ObservedState,
  sameMake,
} from "./kernel.ts";
import {
  isSwitchboard,
  isTaskNamespace,
  NODE,
  namespaceOf,
  taskOf,
  VETH_PREFIX_LENGTH,
  vethPrefixOf,
} from "./names.ts";
import { type RuleChange, ruleChanges } from "./rule-changes.ts";
import { NO_OBSERVED_RULES, NO_RULES, type ObservedRuleset, placeOf, type Ruleset } from "./ruleset.ts";

export type Step =
  | { readonly kind: "addNamespace"; readonly namespace: string }
  | { readonly kind: "removeNamespace"; readonly namespace: string }
  | { readonly kind: "addLink"; readonly namespace: string; readonly name: string; readonly link: Link }
  /** Everything of a link that can be changed: MTU, MAC, bridge, port flags, up. */
  | { readonly kind: "setLink"; readonly namespace: string; readonly name: string; readonly link: Link }
  | { readonly kind: "removeLink"; readonly namespace: string; readonly name: string }
  | {
      readonly kind: "putFact";
      readonly namespace: string;
      readonly fact: FactKind;
      readonly key: string;
      readonly value: string;
    }
  | {
      readonly kind: "removeFact";
      readonly namespace: string;
      readonly fact: FactKind;
      readonly key: string;
      readonly value: string;
    }
  /** One nft transaction; `rules` is what is there afterwards. */
  | {
      readonly kind: "rules";
      readonly namespace: string;
      readonly changes: readonly RuleChange[];
      readonly rules: Ruleset;
    };

const EMPTY: NamespaceState<ObservedRuleset> = { links: new Map(), facts: newFacts(), rules: NO_OBSERVED_RULES };
const EMPTY_WANTED: NamespaceState = { links: new Map(), facts: newFacts(), rules: NO_RULES };

export function planSteps(desired: Desired, observed: ObservedState): readonly Step[] {
  const wanted = desired.state;
  const held = heldBack(desired.unready.keys(), observed);
  const gone = [...observed.keys()].filter((name) => name !== NODE && !wanted.has(name) && !held.namespaces.has(name));
  const names = [...wanted.keys()];
  const broken = brokenLinks(wanted, observed);

  const steps: Step[] = [];
  for (const name of names) {
    if (!observed.has(name)) steps.push({ kind: "addNamespace", namespace: name });
  }
  for (const [namespace, links] of broken.links) {
    for (const name of links) steps.push({ kind: "removeLink", namespace, name });
  }
  for (const namespace of broken.namespaces) {
    for (const name of observed.get(namespace)?.links.keys() ?? []) {
      if (name !== "lo") steps.push({ kind: "removeLink", namespace, name });
    }
  }
  const pairs = names.map((namespace) => {
    const want = wanted.get(namespace) ?? EMPTY_WANTED;
    return { namespace, want, have: without(observed.get(namespace) ?? EMPTY, namespace, broken, wanted) };
  });
  // What lies in the way of a new link (a peer without its other end) goes with its veth, or by itself.
  for (const { namespace, want, have } of pairs) steps.push(...inTheWay(namespace, want, have));
  for (const pair of pairs) steps.push(...sysctls(pair, "namespace"));
  for (const { namespace, want, have } of pairs) steps.push(...makeLinks(namespace, want, have));
  for (const pair of pairs) steps.push(...sysctls(pair, "link"));
  for (const { namespace, want, have } of pairs) steps.push(...putFacts(namespace, want, have));
  for (const { namespace, want, have } of pairs) {
    const rules = isSwitchboard(namespace) ? withHeldPorts(want.rules, have.rules, held.links) : want.rules;
    const changes = ruleChanges(rules, have.rules);
    if (changes.length > 0) steps.push({ kind: "rules", namespace, changes, rules });
  }
  for (const { namespace, want, have } of pairs) steps.push(...removeStale(namespace, want, have, held.links));
  for (const namespace of gone) steps.push({ kind: "removeNamespace", namespace });
  return steps;
}

/** What there is of tasks whose network is not known now: their namespaces, their links, and the networks these hang on. */
export function heldBack(unready: Iterable<TaskId>, observed: ObservedState) {
  const ids = [...unready];
  const links = new Set<string>();
  const board = [...observed].find(([name]) => isSwitchboard(name))?.[1].links ?? new Map<string, Link>();
  const prefixes = ids.map(vethPrefixOf);
  for (const [name, link] of board) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    links.add(name);
    if (link.master !== undefined) links.add(link.master);
  }
  for (const [name, link] of board) {
    if (link.make.kind === "vxlan" && link.master !== undefined && links.has(link.master)) links.add(name);
  }
  return { namespaces: new Set(ids.map(namespaceOf).filter((name) => observed.has(name))), links };
}

/** With what is said of ports that are held back: their tasks go on sending. */
function withHeldPorts(want: Ruleset, have: ObservedRuleset, held: ReadonlySet<string>): Ruleset {
  if (held.size === 0) return want;
  const maps = new Map(want.maps);
  for (const [name, map] of want.maps) {
    if (placeOf(name).family !== "bridge") continue;
    const old = [...(have.maps.get(name)?.elements ?? [])];
    const kept = old.filter(([key]) => held.has(key.slice(0, key.indexOf(" "))));
    maps.set(name, { type: map.type, elements: new Map([...kept, ...map.elements]) });
  }
  return { chains: want.chains, maps };
}

interface Broken {
  /** Links that must be made anew, by namespace. */
  readonly links: ReadonlyMap<string, ReadonlySet<string>>;
  /** Namespaces of tasks all of whose links must be. */
  readonly namespaces: ReadonlySet<string>;
}

/**
 * What cannot be mended: a link made in another way, a veth without its other end, and all links of a task whose interfaces
 * are not those of the networks they should be of. A task's networks do not change while it lives, so that last one is rare.
 */
function brokenLinks(wanted: KernelState, observed: ObservedState): Broken {
  const links = new Map<string, Set<string>>();
  const namespaces = new Set<string>();
  const breaks = (namespace: string, name: string): void => {
    const known = links.get(namespace);
    if (known === undefined) links.set(namespace, new Set([name]));
    else known.add(name);
  };
  for (const [namespace, state] of wanted) {
    const have = observed.get(namespace)?.links;
    for (const [name, { make }] of state.links) {
      const old = have?.get(name);
      if (old !== undefined && !sameMake(make, old.make)) breaks(namespace, name);
      if (make.kind !== "veth") continue;
      const peer = observed.get(make.peerNamespace)?.links.get(make.peerName);
      if (old !== undefined && peer?.make.kind !== "peer") breaks(namespace, name);
      if (peer === undefined) continue;
      const mac = wanted.get(make.peerNamespace)?.links.get(make.peerName)?.mac;
      if (old !== undefined && (!peer.up || peer.mac === mac)) continue;
      if (isTaskNamespace(make.peerNamespace)) namespaces.add(make.peerNamespace);
      else if (old === undefined) breaks(make.peerNamespace, make.peerName);
    }
  }
  const tasks = new Map([...wanted.keys()].filter(isTaskNamespace).map((ns) => [vethPrefixOf(taskOf(ns)), ns]));
  for (const [board, { links: have }] of observed) {
    if (!isSwitchboard(board)) continue;
    const veths = [...have.keys()].flatMap((name) => {
      const namespace = tasks.get(name.slice(0, VETH_PREFIX_LENGTH));
      return namespace === undefined ? [] : [{ name, namespace }];
    });
    const known = wanted.get(board)?.links;
    for (const { name, namespace } of veths) if (known?.has(name) !== true) namespaces.add(namespace);
    for (const { name, namespace } of veths) if (namespaces.has(namespace)) breaks(board, name);
  }
  return { links, namespaces };
}

/** The state once the broken links of the node are removed: with them go their other ends, and every fact on both. */
function without(
  state: NamespaceState<ObservedRuleset>,
  namespace: string,
  broken: Broken,
  wanted: KernelState,
): NamespaceState<ObservedRuleset> {
  const lost = new Set<string>(broken.links.get(namespace));
  if (broken.namespaces.has(namespace)) for (const name of state.links.keys()) if (name !== "lo") lost.add(name);
  for (const [other, names] of broken.links) {
    for (const name of names) {
      const make = wanted.get(other)?.links.get(name)?.make;
      if (make?.kind === "veth" && make.peerNamespace === namespace) lost.add(make.peerName);
    }
  }
  return lost.size === 0 ? state : withoutLinks(state, lost);
}

/** Without these links and all that hangs on them. */
export function withoutLinks<Rules>(state: NamespaceState<Rules>, lost: ReadonlySet<string>): NamespaceState<Rules> {
  const links = new Map<string, Link>();
  for (const [name, link] of state.links) {
    if (lost.has(name)) continue;
    links.set(name, link.master !== undefined && lost.has(link.master) ? { ...link, master: undefined } : link);
  }
  const facts = newFacts();
  for (const kind of FACT_KINDS) {
    for (const [key, value] of state.facts[kind]) {
      if (!linksOf(kind, key, value).some((link) => lost.has(link))) facts[kind].set(key, value);
    }
  }
  return { links, facts, rules: state.rules };
}

/** Peers in a task's namespace that have no veth on the node any more, where a new one must come. */
function* inTheWay(namespace: string, want: NamespaceState, have: NamespaceState<ObservedRuleset>): Generator<Step> {
  for (const [name, { make }] of have.links) {
    const target = want.links.get(name);
    if (isTaskNamespace(namespace) && target !== undefined && !sameMake(target.make, make)) {
      yield { kind: "removeLink", namespace, name };
    }
  }
}

const ORDER = { bridge: 0, vxlan: 1, veth: 2, peer: 3, loopback: 4 } as const;

function* makeLinks(namespace: string, want: NamespaceState, have: NamespaceState<ObservedRuleset>): Generator<Step> {
  const links = [...want.links].sort(([, a], [, b]) => ORDER[a.make.kind] - ORDER[b.make.kind]);
  for (const [name, link] of links) {
    const old = have.links.get(name);
    // A peer comes with its veth, and loopback with the namespace: they are only set.
    const makes = link.make.kind !== "peer" && link.make.kind !== "loopback";
    if (makes && old === undefined) yield { kind: "addLink", namespace, name, link };
    if (old === undefined || differs(link, old)) yield { kind: "setLink", namespace, name, link };
  }
}

export const differs = (want: Link, have: Link): boolean =>
  want.mtu !== have.mtu ||
  (want.mac !== undefined && want.mac !== have.mac) ||
  want.master !== have.master ||
  want.port !== have.port ||
  want.up !== have.up;

interface Pair {
  readonly namespace: string;
  readonly want: NamespaceState;
  readonly have: NamespaceState<ObservedRuleset>;
}

function* sysctls({ namespace, want, have }: Pair, scope: "namespace" | "link"): Generator<Step> {
  for (const [key, value] of want.facts.sysctl) {
    const ofLink = linksOf("sysctl", key, value).length > 0;
    const old = have.facts.sysctl.get(key);
    if (ofLink !== (scope === "link") || old === value) continue;
    if (!ofLink && old === NO_SUCH_SYSCTL) continue; // a link's is not there because the link is not
    yield { kind: "putFact", namespace, fact: "sysctl", key, value };
  }
}

function* putFacts(namespace: string, want: NamespaceState, have: NamespaceState<ObservedRuleset>): Generator<Step> {
  for (const fact of FACT_KINDS) {
    if (fact === "sysctl") continue;
    for (const [key, value] of want.facts[fact]) {
      const old = have.facts[fact].get(key);
      if (old === value) continue;
      // A rule cannot be replaced: it would be there twice.
      if (old !== undefined && fact === "rule") yield { kind: "removeFact", namespace, fact, key, value: old };
      yield { kind: "putFact", namespace, fact, key, value };
    }
  }
}

function* removeStale(
  namespace: string,
  want: NamespaceState,
  have: NamespaceState<ObservedRuleset>,
  held: ReadonlySet<string>,
): Generator<Step> {
  const stale = [...have.links.keys()].filter(
    (name) => name !== "lo" && !want.links.has(name) && !(isSwitchboard(namespace) && held.has(name)),
  );
  const lost = new Set(stale);
  for (const fact of FACT_KINDS.toReversed()) {
    if (fact === "sysctl") continue;
    for (const [key, value] of have.facts[fact]) {
      if (want.facts[fact].has(key)) continue;
      const on = linksOf(fact, key, value);
      if (on.some((link) => lost.has(link))) continue;
      if (isSwitchboard(namespace) && on.some((link) => held.has(link))) continue;
      yield { kind: "removeFact", namespace, fact, key, value };
    }
  }
  // Ports before their bridges.
  const ports = stale.toSorted((a, b) => rankOf(have, b) - rankOf(have, a));
  for (const name of ports) yield { kind: "removeLink", namespace, name };
}

const rankOf = (state: NamespaceState<ObservedRuleset>, name: string): number =>
  ORDER[state.links.get(name)?.make.kind ?? "loopback"];

/** In a few words, for messages. */
export function describeStep(step: Step): string {
  const what = "name" in step ? step.name : "fact" in step ? `${step.fact} ${step.key} ${step.value}`.trim() : "";
  return `${step.kind} ${what}`.trim();
}
