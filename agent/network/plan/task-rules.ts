// The rules in a task's own namespace. A service's virtual address becomes the address of one of its tasks before the packet
// leaves: the source address stays, there is one connection entry, and no packet takes a second way through the node. A
// virtual address without a ready task is refused at once.
import { readAddresses } from "./addresses.ts";
import { dnat } from "./balance.ts";
import { byKey, type LocalTask, type NodeInput, readyByService } from "./input.ts";
import { returnPaths, type TaskNetwork } from "./return-path.ts";
import { type Ruleset, RulesetBuilder } from "./ruleset.ts";

/** Where every task finds its name server. */
export const RESOLVER = "127.0.0.11";

export function taskRules(input: NodeInput, task: LocalTask, networks: readonly TaskNetwork[]): Ruleset {
  const rules = new RulesetBuilder();
  const maps = {
    4: { vip: rules.map("vip4", "ipv4_addr : verdict"), refused: rules.map("refused4", "ipv4_addr") },
    6: { vip: rules.map("vip6", "ipv6_addr : verdict"), refused: rules.map("refused6", "ipv6_addr") },
  };
  for (const { view } of networks) {
    const ready = readyByService(view);
    for (const service of byKey(view.services)) {
      const targets = (ready.get(service.serviceId) ?? []).flatMap(({ addresses }) => readAddresses(addresses));
      for (const { text, ip } of service.mode === "vip" ? readAddresses(service.vips) : []) {
        const rule = dnat({ targets: targets.filter((t) => t.ip.family === ip.family), place: task.taskId });
        const chain = rules.chain("v", { rules: rule === "" ? [] : [rule] });
        if (chain === "") maps[ip.family].refused.set(text, "");
        else maps[ip.family].vip.set(text, `goto ${chain}`);
      }
    }
  }
  const [resolver] = readAddresses(input.localSubnets.map(({ gateway }) => gateway)).filter(
    ({ ip }) => ip.family === 4,
  );
  const names =
    resolver === undefined
      ? []
      : [`ip daddr ${RESOLVER} meta l4proto { tcp, udp } th dport 53 dnat ip to ${resolver.text}:${input.dnsPort}`];
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
