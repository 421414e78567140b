import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parseAddress } from "../../../shared/rpc/address.ts";

const good: readonly (readonly [text: string, host: string, port: number, written: string])[] = [
  ["10.0.0.1", "10.0.0.1", 7377, "10.0.0.1:7377"],
  ["10.0.0.1:80", "10.0.0.1", 80, "10.0.0.1:80"],
  ["fd00::1", "fd00::1", 7377, "[fd00::1]:7377"],
  ["[fd00::1]", "fd00::1", 7377, "[fd00::1]:7377"],
  ["[fd00::1]:80", "fd00::1", 80, "[fd00::1]:80"],
  ["manager-1.example:7377", "manager-1.example", 7377, "manager-1.example:7377"],
];
for (const [text, host, port, written] of good) {
  test(`address ${text}`, () => {
    assert.deepEqual(parseAddress("address", text), { host, port });
    assert.equal(formatAddress({ host, port }), written);
  });
}

for (const text of [
  "",
  ":7377",
  "host:",
  "host:0",
  "host:65536",
  "host:http",
  "a b",
  "http://host",
  "[10.0.0.1]:80",
  "a:b:c",
]) {
  test(`not an address: ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseAddress("listen address", text), /listen address .*HOST:PORT/);
  });
}
