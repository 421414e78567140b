// What the host's firewall seems to drop of what nodes say to one another.
import { type FirewallBlock, newFirewallBlock, type ProbePort } from "../../../proto/gen/agent.ts";
import type { ToolRunner } from "../apply/run.ts";
import { adviceOn } from "./advice.ts";
import { type Drop, type Packet, type Table, whoDrops } from "./packet.ts";
import { readFirewall, ruleTextOf } from "./read.ts";

/** With more rules than this it would take the daemon too long to find out: nobody is named then. */
const MAX_RULES = 5_000;

export interface Ways {
  /** The host's link that the other nodes are reached by; "" where that is not known. */
  readonly link: string;
  /** Addresses of this node and of the others, of one family. */
  readonly own: string;
  readonly peers: readonly string[];
  readonly ports: readonly ProbePort[];
  /** That packets to are of no connection, by our own rules. */
  readonly untrackedPort: number;
}

/** At most one for each port, direction and peer. @throws `signal.reason` when aborted. */
export async function firewallBlocks(
  ways: Ways,
  runner: ToolRunner,
  signal: AbortSignal,
): Promise<readonly FirewallBlock[]> {
  const tables = await readFirewall(runner, signal);
  const texts = new Map<Drop["rule"], string>();
  const blocks: FirewallBlock[] = [];
  for (const { port, incoming, peer, drop, packet } of dropsOf(tables, ways)) {
    const text = texts.get(drop.rule) ?? (await ruleTextOf(drop, runner, signal));
    texts.set(drop.rule, text);
    blocks.push(newFirewallBlock({ port, incoming, peer, ...adviceOn(drop, packet, text) }));
  }
  return blocks;
}

interface Found {
  readonly port: ProbePort;
  readonly incoming: boolean;
  /** "": all alike. */
  readonly peer: string;
  readonly drop: Drop;
  readonly packet: Packet;
}

/** Pure. */
export function dropsOf(tables: readonly Table[], ways: Ways): readonly Found[] {
  const rules = tables
    .flatMap((table) => [...table.chains.values()])
    .reduce((sum, chain) => sum + chain.rules.length, 0);
  if (rules > MAX_RULES) return [];
  const { link, own, peers, untrackedPort } = ways;
  return ways.ports.flatMap((port) =>
    [true, false].flatMap((incoming) => {
      const found = peers.flatMap((peer): Found[] => {
        const packet: Packet = {
          direction: incoming ? "in" : "out",
          protocol: port.protocol === "tcp" ? "tcp" : "udp",
          port: port.port,
          link,
          peer,
          own,
          state: port.protocol === "udp" && port.port === untrackedPort ? "untracked" : "new",
        };
        const drop = whoDrops(tables, packet);
        return drop === undefined ? [] : [{ port, incoming, peer, drop, packet }];
      });
      const [first] = found;
      const isSame = found.every(({ drop }) => drop.rule === first?.drop.rule && drop.chain === first?.drop.chain);
      return first !== undefined && isSame && found.length === peers.length ? [{ ...first, peer: "" }] : found;
    }),
  );
}
