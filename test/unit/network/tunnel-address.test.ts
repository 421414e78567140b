import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NodeId } from "../../../shared/model/ids.ts";
import { parseIp, parseSubnet, subnetContains } from "../../../shared/model/ip.ts";
import {
  PROBE_PREFIX,
  probeAddressOf,
  subnetOf,
  TUNNEL_PREFIX,
  tunnelAddressOf,
} from "../../../shared/network/tunnel-address.ts";

describe("addresses that follow from a node's id", () => {
  const id = (n: number): NodeId => `node${String(n).padStart(21, "0")}` as NodeId;

  test("the same for the same node, within their subnet, different for different nodes and purposes", () => {
    const seen = new Set<string>();
    for (let n = 0; n < 1_000; n++) {
      for (const [address, prefix] of [
        [tunnelAddressOf(id(n)), TUNNEL_PREFIX],
        [probeAddressOf(id(n)), PROBE_PREFIX],
      ] as const) {
        const ip = parseIp(address);
        const subnet = parseSubnet(subnetOf(prefix));
        assert.ok(ip !== undefined && subnet !== undefined && subnetContains(subnet, ip), address);
        assert.ok(!seen.has(address));
        seen.add(address);
      }
    }
    assert.equal(tunnelAddressOf(id(7)), tunnelAddressOf(id(7)));
    assert.match(tunnelAddressOf(id(7)), /^fd73:6b65:7000(:[1-9a-f][0-9a-f]{0,3}){5}$/);
  });
});
