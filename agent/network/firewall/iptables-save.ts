// What iptables-save prints, and its like for IPv6 and of the old kind, read into tables. Pure.
import { isAddress, isLink, isPort, isProtocol, isState } from "./conditions.ts";
import { type Chain, type Hook, type Match, not, type Rule, type Table, type Verdict } from "./packet.ts";

const HOOKS: Readonly<Record<string, Hook["name"]>> = {
  PREROUTING: "prerouting",
  INPUT: "input",
  OUTPUT: "output",
  POSTROUTING: "postrouting",
};
/** By table, as iptables orders its hooks; nat drops nothing. */
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };

/** @param tool that changes these rules: "iptables", "ip6tables-legacy". */
export function parseIptablesSave(tool: string, output: string): readonly Table[] {
  const family = tool.startsWith("ip6") ? "ip6" : "ip";
  const tables: Table[] = [];
  let chains = new Map<string, Chain>();
  let rules = new Map<string, Rule[]>();
  let name = "";
  for (const line of output.split("\n")) {
    if (line.startsWith("*")) {
      name = line.slice(1);
      [chains, rules] = [new Map(), new Map()];
      tables.push({ tool, family, name, chains });
    } else if (line.startsWith(":")) {
      const [chain = "", policy] = line.slice(1).split(" ");
      const own: Rule[] = [];
      rules.set(chain, own);
      chains.set(chain, { name: chain, hook: hookOf(name, chain, policy === "DROP"), rules: own });
    } else if (line.startsWith("-A ")) {
      const [, chain = "", ...words] = wordsOf(line);
      rules.get(chain)?.push(ruleOf(line, words));
    }
  }
  return tables;
}

function hookOf(table: string, chain: string, drops: boolean): Hook | undefined {
  const name = HOOKS[chain];
  const priority = PRIORITIES[table];
  return name === undefined || priority === undefined ? undefined : { name, priority, drops, links: [] };
}

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quoted, plain]) => plain ?? quoted ?? "");

/** Options with one value that say nothing of the packet. */
const SILENT = new Set(["-m", "--match", "--comment", "--reject-with", "--log-prefix", "--log-level"]);
const TERMINAL: Readonly<Record<string, Verdict>> = {
  ACCEPT: { kind: "accept" },
  DROP: { kind: "drop" },
  REJECT: { kind: "reject" },
  RETURN: { kind: "return" },
};
/** Targets after which the rules go on. */
const PASSING = /^(LOG|NFLOG|ULOG|MARK|CONNMARK|CT|NOTRACK|TCPMSS|CLASSIFY|TRACE|AUDIT|SET|DSCP|TOS|TTL|HL|CHECKSUM)$/;

function ruleOf(line: string, words: readonly string[]): Rule {
  const matches: Match[] = [];
  let verdict: Verdict = { kind: "continue" };
  let negated = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const value = words[i + 1] ?? "";
    if (word === "!") {
      negated = true;
      continue;
    }
    if (word === "-j" || word === "-g") {
      verdict =
        TERMINAL[value] ?? (PASSING.test(value) ? verdict : { kind: word === "-g" ? "goto" : "jump", chain: value });
      i++;
    } else if (SILENT.has(word)) i++;
    else if (word.startsWith("-")) {
      const match = matchOf(word, value);
      matches.push(negated ? (packet) => not(match(packet)) : match);
      negated = false;
      if (!value.startsWith("-") && value !== "!") i++;
    }
  }
  return { matches, verdict, text: line };
}

function matchOf(option: string, value: string): Match {
  switch (option) {
    case "-p":
      return (packet) => (value === "all" ? "yes" : isProtocol(value, packet));
    case "-i":
      return ({ direction, link }) => (direction === "in" ? isLink(value, link) : "no");
    case "-o":
      return ({ direction, link }) => (direction === "out" ? isLink(value, link) : "no");
    case "-s":
      return (packet) => isAddress(value, packet, "source");
    case "-d":
      return (packet) => isAddress(value, packet, "destination");
    case "--dport":
    case "--dports":
      return (packet) => isPort(value.split(","), packet);
    case "--ctstate":
    case "--state":
      return (packet) => isState(value.split(","), packet);
    case "--dst-type":
      return ({ direction }) => (direction !== "in" ? "unknown" : value === "LOCAL" ? "yes" : "no");
    default:
      return () => "unknown";
  }
}
