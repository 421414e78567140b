// From the rules that are to those that should be, as one transaction: a list of changes in an order that the kernel takes.
import { assertNever } from "../../../shared/errors.ts";
import {
  type Chain,
  FAMILIES,
  type Family,
  isEmptyRuleset,
  NO_OBSERVED_RULES,
  type ObservedRuleset,
  placeOf,
  type Ruleset,
} from "./ruleset.ts";

export type RuleChange =
  | { readonly kind: "addTable" | "deleteTable"; readonly family: Family }
  | { readonly kind: "addMap"; readonly name: string; readonly type: string }
  | { readonly kind: "deleteMap"; readonly name: string; readonly type: string }
  | { readonly kind: "addChain"; readonly name: string; readonly hook: string | undefined }
  | { readonly kind: "flushChain" | "deleteChain"; readonly name: string }
  /** Into an empty chain. */
  | { readonly kind: "addRules"; readonly name: string; readonly chain: Chain }
  | {
      readonly kind: "addElement" | "deleteElement";
      readonly name: string;
      readonly type: string;
      readonly key: string;
      readonly value: string;
    };

const familiesOf = (rules: Ruleset | ObservedRuleset): ReadonlySet<Family> =>
  new Set([...rules.chains.keys(), ...rules.maps.keys()].map((name) => placeOf(name).family));

// Many namespaces have the very same rules before and after: the comparison is made once for all of them.
const last = new WeakMap<Ruleset, { readonly observed: ObservedRuleset; readonly changes: readonly RuleChange[] }>();

/** [] when nothing is to do. */
export function ruleChanges(wanted: Ruleset, observed: ObservedRuleset): readonly RuleChange[] {
  const known = last.get(wanted);
  if (known?.observed === observed) return known.changes;
  const changes = compare(wanted, observed);
  last.set(wanted, { observed, changes });
  return changes;
}

function compare(wanted: Ruleset, observed: ObservedRuleset): readonly RuleChange[] {
  const before = familiesOf(observed);
  if (isEmptyRuleset(wanted)) return [...before].map((family) => ({ kind: "deleteTable", family }));
  if ([...wanted.maps].some(([name, { type }]) => (observed.maps.get(name)?.type ?? type) !== type)) {
    // Another version's map: nothing can be kept of what refers to it.
    const drop = [...before].map((family): RuleChange => ({ kind: "deleteTable", family }));
    return [...drop, ...compare(wanted, NO_OBSERVED_RULES)];
  }
  const changes = [...additions(wanted, observed), ...elements(wanted, observed), ...removals(wanted, observed)];
  const after = familiesOf(wanted);
  const made = FAMILIES.filter((family) => after.has(family) && !before.has(family));
  const gone = FAMILIES.filter((family) => before.has(family) && !after.has(family));
  return [
    ...made.map((family): RuleChange => ({ kind: "addTable", family })),
    ...changes.filter(({ name }) => !gone.includes(placeOf(name).family)),
    ...gone.map((family): RuleChange => ({ kind: "deleteTable", family })),
  ];
}

type Named = Extract<RuleChange, { readonly name: string }>;

function* additions(wanted: Ruleset, observed: ObservedRuleset): Generator<Named> {
  for (const [name, { type }] of wanted.maps) {
    if (!observed.maps.has(name)) yield { kind: "addMap", name, type };
  }
  const fill: Named[] = [];
  for (const [name, chain] of wanted.chains) {
    const rules = observed.chains.get(name);
    if (rules === chain.rules.length) continue;
    if (rules === undefined) yield { kind: "addChain", name, hook: chain.hook };
    else fill.push({ kind: "flushChain", name });
    fill.push({ kind: "addRules", name, chain });
  }
  yield* fill;
}

function* elements(wanted: Ruleset, observed: ObservedRuleset): Generator<Named> {
  for (const [name, { type, elements: old }] of observed.maps) {
    const target = wanted.maps.get(name);
    if (target === undefined || target.elements === old) continue;
    for (const [key, value] of old) {
      if (target.elements.get(key) !== value) yield { kind: "deleteElement", name, type, key, value };
    }
  }
  for (const [name, { type, elements: target }] of wanted.maps) {
    const old = observed.maps.get(name)?.elements;
    if (old === target) continue;
    for (const [key, value] of target) {
      if (old?.get(key) !== value) yield { kind: "addElement", name, type, key, value };
    }
  }
}

function* removals(wanted: Ruleset, observed: ObservedRuleset): Generator<Named> {
  // Base chains are among them: their rules may be the last to refer to a map or to another chain.
  const stale = [...observed.chains.keys()].filter((name) => !wanted.chains.has(name));
  for (const name of stale) yield { kind: "flushChain", name };
  for (const [name, { type }] of observed.maps) {
    if (!wanted.maps.has(name)) yield { kind: "deleteMap", name, type };
  }
  for (const name of stale) yield { kind: "deleteChain", name };
}

const noun = (type: string): string => (type.includes(" : ") ? "map" : "set");

/** The lines for nft -f. */
export function nftLines(change: RuleChange): readonly string[] {
  const at = (name: string): string => {
    const { family, bare } = placeOf(name);
    return `${family} skep ${bare}`;
  };
  switch (change.kind) {
    case "addTable":
      return [`add table ${change.family} skep`];
    case "deleteTable":
      return [`delete table ${change.family} skep`];
    case "addMap":
      return [
        `add ${noun(change.type)} ${at(change.name)} { ${change.type.startsWith("typeof ") ? "" : "type "}${change.type}; }`,
      ];
    case "deleteMap":
      return [`delete ${noun(change.type)} ${at(change.name)}`];
    case "addChain":
      return [`add chain ${at(change.name)}${change.hook === undefined ? "" : ` { ${change.hook}; }`}`];
    case "flushChain":
      return [`flush chain ${at(change.name)}`];
    case "deleteChain":
      return [`delete chain ${at(change.name)}`];
    case "addRules":
      return change.chain.rules.map((rule) => `add rule ${at(change.name)} ${rule}`);
    case "addElement":
      return [`add element ${at(change.name)} { ${change.key}${change.value === "" ? "" : ` : ${change.value}`} }`];
    case "deleteElement":
      return [`delete element ${at(change.name)} { ${change.key} }`];
    default:
      return assertNever(change);
  }
}
