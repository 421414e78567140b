import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addGuard } from "../../../../../agent/network/encryption/guard.ts";
import { tunnelPeers } from "../../../../../agent/network/encryption/peers.ts";
import { RulesetBuilder } from "../../../../../agent/network/plan/ruleset.ts";
import { type NetworkView, viewOf } from "../../../../../agent/network/view.ts";
import {
  type NetworkNode,
  newNetworkNode,
  newNetworkSnapshot,
  newOverlayNetwork,
} from "../../../../../proto/gen/network.ts";
import { newTunnelKey } from "../../../../../proto/gen/objects.ts";
import type { NetworkId, NodeId } from "../../../../../shared/model/ids.ts";
import { tunnelAddressOf } from "../../../../../shared/network/tunnel-address.ts";

const id = (name: string): NodeId => name.padEnd(25, "0") as NodeId;
const good = newTunnelKey({ epoch: 2, publicKey: new Uint8Array(32).fill(7), port: 51_820 });
const node = (name: string, addresses: readonly string[], keys = [good]): NetworkNode =>
  newNetworkNode({ nodeId: id(name), underlayAddresses: addresses, tunnelKeys: keys });

function viewsOf(...networks: readonly (readonly [name: string, encrypted: boolean, nodes: readonly NetworkNode[]])[]) {
  return new Map(
    networks.map(([name, encrypted, nodes]): [NetworkId, NetworkView] => {
      const networkId = name.padEnd(25, "0") as NetworkId;
      const network = newOverlayNetwork({ networkId, name, encrypted });
      return [networkId, viewOf(newNetworkSnapshot({ version: 1, network, nodes: [...nodes] }), network)];
    }),
  );
}
const own = node("own", ["192.0.2.1", "2001:db8::1"]);
const names = (views: ReturnType<typeof viewsOf>): readonly string[] =>
  [...tunnelPeers(views, id("own")).peers.keys()].map((nodeId) => nodeId.replace(/0+$/, ""));

describe("who a node has tunnels with", () => {
  test("nodes of its encrypted networks, of no other, and not itself", () => {
    const views = viewsOf(
      ["plain", false, [own, node("a", ["192.0.2.2"])]],
      ["secret", true, [own, node("b", ["192.0.2.3"])]],
      ["hidden", true, [own, node("b", ["192.0.2.3"]), node("c", ["192.0.2.4"])]],
    );
    assert.deepEqual(names(views), ["b", "c"]);
    assert.equal(tunnelPeers(viewsOf(["plain", false, [own]]), id("own")).isNeeded, false);
  });

  test("at an address of the same family as its own first one", () => {
    const views = viewsOf(["secret", true, [own, node("b", ["2001:db8::2", "192.0.2.2"]), node("c", ["2001:db8::3"])]]);
    const { peers, family } = tunnelPeers(views, id("own"));
    assert.equal(family, 4);
    assert.deepEqual(
      [...peers.values()].map(({ address, underlay }) => [address, underlay]),
      [[tunnelAddressOf(id("b")), "192.0.2.2"]],
    );
  });

  test("a key that is none is left out, and its node with it", () => {
    const bad = [
      newTunnelKey({ epoch: 1, publicKey: new Uint8Array(31), port: 51_820 }),
      newTunnelKey({ epoch: 1, publicKey: new Uint8Array(32), port: 0 }),
      newTunnelKey({ epoch: 1, publicKey: new Uint8Array(32), port: 65_536 }),
      newTunnelKey({ epoch: 0, publicKey: new Uint8Array(32), port: 51_820 }),
    ];
    const views = viewsOf([
      "secret",
      true,
      [
        own,
        ...bad.map((key, i) => node(`bad${i}`, ["192.0.2.9"], [key])),
        node("b", ["192.0.2.3"], [...bad.slice(0, 3), good]),
      ],
    ]);
    assert.deepEqual(names(views), ["b"]);
    assert.equal([...tunnelPeers(views, id("own")).peers.values()][0]?.keys.length, 1);
    const many = Array.from({ length: 1_000 }, () => good);
    const crowd = tunnelPeers(viewsOf(["secret", true, [own, node("b", ["192.0.2.3"], many)]]), id("own"));
    assert.equal(crowd.peers.get(id("b"))?.keys.length, 4);
  });
});

describe("the guard", () => {
  test("no rule where nothing is encrypted; else in, out and through, for those networks only", () => {
    const none = new RulesetBuilder();
    addGuard(none, [], 4789);
    assert.equal(none.build().chains.size, 0);
    const rules = new RulesetBuilder();
    addGuard(rules, [4200, 4100], 4789);
    assert.deepEqual(
      [...rules.build().chains.values()].flatMap((chain) => chain.rules),
      [
        'iifname != { "skwg0", "skwg1" } udp dport 4789 @th,96,24 { 4100, 4200 } drop',
        'oifname != { "skwg0", "skwg1" } udp dport 4789 @th,96,24 { 4100, 4200 } drop',
        'iifname { "skwg0", "skwg1" } drop',
        'oifname { "skwg0", "skwg1" } drop',
      ],
    );
  });
});
