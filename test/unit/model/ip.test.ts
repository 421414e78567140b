import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp, parseSubnet, sameIp, subnetContains } from "../../../shared/model/ip.ts";

const addresses: readonly (readonly [text: string, family: 4 | 6 | undefined, value: bigint])[] = [
  ["0.0.0.0", 4, 0n],
  ["1.2.3.4", 4, 0x01020304n],
  ["255.255.255.255", 4, 0xffffffffn],
  ["1.2.3", undefined, 0n],
  ["1.2.3.04", undefined, 0n],
  ["1.2.3.256", undefined, 0n],
  ["::", 6, 0n],
  ["::1", 6, 1n],
  ["1::", 6, 1n << 112n],
  ["2001:db8::ff00:42:8329", 6, 0x20010db8000000000000ff0000428329n],
  ["1:2:3:4:5:6:7:8", 6, 0x00010002000300040005000600070008n],
  ["1:2:3:4:5:6:7", undefined, 0n],
  ["1:2:3:4:5:6:7:8:9", undefined, 0n],
  ["1::2::3", undefined, 0n],
  ["1:2:3:4:5:6:7::8", undefined, 0n],
  [":1", undefined, 0n],
  ["::ffff:1.2.3.4", 4, 0x01020304n],
  ["::1.2.3.4", 6, 0x01020304n],
  ["fe80::1%eth0", undefined, 0n],
  ["", undefined, 0n],
];
for (const [text, family, value] of addresses) {
  test(`parseIp ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseIp(text), family === undefined ? undefined : { family, value });
  });
}

const inside: readonly (readonly [subnet: string, ip: string, want: boolean])[] = [
  ["10.0.0.0/8", "10.255.1.2", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.9.9.9/8", "10.0.0.1", true],
  ["0.0.0.0/0", "1.2.3.4", true],
  ["1.2.3.4/32", "1.2.3.4", true],
  ["1.2.3.4/32", "1.2.3.5", false],
  ["::/0", "1.2.3.4", false],
  ["2001:db8::/33", "2001:db8:8000::", false],
];
for (const [text, address, want] of inside) {
  test(`${address} in ${text}: ${want}`, () => {
    const subnet = parseSubnet(text);
    const ip = parseIp(address);
    assert.ok(subnet !== undefined && ip !== undefined);
    assert.equal(subnetContains(subnet, ip), want);
  });
}

test("what is no subnet", () => {
  for (const text of ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "x/8", "10.0.0.0/-1"]) {
    assert.equal(parseSubnet(text), undefined, text);
  }
});

test("sameIp looks at the family too", () => {
  const [a, b] = [parseIp("0.0.0.1"), parseIp("::1")];
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(sameIp(a, b), false);
  assert.equal(sameIp(a, a), true);
});
