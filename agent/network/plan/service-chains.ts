// What the virtual addresses of a network lead to, remembered from one plan to the next: of 500 services one has changed, and
// 50 tasks of the node need the same. Everything here follows from its arguments alone, which are never changed in place: what
// is remembered is what would be computed.
import type { NetworkEndpoint, NetworkService } from "../../../proto/gen/network.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import type { NetworkView } from "../view.ts";
import { readAddresses } from "./addresses.ts";
import { hashOf } from "./balance.ts";
import { byKey, readyByService } from "./input.ts";
import { balanceChain, type NamedChain } from "./ruleset.ts";

/**
 * Tasks begin at different endpoints, else the first connection of every client would go to the same one. So many beginnings
 * are enough for that, and few enough that most tasks of a node share their rules.
 */
const VARIANTS = 8;

export const variantOf = (taskId: TaskId): number => hashOf(taskId) % VARIANTS;

export interface VipChain {
  readonly family: 4 | 6;
  readonly vip: string;
  /** Without a name when no task is ready. */
  readonly named: NamedChain;
}

interface Known {
  readonly ready: readonly NetworkEndpoint[];
  readonly chains: (readonly VipChain[] | undefined)[];
}

const NONE: readonly NetworkEndpoint[] = [];
const readyCache = new WeakMap<NetworkView, ReadonlyMap<string, readonly NetworkEndpoint[]>>();
const serviceCache = new WeakMap<NetworkService, Known>();
const networkCache = new WeakMap<NetworkView, (readonly VipChain[] | undefined)[]>();

export function readyOf(view: NetworkView): ReadonlyMap<string, readonly NetworkEndpoint[]> {
  const known = readyCache.get(view);
  if (known !== undefined) return known;
  const ready = readyByService(view);
  readyCache.set(view, ready);
  return ready;
}

/** Of all services with a virtual address on the network. */
export function vipChains(view: NetworkView, variant: number): readonly VipChain[] {
  const known = networkCache.get(view) ?? [];
  networkCache.set(view, known);
  known[variant] ??= byKey(view.services).flatMap((service) =>
    service.mode === "vip" ? ofService(service, readyOf(view).get(service.serviceId) ?? NONE, variant) : [],
  );
  return known[variant];
}

function ofService(service: NetworkService, ready: readonly NetworkEndpoint[], variant: number): readonly VipChain[] {
  let known = serviceCache.get(service);
  if (known === undefined || !same(known.ready, ready)) {
    known = { ready, chains: [] };
    serviceCache.set(service, known);
  }
  known.chains[variant] ??= chainsOf(service, ready, variant);
  return known.chains[variant];
}

const same = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

function chainsOf(service: NetworkService, ready: readonly NetworkEndpoint[], variant: number): readonly VipChain[] {
  const targets = ready.flatMap(({ addresses }) => readAddresses(addresses));
  return readAddresses(service.vips).map(({ text, ip }) => {
    const ofFamily = targets.filter((target) => target.ip.family === ip.family);
    return { family: ip.family, vip: text, named: balanceChain("v", { targets: ofFamily, place: `${variant}` }) };
  });
}
