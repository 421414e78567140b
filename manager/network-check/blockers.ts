// Who drops what does not arrive: what the firewalls of the two nodes on a way say of it. Pure.
import type { FirewallBlock, ProbePort } from "../../proto/gen/agent.ts";
import { portOf } from "../allocator/node-ports.ts";
import type { Findings } from "./findings.ts";
import type { CheckedNode, CheckPlan } from "./plan.ts";

/** A node's words are shown to a person: no more than so much, on one line. */
const MAX_CHARACTERS = 400;
const MAX_PORTS = 8;

/** The ports that others must reach of a node. */
export const portsOf = (node: CheckedNode, { dataPathPort }: CheckPlan): readonly ProbePort[] =>
  [
    { protocol: "tcp", port: portOf(node.addr) },
    { protocol: "udp", port: dataPathPort },
    ...node.tunnelPorts.map((port) => ({ protocol: "udp", port })),
  ].slice(0, MAX_PORTS);

/** "on node1 ufw drops it (…): `ufw allow 4789/udp`"; "" where neither firewall is known to. */
export function blockerOf(
  from: CheckedNode,
  to: CheckedNode,
  protocol: "tcp" | "udp",
  ports: readonly number[],
  findings: Findings,
): string {
  const find = (at: CheckedNode, other: CheckedNode, incoming: boolean): string => {
    const finding = findings.get(at.nodeId);
    if (finding?.kind !== "tested") return "";
    const isIt = ({ incoming: comes, port, peer }: FirewallBlock): boolean =>
      comes === incoming &&
      port?.protocol === protocol &&
      ports.includes(port.port) &&
      (peer === "" || other.underlayAddresses.includes(peer));
    const block = finding.arrived.blocks.find(isIt);
    return block === undefined ? "" : `on ${at.hostname} ${plain(block.what)}: \`${plain(block.fix)}\``;
  };
  return find(to, from, true) || find(from, to, false);
}

const plain = (text: string): string => text.replace(/\p{Cc}+/gu, " ").slice(0, MAX_CHARACTERS);
