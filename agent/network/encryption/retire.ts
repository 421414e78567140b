// When a node may forget an old key of its tunnels. Pure.
import { inEffect, type TunnelInput } from "./plan.ts";
import { deviceOf, type ObservedTunnels } from "./state.ts";

/**
 * After our last route has moved: the other ends move theirs by themselves, each within seconds of the handshake that moved
 * ours, and one that was stalled gets this long.
 */
export const RETIRE_AFTER_MS = 180_000;

/** All traffic that this node sends goes by keys of the wanted epoch. */
export function hasMoved({ isNeeded, epoch, keys, peers }: TunnelInput, observed: ObservedTunnels): boolean {
  if (!keys.some((key) => key.epoch === epoch)) return false;
  return !isNeeded || [...peers.values()].every(({ address }) => observed.routes.get(address) === deviceOf(epoch));
}

/**
 * The node's own keys as they should be: one of the wanted epoch, which `make` makes, and the one before it for as long as
 * `isOldNeeded`. The same list when nothing changes.
 */
export function keysFor<K extends { readonly epoch: number }>(
  keys: readonly K[],
  epoch: number,
  isOldNeeded: boolean,
  make: (epoch: number) => K,
): readonly K[] {
  const current = keys.find((key) => key.epoch === epoch) ?? make(epoch);
  const kept = isOldNeeded ? inEffect([...keys, current], epoch).filter((key) => key !== current) : [];
  const next = [...kept, current].sort((a, b) => a.epoch - b.epoch);
  return next.length === keys.length && next.every((key) => keys.includes(key)) ? keys : next;
}
