// Rules that keep what is to be encrypted from every other way. VXLAN of an encrypted network goes to addresses inside the tunnel,
// so by itself it goes nowhere else; these rules hold even where something on the node, or on the wire, does what it
// should not:
//
//   sealed-out   what this node sends for such a network, and would not go into a tunnel, is dropped
//   sealed-in    what comes for such a network otherwise than out of a tunnel is dropped, before anything else sees it
//   sealed-fwd   nothing is forwarded into or out of tunnels: a task that knows a node's address there reaches nothing
import type { RulesetBuilder } from "../plan/ruleset.ts";
import { DEVICES } from "./state.ts";

const TUNNELS = `{ ${DEVICES.map((name) => `"${name}"`).join(", ")} }`;

/**
 * @param vnis of the encrypted networks on this node.
 * @param port where VXLAN packets go to.
 */
export function addGuard(rules: RulesetBuilder, vnis: readonly number[], port: number): void {
  if (vnis.length === 0) return;
  // The VNI is the three bytes from the fifth of the VXLAN header on, which comes after 8 bytes of UDP.
  const sealed = `udp dport ${port} @th,96,24 { ${vnis.toSorted((a, b) => a - b).join(", ")} }`;
  rules.chain("sealed-in", {
    hook: "type filter hook prerouting priority -310",
    rules: [`iifname != ${TUNNELS} ${sealed} drop`],
  });
  rules.chain("sealed-out", {
    hook: "type filter hook output priority -310",
    rules: [`oifname != ${TUNNELS} ${sealed} drop`],
  });
  rules.chain("sealed-fwd", {
    hook: "type filter hook forward priority -310",
    rules: [`iifname ${TUNNELS} drop`, `oifname ${TUNNELS} drop`],
  });
}
