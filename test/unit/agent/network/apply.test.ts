import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { droppingChains, hostLinks } from "../../../../agent/network/apply/parse.ts";
import type { ReadAddress } from "../../../../agent/network/netlink/read.ts";
import { readAddresses } from "../../../../agent/network/plan/addresses.ts";
import { type FlowNet, netsAt, shrunkNets, stalePlaces } from "../../../../agent/network/plan/flows.ts";
import { localPorts, type Publication } from "../../../../agent/network/plan/published.ts";
import type { NodeId } from "../../../../shared/model/ids.ts";
import { probeAddressOf, tunnelAddressOf } from "../../../../shared/network/tunnel-address.ts";

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

  test("where an address is no longer known at all it is remembered until it was looked at", () => {
    const before = [net("a", ["1", "2"], ["1", "2"]), net("b", ["3"], ["3"])];
    const drained = [net("a", ["1"], ["1", "2"]), net("b", ["3"], ["3"])];
    const gone = [net("a", ["1"], ["1"]), net("b", ["3"], ["3"])];
    const place = { net: "a", namespace: "of-a" };
    assert.deepEqual(stalePlaces([], before, drained), []);
    assert.deepEqual(stalePlaces([], drained, gone), [place]);
    assert.deepEqual(stalePlaces([place], drained, gone), [place], "once");
    assert.deepEqual(stalePlaces([place], gone, gone), [place]);
    assert.deepEqual(netsAt(gone, [place, { net: "b", namespace: "gone" }]), [gone[0]]);
    assert.deepEqual(netsAt([], [place]), []);
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
  const names = ["", "lo", "skep0", "tunnel", "eth0"];
  const address = (link: number, text: string, scope: ReadAddress["scope"] = "global"): ReadAddress => ({
    link,
    address: text,
    prefixLength: 24,
    scope,
  });
  const links = hostLinks(names.map((name, index) => ({ name, index })).slice(1), [
    address(1, "127.0.0.1", "host"),
    address(1, "192.0.2.7"),
    address(2, "172.29.0.1"),
    address(3, tunnelAddressOf("n1" as NodeId)),
    address(3, "fe80::1", "link"),
    address(4, probeAddressOf("n1" as NodeId)),
    address(4, "192.0.2.8"),
    address(4, "2001:db8::8"),
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
