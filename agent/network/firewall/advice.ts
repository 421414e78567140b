// Who drops a packet, and what to type against it, in words. Pure.
import type { Drop, Packet } from "./packet.ts";

export interface Advice {
  /** "ufw drops it (table filter of iptables, chain INPUT: its policy)" */
  readonly what: string;
  /** A command, or several. */
  readonly fix: string;
}

const MAX_RULE_CHARACTERS = 160;

/** @param ruleText of a rule of nft, which the ruleset gives by its handle only. */
export function adviceOn(drop: Drop, packet: Packet, ruleText: string): Advice {
  const { table, chain, rule, how, isSure } = drop;
  const manager = managerOf(drop);
  const place = table.tool === "nft" ? `table ${table.family} ${table.name}` : `table ${table.name} of ${table.tool}`;
  const said = rule === undefined ? "its policy" : `\`${short(table.tool === "nft" ? ruleText : rule.text)}\``;
  const verb = isSure ? `${how}s it` : `may ${how} it`;
  const who = manager === "plain" ? "the firewall" : manager;
  return { what: `${who} ${verb} (${place}, chain ${chain.name}: ${said})`, fix: fixOf(drop, packet, manager) };
}

const short = (text: string): string =>
  text.length > MAX_RULE_CHARACTERS ? `${text.slice(0, MAX_RULE_CHARACTERS)}…` : text;

type Manager = "firewalld" | "ufw" | "plain";

/** Told by the names of its chains: both write all of their rules themselves, and would not know of one that is put beside. */
function managerOf({ table }: Drop): Manager {
  const names = [...table.chains.keys()];
  if (table.name === "firewalld" || names.includes("INPUT_ZONES")) return "firewalld";
  return names.some((name) => /^ufw6?-/.test(name)) ? "ufw" : "plain";
}

function fixOf({ table, base }: Drop, packet: Packet, manager: Manager): string {
  const { direction, protocol, port, peer } = packet;
  switch (manager) {
    case "firewalld": {
      if (direction === "in") return `firewall-cmd --permanent --add-port=${port}/${protocol} && firewall-cmd --reload`;
      const family = peer.includes(":") ? "ipv6" : "ipv4";
      const rule = `--add-rule ${family} filter OUTPUT 0 -p ${protocol} --dport ${port} -j ACCEPT`;
      return `firewall-cmd --permanent --direct ${rule} && firewall-cmd --reload`;
    }
    case "ufw":
      return `ufw allow ${direction === "in" ? "" : "out "}${port}/${protocol}`;
    case "plain":
      if (table.tool !== "nft")
        return `${table.tool} -t ${table.name} -I ${base.name} -p ${protocol} --dport ${port} -j ACCEPT`;
      return `nft insert rule ${table.family} ${table.name} ${base.name} ${protocol} dport ${port} accept`;
  }
}
