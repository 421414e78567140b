// A model of the kernel as far as the plan's steps reach: links with what hangs on them, facts, and nft transactions read from
// their text. It refuses what the kernel would refuse.
import assert from "node:assert/strict";
import {
  type Link,
  linksOf,
  type NamespaceState,
  newFacts,
  type ObservedState,
} from "../../../../agent/network/plan/kernel.ts";
import { NODE } from "../../../../agent/network/plan/names.ts";
import { nftLines, type RuleChange } from "../../../../agent/network/plan/rule-changes.ts";
import { NO_OBSERVED_RULES, type ObservedRuleset, placeOf } from "../../../../agent/network/plan/ruleset.ts";
import { type Step, withoutLinks } from "../../../../agent/network/plan/steps.ts";
import { assertNever } from "../../../../shared/errors.ts";

const bare = (): NamespaceState<ObservedRuleset> => ({ links: new Map(), facts: newFacts(), rules: NO_OBSERVED_RULES });

export class ModelKernel {
  readonly #namespaces = new Map<string, NamespaceState<ObservedRuleset>>([[NODE, bare()]]);

  get state(): ObservedState {
    return new Map(this.#namespaces);
  }

  apply(step: Step): void {
    const { namespace } = step;
    switch (step.kind) {
      case "addNamespace":
        if (!this.#namespaces.has(namespace)) this.#namespaces.set(namespace, bare());
        return;
      case "removeNamespace":
        this.#dropPeersOf(namespace);
        this.#namespaces.delete(namespace);
        return;
      case "addLink": {
        const { link, name } = step;
        assert.ok(!this.#at(namespace).links.has(name), `${name} exists`);
        const made: Link = { make: link.make, mtu: link.mtu, mac: "random", up: false };
        this.#setLink(namespace, name, made);
        if (link.make.kind === "veth") {
          const { peerNamespace, peerName } = link.make;
          assert.ok(!this.#at(peerNamespace).links.has(peerName), `${peerName} exists in ${peerNamespace}`);
          this.#setLink(peerNamespace, peerName, { make: { kind: "peer" }, mtu: link.mtu, mac: "random", up: false });
        }
        return;
      }
      case "setLink": {
        const old = this.#at(namespace).links.get(step.name);
        if (step.link.make.kind !== "loopback") assert.ok(old, `${step.name} is not in ${namespace}`);
        if (step.link.master !== undefined) assert.ok(this.#at(namespace).links.has(step.link.master));
        this.#setLink(namespace, step.name, { ...step.link, make: old?.make ?? step.link.make });
        return;
      }
      case "removeLink": {
        const make = this.#at(namespace).links.get(step.name)?.make;
        this.#lose(namespace, step.name);
        if (make?.kind === "veth") this.#lose(make.peerNamespace, make.peerName);
        return;
      }
      case "putFact": {
        for (const link of linksOf(step.fact, step.key, step.value)) {
          assert.ok(
            this.#at(namespace).links.get(link)?.up,
            `${step.fact} ${step.key}: ${link} is not up in ${namespace}`,
          );
        }
        (this.#at(namespace).facts[step.fact] as Map<string, string>).set(step.key, step.value);
        return;
      }
      case "removeFact":
        (this.#at(namespace).facts[step.fact] as Map<string, string>).delete(step.key);
        return;
      case "rules": {
        const state = this.#at(namespace);
        this.#namespaces.set(namespace, { ...state, rules: transaction(state.rules, step.changes) });
        return;
      }
    }
  }

  /** Something that somebody else does. */
  lose(namespace: string, link: string): void {
    this.apply({ kind: "removeLink", namespace, name: link });
  }

  #at(namespace: string): NamespaceState<ObservedRuleset> {
    const state = this.#namespaces.get(namespace);
    assert.ok(state, `no namespace ${namespace}`);
    return state;
  }

  #setLink(namespace: string, name: string, link: Link): void {
    const state = this.#at(namespace);
    this.#namespaces.set(namespace, { ...state, links: new Map(state.links).set(name, link) });
  }

  #lose(namespace: string, name: string): void {
    const state = this.#namespaces.get(namespace);
    if (state !== undefined) this.#namespaces.set(namespace, withoutLinks(state, new Set([name])));
  }

  #dropPeersOf(namespace: string): void {
    for (const [other, { links }] of this.#namespaces) {
      for (const [name, { make }] of links) {
        if (make.kind === "veth" && make.peerNamespace === namespace) this.#lose(other, name);
        if (make.kind === "veth" && other === namespace && this.#namespaces.has(make.peerNamespace)) {
          this.#lose(make.peerNamespace, make.peerName);
        }
      }
    }
  }
}

/** One transaction: checks references as the kernel does. */
export function transaction(before: ObservedRuleset, changes: readonly RuleChange[]): ObservedRuleset {
  const chains = new Map([...before.chains].map(([name, count]) => [name, Array.from({ length: count }, () => "")]));
  const maps = new Map(
    [...before.maps].map(([name, { type, elements }]) => [name, { type, elements: new Map(elements) }]),
  );
  const tables = new Set([...chains.keys(), ...maps.keys()].map((name) => placeOf(name).family));
  for (const change of changes) {
    const line = nftLines(change).join("; ");
    const family = "family" in change ? change.family : placeOf(change.name).family;
    if (change.kind !== "addTable") assert.ok(tables.has(family), line);
    switch (change.kind) {
      case "addTable":
        tables.add(family);
        break;
      case "deleteTable":
        tables.delete(family);
        for (const known of [chains, maps]) {
          for (const name of known.keys()) if (placeOf(name).family === family) known.delete(name);
        }
        break;
      case "addMap":
        maps.set(change.name, { type: change.type, elements: new Map() });
        break;
      case "deleteMap":
        assert.ok(maps.delete(change.name), line);
        break;
      case "addChain":
        assert.ok(!chains.has(change.name), line);
        chains.set(change.name, []);
        break;
      case "flushChain":
        assert.ok(chains.has(change.name), line);
        chains.set(change.name, []);
        break;
      case "deleteChain":
        for (const { elements } of maps.values()) {
          assert.ok(![...elements.values()].includes(`goto ${change.name}`), line);
        }
        assert.ok(chains.delete(change.name), line);
        break;
      case "addRules": {
        const rules = chains.get(change.name) ?? assert.fail(line);
        assert.equal(rules.length, 0, line);
        const prefix = change.name.slice(0, change.name.length - placeOf(change.name).bare.length);
        for (const rule of change.chain.rules) {
          rules.push(rule);
          for (const map of rule.matchAll(/@(\w+)/g)) {
            if (map[1] !== "th" && map[1] !== "ll") assert.ok(maps.has(`${prefix}${map[1]}`), line);
          }
        }
        break;
      }
      case "addElement": {
        const { elements } = maps.get(change.name) ?? assert.fail(line);
        if (change.value.startsWith("goto ")) assert.ok(chains.has(change.value.slice(5)), line);
        assert.ok(!elements.has(change.key), line);
        elements.set(change.key, change.value);
        break;
      }
      case "deleteElement":
        assert.ok(maps.get(change.name)?.elements.delete(change.key), line);
        break;
      default:
        assertNever(change);
    }
  }
  return { chains: new Map([...chains].map(([name, rules]) => [name, rules.length])), maps };
}
