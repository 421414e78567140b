// Our rules in the host's own namespace: few, the same whatever runs, and no rule of anybody else is touched. They only lead
// packets to and from the switchboard, and they do it without being forwarded: what other tables say at the hook "forward" (a
// dropping policy, as Docker sets it) concerns published ports as little as the switch net.ipv4.ip_forward.
//
//   ip, ip6: take    a packet to a published port of this node, and no part of a connection of the host's own: a copy of
//                    it goes to the switchboard as it is, and it ends here. Errors for such connections are copied as well
//                    goes there too what belongs to a connection that began at a port published lately ("lately", which packets
//                    fill): its service may be gone while its task still ends its work, and the host would answer with a reset
//   ip, ip6: give    what the switchboard sends in the host's name goes on to the client, by the host's routes
//   inet: out        nat: clients on the host itself go to the switchboard's address
//   inet: post       nat: so that replies come back to them; and what tasks send leaves with the host's address
//   inet: past       what tasks send past a dropping FORWARD: past-forward.ts
//   inet: fwd        nobody comes to tasks by the host's routes
//   inet: vxlan-…    VXLAN between nodes is not tracked
//   sealed-…         encrypted networks and their tunnels: encryption/guard.ts
//
// The host keeps no connection entry for published ports: the one in the switchboard is the only one.
import { addGuard } from "../encryption/guard.ts";
import type { NetworkView } from "../view.ts";
import { byKey, dataPathPortOf, type NodeInput } from "./input.ts";
import { hostNets, type LocalNet } from "./local-nets.ts";
import { LOCAL_LINK } from "./names.ts";
import { addPastSources, goesPast, pastIn, pastOut } from "./past-forward.ts";
import { localPorts, type Publication } from "./published.ts";
import { LATELY, type Ruleset, RulesetBuilder } from "./ruleset.ts";

const ERRORS = {
  ip: "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
  ip6: "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }",
} as const;

export function nodeRules(input: NodeInput, published: readonly Publication[]): Ruleset {
  const rules = new RulesetBuilder();
  const nets = hostNets(input);
  const past = goesPast(input);
  for (const net of nets) addTakeAndGive(rules, published, net, past);
  if (past) addPastSources(rules, input, nets);
  addLocalClients(rules, published, nets);
  rules.chain("post", {
    hook: "type nat hook postrouting priority 100",
    rules: [
      `oifname "${LOCAL_LINK}" fib saddr type local ct status dnat masquerade`,
      ...nets.map(({ word, subnet }) => `oifname != "${LOCAL_LINK}" ${word} saddr ${subnet} masquerade`),
    ],
  });
  rules.chain("fwd", {
    hook: "type filter hook forward priority -5",
    rules: [`oifname "${LOCAL_LINK}" ct state new drop`],
  });
  // Every connection inside has a sender's port of its own outside: one busy task would fill the host's table of connections.
  const vxlanPort = dataPathPortOf(input);
  for (const hook of ["prerouting", "output"]) {
    rules.chain(`vxlan-${hook}`, {
      hook: `type filter hook ${hook} priority -300`,
      rules: [`udp dport ${vxlanPort} notrack`],
    });
  }
  addGuard(rules, encryptedVnis(byKey(input.views)), vxlanPort);
  return rules.build();
}

const encryptedVnis = (views: readonly NetworkView[]): readonly number[] =>
  views.filter(({ network }) => network.encrypted).map(({ network }) => network.vni);

function addTakeAndGive(rules: RulesetBuilder, published: readonly Publication[], net: LocalNet, past: boolean): void {
  const { word, own } = net;
  const any = rules.map(`${word}/ports`, "inet_proto . inet_service");
  const at = rules.map(`${word}/ports_at`, `ip${word === "ip" ? "v4" : "v6"}_addr . inet_proto . inet_service`);
  for (const { key, at: address, families } of published) {
    if (!families.has(own.ip.family)) continue;
    if (address === undefined) any.set(key, "");
    else if (address.ip.family === own.ip.family) at.set(`${address.text} . ${key}`, "");
  }
  rules.map(`${word}/lately`, LATELY);
  const begins = "tcp flags & (syn | ack) == syn";
  // Connection entries are known by then, and addresses not yet changed.
  rules.chain(`${word}/take`, {
    hook: "type filter hook prerouting priority -150",
    rules: [
      `iifname "${LOCAL_LINK}" return`,
      "ct state established,related return",
      `${ERRORS[word]} fib daddr type local dup to ${own.text} return`,
      `fib daddr type local ${begins} meta l4proto . th dport @ports update @lately { th dport }`,
      `fib daddr type local ${begins} ${word} daddr . meta l4proto . th dport @ports_at update @lately { th dport }`,
      `fib daddr type local meta l4proto . th dport @ports dup to ${own.text} drop`,
      `fib daddr type local ${word} daddr . meta l4proto . th dport @ports_at dup to ${own.text} drop`,
      `fib daddr type local tcp flags & (syn | ack) != syn th dport @lately dup to ${own.text} drop`,
      ...(past ? pastIn(net) : []),
    ],
  });
  rules.chain(`${word}/give`, {
    hook: "type filter hook prerouting priority -300",
    rules: [`iifname "${LOCAL_LINK}" fib saddr type local dup to ${word} daddr drop`, ...(past ? [pastOut(net)] : [])],
  });
}

function addLocalClients(rules: RulesetBuilder, published: readonly Publication[], nets: readonly LocalNet[]): void {
  const locals = localPorts(published);
  const lookups = nets.flatMap(({ word, own }) => {
    const { family } = own.ip;
    const any = rules.map(`ports${family}`, "inet_proto . inet_service");
    const at = rules.map(`ports_at${family}`, `ipv${family}_addr . inet_proto . inet_service : verdict`);
    for (const publication of published) {
      if (!publication.families.has(family)) continue;
      const local = locals.get(publication);
      if (publication.at === undefined) any.set(publication.key, "");
      else if (publication.at.ip.family === family && local !== undefined) {
        const to = family === 4 ? own.text : `[${own.text}]`;
        const rule = `meta l4proto ${publication.protocol} dnat ${word} to ${to}:${local}`;
        at.set(`${publication.at.text} . ${publication.key}`, `goto ${rules.chain("l", { rules: [rule] })}`);
      }
    }
    return [
      `fib daddr type local ${word} daddr . meta l4proto . th dport vmap @ports_at${family}`,
      `meta nfproto ipv${family} fib daddr type local meta l4proto . th dport @ports${family} dnat ${word} to ${own.text}`,
    ];
  });
  rules.chain("out", { hook: "type nat hook output priority -100", rules: lookups });
}
