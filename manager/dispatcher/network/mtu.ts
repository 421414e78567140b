// How large the packets of an overlay network may be: what the narrowest link of the cluster carries, without what the wrapping
// adds. One figure for all nodes, since a packet may go from any to any.
import type { Network, Node } from "../../../proto/gen/objects.ts";
import { parseIp } from "../../../shared/model/ip.ts";
import { MTU_OPTION } from "../../../shared/model/networks.ts";
import {
  DEFAULT_UNDERLAY_MTU,
  type IpFamily,
  MAX_UNDERLAY_MTU,
  MIN_IPV6_MTU,
  MIN_LINK_MTU,
  overlayMtu,
} from "../../../shared/network/overlay-mtu.ts";
import { isEncrypted, underlayAddresses } from "./describe.ts";

/** A node that says less is not believed: its link is refused, and named in the cluster's status (refusedLinks). */
const MIN_UNDERLAY_MTU = MIN_IPV6_MTU;

export interface Underlay {
  /** In bytes, of the narrowest link. */
  readonly mtu: number;
  /** 6 as soon as one node takes packets over IPv6: its first address says so. */
  readonly family: IpFamily;
}

/** The network's driver option counts where it is smaller. */
export function networkMtu(network: Network, underlay: Underlay): number {
  const fits = overlayMtu(underlay.mtu, underlay.family, isEncrypted(network));
  const wished = Number(network.spec?.driverOpts[MTU_OPTION] ?? "");
  return Number.isInteger(wished) && wished >= MIN_LINK_MTU ? Math.min(wished, fits) : fits;
}

export interface TooNarrow {
  /** Those that have IPv6 and must do without. */
  readonly networks: readonly Network[];
  /** Whose links are the narrowest. */
  readonly nodes: readonly Node[];
  /** Of these links, in bytes. */
  readonly mtu: number;
  /** What they would have to carry for all these networks. */
  readonly neededMtu: number;
}

/** Networks whose packets are too small for IPv6 (1280 bytes), so that nodes leave it out of them. Undefined: none. */
export function tooNarrowForIpv6(networks: Iterable<Network>, all: Iterable<Node>): TooNarrow | undefined {
  const nodes = [...all];
  const underlays = new Underlays();
  for (const node of nodes) underlays.replace(undefined, node);
  const { narrowest } = underlays;
  const without = [...networks].filter(
    (network) =>
      network.ipam.some(({ subnet }) => subnet.includes(":")) &&
      overlayMtu(narrowest.mtu, narrowest.family, isEncrypted(network)) < MIN_IPV6_MTU,
  );
  if (without.length === 0) return undefined;
  const missing = without.map(
    (network) => MIN_IPV6_MTU - overlayMtu(narrowest.mtu, narrowest.family, isEncrypted(network)),
  );
  return {
    networks: without,
    nodes: nodes.filter((node) => underlayOf(node)?.mtu === narrowest.mtu),
    mtu: narrowest.mtu,
    neededMtu: narrowest.mtu + Math.max(...missing),
  };
}

/** Nodes whose links are too narrow for any overlay network: the networks of the others are not made for them. */
export const refusedLinks = (nodes: Iterable<Node>): Node[] =>
  [...nodes].filter(({ description }) => {
    const mtu = description?.dataPathMtu ?? 0;
    return mtu > 0 && mtu < MIN_UNDERLAY_MTU;
  });

/** Undefined for a node that has not described itself yet. */
function underlayOf(node: Node): Underlay | undefined {
  if (node.description === undefined) return undefined;
  const said = node.description.dataPathMtu;
  const believed = said >= MIN_UNDERLAY_MTU && said <= MAX_UNDERLAY_MTU;
  const family = parseIp(underlayAddresses(node)[0] ?? "")?.family ?? 4;
  return { mtu: believed ? said : DEFAULT_UNDERLAY_MTU, family };
}

/** The narrowest of all nodes, kept up to date node by node. */
export class Underlays {
  /** How many nodes have each MTU. */
  readonly #mtus = new Map<number, number>();
  #six = 0;

  get narrowest(): Underlay {
    const mtu = this.#mtus.size === 0 ? DEFAULT_UNDERLAY_MTU : Math.min(...this.#mtus.keys());
    return { mtu, family: this.#six > 0 ? 6 : 4 };
  }

  replace(old: Node | undefined, node: Node | undefined): void {
    if (old !== undefined) this.#count(old, -1);
    if (node !== undefined) this.#count(node, 1);
  }

  #count(node: Node, sign: 1 | -1): void {
    const underlay = underlayOf(node);
    if (underlay === undefined) return;
    const count = (this.#mtus.get(underlay.mtu) ?? 0) + sign;
    if (count > 0) this.#mtus.set(underlay.mtu, count);
    else this.#mtus.delete(underlay.mtu);
    if (underlay.family === 6) this.#six += sign;
  }
}
