// Does every node know of its networks what the store says, and do the managers know that it does?
import { isDeepStrictEqual } from "node:util";
import type { NetworkId } from "../../../shared/model/ids.ts";
import { expectedNetworks, knownNetworks } from "../../support/network-oracle.ts";
import type { SimAgent } from "./agent.ts";
import type { SimManager } from "./manager.ts";

/** What is not yet as it shall be; undefined when all is. */
export function networksUnsettled(managers: readonly SimManager[], agents: readonly SimAgent[]): string | undefined {
  const life = managers.find(({ leads }) => leads)?.life;
  if (life === undefined) return "nobody leads";
  for (const { name, nodeId, networks, lost } of agents) {
    if (lost) continue;
    const expected = life.store.view((view) => expectedNetworks(view, nodeId));
    if (!isDeepStrictEqual(knownNetworks(networks ?? new Map()), expected)) {
      return `${name} knows other networks than the store has`;
    }
    for (const id of Object.keys(expected) as NetworkId[]) {
      const progress = life.dispatcher.networkProgress(id);
      const applied = progress?.applied.get(nodeId);
      if (applied !== progress?.version) {
        return `${name} has said version ${applied} of network ${id}, which is at ${progress?.version}`;
      }
    }
  }
  return undefined;
}
