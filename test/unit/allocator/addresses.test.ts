import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Cursors, giveAddresses } from "../../../manager/allocator/addresses.ts";
import { hostsOf, sizeOf } from "../../../manager/allocator/hosts.ts";
import { allocateNetwork } from "../../../manager/allocator/network.ts";
import { freeSubnet, uniqueLocalPool } from "../../../manager/allocator/pool.ts";
import { type IPAMConfig, newIPAMConfig, newNetwork, newNetworkSpec } from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import type { NetworkId } from "../../../shared/model/ids.ts";
import { formatSubnet, parseSubnet, type Subnet } from "../../../shared/model/ip.ts";

const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
};

describe("which addresses there are to give", () => {
  const cases: readonly (readonly [what: string, config: Partial<IPAMConfig>, size: bigint])[] = [
    ["a /24 less its gateway", { subnet: "10.1.0.0/24", gateway: "10.1.0.1" }, 253n],
    ["a /30", { subnet: "10.1.0.0/30", gateway: "10.1.0.1" }, 1n],
    ["a /31 has none", { subnet: "10.1.0.0/31", gateway: "" }, 0n],
    ["a range", { subnet: "10.1.0.0/24", gateway: "10.1.0.1", ipRange: "10.1.0.128/25" }, 127n],
    [
      "a range with the gateway in it",
      { subnet: "10.1.0.0/24", gateway: "10.1.0.129", ipRange: "10.1.0.128/25" },
      126n,
    ],
    ["a range of one", { subnet: "10.1.0.0/24", gateway: "10.1.0.1", ipRange: "10.1.0.7/32" }, 1n],
    ["an IPv6 /64", { subnet: "fd00::/64", gateway: "fd00::1" }, 2n ** 64n - 2n],
  ];
  for (const [what, config, size] of cases) {
    test(what, () => {
      const hosts = hostsOf(newIPAMConfig(config));
      assert.ok(hosts !== undefined);
      assert.equal(sizeOf(hosts), size);
    });
  }
});

const network = (...ipam: readonly Partial<IPAMConfig>[]) =>
  newNetwork({
    id: "n".repeat(25) as NetworkId,
    spec: newNetworkSpec({ name: "web" }),
    ipam: ipam.map((config) => newIPAMConfig(config)),
  });

function book() {
  const held = new Set<string>();
  return { held, isAddressHeld: (_network: NetworkId, address: string): boolean => held.has(address) };
}

describe("a range gives what the subnet can, and nothing that names the subnet or its broadcast", () => {
  const cases: readonly (readonly [subnet: string, gateway: string, ipRange: string, want: readonly string[]])[] = [
    ["10.1.0.0/24", "10.1.0.1", "10.1.0.0/30", ["10.1.0.2", "10.1.0.3"]],
    ["10.1.0.0/24", "10.1.0.200", "10.1.0.0/30", ["10.1.0.1", "10.1.0.2", "10.1.0.3"]],
    ["10.1.0.0/24", "10.1.0.1", "10.1.0.252/30", ["10.1.0.252", "10.1.0.253", "10.1.0.254"]],
    ["10.1.0.0/24", "10.1.0.1", "10.1.0.4/30", ["10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.7"]],
    ["10.1.0.0/24", "10.1.0.1", "10.1.0.0/32", []],
    ["10.1.0.0/24", "10.1.0.1", "10.1.0.255/32", []],
    ["fd00::/64", "fd00::1", "fd00::/126", ["fd00::2", "fd00::3"]],
    [
      "fd00::/64",
      "fd00::1",
      "fd00::ffff:ffff:ffff:fffe/127",
      ["fd00::ffff:ffff:ffff:fffe", "fd00::ffff:ffff:ffff:ffff"],
    ],
  ];
  for (const [subnet, gateway, ipRange, want] of cases) {
    test(`${ipRange} of ${subnet}`, () => {
      const { held, isAddressHeld } = book();
      const ranged = network({ subnet, gateway, ipRange });
      const cursors = new Cursors(seededRandom(1));
      for (let i = 0; i <= want.length; i++) {
        const given = giveAddresses({ isAddressHeld }, ranged, cursors);
        if (given.kind === "given") for (const address of given.addresses) held.add(address);
        else assert.equal(i, want.length, "full before its time");
      }
      assert.deepEqual([...held].sort(), want);
    });
  }
});

