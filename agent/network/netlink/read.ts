// What the kernel tells in dumps, read into the plan's own form (plan/kernel.ts). Whatever is not ours, or made by the kernel
// itself, is left out. What does not fit is skipped, and shows as a difference.
import type { Ip } from "../../../shared/model/ip.ts";
import type { Link, LinkMake, PortKind } from "../plan/kernel.ts";
import {
  type Message,
  type Request,
  readAttributes,
  readString,
  readU16,
  readU32,
  u8,
  u16,
  u32,
} from "./attributes.ts";
import type { Connection } from "./connection.ts";
import { ipText } from "./ip-bytes.ts";
import {
  ADDRESS,
  ENTRY,
  FAMILY,
  INFO,
  LINK,
  NEIGHBOUR,
  PORT,
  PROTOCOL_STATIC,
  ROUTE,
  RULE,
  STATE,
  TYPE,
  UP,
  VXLAN,
} from "./numbers.ts";

const GET = { link: 18, address: 22, route: 26, neighbour: 30, rule: 34 };
const IS_LOOPBACK = 772;
const SKIP_STATISTICS = 8;

export interface ReadLink {
  readonly index: number;
  readonly name: string;
  /** Undefined: of a kind that we never make. */
  readonly link: Link | undefined;
}

const mac = (bytes: Buffer | undefined): string =>
  bytes === undefined ? "" : [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
const number = (bytes: Buffer | undefined): number => (bytes?.length === 4 ? readU32(bytes, 0) : 0);

const request = (type: number, ...body: readonly Buffer[]): Request => ({ type, flags: 0, body });

/** @param isPeer of a veth: the end that came with the other. */
export function readLinks(connection: Connection, isPeer: (name: string) => boolean): readonly ReadLink[] {
  const extras = Buffer.concat([u16(8), u16(LINK.extras), u32(SKIP_STATISTICS)]);
  const messages = connection.dump(request(GET.link, Buffer.alloc(16), extras));
  const all = messages.map(({ body }) => ({ body, attributes: readAttributes(body.subarray(16)) }));
  const names = new Map(all.map(({ body, attributes }) => [readU32(body, 4), readString(attributes.get(LINK.name))]));
  return all.map(({ body, attributes }) => {
    const name = readString(attributes.get(LINK.name));
    const info = readAttributes(attributes.get(LINK.info) ?? Buffer.alloc(0));
    const make = makeOf(readU16(body, 2), info, isPeer(name));
    const index = readU32(body, 4);
    if (make === undefined) return { index, name, link: undefined };
    const master = names.get(number(attributes.get(LINK.master)));
    const port = readAttributes(info.get(INFO.portData) ?? Buffer.alloc(0));
    return {
      index,
      name,
      link: {
        make,
        mtu: number(attributes.get(LINK.mtu)),
        mac: make.kind === "loopback" ? undefined : mac(attributes.get(LINK.address)),
        ...(master === undefined ? {} : { master, port: portOf(make, port) }),
        up: (readU32(body, 8) & UP) !== 0,
      },
    };
  });
}

function makeOf(type: number, info: ReadonlyMap<number, Buffer>, isPeer: boolean): LinkMake | undefined {
  switch (readString(info.get(INFO.kind))) {
    case "bridge":
      return { kind: "bridge" };
    case "vxlan": {
      const data = readAttributes(info.get(INFO.data) ?? Buffer.alloc(0));
      const port = data.get(VXLAN.port);
      return {
        kind: "vxlan",
        vni: number(data.get(VXLAN.id)),
        local: ipText(data.get(VXLAN.local)) || ipText(data.get(VXLAN.local6)),
        port: port === undefined ? 0 : port.readUInt16BE(0),
      };
    }
    case "veth":
      return isPeer ? { kind: "peer" } : { kind: "veth", peerNamespace: "", peerName: "" };
    default:
      return type === IS_LOOPBACK ? { kind: "loopback" } : undefined;
  }
}

function portOf(make: LinkMake, port: ReadonlyMap<number, Buffer>): PortKind | undefined {
  if (port.get(PORT.learning)?.[0] !== 0 || port.get(PORT.flood)?.[0] !== 0) return undefined;
  if (make.kind === "vxlan") return "vxlan";
  return port.get(PORT.isolated)?.[0] === 1 ? "isolated-task" : "task";
}

export interface ReadAddress {
  readonly link: number;
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: "global" | "link" | "host";
}

const SCOPES: Readonly<Record<number, ReadAddress["scope"]>> = { 253: "link", 254: "host" };

/** Of both families. */
export function readAddressesOf(connection: Connection): readonly ReadAddress[] {
  return connection.dump(request(GET.address, Buffer.alloc(8))).flatMap(({ body }) => {
    const attributes = readAttributes(body.subarray(8));
    const address = ipText(attributes.get(ADDRESS.local) ?? attributes.get(ADDRESS.address));
    if (address === "") return [];
    return [{ link: readU32(body, 4), address, prefixLength: body[1] ?? 0, scope: SCOPES[body[3] ?? 0] ?? "global" }];
  });
}

type LinkName = (index: number) => string | undefined;
type Fact = readonly [key: string, value: string];

/** Permanent ones of both families. */
export function readNeighbours(connection: Connection, nameOf: LinkName): readonly Fact[] {
  return connection.dump(request(GET.neighbour, Buffer.alloc(12))).flatMap(({ body }): readonly Fact[] => {
    const family = body[0];
    if (family !== FAMILY[4] && family !== FAMILY[6]) return [];
    const attributes = readAttributes(body.subarray(12));
    const dev = nameOf(readU32(body, 4));
    const mine = (readU16(body, 8) & STATE.permanent) !== 0;
    const to = mac(attributes.get(NEIGHBOUR.mac));
    if (!mine || dev === undefined || to === "") return [];
    return [[`${ipText(attributes.get(NEIGHBOUR.destination))} dev ${dev}`, `lladdr ${to}`]];
  });
}

export interface Forwarding {
  /** "fdb": behind which node a MAC is; "bridge-port": behind which port. */
  readonly fact: "fdb" | "bridge-port";
  readonly key: string;
  readonly value: string;
}

export function readForwarding(connection: Connection, nameOf: LinkName): readonly Forwarding[] {
  const header = Buffer.concat([u8(FAMILY.bridge), Buffer.alloc(15)]);
  return connection.dump(request(GET.neighbour, header)).flatMap(({ body }): readonly Forwarding[] => {
    const attributes = readAttributes(body.subarray(12));
    const dev = nameOf(readU32(body, 4));
    if (dev === undefined) return [];
    const address = mac(attributes.get(NEIGHBOUR.mac));
    const to = ipText(attributes.get(NEIGHBOUR.destination));
    if (to !== "") return [{ fact: "fdb", key: `${address} dev ${dev}`, value: `dst ${to}` }];
    const bridge = nameOf(number(attributes.get(NEIGHBOUR.master)));
    const state = readU16(body, 8);
    const isStatic = (state & STATE.noArp) !== 0 && ((body[10] ?? 0) & ENTRY.self) === 0;
    if (!isStatic || bridge === undefined) return [];
    return [{ fact: "bridge-port", key: `${address} ${bridge}`, value: dev }];
  });
}

/** Those that were set by hand: by us. */
export function readRoutes(connection: Connection, nameOf: LinkName): readonly Fact[] {
  return ([4, 6] as const).flatMap((family) => {
    const header = Buffer.concat([u8(FAMILY[family]), Buffer.alloc(11)]);
    return connection.dump(request(GET.route, header)).flatMap((message) => routeOf(message, family, nameOf));
  });
}

const ANY: Readonly<Record<Ip["family"], string>> = { 4: "0.0.0.0", 6: "::" };

function routeOf({ body }: Message, family: Ip["family"], nameOf: LinkName): readonly Fact[] {
  if (body[0] !== FAMILY[family] || body[5] !== PROTOCOL_STATIC) return [];
  const attributes = readAttributes(body.subarray(12));
  const dev = nameOf(number(attributes.get(ROUTE.outLink)));
  if (dev === undefined) return [];
  const destination = ipText(attributes.get(ROUTE.destination)) || ANY[family];
  const gateway = ipText(attributes.get(ROUTE.gateway));
  const type = body[7] === TYPE.local ? "local " : "";
  const table = attributes.has(ROUTE.table) ? number(attributes.get(ROUTE.table)) : body[4];
  return [[`${type}${destination}/${body[1]} table ${table}`, `${gateway === "" ? "" : `via ${gateway} `}dev ${dev}`]];
}

/** Those by mark; the kernel's own three are left out. */
export function readRules(connection: Connection): readonly Fact[] {
  return ([4, 6] as const).flatMap((family) => {
    const header = Buffer.concat([u8(FAMILY[family]), Buffer.alloc(11)]);
    return connection.dump(request(GET.rule, header)).flatMap(({ body }): readonly Fact[] => {
      const attributes = readAttributes(body.subarray(12));
      const mark = number(attributes.get(RULE.mark));
      if (mark === 0 || body[0] !== FAMILY[family]) return [];
      const table = attributes.has(RULE.table) ? number(attributes.get(RULE.table)) : (body[4] ?? 0);
      return [[`${family} pref ${number(attributes.get(RULE.priority))}`, `fwmark ${mark} lookup ${table}`]];
    });
  });
}
