// Rule sets as the tools of a host print them (made with nft 1.0.6 and iptables 1.8.9), and who drops what in them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { adviceOn } from "../../../../../agent/network/firewall/advice.ts";
import { dropsOf } from "../../../../../agent/network/firewall/blocks.ts";
import { parseIptablesSave } from "../../../../../agent/network/firewall/iptables-save.ts";
import { parseNftRuleset } from "../../../../../agent/network/firewall/nft-json.ts";
import { type Packet, type Table, whoDrops } from "../../../../../agent/network/firewall/packet.ts";
import { ruleWithHandle } from "../../../../../agent/network/firewall/read.ts";

const read = (file: string): string => readFileSync(join(import.meta.dirname, "rulesets", file), "utf8");
const nft = (file: string): readonly Table[] => parseNftRuleset(JSON.parse(read(`${file}.json`)));
const iptables = (file: string, tool = "iptables"): readonly Table[] =>
  parseIptablesSave(tool, read(`${file}.iptables`));

const packet = (words: string, more: Partial<Packet> = {}): Packet => {
  const [port = "", protocol] = words.split("/");
  return {
    direction: "in",
    protocol: protocol === "tcp" ? "tcp" : "udp",
    port: Number(port),
    link: "eth0",
    peer: "10.0.0.1",
    own: "10.0.0.9",
    state: "new",
    ...more,
  };
};
/** What is said, with the fix; "open" when nobody drops it. */
function said(tables: readonly Table[], words: string, more: Partial<Packet> = {}): string {
  const drop = whoDrops(tables, packet(words, more));
  if (drop === undefined) return "open";
  const { what, fix } = adviceOn(drop, packet(words, more), drop.rule === undefined ? "" : "the rule");
  return `${what}: ${fix}`;
}

type Case = readonly [words: string, more: Partial<Packet>, want: string];
const out = { direction: "out" } as const;
const six = { peer: "fd00::1", own: "fd00::9" };

const REJECTED = "firewalld rejects it (table inet firewalld, chain filter_INPUT: `the rule`)";
const FIREWALLD: readonly Case[] = [
  [
    "4789/udp",
    { state: "untracked" },
    `${REJECTED}: firewall-cmd --permanent --add-port=4789/udp && firewall-cmd --reload`,
  ],
  ["4789/udp", { link: "docker0" }, "open"],
  ["4789/udp", { link: "lo" }, "open"],
  ["7377/tcp", {}, "open"],
  ["7377/udp", {}, `${REJECTED}: firewall-cmd --permanent --add-port=7377/udp && firewall-cmd --reload`],
  ["51820/udp", six, `${REJECTED}: firewall-cmd --permanent --add-port=51820/udp && firewall-cmd --reload`],
  ["4789/udp", out, "open"],
];

const POLICY = "drops it (table inet filter, chain input: its policy): nft insert rule inet filter input";
const PLAIN_NFT: readonly Case[] = [
  ["4789/udp", {}, "open"],
  ["4789/udp", six, "open"],
  ["4789/udp", { peer: "10.0.0.3" }, `the firewall ${POLICY} udp dport 4789 accept`],
  ["7377/tcp", {}, "open"],
  [
    "7377/tcp",
    { peer: "10.1.0.1" },
    "the firewall rejects it (table inet filter, chain cluster: `the rule`): nft insert rule inet filter input tcp dport 7377 accept",
  ],
  ["85/tcp", {}, "open"],
  [
    "51821/udp",
    {},
    "the firewall drops it (table inet filter, chain early: `the rule`): nft insert rule inet filter early udp dport 51821 accept",
  ],
  [
    "4789/udp",
    { ...out, link: "eth1" },
    "the firewall drops it (table inet filter, chain output: `the rule`): nft insert rule inet filter output udp dport 4789 accept",
  ],
  ["4789/udp", out, "open"],
  [
    "4789/udp",
    { link: "eth9" },
    "the firewall drops it (table netdev guard, chain in: `the rule`): nft insert rule netdev guard in udp dport 4789 accept",
  ],
];

const UFW: readonly Case[] = [
  ["4789/udp", {}, "ufw drops it (table filter of iptables, chain INPUT: its policy): ufw allow 4789/udp"],
  ["51821/udp", {}, "open"],
  ["7377/tcp", {}, "open"],
  [
    "7377/tcp",
    { peer: "10.1.0.1" },
    "ufw drops it (table filter of iptables, chain INPUT: its policy): ufw allow 7377/tcp",
  ],
  [
    "25/tcp",
    out,
    "ufw drops it (table filter of iptables, chain ufw-user-output: `-A ufw-user-output -p tcp -m tcp --dport 25 -j DROP`): ufw allow out 25/tcp",
  ],
  ["4789/udp", six, "open"], // IPv4's rules are not asked
];