describe("giving addresses", () => {
  test("all of them, each once, and then the words", () => {
    const small = network({ subnet: "10.1.0.0/28", gateway: "10.1.0.1" });
    const { held, isAddressHeld } = book();
    const cursors = new Cursors(seededRandom(1));
    for (let i = 0; i < 13; i++) {
      const given = giveAddresses({ isAddressHeld }, small, cursors);
      assert.ok(given.kind === "given" && given.addresses.length === 1);
      for (const address of given.addresses) held.add(address);
    }
    const all = Array.from({ length: 13 }, (_, i) => `10.1.0.${i + 2}`);
    assert.deepEqual([...held].sort(), all.sort());
    assert.deepEqual(giveAddresses({ isAddressHeld }, small, cursors), {
      kind: "full",
      err: "network web is full: 13 of 13 in use",
    });
    held.delete("10.1.0.9");
    assert.deepEqual(giveAddresses({ isAddressHeld }, small, cursors), { kind: "given", addresses: ["10.1.0.9"] });
  });

  test("what was given back is the last to be given again", () => {
    const wide = network({ subnet: "10.1.0.0/24", gateway: "10.1.0.1" });
    const cursors = new Cursors(seededRandom(2));
    const seen = new Set<string>();
    for (let i = 0; i < 253; i++) {
      const given = giveAddresses({ isAddressHeld: () => false }, wide, cursors); // each is given back at once
      assert.ok(given.kind === "given");
      for (const address of given.addresses) {
        assert.ok(!seen.has(address), `${address} came again after ${i}`);
        seen.add(address);
      }
    }
  });

  test("two families, or none", () => {
    const dual = network({ subnet: "10.1.0.0/24", gateway: "10.1.0.1" }, { subnet: "fd00::/126", gateway: "fd00::1" });
    const { held, isAddressHeld } = book();
    const cursors = new Cursors(seededRandom(3));
    for (let i = 0; i < 2; i++) {
      const given = giveAddresses({ isAddressHeld }, dual, cursors);
      assert.ok(given.kind === "given");
      assert.deepEqual(
        given.addresses.map((address) => address.includes(":")),
        [false, true],
      );
      for (const address of given.addresses) held.add(address);
    }
    assert.deepEqual(giveAddresses({ isAddressHeld }, dual, cursors), {
      kind: "full",
      err: "network web is full: 2 of 2 in use",
    });
  });
});

describe("a VXLAN identifier", () => {
  const made = (vni: number) => newNetwork({ id: `n${vni}` as NetworkId, vni });
  const cases: readonly (readonly [what: string, vnis: readonly number[], last: number, want: number])[] = [
    ["the first", [], 0, 4097],
    ["the next after the last", [4097], 4097, 4098],
    ["not the one that was given back", [4097], 4099, 4100],
    ["past those that users chose", [5000, 5001], 4999, 5002],
    ["from the beginning after the end", [0xffffff], 0xffffff, 4097],
    ["past the first ones after the end", [0xffffff, 4097, 4098], 0xffffff, 4099],
  ];
  for (const [what, vnis, last, want] of cases) {
    test(what, () => {
      const scope = { cluster: undefined, networks: () => vnis.map(made), nodes: () => [] };
      assert.equal(allocateNetwork(scope, newNetworkSpec({ name: "a" }), made(last)).vni, want);
    });
  }
});

describe("a subnet from the pool", () => {
  type Case = readonly [
    what: string,
    pools: readonly string[],
    length: number,
    taken: readonly string[],
    after: string,
    want: string,
  ];
  const cases: readonly Case[] = [
    ["the first", ["10.0.0.0/8"], 24, [], "", "10.0.0.0/24"],
    ["the next", ["10.0.0.0/8"], 24, ["10.0.0.0/24"], "10.0.0.0/24", "10.0.1.0/24"],
    ["not the gap behind, while there is more ahead", ["10.0.0.0/8"], 24, [], "10.0.7.0/24", "10.0.8.0/24"],
    ["from the beginning after the end", ["10.0.0.0/22"], 24, ["10.0.3.0/24"], "10.0.3.0/24", "10.0.0.0/24"],
    ["past a larger one", ["10.0.0.0/8"], 24, ["10.0.0.0/16"], "", "10.1.0.0/24"],
    ["past smaller ones", ["10.0.0.0/8"], 24, ["10.0.0.4/30", "10.0.1.5/32"], "", "10.0.2.0/24"],
    ["past nested ones", ["10.0.0.0/8"], 24, ["10.0.0.0/16", "10.0.4.0/24"], "", "10.1.0.0/24"],
    ["aligned", ["10.0.0.0/8"], 22, ["10.0.0.0/24"], "10.0.0.0/24", "10.0.4.0/22"],
    ["a second pool", ["10.0.0.0/24", "10.8.0.0/23"], 24, ["10.0.0.0/24"], "10.0.0.0/24", "10.8.0.0/24"],
    ["a pool that is too small is passed over", ["10.0.0.0/26", "10.8.0.0/24"], 24, [], "", "10.8.0.0/24"],
    ["none left", ["10.0.0.0/23"], 24, ["10.0.0.0/24", "10.0.1.0/24"], "10.0.1.0/24", ""],
    ["all within a larger one", ["10.0.0.0/23"], 24, ["10.0.0.0/8"], "", ""],
    ["IPv6", ["fd00::/48"], 64, ["10.0.0.0/8", "fd00::/64"], "", "fd00:0:0:1::/64"],
    ["after one that is in no pool", ["10.0.0.0/23"], 24, ["172.16.0.0/24"], "172.16.0.0/24", "10.0.0.0/24"],
  ];
  for (const [what, pools, length, taken, after, want] of cases) {
    test(what, () => {
      const found = freeSubnet(pools.map(subnet), length, taken.map(subnet), after === "" ? undefined : subnet(after));
      assert.equal(found === undefined ? "" : formatSubnet(found), want);
    });
  }

  test("a cluster's own IPv6 addresses follow from its ID, and are private", () => {
    const [a, b] = [uniqueLocalPool("a".repeat(25)), uniqueLocalPool("b".repeat(25))];
    assert.match(formatSubnet(a), /^fd[0-9a-f]{2}:[0-9a-f:]+::\/48$/);
    assert.notEqual(formatSubnet(a), formatSubnet(b));
    assert.deepEqual(uniqueLocalPool("a".repeat(25)), a);
  });
});
