import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Request, readAttributes, readU32 } from "../../../../../agent/network/netlink/attributes.ts";
import { putFact, type RouteFact, removeFact } from "../../../../../agent/network/netlink/facts.ts";
import { ipText } from "../../../../../agent/network/netlink/ip-bytes.ts";

const INDEX: Readonly<Record<string, number>> = { eth0: 2, skvx4097: 5, skbr4097: 6, lo: 1 };
const indexOf = (link: string): number => INDEX[link] ?? assert.fail(`nobody knows ${link}`);

/** Message, then the fixed part's bytes, then the attributes; addresses as text, others as digits. */
function told({ type, body }: Request, fixed: number): string {
  const bytes = Buffer.concat(body);
  const attributes = [...readAttributes(bytes.subarray(fixed))].map(
    ([kind, value]) => `${kind}=${ipText(value) === "" || value.length !== 16 ? value.toString("hex") : ipText(value)}`,
  );
  return `${type} ${bytes.subarray(0, fixed).toString("hex")} ${attributes.join(" ")}`;
}

// By linux/rtnetlink.h, neighbour.h and fib_rules.h, in a machine's little-endian order. That the kernel does what the words say is
// seen in test/integration/network.test.ts.
const TABLE: readonly (readonly [
  fact: RouteFact,
  key: string,
  value: string,
  fixed: number,
  put: string,
  del: string,
])[] = [
  ["address", "10.0.9.3/24 dev eth0", "", 8, "20 0218000002000000 2=0a000903 1=0a000903", "21"],
  ["address", "fd00::3/64 dev eth0", "", 8, "20 0a40020002000000 2=fd00::3 1=fd00::3", "21"],
  [
    "neighbour",
    "10.0.9.4 dev skvx4097",
    "lladdr 02:42:0a:00:09:04",
    12,
    "28 020000000500000080000000 1=0a000904 2=02420a000904",
    "29",
  ],
  [
    "fdb",
    "02:42:0a:00:09:04 dev skvx4097",
    "dst 192.168.1.3",
    12,
    "28 070000000500000080000200 2=02420a000904 1=c0a80103",
    "29",
  ],
  ["bridge-port", "02:42:0a:00:09:04 skbr4097", "skvx4097", 12, "28 070000000500000040000400 2=02420a000904", "29"],
  [
    "route",
    "0.0.0.0/0 table 254",
    "via 172.29.0.2 dev eth0",
    12,
    "24 020000000004000100000000 5=ac1d0002 4=02000000 15=fe000000",
    "25",
  ],
  [
    "route",
    "10.0.0.0/8 table 100003",
    "dev eth0",
    12,
    "24 020800000004fd0100000000 1=0a000000 4=02000000 15=a3860100",
    "25",
  ],
  ["route", "local ::1/128 table 255", "dev lo", 12, "24 0a8000000004fe0200000000 1=::1 4=01000000 15=ff000000", "25"],
  [
    "rule",
    "4 pref 10003",
    "fwmark 3 lookup 100003",
    12,
    "32 020000000000000100000000 6=13270000 10=03000000 15=a3860100",
    "33",
  ],
];

describe("facts as rtnetlink takes them", () => {
  for (const [fact, key, value, fixed, put, del] of TABLE) {
    test(`${fact} ${key} ${value}`, () => {
      assert.equal(told(putFact(fact, key, value, indexOf), fixed), put);
      assert.ok(told(removeFact(fact, key, value, indexOf), fixed).startsWith(`${del} `));
    });
  }

  test("words of no such form are refused, with the words", () => {
    assert.throws(
      () => putFact("address", "10.0.9.300/24 dev eth0", "", indexOf),
      /address that is none: 10\.0\.9\.300/,
    );
    assert.throws(() => putFact("route", "10.0.0.0/8 table main", "dev eth0", indexOf), /route that is none/);
    assert.throws(() => putFact("neighbour", "10.0.9.4", "lladdr 02:42:0a:00:09:04", indexOf), /is none/);
  });

  test("the link is asked for by its name, once", () => {
    const request = putFact("address", "10.0.9.3/24 dev eth0", "", (link) => (link === "eth0" ? 77 : assert.fail()));
    assert.equal(readU32(Buffer.concat(request.body), 4), 77);
  });
});
