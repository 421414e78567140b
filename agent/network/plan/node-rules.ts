// The node's own table, the only one of ours in the host's namespace: published ports, what leaves the node-local bridge, and
// who may come in. It has its own chains at the usual hooks and touches no rule of anybody else.
//
//   ports, ports_at4, ports_at6   protocol and port (and address) to the chain of the published port
//   pre, out                      nat: a connection to a port of this node; `out` is for clients on the node itself
//   post                          nat: a new source address, only where the reply could not come back otherwise:
//                                 a client on the node itself or behind the node-local bridge, and what leaves the node
//   fwd                           into our bridges comes only what was published; out of them not what is internal
//   inp                           from a bridge to the node itself: names, and from tasks with a way out everything
//   sealed-in, -out, -fwd         encrypted networks and their tunnels: encryption/guard.ts
import type { PublishedPort } from "../../../proto/gen/network.ts";
import { addGuard } from "../encryption/guard.ts";
import type { NetworkView } from "../view.ts";
import { type Address, readAddresses } from "./addresses.ts";
import { dnat } from "./balance.ts";
import { byKey, type LocalTask, type NodeInput, readyByService } from "./input.ts";
import { bridgeOf, LOCAL_BRIDGE, VXLAN_PORT } from "./names.ts";
import { type Ruleset, RulesetBuilder } from "./ruleset.ts";

export interface NodeRulesInput {
  readonly input: NodeInput;
  /** The networks that are made on this node. */
  readonly made: readonly NetworkView[];
  /** Those of them that carry published ports. */
  readonly ingress: readonly NetworkView[];
  readonly tasks: readonly LocalTask[];
  /** The node-local addresses of tasks without a way out. */
  readonly shut: readonly Address[];
}

export function nodeRules({ input, made, ingress, tasks, shut }: NodeRulesInput): Ruleset {
  const rules = new RulesetBuilder();
  const ports = new Ports(rules, input.nodeId);
  for (const view of ingress) {
    const ready = readyByService(view);
    for (const service of byKey(view.services)) {
      const all = ready.get(service.serviceId) ?? [];
      const here = all.filter(({ nodeId }) => nodeId === input.nodeId);
      for (const port of service.ports.filter(({ mode }) => mode === "ingress")) {
        const chosen = port.preferLocal && here.length > 0 ? here : all;
        ports.publish(
          port,
          chosen.flatMap(({ addresses }) => readAddresses(addresses)),
        );
      }
    }
  }
  for (const task of tasks) {
    for (const port of task.ports) ports.publish(port, readAddresses(task.localAddresses));
  }
  const shutMaps = { 4: rules.map("shut4", "ipv4_addr"), 6: rules.map("shut6", "ipv6_addr") };
  for (const { text, ip } of shut) shutMaps[ip.family].set(text, "");

  const lookups = [
    "fib daddr type local ip daddr . meta l4proto . th dport vmap @ports_at4",
    "fib daddr type local ip6 daddr . meta l4proto . th dport vmap @ports_at6",
    "fib daddr type local meta l4proto . th dport vmap @ports",
  ];
  rules.chain("pre", { hook: "type nat hook prerouting priority -100", rules: lookups });
  rules.chain("out", { hook: "type nat hook output priority -100", rules: lookups });
  rules.chain("post", {
    hook: "type nat hook postrouting priority 100",
    rules: [...ingress.flatMap((view) => meshSources(input, view)), ...localSources(input)],
  });
  rules.chain("fwd", {
    hook: "type filter hook forward priority -5",
    rules: [
      `oifname "${LOCAL_BRIDGE}" ct state new ct status & dnat == 0 drop`,
      // Where bridges call the hooks of IP (br_netfilter), what stays inside one bridge comes by here too: it may.
      ...made.map(({ network }) => {
        const bridge = bridgeOf(network.vni);
        return `iifname != "${bridge}" oifname "${bridge}" ct state new ct status & dnat == 0 drop`;
      }),
      `iifname "${LOCAL_BRIDGE}" ip saddr @shut4 drop`,
      `iifname "${LOCAL_BRIDGE}" ip6 saddr @shut6 drop`,
    ],
  });
  const gateways = readAddresses(input.localSubnets.map(({ gateway }) => gateway));
  rules.chain("inp", {
    hook: "type filter hook input priority -5",
    rules: [
      'iifname "skbr*" ct state new drop',
      ...gateways.map(
        ({ text, ip }) =>
          `iifname "${LOCAL_BRIDGE}" ip${ip.family === 4 ? "" : "6"} daddr ${text} meta l4proto { tcp, udp } th dport ${input.dnsPort} accept`,
      ),
      `iifname "${LOCAL_BRIDGE}" ip saddr @shut4 drop`,
      `iifname "${LOCAL_BRIDGE}" ip6 saddr @shut6 drop`,
    ],
  });
  const encrypted = byKey(input.views).filter(({ network }) => network.encrypted);
  addGuard(
    rules,
    encrypted.map(({ network }) => network.vni),
    VXLAN_PORT,
  );
  return rules.build();
}

