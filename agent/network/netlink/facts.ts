// Addresses, neighbours, forwarding entries, routes and rules as rtnetlink takes them, from the words that the plan has for
// them (plan/kernel.ts). Numbers are those of linux/rtnetlink.h, neighbour.h, fib_rules.h. Putting replaces what is there.
import { SkepError } from "../../../shared/errors.ts";
import { type Ip, parseIp, parseSubnet } from "../../../shared/model/ip.ts";
import type { FactKind } from "../plan/kernel.ts";
import { attribute, FLAGS, type Request, u8, u16, u32 } from "./attributes.ts";
import { ipBytes } from "./ip-bytes.ts";
import { macBytes } from "./links.ts";
import { ADDRESS, ENTRY, FAMILY, NEIGHBOUR, PROTOCOL_STATIC, ROUTE, RULE, STATE, TYPE } from "./numbers.ts";

const MESSAGE = {
  newAddress: 20,
  deleteAddress: 21,
  newRoute: 24,
  deleteRoute: 25,
  newNeighbour: 28,
  deleteNeighbour: 29,
  newRule: 32,
  deleteRule: 33,
};
const NO_DUPLICATE_DETECTION = 0x2;
const SCOPE = { universe: 0, link: 253, host: 254 };
const LOOKUP = 1;

/** @throws {SystemError} ENODEV */
export type IndexOf = (link: string) => number;

/** Of a kind that is spoken of in netlink: a sysctl is a file. */
export type RouteFact = Exclude<FactKind, "sysctl">;

/** @throws {SkepError} `internal`: the plan's words are not of their form. */
export function putFact(fact: RouteFact, key: string, value: string, indexOf: IndexOf): Request {
  return request(fact, key, value, indexOf, true);
}

/** @throws {SkepError} `internal`: the plan's words are not of their form. */
export function removeFact(fact: RouteFact, key: string, value: string, indexOf: IndexOf): Request {
  return request(fact, key, value, indexOf, false);
}

function request(fact: RouteFact, key: string, value: string, indexOf: IndexOf, put: boolean): Request {
  const flags = put ? FLAGS.create | FLAGS.replace : 0;
  const words = `${key} ${value}`.trim().split(" ");
  const bad = (): never => {
    throw new SkepError("internal", `the network's plan has a ${fact} that is none: ${key} ${value}`);
  };
  const address = (text: string | undefined): Ip => parseIp(text ?? "") ?? bad();
  const after = (word: string): string => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined) ?? bad();
  const number = (text: string): number => (/^[0-9]+$/.test(text) ? Number(text) : bad());
  const [first = ""] = words;
  switch (fact) {
    case "address": {
      const subnet = parseSubnet(first) ?? bad();
      const { family } = subnet.base;
      // No duplicate address detection: addresses come from one place, and must work at once.
      const header = [FAMILY[family], subnet.prefixLength, family === 6 ? NO_DUPLICATE_DETECTION : 0, SCOPE.universe];
      const bytes = ipBytes(subnet.base);
      return {
        type: put ? MESSAGE.newAddress : MESSAGE.deleteAddress,
        flags,
        body: [
          ...header.map(u8),
          u32(indexOf(after("dev"))),
          attribute(ADDRESS.local, bytes),
          attribute(ADDRESS.address, bytes),
        ],
      };
    }
    case "neighbour": {
      const ip = address(first);
      const entry = neighbour(FAMILY[ip.family], indexOf(after("dev")), STATE.permanent, 0);
      const mac = put ? [attribute(NEIGHBOUR.mac, macBytes(after("lladdr")))] : [];
      return entryRequest(put, flags, [...entry, attribute(NEIGHBOUR.destination, ipBytes(ip)), ...mac]);
    }
    case "fdb": {
      const entry = neighbour(FAMILY.bridge, indexOf(after("dev")), STATE.permanent, ENTRY.self);
      const to = attribute(NEIGHBOUR.destination, ipBytes(address(after("dst"))));
      return entryRequest(put, flags, [...entry, attribute(NEIGHBOUR.mac, macBytes(first)), to]);
    }
    case "bridge-port": {
      const entry = neighbour(FAMILY.bridge, indexOf(value), STATE.noArp, ENTRY.master);
      return entryRequest(put, flags, [...entry, attribute(NEIGHBOUR.mac, macBytes(first))]);
    }
    case "route": {
      const local = first === "local";
      const subnet = parseSubnet((local ? words[1] : first) ?? "") ?? bad();
      const via = words.includes("via") ? address(after("via")) : undefined;
      const scope = local ? SCOPE.host : via === undefined && subnet.base.family === 4 ? SCOPE.link : SCOPE.universe;
      const header = [FAMILY[subnet.base.family], subnet.prefixLength, 0, 0, 0, PROTOCOL_STATIC, scope];
      return {
        type: put ? MESSAGE.newRoute : MESSAGE.deleteRoute,
        flags,
        body: [
          ...[...header, local ? TYPE.local : TYPE.unicast].map(u8),
          u32(0),
          ...(subnet.prefixLength === 0 ? [] : [attribute(ROUTE.destination, ipBytes(subnet.base))]),
          ...(via === undefined ? [] : [attribute(ROUTE.gateway, ipBytes(via))]),
          attribute(ROUTE.outLink, u32(indexOf(after("dev")))),
          attribute(ROUTE.table, u32(number(after("table")))),
        ],
      };
    }
    case "rule": {
      const family = first === "6" ? FAMILY[6] : FAMILY[4];
      return {
        type: put ? MESSAGE.newRule : MESSAGE.deleteRule,
        flags: put ? FLAGS.create | FLAGS.exclusive : 0,
        body: [
          ...[family, 0, 0, 0, 0, 0, 0, LOOKUP].map(u8),
          u32(0),
          attribute(RULE.priority, u32(number(after("pref")))),
          attribute(RULE.mark, u32(number(after("fwmark")))),
          attribute(RULE.table, u32(number(after("lookup")))),
        ],
      };
    }
  }
}

const neighbour = (family: number, index: number, state: number, flags: number): readonly Buffer[] => [
  u8(family),
  u8(0),
  u16(0),
  u32(index),
  u16(state),
  u8(flags),
  u8(0),
];

const entryRequest = (put: boolean, flags: number, body: readonly Buffer[]): Request => ({
  type: put ? MESSAGE.newNeighbour : MESSAGE.deleteNeighbour,
  flags,
  body,
});
