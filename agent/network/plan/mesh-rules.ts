// The rules of the switchboard. A published port's packets come here as the client sent them, whoever he is: the port leads to
// a task, the client's address stays, and the connection's entry here turns the reply back.
//
//   ports, ports_at4, ports_at6   protocol and port (and address) to the chain of the published port
//   host4, host6                  the host's addresses: a task that asks for one of them means a published port
//   pre, published                nat: from whom a port is looked up
//   post                          nat: a new source address, only where the reply could not come back otherwise:
//                                 a client on the host itself or on the node-local bridge
//   fwd                           into networks comes only what was published, out of them only its replies; from the
//                                 node-local bridge what has a way out, nothing to nodes' ports for VXLAN, and of
//                                 questions for names a task's share (name-limits.ts)
//   inp                           nothing is for the switchboard itself
//   bridge: guard                 what tasks send is their own: port-guard.ts
import type { NetworkView } from "../view.ts";
import { type Address, readAddresses } from "./addresses.ts";
import { dataPathPortOf, NO_HOST, type NodeInput } from "./input.ts";
import { familyWord, type LocalNet, localNets } from "./local-nets.ts";
import { nameLimits } from "./name-limits.ts";
import { bridgeOf, LOCAL_BRIDGE, UPLINK } from "./names.ts";
import { goesPast, pastSources } from "./past-forward.ts";
import { addPortGuard, type GuardedPort } from "./port-guard.ts";
import { localPorts, type Publication } from "./published.ts";
import { type Ruleset, RulesetBuilder, TURNED, TURNED_RULE } from "./ruleset.ts";

export interface MeshRulesInput {
  readonly input: NodeInput;
  /** The networks that are made on this node. */
  readonly made: readonly NetworkView[];
  /** Those of them that carry published ports. */
  readonly ingress: readonly NetworkView[];
  readonly published: readonly Publication[];
  /** The node-local addresses of tasks without a way out. */
  readonly shut: readonly Address[];
  /** Of all tasks. */
  readonly ports: readonly GuardedPort[];
}

export function meshRules({ input, made, ingress, published, shut, ports }: MeshRulesInput): Ruleset {
  const rules = new RulesetBuilder();
  const nets = localNets(input);
  addPorts(rules, published, nets);
  const hosts = { 4: rules.map("host4", "ipv4_addr"), 6: rules.map("host6", "ipv6_addr") };
  for (const { text, ip } of readAddresses([...(input.host ?? NO_HOST).links.values()].flat()))
    hosts[ip.family].set(text, "");
  for (const { own } of nets) hosts[own.ip.family].set(own.text, "");
  const shuts = { 4: rules.map("shut4", "ipv4_addr"), 6: rules.map("shut6", "ipv6_addr") };
  for (const { text, ip } of shut) shuts[ip.family].set(text, "");

  const lookup = rules.chain("published", {
    rules: [
      "ip daddr . meta l4proto . th dport vmap @ports_at4",
      "ip6 daddr . meta l4proto . th dport vmap @ports_at6",
      "meta l4proto . th dport vmap @ports",
    ],
  });
  rules.chain("pre", {
    hook: "type nat hook prerouting priority -100",
    rules: [
      `ip daddr @host4 goto ${lookup}`,
      `ip6 daddr @host6 goto ${lookup}`,
      // An address that the host has only just got.
      ...nets.map(({ word, subnet }) => `iifname "${UPLINK}" ${word} daddr != ${subnet} goto ${lookup}`),
    ],
  });
  rules.chain("post", {
    hook: "type nat hook postrouting priority 100",
    rules: [
      ...ingress.flatMap((view) => meshSources(input, view, nets)),
      // A task that asks itself through the node.
      ...nets.map(
        ({ word, subnet, host }) =>
          `oifname "${LOCAL_BRIDGE}" ${word} saddr ${subnet} ${word} saddr != ${host.text} ct status dnat masquerade`,
      ),
      ...(goesPast(input) ? nets.flatMap(pastSources) : []),
    ],
  });
  rules.map("turned", TURNED);
  rules.chain("fwd", { hook: "type filter hook forward priority 0", rules: forwardRules(rules, input, made, nets) });
  rules.chain("inp", {
    hook: "type filter hook input priority 0",
    rules: [
      'iifname != "lo" meta l4proto != { icmp, ipv6-icmp } ct state new drop',
      'iifname "skbr*" ct state new drop',
    ],
  });
  if ((input.host ?? NO_HOST).filtersBridges) addPortGuard(rules, ports);
  return rules.build();
}

