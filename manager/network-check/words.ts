// What is wrong between nodes, in few sentences: what is the same for all ways to a node, or from it, is said once. Pure.
import type { NetworkCheckPair } from "../../proto/gen/control.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { portOf } from "../allocator/node-ports.ts";
import type { CheckedNode, CheckPlan } from "./plan.ts";

export interface Problem {
  readonly text: string;
  /** Whose it is: the ends of the ways that fail. */
  readonly nodeIds: ReadonlySet<NodeId>;
}

export interface JudgedPair extends Omit<NetworkCheckPair, "fromNodeId" | "toNodeId"> {
  readonly from: CheckedNode;
  readonly to: CheckedNode;
  /** The largest that arrived through the tunnel. */
  readonly tunnelMtu: number;
  /** Who drops what does not arrive, by a node's own rules; "" where that is not known. */
  readonly blocker: { readonly tcp: string; readonly vxlan: string; readonly encryption: string };
}

/** How a failure is said of one way, of all ways to a node, and of all from it. */
interface Words {
  readonly pair: (from: CheckedNode, to: CheckedNode, failed: JudgedPair) => string;
  readonly to: (node: CheckedNode, failed: JudgedPair) => string;
  readonly from: (node: CheckedNode, failed: JudgedPair) => string;
}

const MAX_SENTENCES = 50;

const addressOf = (node: CheckedNode): string => node.underlayAddresses[0] ?? node.addr;
const tunnelPortsOf = (node: CheckedNode): string => node.tunnelPorts.join(" and ");

const TCP: Words = {
  pair: (from, to, { tcpError }) =>
    `${from.hostname} → ${to.hostname}: no connection to ${to.addr} (${tcpError}): open TCP ${portOf(to.addr)} from ${from.hostname} to ${to.hostname}`,
  to: (node, { tcpError }) =>
    `no other node can connect to ${node.hostname} at ${node.addr} (${tcpError}): open TCP ${portOf(node.addr)} on ${node.hostname}`,
  from: (node, { to }) =>
    `${node.hostname} can connect to no other node: open TCP ${portOf(to.addr)} for what ${node.hostname} sends`,
};

const vxlanWords = (port: number): Words => ({
  pair: (from, to) =>
    `${from.hostname} → ${to.hostname}: UDP ${port} (VXLAN) is blocked: open it from ${addressOf(from)} to ${addressOf(to)}`,
  to: (node) =>
    `UDP ${port} (VXLAN) is blocked from all other nodes to ${node.hostname}: open it on ${node.hostname} (${addressOf(node)})`,
  from: (node) =>
    `UDP ${port} (VXLAN) is blocked from ${node.hostname} to all other nodes: open it for what ${addressOf(node)} sends`,
});

const TUNNEL: Words = {
  pair: (from, to) =>
    `${from.hostname} → ${to.hostname}: UDP ${tunnelPortsOf(to)} (encrypted networks) are blocked: open them from ${addressOf(from)} to ${addressOf(to)}, and back`,
  to: (node) =>
    `UDP ${tunnelPortsOf(node)} (encrypted networks) are blocked from all other nodes to ${node.hostname}: open them on ${node.hostname} (${addressOf(node)})`,
  from: (node, { to }) =>
    `UDP ${tunnelPortsOf(to)} (encrypted networks) are blocked from ${node.hostname} to all other nodes: open them for what ${addressOf(node)} sends`,
};

function mtuWords(full: number): Words {
  const lost = (mtu: number): string =>
    `packets of more than ${mtu} bytes get lost, and tasks send up to ${full}: give every link on the way the MTU that the nodes' own links have, or make networks with --opt com.docker.network.driver.mtu=${mtu}`;
  return {
    pair: (from, to, { mtu }) => `${from.hostname} → ${to.hostname}: ${lost(mtu)}`,
    to: (node, { mtu }) => `all other nodes → ${node.hostname}: ${lost(mtu)}`,
    from: (node, { mtu }) => `${node.hostname} → all other nodes: ${lost(mtu)}`,
  };
}

export function pairProblems(plan: CheckPlan, pairs: readonly JudgedPair[]): readonly Problem[] {
  const [tunnelFull = 0] = plan.tunnelSizes;
  const vxlan = pairs.filter((pair) => pair.vxlan === "passed");
  const tunnels = pairs.filter((pair) => pair.encryption === "passed" && pair.mtu === plan.mtu);
  const sentences = [
    ...grouped(
      pairs.filter((pair) => pair.tcp !== "untested"),
      (pair) => pair.tcp === "failed",
      named(TCP, "tcp"),
    ),
    ...grouped(
      pairs.filter((pair) => pair.vxlan !== "untested"),
      (pair) => pair.vxlan === "failed",
      named(vxlanWords(plan.dataPathPort), "vxlan"),
    ),
    ...grouped(vxlan, (pair) => pair.mtu < plan.mtu, mtuWords(plan.mtu)),
    ...grouped(
      pairs.filter((pair) => pair.encryption !== "untested"),
      (pair) => pair.encryption === "failed",
      named(TUNNEL, "encryption"),
    ),
    ...grouped(tunnels, (pair) => pair.tunnelMtu < tunnelFull, {
      pair: (from, to) =>
        `${from.hostname} → ${to.hostname}: large packets of encrypted networks get lost in the tunnel`,
      to: (node) => `all other nodes → ${node.hostname}: large packets of encrypted networks get lost in the tunnel`,
      from: (node) => `${node.hostname} → all other nodes: large packets of encrypted networks get lost in the tunnel`,
    }),
  ];
  const more = sentences.length - MAX_SENTENCES;
  if (more <= 0) return sentences;
  const nodeIds = new Set(sentences.slice(MAX_SENTENCES).flatMap((problem) => [...problem.nodeIds]));
  return [...sentences.slice(0, MAX_SENTENCES), { text: `and ${more} more, alike`, nodeIds }];
}

/** With who it is, where that is known. */
function named(words: Words, kind: keyof JudgedPair["blocker"]): Words {
  const by = ({ blocker }: JudgedPair): string => (blocker[kind] === "" ? "" : `; ${blocker[kind]}`);
  return {
    pair: (from, to, failed) => words.pair(from, to, failed) + by(failed),
    to: (node, failed) => words.to(node, failed) + by(failed),
    from: (node, failed) => words.from(node, failed) + by(failed),
  };
}

/** @param tested all ways of which it is known. */
function grouped(
  tested: readonly JudgedPair[],
  isFailed: (pair: JudgedPair) => boolean,
  words: Words,
): readonly Problem[] {
  const said = new Set<JudgedPair>();
  const sentences: Problem[] = [];
  const say = (text: string, ways: readonly JudgedPair[]): void => {
    sentences.push({ text, nodeIds: new Set(ways.flatMap(({ from, to }) => [from.nodeId, to.nodeId])) });
  };
  const sayOnce = (end: "to" | "from"): void => {
    const byEnd = Map.groupBy(tested, (pair) => pair[end]);
    for (const [node, ways] of byEnd) {
      const [first] = ways;
      if (ways.length < 2 || first === undefined || !ways.every(isFailed)) continue;
      if (ways.every((pair) => said.has(pair))) continue; // its other end has said it
      for (const pair of ways) said.add(pair);
      say(words[end](node, first), ways);
    }
  };
  sayOnce("to");
  sayOnce("from");
  for (const pair of tested) {
    if (isFailed(pair) && !said.has(pair)) say(words.pair(pair.from, pair.to, pair), [pair]);
  }
  return sentences;
}
