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
import { NODE, TABLE } from "../../../../agent/network/plan/names.ts";
import { type NftMap, NO_OBSERVED_RULES, type ObservedRuleset } from "../../../../agent/network/plan/ruleset.ts";
import { type Step, withoutLinks } from "../../../../agent/network/plan/steps.ts";

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
        this.#namespaces.set(namespace, { ...state, rules: transaction(state.rules, step.script) });
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
    for (const [name, { make }] of this.#at(NODE).links) {
      if (make.kind === "veth" && make.peerNamespace === namespace) this.#lose(NODE, name);
    }
  }
}

/** nft -f for the lines that the plan writes: checks references as the kernel does, at the end of the transaction. */
export function transaction(before: ObservedRuleset, script: string): ObservedRuleset {
  const chains = new Map<string, string[]>();
  for (const [name, count] of before.chains)
    chains.set(
      name,
      Array.from({ length: count }, () => ""),
    );
  const maps = new Map(
    [...before.maps].map(([name, { type, elements }]) => [name, { type, elements: new Map(elements) }]),
  );
  for (const line of script.split("\n").filter((text) => text !== "")) {
    if (line === `add table ${TABLE}`) continue;
    if (line === `delete table ${TABLE}`) {
      chains.clear();
      maps.clear();
      continue;
    }
    const [, verb, noun, rest = ""] =
      new RegExp(`^(add|delete|flush) (\\w+) ${TABLE} (.*)$`).exec(line) ?? assert.fail(line);
    const [name = "", body = ""] = [rest.split(" ")[0], rest.slice(rest.indexOf(" ") + 1)];
    switch (`${verb} ${noun}`) {
      case "add map":
      case "add set":
        maps.set(name, { type: /type (.*);/.exec(body)?.[1] ?? "", elements: new Map() });
        break;
      case "add chain":
        chains.set(name, chains.get(name) ?? []);
        break;
      case "flush chain":
        assert.ok(chains.has(name), line);
        chains.set(name, []);
        break;
      case "add rule":
        (chains.get(name) ?? assert.fail(line)).push(body);
        for (const map of body.matchAll(/@(\w+)/g)) assert.ok(maps.has(map[1] ?? ""), line);
        break;
      case "add element": {
        const [key = "", value = ""] = body.slice(2, -2).split(" : ");
        if (value !== "") assert.ok(value.startsWith("goto ") ? chains.has(value.slice(5)) : true, line);
        const { elements } = maps.get(name) ?? assert.fail(line);
        assert.ok(!elements.has(key), line);
        elements.set(key, value);
        break;
      }
      case "delete element":
        assert.ok(maps.get(name)?.elements.delete(body.slice(2, -2)), line);
        break;
      case "delete chain":
        for (const { elements } of maps.values()) assert.ok(![...elements.values()].includes(`goto ${name}`), line);
        assert.ok(chains.delete(name), line);
        break;
      case "delete map":
      case "delete set":
        assert.ok(maps.delete(name), line);
        break;
      default:
        assert.fail(line);
    }
  }
  const observed: Map<string, NftMap> = maps;
  return { chains: new Map([...chains].map(([name, rules]) => [name, rules.length])), maps: observed };
}
