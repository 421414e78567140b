// What this host's own firewall drops of what other nodes send. Where it drops the daemon's port, no manager can ask this node: the
// one who has just made it a node is told here.
import type { ToolRunner } from "../../agent/network/apply/run.ts";
import { firewallBlocks } from "../../agent/network/firewall/blocks.ts";
import { parseIp } from "../../shared/model/ip.ts";
import type { Interfaces } from "./advertise.ts";

export interface Reached {
  /** Where other nodes reach this one: an IP address. */
  readonly own: string;
  /** Addresses of others. */
  readonly peers: readonly string[];
  readonly daemonPort: number;
  readonly dataPathPort: number;
}

/** A line for each port that is not open, with the command that opens it. @throws `signal.reason` when aborted. */
export type OwnFirewall = (reached: Reached, signal: AbortSignal) => Promise<readonly string[]>;

/** @param tunnelPort the first of two. */
export function createOwnFirewall(runner: ToolRunner, tunnelPort: number, interfaces: () => Interfaces): OwnFirewall {
  return async ({ own, peers, daemonPort, dataPathPort }, signal) => {
    const family = parseIp(own)?.family;
    const links = Object.entries(interfaces());
    const [link = ""] = links.find(([, infos = []]) => infos.some(({ address }) => address === own)) ?? [];
    const ways = {
      link,
      own,
      peers: peers.filter((peer) => peer !== own && parseIp(peer)?.family === family),
      ports: [
        { protocol: "tcp", port: daemonPort },
        { protocol: "udp", port: dataPathPort },
        { protocol: "udp", port: tunnelPort },
        { protocol: "udp", port: tunnelPort + 1 },
      ],
      untrackedPort: dataPathPort,
    };
    const blocks = await firewallBlocks(ways, runner, signal);
    const lines = blocks
      .filter(({ incoming }) => incoming)
      .map(({ port, what, fix }) => `${port?.protocol.toUpperCase()} ${port?.port} on this host: ${what}: \`${fix}\``);
    return [...new Set(lines)];
  };
}
