// Connections that were turned to an endpoint which is gone. The rules decide about the first packet of a connection only; what
// they decided stays in the table of connections. For TCP that is what draining needs: it goes on until its end, and ends with
// the task. UDP has no end: a client that sends from one port would be led to the same task for good, so its entries go as soon
// as the endpoint is not ready, and the next packet is decided anew. Whatever else leads to an endpoint that is gone is taken out
// a little later, when there is time for it: a client that still writes to it, because a node was lost, then gets a reset instead
// of silence.
//
// What may stay is a question of the present alone (an entry's endpoint is ready, or still known), so nothing need be
// remembered to be right; what was there before only tells when it is worth looking.
import { parseSubnet } from "../../../shared/model/ip.ts";
import { type Address, readAddresses } from "./addresses.ts";
import { byKey, type NodeInput, underlayOf } from "./input.ts";
import type { KernelState } from "./kernel.ts";
import { namespaceOf, switchboardOf } from "./names.ts";

export interface FlowNet {
  /** "0a000900/24": in hexadecimal digits, as are the addresses. */
  readonly net: string;
  readonly ready: ReadonlySet<string>;
  /** Those that are ready, and those that still have connections. */
  readonly known: ReadonlySet<string>;
  readonly namespaces: readonly string[];
}

const hex = ({ ip }: Address): string => ip.value.toString(16).padStart(ip.family === 4 ? 8 : 32, "0");

/** One for each subnet that connections may be turned into, and where that happens. @param wanted what is there now. */
export function flowNets(input: NodeInput, wanted: KernelState): readonly FlowNet[] {
  const board = switchboardOf(input.nodeId);
  if (!wanted.has(board)) return [];
  const nets: FlowNet[] = [];
  const add = (
    subnet: string,
    ready: readonly string[],
    known: readonly string[],
    namespaces: readonly string[],
  ): void => {
    const parsed = parseSubnet(subnet);
    const there = namespaces.filter((namespace) => wanted.has(namespace));
    if (parsed === undefined || there.length === 0) return;
    const net = `${hex({ text: "", ip: parsed.base })}/${parsed.prefixLength}`;
    nets.push({ net, ready: new Set(ready), known: new Set(known), namespaces: there });
  };
  for (const view of byKey(input.views)) {
    if (underlayOf(view, input.nodeId).kind !== "ready") continue;
    const endpoints = [...view.endpoints.values()];
    const ready = endpoints.filter(({ state }) => state === "ready");
    const here = byKey(input.tasks).filter(({ attachments }) =>
      attachments.some(({ networkId }) => networkId === view.network.networkId),
    );
    const namespaces = [...(view.network.ingress ? [board] : []), ...here.map(({ taskId }) => namespaceOf(taskId))];
    const addresses = (of: typeof endpoints) => of.flatMap((endpoint) => readAddresses(endpoint.addresses).map(hex));
    for (const { subnet } of view.network.subnets) add(subnet, addresses(ready), addresses(endpoints), namespaces);
  }
  const local = [...input.tasks.values()].flatMap(({ localAddresses }) => readAddresses(localAddresses).map(hex));
  for (const { subnet } of input.localSubnets) add(subnet, local, local, [board]);
  return nets;
}

/** Those where an address is no longer ready. */
export const shrunkNets = (before: readonly FlowNet[], now: readonly FlowNet[]): readonly FlowNet[] =>
  lessIn(before, now, ({ ready }) => ready);

/** A subnet, and a namespace where connections are turned into it. */
export interface FlowPlace {
  readonly net: string;
  readonly namespace: string;
}

/** Where an address is no longer known at all: these are to be looked at, after those that already were. */
export function stalePlaces(
  already: readonly FlowPlace[],
  before: readonly FlowNet[],
  now: readonly FlowNet[],
): readonly FlowPlace[] {
  const lost = lessIn(before, now, ({ known }) => known);
  const all = [
    ...already,
    ...lost.flatMap(({ net, namespaces }) => namespaces.map((namespace) => ({ net, namespace }))),
  ];
  return [...new Map(all.map((place) => [`${place.net} ${place.namespace}`, place])).values()];
}

/** What is to be looked at in these places, as far as they are still there. */
export const netsAt = (now: readonly FlowNet[], places: readonly FlowPlace[]): readonly FlowNet[] =>
  now.flatMap((net) => {
    const here = new Set(places.flatMap((place) => (place.net === net.net ? [place.namespace] : [])));
    const namespaces = net.namespaces.filter((namespace) => here.has(namespace));
    return namespaces.length === 0 ? [] : [{ ...net, namespaces }];
  });

function lessIn(
  before: readonly FlowNet[],
  now: readonly FlowNet[],
  pick: (net: FlowNet) => ReadonlySet<string>,
): readonly FlowNet[] {
  const old = new Map(before.map((net) => [net.net, net]));
  return now.filter((net) => {
    const was = old.get(net.net);
    return was !== undefined && !within(pick(was), pick(net));
  });
}

function within(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const item of a) if (!b.has(item)) return false;
  return true;
}
