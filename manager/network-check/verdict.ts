// From what nodes found out to what is wrong, and what to do about it. Pure.
import {
  type NetworkCheckResponse,
  newNetworkCheckNode,
  newNetworkCheckPair,
  newNetworkCheckResponse,
} from "../../proto/gen/control.ts";
import { probeAddressOf, tunnelAddressOf } from "../../shared/network/tunnel-address.ts";
import { portOf } from "../allocator/node-ports.ts";
import { blockerOf } from "./blockers.ts";
import type { Finding, Findings } from "./findings.ts";
import type { CheckedNode, CheckPlan } from "./plan.ts";
import { type JudgedPair, type Problem, pairProblems } from "./words.ts";

/** Certificates, logs and the times of tasks suffer from more. */
const MAX_CLOCK_SKEW_MS = 1_000;

const judgeAll = (plan: CheckPlan, findings: Findings): readonly JudgedPair[] =>
  plan.nodes.flatMap((from) =>
    from.targets.flatMap((id) => {
      const to = plan.nodes.find(({ nodeId }) => nodeId === id);
      return to === undefined ? [] : [{ from, to, ...judge(from, to, plan, findings) }];
    }),
  );

/** What a test has shown to be wrong; that something could not be tested proves nothing. */
export const provenProblems = (plan: CheckPlan, findings: Findings): readonly Problem[] => [
  ...clockProblems(plan.nodes, findings),
  ...pairProblems(plan, judgeAll(plan, findings)),
];

export function verdictOn(plan: CheckPlan, findings: Findings): NetworkCheckResponse {
  const pairs = judgeAll(plan, findings);
  const unasked = plan.nodes.flatMap((node) => {
    const finding = findings.get(node.nodeId);
    return finding?.kind === "tested" ? [] : [{ ...node, problem: finding?.problem ?? "it was not asked" }];
  });
  const nodes = plan.nodes.map(({ nodeId, hostname }) => {
    const finding = findings.get(nodeId);
    if (finding?.kind !== "tested") {
      return newNetworkCheckNode({ nodeId, hostname, problem: finding?.problem ?? "it was not asked" });
    }
    const { clockAheadMs, clockErrorMs, ready } = finding;
    return newNetworkCheckNode({ nodeId, hostname, clockAheadMs, clockErrorMs, problem: ready.problem });
  });
  return newNetworkCheckResponse({
    nodes: [...nodes, ...plan.skipped.map(newNetworkCheckNode)],
    pairs: pairs.map(({ from, to, tunnelMtu: _, blocker: __, ...pair }) =>
      newNetworkCheckPair({ ...pair, fromNodeId: from.nodeId, toNodeId: to.nodeId }),
    ),
    problems: [
      ...[...plan.skipped, ...unasked].map(({ hostname, problem }) => `${hostname} was not tested: ${problem}`),
      ...nodes.flatMap(({ nodeId, hostname, problem }) =>
        problem !== "" && findings.get(nodeId)?.kind === "tested" ? [`${hostname} cannot test VXLAN: ${problem}`] : [],
      ),
      ...provenProblems(plan, findings).map(({ text }) => text),
    ],
    notes: plan.notes,
    mtu: plan.mtu,
  });
}

function judge(
  from: CheckedNode,
  to: CheckedNode,
  { dataPathPort }: CheckPlan,
  findings: Findings,
): Omit<JudgedPair, "from" | "to"> {
  const blocker = {
    tcp: blockerOf(from, to, "tcp", [portOf(to.addr)], findings),
    vxlan: blockerOf(from, to, "udp", [dataPathPort], findings),
    encryption: blockerOf(from, to, "udp", to.tunnelPorts, findings),
  };
  const untested = {
    tcp: "untested",
    tcpError: "",
    vxlan: "untested",
    mtu: 0,
    encryption: "untested",
    tunnelMtu: 0,
    blocker,
  } as const;
  const [sender, receiver] = [findings.get(from.nodeId), findings.get(to.nodeId)];
  if (sender?.kind !== "tested") return untested;
  const connection = sender.sent.connections.find(({ nodeId }) => nodeId === to.nodeId);
  const tcp = connection === undefined ? "untested" : connection.error === "" ? "passed" : "failed";
  const tcpError = connection?.error ?? "";
  if (receiver?.kind !== "tested") return { ...untested, tcp, tcpError };
  const mtu = largest(receiver.arrived.vxlan, probeAddressOf(from.nodeId));
  const tunnelMtu = largest(receiver.arrived.tunnels, tunnelAddressOf(from.nodeId));
  const canTest = sender.ready.problem === "" && receiver.ready.problem === "";
  const hasTunnel = sender.sent.tunnelNodeIds.includes(to.nodeId);
  return {
    tcp,
    tcpError,
    vxlan: !canTest ? "untested" : mtu > 0 ? "passed" : "failed",
    mtu,
    encryption: !canTest || !hasTunnel ? "untested" : tunnelMtu > 0 ? "passed" : "failed",
    tunnelMtu,
    blocker,
  };
}

const largest = (
  arrivals: readonly { readonly address: string; readonly sizes: readonly number[] }[],
  from: string,
): number => Math.max(0, ...(arrivals.find(({ address }) => address === from)?.sizes ?? []));

function clockProblems(nodes: readonly CheckedNode[], findings: Findings): readonly Problem[] {
  const isOff = (finding: Finding | undefined): number => {
    if (finding?.kind !== "tested") return 0;
    const { clockAheadMs, clockErrorMs } = finding;
    return Math.abs(clockAheadMs) - clockErrorMs > MAX_CLOCK_SKEW_MS ? clockAheadMs : 0;
  };
  return nodes.flatMap(({ nodeId, hostname }) => {
    const off = isOff(findings.get(nodeId));
    if (off === 0) return [];
    const seconds = (Math.abs(off) / 1000).toFixed(1);
    const text = `the clock of ${hostname} is ${seconds} s ${off > 0 ? "ahead of" : "behind"} the leader's: run a time service (NTP) on both`;
    return [{ text, nodeIds: new Set([nodeId]) }];
  });
}
