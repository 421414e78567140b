import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { describe, test } from "node:test";
import type { Interfaces } from "../../../bin/daemon/advertise.ts";
import { chooseDataPath, type DataPath, linkMtu } from "../../../bin/daemon/data-path.ts";
import { checkDescription } from "../../../manager/dispatcher/check-report.ts";
import { newNodeDescription } from "../../../proto/gen/objects.ts";

const info = (address: string): NetworkInterfaceInfo =>
  address.includes(":")
    ? { address, family: "IPv6", internal: false, cidr: null, mac: "", netmask: "", scopeid: 0 }
    : { address, family: "IPv4", internal: false, cidr: null, mac: "", netmask: "" };
const interfaces: Interfaces = {
  eth0: [info("10.0.0.5"), info("2001:db8::5"), info("fe80::1")],
  fast: [info("2001:db8:1::5"), info("10.1.0.5")],
  bare: [info("fe80::2")],
};
const mtus: Readonly<Record<string, number>> = { eth0: 1500, fast: 9000 };
const choose = (wish: string, addr = "10.0.0.5:7377"): DataPath =>
  chooseDataPath(wish, addr, interfaces, (link) => mtus[link] ?? 0);

describe("where packets of overlay networks are taken", () => {
  const cases: readonly (readonly [what: string, wish: string, addr: string, want: DataPath])[] = [
    ["nothing said: as advertised, with that link's MTU", "", "10.0.0.5:7377", { addrs: [], mtu: 1500 }],
    ["the same over IPv6", "", "[2001:db8::5]:7377", { addrs: [], mtu: 1500 }],
    ["an address behind NAT: the MTU is not known", "", "203.0.113.1:7377", { addrs: [], mtu: 0 }],
    [
      "an interface: its addresses, IPv4 first",
      "fast",
      "10.0.0.5:7377",
      { addrs: ["10.1.0.5", "2001:db8:1::5"], mtu: 9000 },
    ],
    ["an address", "10.1.0.5", "10.0.0.5:7377", { addrs: ["10.1.0.5"], mtu: 9000 }],
  ];
  for (const [what, wish, addr, want] of cases) test(what, () => assert.deepEqual(choose(wish, addr), want));

  test("what this host does not have is refused, with what it has", () => {
    assert.throws(() => choose("192.0.2.1"), /no such address or interface; it has 10.0.0.5 on eth0/);
    assert.throws(() => choose("eth7"), /--data-path-addr "eth7"/);
    assert.throws(() => choose("fe80::1"), /known on its own link only; it has 10\.0\.0\.5 on eth0/);
    assert.throws(() => choose("0.0.0.0"), /it has 10\.0\.0\.5 on eth0/);
    assert.throws(() => choose("bare"), /interface bare has no address/);
  });

  test("loopback's MTU is one that managers take: a swarm of one host may be on it", () =>
    checkDescription(newNodeDescription({ hostname: "a", dataPathMtu: linkMtu("lo") })));

  test("the MTU of a link that is there, and of one that is not", () => {
    assert.ok(linkMtu("lo") > 1_000);
    assert.equal(linkMtu("no-such-link"), 0);
  });
});
