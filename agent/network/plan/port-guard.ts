// What a task may send: only frames with the MAC and the addresses of its own interface. Whatever it has power over in its own
// namespace, the filter is in the switchboard, on the port that its frames come out of. So nobody takes another's address, by ARP,
// by neighbour advertisements or by a false source, on its own node or on another: every node looks at its own tasks.
//
//   port4, port6   port, MAC and address that belong together
//   adverts        port and address that it may advertise to IPv6 neighbours
//
// Packets from other nodes, and those of the node itself, come by other ports: of those nothing is asked.
import { type Address, formatIp, macOfAll } from "./addresses.ts";
import { ADVERTS, ADVERTS_SET, type RulesetBuilder } from "./ruleset.ts";

/** A task's port of a bridge, and what may come from it. */
export interface GuardedPort {
  readonly link: string;
  readonly addresses: readonly Address[];
}

const FAMILY = "bridge";
const NEIGHBOUR_ADVERT_TARGET = "@th,64,128";

/** What the kernel gives the interface by itself, and asks its neighbours of IPv6 from now and then. */
function linkLocalOf(addresses: readonly Address[]): readonly Address[] {
  const mac = macOfAll(addresses);
  if (mac === undefined || !addresses.some(({ ip }) => ip.family === 6)) return [];
  const bits = BigInt(`0x${mac.replaceAll(":", "")}`) ^ (2n << 40n); // made by all hosts alike: RFC 4291, appendix A
  const value = (0xfe80n << 112n) | ((bits >> 24n) << 40n) | (0xfffen << 24n) | (bits & 0xffffffn);
  const ip = { family: 6 as const, value };
  return [{ text: formatIp(ip), ip }];
}

export function addPortGuard(rules: RulesetBuilder, ports: readonly GuardedPort[]): void {
  const known = {
    4: rules.map(`${FAMILY}/port4`, "ifname . ether_addr . ipv4_addr"),
    6: rules.map(`${FAMILY}/port6`, "ifname . ether_addr . ipv6_addr"),
  };
  const adverts = rules.map(`${FAMILY}/${ADVERTS_SET}`, ADVERTS);
  for (const { link, addresses } of ports) {
    const mac = macOfAll(addresses);
    for (const { text, ip } of [...addresses, ...linkLocalOf(addresses)]) {
      known[ip.family].set(`${link} . ${mac} . ${text}`, "");
      if (ip.family === 6) adverts.set(`${link} . 0x${ip.value.toString(16)}`, "");
    }
  }
  const arp = "arp htype 1 arp ptype ip arp hlen 6 arp plen 4";
  rules.chain(`${FAMILY}/guard`, {
    hook: "type filter hook prerouting priority -300",
    rules: [
      'iifname != "sv*" accept',
      "iifname . ether saddr . ip saddr @port4 accept",
      `${arp} iifname . ether saddr . arp saddr ip @port4 iifname . arp saddr ether . arp saddr ip @port4 accept`,
      `icmpv6 type nd-neighbor-advert iifname . ${NEIGHBOUR_ADVERT_TARGET} != @${ADVERTS_SET} drop`,
      "icmpv6 type { nd-redirect, nd-router-advert } drop",
      "iifname . ether saddr . ip6 saddr @port6 accept",
      "drop",
    ],
  });
}