function addPorts(rules: RulesetBuilder, published: readonly Publication[], nets: readonly LocalNet[]): void {
  const any = rules.map("ports", "inet_proto . inet_service : verdict");
  const at = {
    4: rules.map("ports_at4", "ipv4_addr . inet_proto . inet_service : verdict"),
    6: rules.map("ports_at6", "ipv6_addr . inet_proto . inet_service : verdict"),
  };
  const locals = localPorts(published);
  for (const publication of published) {
    const verdict = `goto ${rules.add(publication.chain)}`;
    if (publication.at === undefined) any.set(publication.key, verdict);
    else at[publication.at.ip.family].set(`${publication.at.text} . ${publication.key}`, verdict);
    const local = locals.get(publication);
    for (const { own } of local === undefined ? [] : nets) {
      if (own.ip.family !== publication.at?.ip.family) continue;
      at[own.ip.family].set(`${own.text} . ${publication.protocol} . ${local}`, verdict);
    }
  }
}

/** Towards the mesh, clients on the host and on the node-local bridge take the node's address there. */
function meshSources(input: NodeInput, view: NetworkView, nets: readonly LocalNet[]): readonly string[] {
  const bridge = bridgeOf(view.network.vni);
  const own = readAddresses(view.nodes.get(input.nodeId)?.addresses ?? []);
  return own.flatMap(({ text, ip }) =>
    nets
      .filter(({ word }) => word === familyWord(ip.family))
      .map(({ word, subnet }) => `oifname "${bridge}" ${word} saddr ${subnet} ct status dnat snat ${word} to ${text}`),
  );
}

function forwardRules(
  rules: RulesetBuilder,
  input: NodeInput,
  made: readonly NetworkView[],
  nets: readonly LocalNet[],
): readonly string[] {
  const bridges = made.map(({ network }) => bridgeOf(network.vni));
  const inside = `{ "${UPLINK}", "${LOCAL_BRIDGE}" }`;
  return [
    // A node takes VXLAN from any sender: what a task sends there would come into any network, as from anybody. Replies as
    // well: whose client has that port is a node, or pretends to be one.
    `oifname "${UPLINK}" udp dport ${dataPathPortOf(input)} reject`,
    // Where bridges call the hooks of IP (br_netfilter), what stays inside one bridge comes by here too: it may.
    ...bridges.map((bridge) => `iifname "${bridge}" oifname "${bridge}" accept`),
    "tcp flags syn tcp option maxseg size set rt mtu", // the mesh carries less than the way to the client
    TURNED_RULE,
    // Of a connection whose task is gone: the host has passed it on, and its client is to hear that it ended.
    `iifname "${UPLINK}" oifname "${UPLINK}" meta l4proto tcp reject with tcp reset`,
    `iifname "${UPLINK}" oifname "${UPLINK}" drop`,
    `iifname != ${inside} ct state != { established, related } drop`,
    `oifname != ${inside} ct state new ct status & dnat == 0 drop`,
    ...nets.map(({ word, subnet }) => `iifname "${LOCAL_BRIDGE}" ${word} saddr != ${subnet} drop`),
    ...nameLimits(rules, nets, input.dnsPort),
    ...nets.flatMap(({ word, host }) => [
      `oifname "${LOCAL_BRIDGE}" ${word} saddr != ${host.text} ct state new ct status & dnat == 0 drop`,
      `iifname "${LOCAL_BRIDGE}" ${word} saddr @shut${word === "ip" ? 4 : 6} ${word} daddr ${host.text} meta l4proto { tcp, udp } th dport ${input.dnsPort} accept`,
    ]),
    `iifname "${LOCAL_BRIDGE}" ip saddr @shut4 drop`,
    `iifname "${LOCAL_BRIDGE}" ip6 saddr @shut6 drop`,
  ];
}
