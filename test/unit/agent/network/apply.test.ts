import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { droppingChains, hostLinks } from "../../../../agent/network/apply/parse.ts";
import { complaintsOf, scriptOf } from "../../../../agent/network/apply/script.ts";
import { readAddresses } from "../../../../agent/network/plan/addresses.ts";
import { type FlowNet, flowLines, shrunkNets } from "../../../../agent/network/plan/flows.ts";
import { localPorts, type Publication } from "../../../../agent/network/plan/published.ts";
import type { NodeId } from "../../../../shared/model/ids.ts";
import { probeAddressOf, tunnelAddressOf } from "../../../../shared/network/tunnel-address.ts";

describe("several runs in one shell", () => {
  const cat = (input: string, goesOn = true) => ({ command: "cat", args: [], input, goesOn });
  const fails = (input: string, goesOn: boolean) => ({
    command: "sh",
    args: ["-c", 'read -r line; echo "it\'s $line" >&2; exit 3'],
    input,
    goesOn,
  });
  const run = (...calls: Parameters<typeof scriptOf>[0]) => {
    const { stdout, status } = spawnSync("sh", ["-s"], { input: scriptOf(calls), encoding: "utf8" });
    assert.equal(status, 0);
    return complaintsOf(stdout);
  };

  test("what goes well is not told", () => {
    assert.deepEqual(run(cat("a $HOME `x` \\ 'y'\n"), cat("b")), []);
  });

  test("what fails is told by its number, and the rest goes on, or not", () => {
    const complaint = (index: number, word: string) => ({ index, code: 3, text: `it's ${word}\n` });
    assert.deepEqual(run(cat("a"), fails("one", true), fails("two", true)), [complaint(1, "one"), complaint(2, "two")]);
    assert.deepEqual(run(cat("a"), fails("one", false), fails("two", true)), [complaint(1, "one")]);
  });
});

describe("flows to what is gone", () => {
  const net = (name: string, ready: readonly string[], known: readonly string[]): FlowNet => ({
    net: name,
    ready: new Set(ready),
    known: new Set(known),
    namespaces: [`of-${name}`],
  });

  test("only a network where an address is no longer ready is looked at", () => {
    const before = [net("a", ["1", "2"], ["1", "2"]), net("b", ["3"], ["3"]), net("c", ["4"], ["4"])];
    const drained = net("a", ["1"], ["1", "2"]);
    const now = [drained, net("b", ["3", "5"], ["3", "5"]), net("d", [], [])];
    assert.deepEqual(shrunkNets(before, now), [drained]);
    assert.deepEqual(shrunkNets(now, now), []);
  });

  test("as lines: the sets once, and each namespace that uses them", () => {
    const shared = { ...net("0a000900/24", ["0a000903"], ["0a000903", "0a000904"]), namespaces: ["x", "y"] };
    assert.deepEqual(
      flowLines([shared], true, (name) => `/n/${name}`),
      [
        "set r0 0a000903",
        "set k0 0a000903 0a000904",
        "flows /n/x 0a000900/24 r0 k0 all",
        "flows /n/y 0a000900/24 r0 k0 all",
      ],
    );
  });
});

test("ports on one address of the node have one of the switchboard's that nothing else has", () => {
  const publication = (port: number, at?: string, protocol = "tcp"): Publication => ({
    key: `${protocol} . ${port}`,
    protocol,
    port,
    at: at === undefined ? undefined : readAddresses([at])[0],
    chain: { name: "p", chain: { rules: [] } },
    families: new Set([4]),
  });
  const here = publication(80, "127.0.0.1");
  const there = publication(80, "10.99.0.1");
  const apart = publication(80, "10.99.0.1", "udp");
  const last = publication(65_535, "127.0.0.1");
  const given = localPorts([publication(81), here, there, apart, publication(65_535), last]);
  assert.deepEqual(
    [here, there, apart, last].map((each) => given.get(each)),
    [80, 82, 80, 1],
  );
});

test("the host's links, without ours and the addresses that we gave it ourselves", () => {
  const address = (local: string, scope = "global") => ({ local, scope });
  const links = hostLinks([
    { ifname: "lo", addr_info: [address("127.0.0.1", "host"), address("192.0.2.7")] },
    { ifname: "skep0", addr_info: [address("172.29.0.1")] },
    { ifname: "tunnel", addr_info: [address(tunnelAddressOf("n1" as NodeId)), address("fe80::1", "link")] },
    {
      ifname: "eth0",
      addr_info: [address(probeAddressOf("n1" as NodeId)), address("192.0.2.8"), address("2001:db8::8")],
    },
  ]);
  assert.deepEqual(
    [...links],
    [
      ["eth0", ["192.0.2.8", "2001:db8::8"]],
      ["lo", ["192.0.2.7"]],
    ],
  );
});

test("who drops what the host would forward", () => {
  const chain = (family: string, hook: string, policy: string) => ({
    chain: { family, table: "filter", name: "FORWARD", hook, policy },
  });
  const found = droppingChains({
    nftables: [
      { metainfo: {} },
      chain("ip", "forward", "drop"),
      chain("ip6", "forward", "accept"),
      chain("inet", "input", "drop"),
      chain("bridge", "forward", "drop"),
      { chain: { family: "ip", table: "filter", name: "DOCKER" } },
    ],
  });
  assert.deepEqual(found, ["the policy of chain FORWARD in table ip filter is drop"]);
  assert.deepEqual(droppingChains({}), []);
});
