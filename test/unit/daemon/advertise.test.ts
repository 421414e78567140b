import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { test } from "node:test";
import { chooseAdvertiseAddr, chooseListenAddr, type Interfaces } from "../../../bin/daemon/advertise.ts";

const info = (address: string, internal = false): NetworkInterfaceInfo =>
  address.includes(":")
    ? { address, family: "IPv6", internal, cidr: null, mac: "", netmask: "", scopeid: 0 }
    : { address, family: "IPv4", internal, cidr: null, mac: "", netmask: "" };

const lo = [info("127.0.0.1", true), info("::1", true)];
const one: Interfaces = { lo, eth0: [info("10.0.0.5"), info("fe80::1")], docker0: [info("172.17.0.1")] };
const two: Interfaces = { ...one, eth1: [info("192.168.1.5")] };
const anywhere = { host: "0.0.0.0", port: 7377 };

const chosen: readonly (readonly [
  name: string,
  wish: string,
  listen: typeof anywhere,
  interfaces: Interfaces,
  want: string,
])[] = [
  ["the one address there is; link-local and engines' bridges do not count", "", anywhere, one, "10.0.0.5:7377"],
  ["the port that is listened on", "", { ...anywhere, port: 9000 }, one, "10.0.0.5:9000"],
  ["the address that is listened on", "", { host: "192.168.1.5", port: 7377 }, two, "192.168.1.5:7377"],
  ["a host", "10.0.0.5", anywhere, two, "10.0.0.5:7377"],
  ["a host and port", "10.0.0.5:80", anywhere, two, "10.0.0.5:80"],
  ["an address that this host does not have: behind NAT", "203.0.113.1", anywhere, two, "203.0.113.1:7377"],
  ["an interface", "eth1", anywhere, two, "192.168.1.5:7377"],
  ["an interface and port", "eth1:80", anywhere, two, "192.168.1.5:80"],
  ["IPv6 where there is no IPv4", "", anywhere, { lo, eth0: [info("fd00::5"), info("fe80::1")] }, "[fd00::5]:7377"],
  ["IPv4 of a dual-stack interface", "", anywhere, { lo, eth0: [info("fd00::5"), info("10.0.0.5")] }, "10.0.0.5:7377"],
];
for (const [name, wish, listen, interfaces, want] of chosen) {
  test(`advertises ${name}`, () => assert.equal(chooseAdvertiseAddr(wish, listen, interfaces), want));
}

const choices = /this host has 10\.0\.0\.5 on eth0, 192\.168\.1\.5 on eth1$/;
const refused: readonly (readonly [name: string, wish: string, interfaces: Interfaces, words: RegExp])[] = [
  ["several addresses: lists them", "", two, /10\.0\.0\.5 on eth0, 192\.168\.1\.5 on eth1.*--advertise-addr/],
  ["none", "", { lo }, /no address.*--advertise-addr/],
  ["a wildcard", "0.0.0.0", one, /wildcard/],
  ["an interface without an address", "eth9", { ...one, eth9: [] }, /eth9 has no address/],
  ["nonsense", "a b", one, /HOST:PORT/],
  ["a name that is no interface", "nope", two, choices],
  ["an interface of another host, with a port", "eth7:80", two, choices],
  ["localhost", "localhost", two, choices],
  ["a name of Object's", "constructor", two, choices],
  ["a host name and port", "manager.example:7377", two, choices],
  ["a link-local address", "fe80::1", two, choices],
  ["a link-local address and port", "[fe80::1]:7377", two, choices],
  ["a wildcard and port", "0.0.0.0:7377", two, choices],
  ["IPv6's wildcard", "::", two, choices],
  ["this network", "0.1.2.3", two, choices],
  ["a group", "239.1.2.3", two, choices],
  ["IPv6's group", "ff02::1", two, choices],
  ["everybody", "255.255.255.255", two, choices],
];
for (const [name, wish, interfaces, words] of refused) {
  test(`cannot advertise: ${name}`, () => {
    assert.throws(() => chooseAdvertiseAddr(wish, anywhere, interfaces), words);
  });
}

for (const [name, wish, want] of [
  ["a wildcard", "0.0.0.0", { host: "0.0.0.0", port: 7377 }],
  ["IPv6's wildcard and a port", "[::]:80", { host: "::", port: 80 }],
  ["an address of this host", "192.168.1.5:80", { host: "192.168.1.5", port: 80 }],
  ["loopback", "127.0.0.1", { host: "127.0.0.1", port: 7377 }],
  ["an interface", "eth1", { host: "192.168.1.5", port: 7377 }],
  ["an interface and port", "eth1:80", { host: "192.168.1.5", port: 80 }],
] as const) {
  test(`listens at ${name}`, () => assert.deepEqual(chooseListenAddr(wish, 7377, two), want));
}

for (const wish of ["nope", "localhost", "10.0.0.6", "203.0.113.1:7377", "fe80::1", "224.0.0.1", "eth7:80"]) {
  test(`cannot listen at ${wish}: what this host has is told`, () => {
    assert.throws(() => chooseListenAddr(wish, 7377, two), { code: "invalid_argument", message: choices });
  });
}
