// Steps as lines for the kernel's tools, as few runs as possible: neighbours in the list that go to the same tool and
// namespace become one batch. Pure text.
import { assertNever } from "../../../shared/errors.ts";
import type { Link } from "../plan/kernel.ts";
import { NODE } from "../plan/names.ts";
import { nftLines } from "../plan/rule-changes.ts";
import type { Step } from "../plan/steps.ts";

export type Tool = "ip" | "ip6" | "bridge" | "sysctl" | "nft";

export interface Batch {
  readonly tool: Tool;
  readonly namespace: string;
  /** What may already be so: done by a repeat, or gone with something else. Such failures are no failures. */
  readonly tolerant: boolean;
  readonly lines: readonly string[];
}

interface Command {
  readonly tool: Tool;
  readonly namespace: string;
  readonly tolerant: boolean;
  readonly lines: readonly string[];
}

export function batches(steps: readonly Step[]): readonly Batch[] {
  const result: { tool: Tool; namespace: string; tolerant: boolean; lines: string[] }[] = [];
  for (const step of steps) {
    const { tool, namespace, tolerant, lines } = commandOf(step);
    const last = result.at(-1);
    const joins = last?.tool === tool && last.namespace === namespace && last.tolerant === tolerant && tool !== "nft";
    if (joins) last.lines.push(...lines);
    else result.push({ tool, namespace, tolerant, lines: [...lines] });
  }
  return result;
}

function commandOf(step: Step): Command {
  switch (step.kind) {
    case "addNamespace":
      return { tool: "ip", namespace: NODE, tolerant: true, lines: [`netns add ${step.namespace}`] };
    case "removeNamespace":
      return { tool: "ip", namespace: NODE, tolerant: true, lines: [`netns del ${step.namespace}`] };
    case "addLink": {
      // Where a VXLAN device is made, there its outer side stays.
      const namespace = step.link.make.kind === "vxlan" ? NODE : step.namespace;
      return { tool: "ip", namespace, tolerant: false, lines: addLink(step.name, step.link, step.namespace) };
    }
    case "setLink":
      return { tool: "ip", namespace: step.namespace, tolerant: false, lines: setLink(step.name, step.link) };
    case "removeLink":
      return { tool: "ip", namespace: step.namespace, tolerant: true, lines: [`link del dev ${step.name}`] };
    case "putFact":
      return putFact(step);
    case "removeFact":
      return removeFact(step);
    case "rules":
      return { tool: "nft", namespace: step.namespace, tolerant: false, lines: step.changes.flatMap(nftLines) };
    default:
      return assertNever(step);
  }
}

function addLink(name: string, { make, mtu }: Link, namespace: string): readonly string[] {
  switch (make.kind) {
    case "bridge":
      return [`link add ${name} mtu ${mtu} type bridge mcast_snooping 0 forward_delay 0`];
    case "vxlan":
      return [
        `link add ${name} netns ${namespace} mtu ${mtu} type vxlan id ${make.vni} dstport ${make.port} local ${make.local} nolearning proxy`,
      ];
    case "veth":
      return [
        `link add ${name} mtu ${mtu} type veth peer name ${make.peerName} mtu ${mtu} netns ${make.peerNamespace}`,
        `link set dev ${name} addrgenmode none`,
      ];
    case "peer":
    case "loopback":
      return []; // comes with its veth, with its namespace
    default:
      return assertNever(make);
  }
}

function setLink(name: string, { mtu, mac, master, port, up, make }: Link): readonly string[] {
  const address = mac === undefined ? "" : ` address ${mac}`;
  const bridge = master === undefined ? "" : ` master ${master}`;
  const size = make.kind === "loopback" ? "" : ` mtu ${mtu}`;
  const lines = [`link set dev ${name}${size}${address}${bridge}${up ? " up" : " down"}`];
  if (make.kind === "vxlan") lines.unshift(`link set dev ${name} addrgenmode none`);
  if (port !== undefined) {
    const isolated = port === "isolated-task" ? "on" : "off";
    lines.push(`link set dev ${name} type bridge_slave learning off flood off isolated ${isolated}`);
  }
  return lines;
}

const table = (key: string): { readonly destination: string; readonly table: string } => {
  const [destination = "", name = ""] = key.split(" table ");
  return { destination, table: name };
};

function putFact({ namespace, fact, key, value }: Extract<Step, { kind: "putFact" }>): Command {
  const at = (tool: Tool, line: string, tolerant = false): Command => ({ tool, namespace, tolerant, lines: [line] });
  switch (fact) {
    case "sysctl":
      return at("sysctl", `${key} ${value}`);
    case "address":
      // No duplicate address detection: addresses come from one place, and must work at once.
      return at("ip", `addr replace ${key}${key.includes(":") ? " nodad" : ""}`);
    case "neighbour":
      return at("ip", `neigh replace ${key} ${value} nud permanent`);
    case "fdb":
      return at("bridge", `fdb replace ${key} self permanent ${value}`);
    case "bridge-port":
      return at("bridge", `fdb replace ${key.split(" ")[0]} dev ${value} master static`);
    case "route": {
      const route = table(key);
      return at("ip", `route replace ${route.destination} ${value} table ${route.table} proto static`);
    }
    case "rule":
      return at(key.startsWith("6") ? "ip6" : "ip", `rule add ${key.slice(2)} ${value}`, true);
    default:
      return assertNever(fact);
  }
}

function removeFact({ namespace, fact, key, value }: Extract<Step, { kind: "removeFact" }>): Command {
  const at = (tool: Tool, line: string): Command => ({ tool, namespace, tolerant: true, lines: [line] });
  switch (fact) {
    case "sysctl":
      return { tool: "sysctl", namespace, tolerant: true, lines: [] }; // never taken back: others may rely on it
    case "address":
      return at("ip", `addr del ${key}`);
    case "neighbour":
      return at("ip", `neigh del ${key}`);
    case "fdb":
      return at("bridge", `fdb del ${key} self ${value}`);
    case "bridge-port":
      return at("bridge", `fdb del ${key.split(" ")[0]} dev ${value} master`);
    case "route": {
      const route = table(key);
      return at("ip", `route del ${route.destination} ${value} table ${route.table} proto static`);
    }
    case "rule":
      return at(key.startsWith("6") ? "ip6" : "ip", `rule del ${key.slice(2)} ${value}`);
    default:
      return assertNever(fact);
  }
}
