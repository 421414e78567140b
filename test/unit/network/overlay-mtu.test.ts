import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type IpFamily, overlayMtu, tunnelMtu } from "../../../shared/network/overlay-mtu.ts";

describe("MTU of overlay networks", () => {
  const cases: readonly (readonly [
    what: string,
    underlayMtu: number,
    underlay: IpFamily,
    encrypted: boolean,
    want: number,
  ])[] = [
    ["plain over IPv4", 1500, 4, false, 1450],
    ["plain over IPv6", 1500, 6, false, 1430],
    ["encrypted over IPv4", 1500, 4, true, 1370],
    ["encrypted over IPv6", 1500, 6, true, 1350],
    ["jumbo frames", 9000, 4, true, 8870],
    ["a link that nobody has described", 0, 4, false, 1450],
    ["a small link is told as it is", 1300, 4, true, 1170],
  ];
  for (const [what, underlayMtu, underlay, encrypted, want] of cases) {
    test(what, () => assert.equal(overlayMtu(underlayMtu, underlay, encrypted), want));
  }

  test("the tunnel's own", () => {
    assert.equal(tunnelMtu(1500, 4), 1440);
    assert.equal(tunnelMtu(1500, 6), 1420);
  });
});
