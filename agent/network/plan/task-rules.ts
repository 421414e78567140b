// The rules in a task's own namespace. A service's virtual address becomes the address of one of its tasks before the packet
// leaves: the source address stays, there is one connection entry, and no packet takes a second way through the node. A
// virtual address without a ready task is refused at once.
//
// Why here and not once per node. The node cannot do it for its tasks without either its own address on the packets or the
// bridge's packets sent through the node's rules (br_netfilter, a switch of the whole host); a task that reaches itself would
// need a third case; and the connections of all tasks would share one table that each of them can fill. What speaks against
// it, that one change is to be made in every namespace, costs 0.1 ms in each (apply/nft-binary.ts), and tasks on the same
// networks share the plan of it.
import type { TaskId } from "../../../shared/model/ids.ts";
import { formatIp, readAddresses } from "./addresses.ts";
import { type LocalTask, type NodeInput, networkSubnets } from "./input.ts";
import { returnPaths, type TaskNetwork } from "./return-path.ts";
import { type Ruleset, RulesetBuilder, TURNED, TURNED_RULE } from "./ruleset.ts";
import { variantOf, vipChains } from "./service-chains.ts";

/** Where every task finds its name server. */
export const RESOLVER = "127.0.0.11";

interface Known {
  readonly rules: Ruleset;
  readonly networks: readonly TaskNetwork[];
  /** With what is one task's alone. */
  readonly own: Map<TaskId, Ruleset>;
}

/** Rules that were made already: for this plan and the next. */
export class SharedRules {
  readonly #known = new Map<string, Known>();
  readonly #used = new Set<string>();

  of(input: NodeInput, task: LocalTask, networks: readonly TaskNetwork[]): Ruleset {
    const variant = variantOf(task.taskId);
    const ids = networks.map(({ view }) => view.network.networkId);
    const [resolver] = readAddresses(input.localSubnets.map(({ gateway }) => gateway)).filter(
      ({ ip }) => ip.family === 4,
    );
    const to = resolver === undefined ? undefined : `${resolver.text}:${input.dnsPort}`;
    const key = [variant, to, ...ids].join(" ");
    let known = this.#known.get(key);
    if (!known?.networks.every(({ view }, i) => view === networks[i]?.view)) {
      known = { rules: taskRules(to, variant, networks), networks, own: new Map() };
      this.#known.set(key, known);
    }
    this.#used.add(key);
    if (!networks.some(({ view }) => view.network.ingress)) return known.rules;
    const own = known.own.get(task.taskId) ?? withOwnAddress(known.rules, task, networks);
    known.own.set(task.taskId, own);
    return own;
  }

  /** Forgets what was not asked for since the last time. */
  forget(): void {
    for (const key of this.#known.keys()) if (!this.#used.has(key)) this.#known.delete(key);
    this.#used.clear();
  }
}

/** On an ingress network: see addReturnMarks. */
function withOwnAddress(shared: Ruleset, task: LocalTask, networks: readonly TaskNetwork[]): Ruleset {
  const maps = new Map(shared.maps);
  for (const { text, ip } of readAddresses(task.localAddresses)) {
    const links = networks.flatMap(({ view }, i) => (view.network.ingress ? [[`eth${i}`, text] as const] : []));
    maps.set(`own${ip.family}`, { type: `ifname : ipv${ip.family}_addr`, elements: new Map(links) });
  }
  return { chains: shared.chains, maps };
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
  rules.map("turned", TURNED);
  rules.chain("refuse", {
    hook: "type filter hook output priority 0",
    rules: [TURNED_RULE, "ip daddr @refused4 reject", "ip6 daddr @refused6 reject"],
  });
  rules.chain("post", {
    hook: "type nat hook postrouting priority 100",
    rules: ['ip saddr 127.0.0.0/8 oifname != "lo" masquerade'],
  });
  // While the agent starts again nobody answers for names. A resolver that hears so gives up; one that hears nothing asks again.
  rules.chain("patience", {
    hook: "type filter hook input priority 0",
    rules: [`meta l4proto icmp ct original ip daddr ${RESOLVER} drop`],
  });
  addReturnMarks(rules, networks);
  return rules.build();
}

/**
 * Before the table of connections is asked: the connection's zone is the last two bytes of the sender's MAC, which are those of
 * the node's address (addresses.ts), so one for each node of an ingress network of up to 65,534. Only in the direction that it
 * came: replies have no zone, so of two connections that would be the same to the program one gets another source port.
 */
const APART = "ct original zone set @ll,80,16";

/**
 * What comes by a published port keeps the client's address. Its connection is marked with the node it came by, and the mark
 * leads the replies there. The address that it comes to becomes the task's node-local one, which is the one that the kernel
 * puts on a reply to an address in the world if the program names none, as most UDP servers do: else such a reply would be of
 * no connection.
 *
 * A client may well use one port of its own for connections to several nodes, and its system does: each node is another
 * destination to it. Here they would be one: what comes second would be taken for a part of the first, and the answer go back by
 * the first one's node. So connections by different nodes are kept apart (APART).
 */
function addReturnMarks(rules: RulesetBuilder, networks: readonly TaskNetwork[]): void {
  const ingress = networks.flatMap(({ view }, index) => (view.network.ingress ? [{ view, name: `eth${index}` }] : []));
  if (ingress.length === 0) return;
  const via = rules.map("via", "ether_addr : mark");
  for (const { view } of ingress) {
    for (const { mac, mark } of returnPaths(view)) via.set(mac, String(mark));
  }
  rules.map("own4", "ifname : ipv4_addr");
  rules.map("own6", "ifname : ipv6_addr");
  rules.chain("apart", {
    hook: "type filter hook prerouting priority -300",
    rules: ingress.map(({ name }) => `iifname "${name}" ${APART}`),
  });
  rules.chain("in", {
    hook: "type filter hook prerouting priority -150",
    rules: ingress.map(({ name }) => `iifname "${name}" ct state new ct mark set ether saddr map @via`),
  });
  rules.chain("to-own", {
    hook: "type nat hook prerouting priority -100",
    rules: ingress.flatMap(({ view, name }) =>
      networkSubnets(view).map(({ base, prefixLength }) => {
        const word = base.family === 4 ? "ip" : "ip6";
        const subnet = `${formatIp(base)}/${prefixLength}`;
        return `iifname "${name}" ${word} saddr != ${subnet} dnat ${word} to iifname map @own${base.family}`;
      }),
    ),
  });
  rules.chain("back", {
    hook: "type route hook output priority -150",
    rules: ["ct mark != 0 meta mark set ct mark"],
  });
}
