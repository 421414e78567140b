import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseTunnels } from "../../../../../agent/network/encryption/observe.ts";
import { NO_TUNNELS } from "../../../../../agent/network/encryption/state.ts";

const OWN = "fd73:6b65:7000:1:2:3:4:5";
const NOW_MS = 1_700_000_500_000;
const link = (name: string, flags: readonly string[], address = OWN): object => ({
  ifname: name,
  mtu: 1440,
  flags,
  addr_info: [{ family: "inet6", local: address, prefixlen: 128 }],
});
const DUMP = [
  ["skwg0", "private", "PUBLIC", "51820", "off"],
  ["skwg0", "PEER1", "(none)", "192.0.2.7:51820", "fd73:6b65:7000:a:b:c:d:e/128", "1700000499", "10", "20", "25"],
  ["skwg0", "PEER2", "(none)", "[2001:db8::1]:51820", "(none)", "0", "0", "0", "25"],
  ["wg0", "private", "SOMEBODY", "1000", "off"],
]
  .map((fields) => fields.join("\t"))
  .join("\n");

describe("reading tunnels", () => {
  test("what there is: devices, peers, who was heard, routes", () => {
    const links = [link("skwg0", ["UP"]), link("skwg1", ["UP"]), link("wg0", ["UP"]), link("eth0", ["UP"])];
    const routes = [
      { dst: "fd73:6b65:7000:a:b:c:d:e", dev: "skwg0", protocol: "static" },
      { dst: OWN, dev: "skwg0", protocol: "kernel" },
      { type: "unreachable", dst: "fd73:6b65:7000::/48", dev: "lo" },
      { dst: "default", dev: "eth0", protocol: "static" },
    ];
    const seen = parseTunnels([JSON.stringify(links), DUMP, JSON.stringify(routes)], OWN, NOW_MS);
    assert.deepEqual([...seen.devices.keys()], ["skwg0"]);
    assert.deepEqual(seen.devices.get("skwg0"), {
      publicKey: "PUBLIC",
      port: 51_820,
      mtu: 1440,
      isSet: true,
      peers: new Map([
        ["PEER1", { endpoint: "192.0.2.7:51820", address: "fd73:6b65:7000:a:b:c:d:e" }],
        ["PEER2", { endpoint: "[2001:db8::1]:51820", address: "" }],
      ]),
      proven: new Set(["PEER1"]),
      silent: new Set(["PEER2"]),
    });
    assert.deepEqual([...seen.dead], ["skwg1"], "a link that wg knows nothing of");
    assert.deepEqual([...seen.routes], [["fd73:6b65:7000:a:b:c:d:e", "skwg0"]]);
    assert.equal(seen.isFenced, true);
  });

  test("a device that is down, or has another address, is not set", () => {
    for (const have of [link("skwg0", []), link("skwg0", ["UP"], "fd00::1")]) {
      const seen = parseTunnels([JSON.stringify([have]), DUMP, "[]"], OWN, NOW_MS);
      assert.equal(seen.devices.get("skwg0")?.isSet, false);
    }
  });

  test("nothing", () => assert.deepEqual(parseTunnels(["[]", "", ""], OWN, NOW_MS), NO_TUNNELS));

  test("what is no JSON is told", () => {
    assert.throws(() => parseTunnels(["Segmentation fault", "", ""], OWN, NOW_MS), /no JSON/);
  });
});
