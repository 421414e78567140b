import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolRunner } from "../../../agent/network/apply/run.ts";
import { createOwnFirewall } from "../../../bin/daemon/own-firewall.ts";

const RULES = `*filter
:INPUT DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i eth0 -p tcp -m tcp --dport 7377 -j ACCEPT
-A INPUT -s 10.0.0.1/32 -p udp -m udp --dport 4789 -j ACCEPT
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
COMMIT
`;
const runner: ToolRunner = {
  run: async ({ command }) => {
    if (command === "nft") throw new Error("not installed");
    return { code: 0, stdout: command === "iptables-nft-save" ? RULES : "", stderr: "" };
  },
};
const address = { address: "10.0.0.5", netmask: "", mac: "", internal: false, cidr: null, family: "IPv4" } as const;

test("each port that the host's own rules keep from others is told once, with what opens it", async () => {
  const read = createOwnFirewall(runner, 51_820, () => ({ eth0: [address] }));
  const reached = { own: "10.0.0.5", daemonPort: 7_377, dataPathPort: 4_789 };
  const { signal } = new AbortController();
  const dropped = (port: number): string =>
    `UDP ${port} on this host: the firewall drops it (table filter of iptables, chain INPUT: its policy): \`iptables -t filter -I INPUT -p udp --dport ${port} -j ACCEPT\``;
  const peers = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.5", "fd00::1", "manager.example"];
  assert.deepEqual(await read({ ...reached, peers }, signal), [dropped(4_789), dropped(51_821)]);
  assert.deepEqual(await read({ ...reached, peers: ["10.0.0.1"] }, signal), [dropped(51_821)]);
  assert.deepEqual(await read({ ...reached, peers: [] }, signal), []);
});
