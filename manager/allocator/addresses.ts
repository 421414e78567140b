// Addresses on a network. Who has one is read from the objects, in the transaction that gives the next away; what is remembered
// here is only where to look first. Addresses go round: the one that was given back last is the last to be given again, so
// that a connection or an answer that outlived its task reaches nobody rather than a stranger.
import type { Network } from "../../proto/gen/objects.ts";
import { formatIp } from "../../shared/model/ip.ts";
import type { View } from "../store/types.ts";
import { type Hosts, hostsOfNetwork, sizeOf } from "./hosts.ts";

/** Networks whose place is remembered. */
const MAX_CURSORS = 10_000;
/** Of a subnet so large that nothing fills it, as IPv6 subnets are. */
const MAX_SPAN = 2 ** 32;

/** Where to go on, for each subnet. A new leader begins anywhere. */
export class Cursors {
  readonly #random: () => number;
  readonly #next = new Map<string, number>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** From 0 to below `span`. */
  start(key: string, span: number): number {
    return (this.#next.get(key) ?? Math.floor(this.#random() * span)) % span;
  }

  /** @param last what was just given. */
  passed(key: string, last: number): void {
    this.#next.delete(key); // to the end: the oldest is the first
    this.#next.set(key, last + 1);
    if (this.#next.size <= MAX_CURSORS) return;
    for (const oldest of this.#next.keys()) {
      this.#next.delete(oldest);
      return;
    }
  }
}

export type Given =
  | { readonly kind: "given"; readonly addresses: readonly string[] }
  /** The words to show: "network web is full: 253 of 253 in use". */
  | { readonly kind: "full"; readonly err: string };

/** One free address of each family that the network has. Nothing else keeps it free: put the object that holds it. */
export function giveAddresses(view: Pick<View, "isAddressHeld">, network: Network, cursors: Cursors): Given {
  const addresses: string[] = [];
  for (const hosts of hostsOfNetwork(network)) {
    const address = nextFree(view, network, hosts, cursors);
    if (address === undefined) return { kind: "full", err: fullText(network, hosts) };
    addresses.push(address);
  }
  return { kind: "given", addresses };
}

function fullText(network: Network, hosts: Hosts): string {
  const size = sizeOf(hosts);
  return `network ${network.spec?.name ?? network.id} is full: ${size} of ${size} in use`;
}

function nextFree(
  view: Pick<View, "isAddressHeld">,
  network: Network,
  hosts: Hosts,
  cursors: Cursors,
): string | undefined {
  const { family, first, last, gateway } = hosts;
  if (last < first) return undefined;
  const span = Math.min(Number(last - first + 1n), MAX_SPAN);
  const key = `${network.id}/${family}`;
  const start = cursors.start(key, span);
  const gatewayAt = gateway === undefined || gateway < first ? -1 : Number(gateway - first);
  const base = Number(first);
  for (let tried = 0; tried < span; tried++) {
    const at = (start + tried) % span;
    if (at === gatewayAt) continue;
    const address = family === 4 ? dotted(base + at) : formatIp({ family, value: first + BigInt(at) });
    if (view.isAddressHeld(network.id, address)) continue;
    cursors.passed(key, at);
    return address;
  }
  return undefined;
}

/** formatIp without big numbers: in a nearly full network of 65,000 it is asked for each of them. */
const dotted = (value: number): string =>
  `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