/** Towards the mesh: the node's own connections and those of its tasks' node-local addresses take its address there. */
function meshSources(input: NodeInput, view: NetworkView): readonly string[] {
  const bridge = bridgeOf(view.network.vni);
  const own = readAddresses(view.nodes.get(input.nodeId)?.addresses ?? []);
  return own.flatMap(({ text, ip }) => {
    const family = ip.family === 4 ? "ip" : "ip6";
    const subnets = input.localSubnets.filter(({ subnet }) => subnet.includes(":") === (ip.family === 6));
    const snat = `ct status dnat snat ${family} to ${text}`;
    return [
      `oifname "${bridge}" meta nfproto ${ip.family === 4 ? "ipv4" : "ipv6"} fib saddr type local ${snat}`,
      ...subnets.map(({ subnet }) => `oifname "${bridge}" ${family} saddr ${subnet} ${snat}`),
    ];
  });
}

function localSources(input: NodeInput): readonly string[] {
  return [
    `oifname "${LOCAL_BRIDGE}" fib saddr type local ct status dnat masquerade`,
    ...input.localSubnets.flatMap(({ subnet }) => {
      const saddr = `${subnet.includes(":") ? "ip6" : "ip"} saddr ${subnet}`;
      return [
        `oifname "${LOCAL_BRIDGE}" ${saddr} ct status dnat masquerade`, // a task that asks itself through the node
        `oifname != { "${LOCAL_BRIDGE}", "skbr*" } ${saddr} masquerade`,
      ];
    }),
  ];
}

class Ports {
  readonly #rules: RulesetBuilder;
  readonly #place: string;
  readonly #any: Map<string, string>;
  readonly #at: { readonly 4: Map<string, string>; readonly 6: Map<string, string> };

  constructor(rules: RulesetBuilder, place: string) {
    this.#rules = rules;
    this.#place = place;
    this.#any = rules.map("ports", "inet_proto . inet_service : verdict");
    this.#at = {
      4: rules.map("ports_at4", "ipv4_addr . inet_proto . inet_service : verdict"),
      6: rules.map("ports_at6", "ipv6_addr . inet_proto . inet_service : verdict"),
    };
  }

  /** The first to publish a port keeps it; managers refuse a second one. Without targets the port is not ours. */
  publish({ protocol, publishedPort, targetPort, hostIps }: PublishedPort, targets: readonly Address[]): void {
    const families = ([4, 6] as const).flatMap((family) => {
      const rule = dnat({
        targets: targets.filter(({ ip }) => ip.family === family),
        port: targetPort,
        place: `${this.#place} ${protocol} ${publishedPort}`,
      });
      return rule === "" ? [] : [`meta nfproto ipv${family} meta l4proto ${protocol} ${rule}`];
    });
    const chain = this.#rules.chain("p", { rules: families });
    if (chain === "") return;
    const put = (map: Map<string, string>, key: string): void => {
      if (!map.has(key)) map.set(key, `goto ${chain}`);
    };
    const key = `${protocol} . ${publishedPort}`;
    // 0.0.0.0 and :: are every address. What is no address is no reason to widen: it publishes nothing.
    if (hostIps.length === 0) put(this.#any, key);
    for (const { text, ip } of readAddresses(hostIps)) {
      if (ip.value === 0n) put(this.#any, key);
      else put(this.#at[ip.family], `${text} . ${key}`);
    }
  }
}
