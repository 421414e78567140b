// What a node makes in its kernel to test its ways to others, as text for the tools. Pure.
//
// The test goes the way that packets of networks go: a VXLAN device of its own, with a number that no network gets, and
// addresses that follow from the nodes' ids. What arrives is counted where it comes out of the device, before any rule of
// the host's firewall for incoming packets: packets of tasks are bridged and never come by there. Packets are not to be split on the way
// (df), so those that are too large for it do not arrive. Nothing is learned, nothing answers, nothing goes further.
import type { NodeId } from "../../../shared/model/ids.ts";
import { PROBE_PREFIX, probeAddressOf, subnetOf } from "../../../shared/network/tunnel-address.ts";
import { isObject, type Json, objects, text } from "../apply/parse.ts";
import { DEVICES } from "../encryption/state.ts";
import { type Address, macOf, readAddresses } from "../plan/addresses.ts";

export const PROBE_DEVICE = "skvxprobe";
export const PROBE_TABLE = "netdev skepprobe";
/** Networks have numbers from 4097 on, or what a user chose for them: hardly this one. */
const PROBE_VNI = 4_095;
/** The size of a packet is told by the UDP port that it goes to: this one is the first size. */
export const FIRST_PORT = 7_390;
export const MAX_SIZES = 8;
/** IPv6 and UDP. */
export const HEADER_BYTES = 48;
const ARRIVALS = 16_384;

export interface ProbePeer {
  readonly nodeId: NodeId;
  /** Where it takes VXLAN packets. */
  readonly underlay: string;
}

export interface ProbePlan {
  readonly own: NodeId;
  readonly local: string;
  readonly port: number;
  readonly mtu: number;
  readonly peers: readonly ProbePeer[];
}

/** The first own address, and those targets that have one of the same family. Undefined: this node has none. */
export function planProbe(
  own: NodeId,
  underlay: readonly string[],
  targets: readonly { readonly nodeId: NodeId; readonly underlayAddresses: readonly string[] }[],
  port: number,
  sizes: readonly number[],
): ProbePlan | undefined {
  const [local] = readAddresses(underlay);
  if (local === undefined) return undefined;
  const peers = targets.flatMap(({ nodeId, underlayAddresses }) => {
    const address = readAddresses(underlayAddresses).find(({ ip }) => ip.family === local.ip.family);
    return address === undefined || nodeId === own ? [] : [{ nodeId, underlay: address.text }];
  });
  return { own, local: local.text, port, mtu: Math.max(...sizes), peers };
}

const macOfNode = (nodeId: NodeId): string => {
  const [address] = readAddresses([probeAddressOf(nodeId)]) as readonly [Address];
  return macOf(address.ip);
};

/** Whatever an earlier test left goes, too. */
export const TAKE_DOWN = `nft delete table ${PROBE_TABLE} 2>/dev/null
ip link del dev ${PROBE_DEVICE} 2>/dev/null
:`;

/** A shell script. */
export function setUp({ own, local, port, mtu }: ProbePlan): string {
  const make = [
    `link add ${PROBE_DEVICE} mtu ${mtu} address ${macOfNode(own)} type vxlan id ${PROBE_VNI} dstport ${port} local ${local} nolearning df set`,
    `link set dev ${PROBE_DEVICE} addrgenmode none`,
  ];
  const prefixLength = subnetOf(PROBE_PREFIX).split("/")[1];
  return `${TAKE_DOWN}
set -e
ip -batch - <<X
${make.join("\n")}
X
[ ! -e /proc/sys/net/ipv6/conf/${PROBE_DEVICE}/disable_ipv6 ] || echo 0 >/proc/sys/net/ipv6/conf/${PROBE_DEVICE}/disable_ipv6
ip -6 addr add ${probeAddressOf(own)}/${prefixLength} dev ${PROBE_DEVICE} nodad
ip link set dev ${PROBE_DEVICE} up
nft -f - <<X
${rules([PROBE_DEVICE])}
X
for device in ${DEVICES.join(" ")}; do
  ip link show dev "$device" >/dev/null 2>&1 || continue
  nft -f - <<X
${tunnelRules("$device")}
X
done`;
}

const ports = (count: number): string => `${FIRST_PORT}-${FIRST_PORT + count - 1}`;

function rules(devices: readonly string[]): string {
  const set = (name: string): string =>
    `  set ${name} { type ipv6_addr . inet_service; size ${ARRIVALS}; flags dynamic,timeout; timeout 5m; }`;
  const chains = devices.map(
    (device) => `  chain vxlan {
    type filter hook ingress device "${device}" priority 0; policy drop;
    ip6 nexthdr udp udp dport ${ports(MAX_SIZES)} update @vxlan { ip6 saddr . udp dport }
  }`,
  );
  return `table ${PROBE_TABLE} {\n${set("vxlan")}\n${set("tunnels")}\n${chains.join("\n")}\n}`;
}

/** Out of a tunnel comes more than this test: only its own is taken. */
const tunnelRules = (device: string): string => `table ${PROBE_TABLE} {
  chain ${device} {
    type filter hook ingress device "${device}" priority 0;
    ip6 nexthdr udp udp dport ${ports(MAX_SIZES)} update @tunnels { ip6 saddr . udp dport } drop
  }
}`;

/** For `ip -batch`. */
export const neighbours = ({ peers }: ProbePlan): string =>
  peers
    .map(
      ({ nodeId }) =>
        `neigh replace ${probeAddressOf(nodeId)} lladdr ${macOfNode(nodeId)} dev ${PROBE_DEVICE} nud permanent\n`,
    )
    .join("");

/** For `bridge -batch`. */
export const entries = ({ peers }: ProbePlan): string =>
  peers
    .map(
      ({ nodeId, underlay }) => `fdb replace ${macOfNode(nodeId)} dev ${PROBE_DEVICE} dst ${underlay} self permanent\n`,
    )
    .join("");

export interface Arrival {
  readonly address: string;
  readonly sizes: readonly number[];
}

/** @param json what `nft -j list set` printed. Sizes are told by ports. */
export function parseArrivals(json: Json, sizes: readonly number[]): readonly Arrival[] {
  const bySender = new Map<string, number[]>();
  for (const item of objects(isObject(json) ? json["nftables"] : undefined)) {
    const set = item["set"];
    const elements = isObject(set) ? objects(set["elem"]) : [];
    for (const element of elements) {
      const inner = isObject(element["elem"]) ? element["elem"]["val"] : element;
      const concat = isObject(inner) ? inner["concat"] : undefined;
      const [address, port] = Array.isArray(concat) ? concat : [];
      const size = sizes[Number(port) - FIRST_PORT];
      if (size === undefined || text(address) === "") continue;
      bySender.set(text(address), [...(bySender.get(text(address)) ?? []), size]);
    }
  }
  return [...bySender].map(([address, found]) => ({ address, sizes: found.sort((a, b) => a - b) }));
}
