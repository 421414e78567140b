// `skep network check`: the verdict first, then what is wrong and what to do, then the ways that it follows from. Pure.
import type { NetworkCheckPair, NetworkCheckResponse, ProbeVerdict } from "../../proto/gen/control.ts";
import { oneLine } from "../../shared/safe-text.ts";
import { palette } from "./colour.ts";
import { renderColumns } from "./table.ts";

export interface CheckScreen {
  /** Every way, not only those that fail. */
  readonly verbose: boolean;
  readonly colour: boolean;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
const WORD = { passed: "ok", failed: "blocked", untested: "-" } as const satisfies Record<ProbeVerdict, string>;

export function networkCheckText(answer: NetworkCheckResponse, { verbose, colour }: CheckScreen): string {
  const colours = palette(colour);
  const { problems, notes, nodes, pairs } = answer;
  const tested = nodes.filter(({ problem }) => problem === "").length;
  const scope = `${plural(pairs.length, "way")} between ${plural(tested, "node")}`;
  const head =
    problems.length === 0
      ? `${colours.green(colours.bold("OK"))}  ${wellText(answer, scope)}\n`
      : `${colours.red(colours.bold(plural(problems.length, "problem").toUpperCase()))}  ${scope} tested\n`;
  const shown = verbose ? pairs : pairs.filter((pair) => isFailed(pair, answer.mtu));
  return [
    head,
    ...problems.map((problem) => colours.yellow(`  ! ${oneLine(problem)}`).concat("\n")),
    ...notes.map((note) => `  ${oneLine(note)}\n`),
    shown.length === 0 ? "" : `\n${waysText(answer, shown)}`,
  ].join("");
}

function wellText({ pairs, nodes, mtu }: NetworkCheckResponse, scope: string): string {
  if (pairs.length === 0) return "there is one node only: nothing to test";
  const tunnels = pairs.filter(({ encryption }) => encryption === "passed").length;
  const skewMs = Math.max(0, ...nodes.map(({ clockAheadMs }) => Math.abs(clockAheadMs)));
  const encryption = tunnels === 0 ? "" : `, encryption on ${plural(tunnels, "way")}`;
  return `${scope}: TCP, VXLAN with packets up to ${mtu} bytes${encryption}; clocks within ${skewMs} ms`;
}

const isFailed = ({ tcp, vxlan, encryption, mtu }: NetworkCheckPair, full: number): boolean =>
  tcp === "failed" || vxlan === "failed" || encryption === "failed" || (vxlan === "passed" && mtu < full);

function waysText({ nodes }: NetworkCheckResponse, pairs: readonly NetworkCheckPair[]): string {
  const names = new Map(nodes.map(({ nodeId, hostname }) => [nodeId, hostname]));
  const rows = pairs.map(({ fromNodeId, toNodeId, tcp, tcpError, vxlan, mtu, encryption }) => [
    names.get(fromNodeId) ?? fromNodeId,
    names.get(toNodeId) ?? toNodeId,
    tcp === "failed" ? tcpError : WORD[tcp],
    WORD[vxlan],
    vxlan === "passed" ? String(mtu) : "-",
    WORD[encryption],
  ]);
  return renderColumns([["FROM", "TO", "TCP", "VXLAN", "MTU", "ENCRYPTION"], ...rows]);
}
