import assert from "node:assert/strict";
import { test } from "node:test";
import { ipamOf } from "../../../cli/parse/ipam.ts";

test("gateways and ranges go to the subnet that they lie in", () => {
  assert.deepEqual(ipamOf([], [], []), []);
  assert.deepEqual(ipamOf(["10.1.0.0/24", "fd00:1::/64"], ["fd00:1::1", "10.1.0.254"], ["10.1.0.128/25"]), [
    { subnet: "10.1.0.0/24", gateway: "10.1.0.254", ipRange: "10.1.0.128/25" },
    { subnet: "fd00:1::/64", gateway: "fd00:1::1", ipRange: "" },
  ]);
});

const BAD: readonly (readonly [Parameters<typeof ipamOf>, RegExp])[] = [
  [[["10.1.0.0"], [], []], /--subnet 10\.1\.0\.0: not a subnet: write it like/],
  [[["10.1.0.0/24"], ["10.2.0.1"], []], /--gateway 10\.2\.0\.1: it lies in no --subnet \(10\.1\.0\.0\/24\)/],
  [[[], ["10.2.0.1"], []], /--gateway 10\.2\.0\.1: it needs a --subnet/],
  [[["10.1.0.0/24"], ["ten"], []], /--gateway ten: not an address/],
  [[["10.1.0.0/24"], [], ["10.1.0.9"]], /--ip-range 10\.1\.0\.9: not a subnet/],
  [[["10.1.0.0/24"], ["10.1.0.1", "10.1.0.2"], []], /--gateway 10\.1\.0\.2: 10\.1\.0\.0\/24 has 10\.1\.0\.1 already/],
];

for (const [args, message] of BAD) {
  test(`refused: ${args.flat().join(" ")}`, () => assert.throws(() => ipamOf(...args), { message }));
}
