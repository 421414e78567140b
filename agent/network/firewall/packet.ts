// The firewall of a host, read to say who drops a packet: chains of rules, of whatever tool, in one form, and what becomes of a
// packet in them. Pure.
//
// Nothing here decides anything: it finds words for what a test has shown. So it need not understand all that a rule can say. What
// it does not understand is a rule that may match or may not: it is passed by, and told as a guess where nothing surer is
// found.

/** The first packet of a connection, or any of VXLAN. */
export interface Packet {
  readonly direction: "in" | "out";
  readonly protocol: "tcp" | "udp";
  /** That it goes to. */
  readonly port: number;
  /** The host's link that it comes or goes by; "" where that is not known. */
  readonly link: string;
  /** Of the other host. */
  readonly peer: string;
  /** Of this one. */
  readonly own: string;
  /** "untracked": as our own rules have it for VXLAN. */
  readonly state: "new" | "untracked";
}

export type Answer = "yes" | "no" | "unknown";
export type Match = (packet: Packet) => Answer;

export type Verdict =
  | { readonly kind: "accept" | "drop" | "reject" | "return" | "continue" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

export interface Rule {
  readonly matches: readonly Match[];
  readonly verdict: Verdict;
  /** As its tool writes it; for nft, which does not say, its handle. */
  readonly text: string;
}

export interface Hook {
  readonly name: "ingress" | "prerouting" | "input" | "output" | "postrouting";
  readonly priority: number;
  readonly drops: boolean;
  /** Those that a chain at ingress is for. */
  readonly links: readonly string[];
}

export interface Chain {
  readonly name: string;
  /** Of a base chain. */
  readonly hook: Hook | undefined;
  readonly rules: readonly Rule[];
}

export interface Table {
  /** The program that changes it: "nft", "iptables", "ip6tables-legacy". */
  readonly tool: string;
  readonly family: "ip" | "ip6" | "inet" | "netdev";
  readonly name: string;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** Who drops it. */
export interface Drop {
  readonly table: Table;
  readonly chain: Chain;
  /** The base chain that led there. */
  readonly base: Chain;
  readonly how: "drop" | "reject";
  /** Undefined: the chain's policy. */
  readonly rule: Rule | undefined;
  readonly isSure: boolean;
}

const HOOKS = { in: ["ingress", "prerouting", "input"], out: ["output", "postrouting"] } as const;
const MAX_DEPTH = 16;

/** Answers of several conditions, all of which must hold. */
export const allOf = (answers: readonly Answer[]): Answer =>
  answers.includes("no") ? "no" : answers.includes("unknown") ? "unknown" : "yes";
export const not = (answer: Answer): Answer => (answer === "yes" ? "no" : answer === "no" ? "yes" : "unknown");
export const isTrue = (holds: boolean): Answer => (holds ? "yes" : "no");

type Outcome =
  | { readonly kind: "accepted" | "passed" }
  | { readonly kind: "dropped"; readonly drop: Omit<Drop, "table" | "base"> };

/** The first that drops the packet for certain, else the first that may; undefined: nobody does. */
export function whoDrops(tables: readonly Table[], packet: Packet): Drop | undefined {
  const family = packet.peer.includes(":") ? "ip6" : "ip";
  const bases = tables
    .filter((table) => table.family === family || table.family === "inet" || table.family === "netdev")
    .flatMap((table) => [...table.chains.values()].flatMap((base) => basesOf(table, base, packet)))
    .sort((a, b) => a.stage - b.stage || a.hook.priority - b.hook.priority);
  let guess: Drop | undefined;
  for (const { table, base, hook } of bases) {
    const guesses: Omit<Drop, "table" | "base">[] = [];
    const outcome = walk(table, base, packet, guesses, 0);
    const [first] = guesses;
    if (first !== undefined) guess ??= { ...first, table, base };
    if (outcome.kind === "dropped") return { ...outcome.drop, table, base };
    if (outcome.kind === "passed" && hook.drops) {
      return { table, base, chain: base, how: "drop", rule: undefined, isSure: true };
    }
  }
  return guess;
}

function basesOf(table: Table, base: Chain, { direction, link }: Packet) {
  const { hook } = base;
  if (hook === undefined) return [];
  const stage = (HOOKS[direction] as readonly string[]).indexOf(hook.name);
  const isHere = hook.name !== "ingress" || hook.links.includes(link);
  return stage < 0 || !isHere ? [] : [{ table, base, hook, stage }];
}

function walk(
  table: Table,
  chain: Chain,
  packet: Packet,
  guesses: Omit<Drop, "table" | "base">[],
  depth: number,
): Outcome {
  for (const rule of chain.rules) {
    const { verdict } = rule;
    if (verdict.kind === "continue") continue;
    const answer = allOf(rule.matches.map((match) => match(packet)));
    if (answer === "no") continue;
    if (answer === "unknown") {
      if (verdict.kind === "drop" || verdict.kind === "reject") {
        guesses.push({ chain, how: verdict.kind, rule, isSure: false });
      }
      continue;
    }
    switch (verdict.kind) {
      case "accept":
        return { kind: "accepted" };
      case "drop":
      case "reject":
        return { kind: "dropped", drop: { chain, how: verdict.kind, rule, isSure: true } };
      case "return":
        return { kind: "passed" };
      case "jump":
      case "goto": {
        const target = table.chains.get(verdict.chain);
        if (target === undefined || depth >= MAX_DEPTH) continue;
        const outcome = walk(table, target, packet, guesses, depth + 1);
        if (outcome.kind !== "passed" || verdict.kind === "goto") return outcome;
      }
    }
  }
  return { kind: "passed" };
}
