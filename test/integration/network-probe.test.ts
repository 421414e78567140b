// The nodes' half of `skep network check` on real hosts (namespaces): what is blocked on the wire, in which direction, and from which
// size on; and that it leaves nothing behind.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import type { NodeId } from "../../shared/model/ids.ts";
import { type HostNamespaces, openHosts, sh, type TestHost } from "../support/host-namespaces.ts";
import { type Probed, probeHosts } from "../support/probe-hosts.ts";

const SIZES = [1450, 1400, 1300, 120];
const WAYS = ["n1 n2", "n1 n3", "n2 n1", "n2 n3", "n3 n1", "n3 n2"];
const nodeId = ({ name }: TestHost): NodeId => `probetest${name}`.padEnd(25, "0") as NodeId;

describe("testing ways between nodes", () => {
  const dir = mkdtempSync(join(tmpdir(), "skepprobe-"));
  let hosts: HostNamespaces;
  const host = (n: number): TestHost => {
    const found = hosts.hosts[n - 1];
    assert.ok(found);
    return found;
  };
  const probe = (): Promise<Probed> =>
    probeHosts(
      hosts.hosts.map((each) => ({ host: each, nodeId: nodeId(each) })),
      SIZES,
      [120],
    );
  /** Replaces the host's firewall. */
  const firewall = (at: TestHost, ...chains: readonly string[]): void =>
    void at.sh(`nft -f - <<'X'\ntable inet firewall {\n${chains.join("\n")}\n}\nX`);
  const incoming = (rule: string, policy = "accept"): string =>
    `chain in {\ntype filter hook input priority 0; policy ${policy};\n${rule}\n}`;

  before(async () => {
    hosts = await openHosts("skepprobe", dir, 22, 3);
  });

  after(async () => {
    await hosts.close();
    rmSync(dir, { recursive: true, force: true });
  });

  afterEach(() => {
    for (const each of hosts.hosts) {
      each.sh("nft delete table inet firewall 2>/dev/null || :");
      assert.doesNotMatch(each.sh("ip -o link; nft list tables"), /skvxprobe|skepprobe/, "nothing is left");
    }
  });

  test("nothing is wrong: every way in both directions, in every size, and every port answers", async () => {
    const { connections, vxlan } = await probe();
    assert.deepEqual(
      [...connections].sort(),
      WAYS.map((way) => [way, ""]),
    );
    assert.deepEqual(
      [...vxlan].sort(),
      WAYS.map((way) => [way, SIZES.toSorted((a, b) => a - b)]),
    );
  });

  test("a host's firewall that lets in only what must be open is no trouble", async () => {
    firewall(
      host(1),
      incoming(
        "ct state established accept\nudp dport 4789 accept\ntcp dport 7377 accept\nicmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
        "drop",
      ),
    );
    const { connections, vxlan, blocks } = await probe();
    assert.deepEqual(
      [...connections.values()].filter((error) => error !== ""),
      [],
    );
    assert.deepEqual([...vxlan.keys()].sort(), WAYS);
    assert.deepEqual([...blocks.values()].flat(), [], "it drops nothing of ours");
  });

  test("UDP 4789 is blocked towards one node, from one other: that direction, and no more", async () => {
    firewall(host(1), incoming(`ip saddr ${host(3).address} udp dport 4789 drop`));
    const { vxlan, connections, blocks } = await probe();
    assert.deepEqual(
      [...vxlan.keys()].sort(),
      WAYS.filter((way) => way !== "n3 n1"),
    );
    const [block, ...more] = [...blocks.values()].flat();
    assert.deepEqual([blocks.get("n1")?.length, more], [1, []]);
    assert.deepEqual([block?.incoming, block?.peer], [true, host(3).address]);
    assert.match(block?.what ?? "", /^the firewall drops it \(table inet firewall, chain in: `ip saddr .* drop`\)$/);
    assert.equal(block?.fix, "nft insert rule inet firewall in udp dport 4789 accept");
    assert.deepEqual(
      [...connections.values()].filter((error) => error !== ""),
      [],
    );
  });

  test("the daemon's port is blocked: dropped or refused, by name", async () => {
    firewall(
      host(2),
      incoming(
        `ip saddr ${host(1).address} tcp dport 7377 drop\nip saddr ${host(3).address} tcp dport 7377 reject with tcp reset`,
      ),
    );
    const { connections, vxlan } = await probe();
    assert.match(connections.get("n1 n2") ?? "", /no answer within 2 s/);
    assert.match(connections.get("n3 n2") ?? "", /connection refused/);
    assert.equal(connections.get("n2 n1"), "");
    assert.deepEqual([...vxlan.keys()].sort(), WAYS);
  });

  test("who drops it is found in iptables, too", async () => {
    const clear = "iptables-nft -P INPUT ACCEPT; iptables-nft -F INPUT; nft delete table ip filter";
    host(2).sh("iptables-nft -A INPUT -p icmp -j ACCEPT; iptables-nft -P INPUT DROP");
    try {
      const { blocks } = await probe();
      assert.deepEqual([blocks.get("n1"), blocks.get("n3")], [[], []]);
      assert.deepEqual(
        blocks.get("n2")?.map(({ fix }) => fix),
        ["tcp --dport 7377", "udp --dport 4789"].map((to) => `iptables -t filter -I INPUT -p ${to} -j ACCEPT`),
      );
    } finally {
      host(2).sh(clear);
    }
  });

  test("a link on the way is narrower than the nodes' own: the sizes that fit arrive", async () => {
    sh("ip -n skepprobe-fab link set n3 mtu 1400");
    try {
      const { vxlan } = await probe();
      assert.deepEqual(vxlan.get("n1 n3"), [120, 1300]);
      assert.deepEqual(vxlan.get("n1 n2"), [120, 1300, 1400, 1450]);
    } finally {
      sh("ip -n skepprobe-fab link set n3 mtu 1500");
    }
  });
});
