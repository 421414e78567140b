// The rules in a task's own namespace. A service's virtual address becomes the address of one of its tasks before the packet
// leaves: the source address stays, there is one connection entry, and no packet takes a second way through the node. A
// virtual address without a ready task is refused at once.
//
// Why here and not once per node. The node cannot do it for its tasks without either its own address on the packets or the
// bridge's packets sent through the node's rules (br_netfilter, a switch of the whole host); a task that reaches itself would
// need a third case; and the connections of all tasks would share one table that each of them can fill. What speaks against
// it, that one change is to be made in every namespace, costs 0.1 ms in each (apply/nft-many.ts), and tasks on the same
// networks share the plan of it.
import { readAddresses } from "./addresses.ts";
import type { LocalTask, NodeInput } from "./input.ts";
import { returnPaths, type TaskNetwork } from "./return-path.ts";
import { type Ruleset, RulesetBuilder } from "./ruleset.ts";
import { variantOf, vipChains } from "./service-chains.ts";

/** Where every task finds its name server. */
export const RESOLVER = "127.0.0.11";

/** Rules that were made already: for this plan and the next. */
export class SharedRules {
  readonly #known = new Map<string, { readonly rules: Ruleset; readonly networks: readonly TaskNetwork[] }>();

  of(input: NodeInput, task: LocalTask, networks: readonly TaskNetwork[]): Ruleset {
    const variant = variantOf(task.taskId);
    const ids = networks.map(({ view }) => view.network.networkId);
    const [resolver] = readAddresses(input.localSubnets.map(({ gateway }) => gateway)).filter(
      ({ ip }) => ip.family === 4,
    );
    const to = resolver === undefined ? undefined : `${resolver.text}:${input.dnsPort}`;
    const key = [variant, to, ...ids].join(" ");
    const known = this.#known.get(key);
    if (known?.networks.every(({ view }, i) => view === networks[i]?.view)) return known.rules;
    const rules = taskRules(to, variant, networks);
    this.#known.set(key, { rules, networks });
    return rules;
  }

  /** Only what `used` says is still of use. */
  keep(used: ReadonlySet<Ruleset>): void {
    for (const [key, { rules }] of this.#known) if (!used.has(rules)) this.#known.delete(key);
  }
}

function taskRules(resolver: string | undefined, variant: number, networks: readonly TaskNetwork[]): Ruleset {
  const rules = new RulesetBuilder();
  const maps = {
    4: { vip: rules.map("vip4", "ipv4_addr : verdict"), refused: rules.map("refused4", "ipv4_addr") },
    6: { vip: rules.map("vip6", "ipv6_addr : verdict"), refused: rules.map("refused6", "ipv6_addr") },
  };
  for (const { view } of networks) {
    for (const { family, vip, named } of vipChains(view, variant)) {
      const chain = rules.add(named);
      if (chain === "") maps[family].refused.set(vip, "");
      else maps[family].vip.set(vip, `goto ${chain}`);
    }
  }
  const names =
    resolver === undefined ? [] : [`ip daddr ${RESOLVER} meta l4proto { tcp, udp } th dport 53 dnat ip to ${resolver}`];
  rules.chain("out", {
    hook: "type nat hook output priority -100",
    rules: [...names, "ip daddr vmap @vip4", "ip6 daddr vmap @vip6"],
  });
  rules.chain("refuse", {
    hook: "type filter hook output priority 0",
    rules: ["ip daddr @refused4 reject", "ip6 daddr @refused6 reject"],
  });
  rules.chain("post", {
    hook: "type nat hook postrouting priority 100",
    rules: ['ip saddr 127.0.0.0/8 oifname != "lo" masquerade'],
  });
  addReturnMarks(rules, networks);
  return rules.build();
}

function addReturnMarks(rules: RulesetBuilder, networks: readonly TaskNetwork[]): void {
  const ingress = networks.flatMap(({ view }, index) => (view.network.ingress ? [{ view, name: `eth${index}` }] : []));
  if (ingress.length === 0) return;
  const via = rules.map("via", "ether_addr : mark");
  for (const { view } of ingress) {
    for (const { mac, mark } of returnPaths(view)) via.set(mac, String(mark));
  }
  rules.chain("in", {
    hook: "type filter hook prerouting priority -150",
    rules: ingress.map(({ name }) => `iifname "${name}" ct state new ct mark set ether saddr map @via`),
  });
  rules.chain("back", {
    hook: "type route hook output priority -150",
    rules: ["ct mark != 0 meta mark set ct mark"],
  });
}
