// The nftables rules of a dev cluster, as text: a way out of the machine for its hosts, and cut links. Each is a table of
// its own, replaced as a whole and removed as a whole; nothing else on the machine is touched.
import { bridgeOf, cutTableOf, type DevCluster, natTableOf, nodeByName, subnetOf, vethOf } from "./model.ts";

// A table that is declared, deleted and declared again is replaced in one transaction whether or not it was there.
const replace = (family: string, table: string, body: string): string =>
  `table ${family} ${table} {}\ndelete table ${family} ${table}\ntable ${family} ${table} {\n${body}}\n`;

/** The hosts' traffic leaves the machine with the machine's address. */
export function wayOutRules(number: number): string {
  return replace(
    "ip",
    natTableOf(number),
    `  chain postrouting {
    type nat hook postrouting priority 100;
    ip saddr ${subnetOf(number)} oifname != "${bridgeOf(number)}" masquerade
  }
`,
  );
}

/**
 * Drops, silently as a broken cable does, every frame between the nodes of `cut` and anything outside of it. Nodes cut
 * together still reach one another.
 */
export function cutRules(cluster: DevCluster, cut: readonly string[]): string {
  const veths = cut.map((name) => `"${vethOf(cluster.number, nodeByName(cluster, name))}"`).join(", ");
  const set = `{ ${veths} }`;
  return replace(
    "bridge",
    cutTableOf(cluster.number),
    `  chain forward {
    type filter hook forward priority 0;
    iifname ${set} oifname ${set} accept
    iifname ${set} drop
    oifname ${set} drop
  }
  chain input {
    type filter hook input priority 0;
    iifname ${set} drop
  }
  chain output {
    type filter hook output priority 0;
    oifname ${set} drop
  }
`,
  );
}