const PLAIN_IPTABLES: readonly Case[] = [
  ["4789/udp", {}, "open"],
  [
    "4789/udp",
    { peer: "10.0.0.3" },
    "the firewall drops it (table raw of iptables, chain PREROUTING: `-A PREROUTING -s 10.0.0.3/32 -p udp -m udp --dport 4789 -j DROP`): iptables -t raw -I PREROUTING -p udp --dport 4789 -j ACCEPT",
  ],
  ["22/tcp", {}, "open"],
  [
    "22/tcp",
    { link: "eth1" },
    "the firewall rejects it (table filter of iptables, chain INPUT: `-A INPUT -j REJECT --reject-with icmp-host-prohibited`): iptables -t filter -I INPUT -p tcp --dport 22 -j ACCEPT",
  ],
  [
    "7377/tcp",
    out,
    "the firewall drops it (table filter of iptables, chain OUTPUT: `-A OUTPUT -p tcp -m tcp --dport 7377 -j DROP`): iptables -t filter -I OUTPUT -p tcp --dport 7377 -j ACCEPT",
  ],
];

const sets: readonly (readonly [name: string, tables: readonly Table[], cases: readonly Case[]])[] = [
  ["firewalld", nft("firewalld"), FIREWALLD],
  ["rules of nft", nft("plain"), PLAIN_NFT],
  ["ufw", iptables("ufw"), UFW],
  ["rules of iptables", iptables("plain"), PLAIN_IPTABLES],
  [
    "Docker's",
    iptables("docker"),
    [
      ["4789/udp", {}, "open"],
      ["7377/tcp", {}, "open"],
      ["4789/udp", out, "open"],
    ],
  ],
];

for (const [name, tables, cases] of sets) {
  describe(`who drops it: ${name}`, () => {
    for (const [words, more, want] of cases) {
      const how = Object.values(more).join(" ");
      test(`${words}${how === "" ? "" : ` (${how})`}`, () => assert.equal(said(tables, words, more), want));
    }
  });
}

test("of several firewalls the first on the way is named, and one that is sure before one that may", () => {
  const both = [...nft("firewalld"), ...iptables("plain", "iptables-legacy")];
  assert.match(said(both, "4789/udp", { peer: "10.0.0.3" }), /table raw of iptables-legacy/);
  assert.match(said(both, "4789/udp"), /firewalld/);
  const guess = parseIptablesSave(
    "iptables",
    "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m recent --rcheck -p udp -j DROP\nCOMMIT\n",
  );
  assert.match(said(guess, "4789/udp"), /^the firewall may drop it \(table filter of iptables, chain INPUT: `-A INPUT/);
  assert.match(said([...guess, ...nft("firewalld")], "4789/udp"), /^firewalld rejects it/);
});

test("of many nodes the same is told once, and what is one node's for each", () => {
  const ways = (file: readonly Table[], ...peers: readonly string[]) =>
    dropsOf(file, {
      link: "eth0",
      own: "10.0.0.9",
      peers,
      ports: [
        { protocol: "udp", port: 4789 },
        { protocol: "tcp", port: 7377 },
      ],
      untrackedPort: 4789,
    }).map(({ port, incoming, peer }) => `${incoming ? "in" : "out"} ${port.protocol} ${peer || "all"}`);
  assert.deepEqual(ways(nft("firewalld"), "10.0.0.1", "10.0.0.2"), ["in udp all"]);
  assert.deepEqual(ways(nft("plain"), "10.0.0.1", "10.0.0.3", "10.0.0.4"), ["in udp 10.0.0.3", "in udp 10.0.0.4"]);
  assert.deepEqual(ways(iptables("plain"), "10.0.0.1", "10.0.0.3"), ["in udp 10.0.0.3", "in tcp all", "out tcp all"]);
  assert.deepEqual(ways([], "10.0.0.1"), []);
  const huge = `*filter\n:INPUT DROP [0:0]\n${"-A INPUT -p tcp -j DROP\n".repeat(5_001)}COMMIT\n`;
  assert.deepEqual(ways(parseIptablesSave("iptables", huge), "10.0.0.1"), [], "too many rules to look at");
});

test("rules that go round, jump nowhere, or make no sense end the search and nothing else", () => {
  const round =
    "*filter\n:INPUT ACCEPT [0:0]\n:a - [0:0]\n-A INPUT -j a\n-A INPUT -j nowhere\n-A a -j a\nCOMMIT\n-A x\n:\n*";
  assert.equal(said(parseIptablesSave("iptables", round), "1/tcp"), "open");
  for (const json of [null, 1, {}, { nftables: 3 }, { nftables: [null, { rule: { expr: [{}, { match: null }] } }] }]) {
    assert.deepEqual(parseNftRuleset(json), []);
  }
});

test("a rule of nft is shown as nft writes it", () => {
  const listing =
    "table inet f {\n\tchain c { # handle 5\n\t\tct state new accept # handle 4\n\t\treject # handle 24\n\t}\n}\n";
  assert.equal(ruleWithHandle(listing, "24"), "reject");
  assert.equal(ruleWithHandle(listing, "5"), "chain c {");
  assert.equal(ruleWithHandle(listing, "9"), "");
});
