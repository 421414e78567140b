// What tasks send into the world, where the host forwards nothing (a dropping policy of FORWARD, as Docker sets it). A host that
// forwards does it in the usual way: its own table of connections, masquerade. Where it drops, no rule of ours can undo that, so
// the packets go past: the switchboard gives connections its own address and a port from a range, and the host's rules, without
// tracking, put the address of the outgoing link in its place and back. That is as fast, but it carries only TCP, UDP and
// echo, at most some 4,500 connections at a time to one port of one address, and an error from a router further on does not find
// its way back; so it is the second choice.
//
// The range is above those that programs get ports from (net.ipv4.ip_local_port_range, by default up to 60999). Where the host
// itself uses a port of it, the host's connections are known to be established, and a socket that waits is asked for first.
import { readAddresses } from "./addresses.ts";
import { NO_HOST, type NodeInput } from "./input.ts";
import type { LocalNet } from "./local-nets.ts";
import { LOCAL_LINK, UPLINK } from "./names.ts";
import type { RulesetBuilder } from "./ruleset.ts";

const RANGE = "61000-65535";
const ECHO = {
  ip: { protocol: "icmp", reply: "icmp type echo-reply icmp id" },
  ip6: { protocol: "ipv6-icmp", reply: "icmpv6 type echo-reply icmpv6 id" },
} as const;

export const goesPast = ({ host = NO_HOST }: NodeInput): boolean => host.forwardDrops.length > 0;

/** In the switchboard, at postrouting. */
export const pastSources = ({ word, subnet, host, own }: LocalNet): readonly string[] => {
  const to = `snat ${word} to ${word === "ip" ? own.text : `[${own.text}]`}:${RANGE}`;
  const from = `oifname "${UPLINK}" ${word} saddr ${subnet} ${word} daddr != ${host.text}`;
  return [`${from} meta l4proto { tcp, udp } ${to}`, `${from} meta l4proto ${ECHO[word].protocol} ${to}`];
};

/** On the host, in "give": what goes out. */
export const pastOut = ({ word, own }: LocalNet): string =>
  `iifname "${LOCAL_LINK}" ${word} saddr ${own.text} fib daddr type unicast dup to ${word} daddr drop`;

/** On the host, in "take", after what is known to be the host's: replies. */
export const pastIn = ({ word, own }: LocalNet): readonly string[] => {
  const ports = `meta l4proto { tcp, udp } th dport ${RANGE}`;
  const to = `${word} daddr set ${own.text} dup to ${own.text} drop`;
  return [
    `fib daddr type local ${ports} socket wildcard 0 return`,
    `fib daddr type local ${ports} socket wildcard 1 return`,
    `fib daddr type local ${ports} ${to}`,
    `fib daddr type local ${ECHO[word].reply} ${RANGE} ${to}`,
  ];
};

/** On the host, at the very end: the link's own address. */
export function addPastSources(rules: RulesetBuilder, { host = NO_HOST }: NodeInput, nets: readonly LocalNet[]): void {
  const lines = nets.map(({ word, own }) => {
    const { family } = own.ip;
    const links = rules.map(`links${family}`, `ifname : ipv${family}_addr`);
    for (const [link, texts] of host.links) {
      const address = readAddresses(texts).find(({ ip }) => ip.family === family);
      if (address !== undefined) links.set(link, address.text);
    }
    return `oifname != "${LOCAL_LINK}" ${word} saddr ${own.text} ${word} saddr set oifname map @links${family}`;
  });
  rules.chain("past", { hook: "type filter hook postrouting priority 300", rules: lines });
}
