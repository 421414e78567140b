// What a packet of an overlay network grows by on its way to another node, and so how large it may be before. Pure.
//
//   plain      Ethernet 14 · VXLAN 8 · UDP 8 · IPv4 20 or IPv6 40
//   encrypted  the same inside the tunnel, whose addresses are IPv6; then WireGuard's header 16 and tag 16 · UDP 8 · IPv4 20 or IPv6 40.
//              WireGuard pads to 16 bytes, but never beyond the MTU of its device: nothing is to be left for that.

export type IpFamily = 4 | 6;

const VXLAN_OVERHEAD_BYTES = { 4: 50, 6: 70 } as const;
const WIREGUARD_OVERHEAD_BYTES = { 4: 60, 6: 80 } as const;

/** Of a link whose MTU nobody has told. */
export const DEFAULT_UNDERLAY_MTU = 1500;
/** A link with less carries no IPv6, and the tunnel's addresses are IPv6. */
export const MIN_IPV6_MTU = 1280;
/** Less is no MTU for IP; no link has more than loopback, which a swarm of one host may be on. */
export const MIN_LINK_MTU = 68;
export const MAX_UNDERLAY_MTU = 65_536;

/** MTU of the device that encrypts. */
export const tunnelMtu = (underlayMtu: number, underlay: IpFamily): number =>
  underlayMtu - WIREGUARD_OVERHEAD_BYTES[underlay];

/**
 * MTU of the links of tasks on an overlay network, in bytes.
 * @param underlayMtu of the smallest link between nodes; 0 is unknown.
 * @param underlay the family of the nodes' own addresses.
 */
export function overlayMtu(underlayMtu: number, underlay: IpFamily, isEncrypted: boolean): number {
  const outer = underlayMtu === 0 ? DEFAULT_UNDERLAY_MTU : underlayMtu;
  return isEncrypted ? tunnelMtu(outer, underlay) - VXLAN_OVERHEAD_BYTES[6] : outer - VXLAN_OVERHEAD_BYTES[underlay];
}
