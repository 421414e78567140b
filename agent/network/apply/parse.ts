// What ip, bridge and nft print as JSON, read into the plan's own form. Whatever is not ours, or made by the kernel itself, is
// left out. The tools' output is input like any other: what does not fit is skipped, and shows as a difference.
import { PROBE_PREFIX, TUNNEL_PREFIX } from "../../../shared/network/tunnel-address.ts";
import type { Link, LinkMake, PortKind } from "../plan/kernel.ts";
import { isOurLink } from "../plan/names.ts";
import type { NftMap, ObservedRuleset } from "../plan/ruleset.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);
export const list = (json: Json | undefined): readonly Json[] => (Array.isArray(json) ? json : []);
export const objects = (json: Json | undefined): readonly JsonObject[] => list(json).filter(isObject);
export const text = (json: Json | undefined): string =>
  typeof json === "string" ? json : typeof json === "number" ? String(json) : "";
const member = (json: JsonObject, key: string): JsonObject => {
  const value = json[key];
  return isObject(value) ? value : {};
};

/** One entry of `ip -j -d addr`. @param isPeer of a veth: the end that came with the other. */
export function parseLink(entry: JsonObject, isPeer: boolean): Link | undefined {
  const info = member(entry, "linkinfo");
  const make = makeOf(entry, info, isPeer);
  if (make === undefined) return undefined;
  const master = text(entry["master"]);
  return {
    make,
    mtu: Number(entry["mtu"] ?? 0),
    mac: make.kind === "loopback" ? undefined : text(entry["address"]),
    ...(master === "" ? {} : { master, port: portOf(make, member(info, "info_slave_data")) }),
    up: list(entry["flags"]).includes("UP"),
  };
}

function makeOf(entry: JsonObject, info: JsonObject, isPeer: boolean): LinkMake | undefined {
  const data = member(info, "info_data");
  switch (text(info["info_kind"])) {
    case "bridge":
      return { kind: "bridge" };
    case "vxlan":
      return {
        kind: "vxlan",
        vni: Number(data["id"] ?? 0),
        local: text(data["local"]) || text(data["local6"]),
        port: Number(data["port"] ?? 0),
      };
    case "veth":
      return isPeer ? { kind: "peer" } : { kind: "veth", peerNamespace: "", peerName: "" };
    default:
      return entry["link_type"] === "loopback" ? { kind: "loopback" } : undefined;
  }
}

function portOf(make: LinkMake, slave: JsonObject): PortKind | undefined {
  if (slave["learning"] !== false || slave["flood"] !== false) return undefined;
  if (make.kind === "vxlan") return "vxlan";
  return slave["isolated"] === true ? "isolated-task" : "task";
}

/** The addresses of one entry of `ip -j -d addr`, as facts; those that the kernel makes itself are left out. */
export function parseAddresses(entry: JsonObject): readonly string[] {
  const dev = text(entry["ifname"]);
  if (dev === "lo") return [];
  return objects(entry["addr_info"])
    .filter((address) => !(address["family"] === "inet6" && address["scope"] === "link"))
    .map((address) => `${text(address["local"])}/${text(address["prefixlen"])} dev ${dev}`);
}

/**
 * `ip -j -d addr` on the host: its links with the addresses that it can be reached at. Those of its tunnels and of tests are
 * ours: they come and go by our own hand, and nobody asks for a published port there.
 */
export function hostLinks(json: Json): ReadonlyMap<string, readonly string[]> {
  const links = objects(json)
    .filter(({ ifname }) => !isOurLink(text(ifname)))
    .map((entry): readonly [string, readonly string[]] => {
      const addresses = objects(entry["addr_info"])
        .filter(({ scope }) => scope !== "link" && scope !== "host")
        .map((address) => text(address["local"]))
        .filter((address) => !OUR_PREFIXES.some((prefix) => address.startsWith(`${prefix}:`)));
      return [text(entry["ifname"]), addresses];
    });
  return new Map(links.filter(([, { length }]) => length > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const OUR_PREFIXES = [TUNNEL_PREFIX, PROBE_PREFIX];

/** One entry of `ip -j route show table all`. */
export function parseRoute(entry: JsonObject, family: 4 | 6): readonly [key: string, value: string] | undefined {
  if (entry["protocol"] !== "static") return undefined;
  const destination = text(entry["dst"]);
  const any = family === 4 ? "0.0.0.0/0" : "::/0";
  const whole = destination === "default" ? any : destination;
  const full = whole.includes("/") ? whole : `${whole}/${family === 4 ? 32 : 128}`;
  const table = text(entry["table"]);
  const gateway = text(entry["gateway"]);
  const number = table === "" || table === "main" ? "254" : table === "local" ? "255" : table;
  const type = entry["type"] === "local" ? "local " : "";
  return [`${type}${full} table ${number}`, `${gateway === "" ? "" : `via ${gateway} `}dev ${text(entry["dev"])}`];
}

/** One entry of `ip -j rule`; the kernel's own three are left out. */
export function parseRule(entry: JsonObject, family: 4 | 6): readonly [key: string, value: string] | undefined {
  const mark = text(entry["fwmark"]);
  if (mark === "") return undefined;
  return [`${family} pref ${text(entry["priority"])}`, `fwmark ${Number(mark)} lookup ${text(entry["table"])}`];
}

/** What `nft -j list table FAMILY skep` prints, for each family; {} where there is none. */
export function parseRules(tables: readonly Json[]): ObservedRuleset {
  const chains = new Map<string, number>();
  const maps = new Map<string, NftMap>();
  const items = tables.flatMap((json) => objects(isObject(json) ? json["nftables"] : undefined));
  const nameOf = (item: JsonObject, name: string): string => {
    const family = text(item["family"]);
    return family === "inet" ? text(item[name]) : `${family}/${text(item[name])}`;
  };
  for (const item of items) {
    const chain = item["chain"];
    if (isObject(chain)) chains.set(nameOf(chain, "name"), chains.get(nameOf(chain, "name")) ?? 0);
    const rule = item["rule"];
    if (isObject(rule)) chains.set(nameOf(rule, "chain"), (chains.get(nameOf(rule, "chain")) ?? 0) + 1);
    const map = item["map"] ?? item["set"];
    if (isObject(map)) maps.set(nameOf(map, "name"), parseMap(map));
  }
  return { chains, maps };
}

function parseMap(map: JsonObject): NftMap {
  const type = map["type"];
  const key = Array.isArray(type) ? type.map(text).join(" . ") : text(type);
  const value = text(map["map"]);
  if (list(map["flags"]).includes("timeout")) return { type: filledType(key, map), elements: new Map() };
  const elements = list(map["elem"]).map((entry): readonly [string, string] =>
    value !== "" && Array.isArray(entry) ? [elementKey(entry[0]), elementValue(entry[1])] : [elementKey(entry), ""],
  );
  return { type: value === "" ? key : `${key} : ${value}`, elements: new Map(elements) };
}

/** As TURNED has it; nft does not print the flag "dynamic" here. */
const filledType = (key: string, set: JsonObject): string =>
  `${key}; flags timeout,dynamic; timeout ${Number(set["timeout"]) / 60}m; size ${text(set["size"])}`;

function elementKey(json: Json | undefined): string {
  if (!isObject(json)) return text(json);
  if (isObject(json["elem"])) return elementKey(json["elem"]["val"]);
  return list(json["concat"]).map(text).join(" . ");
}

function elementValue(json: Json | undefined): string {
  if (!isObject(json)) return text(json);
  const target = member(json, "goto")["target"];
  return target === undefined ? JSON.stringify(json) : `goto ${text(target)}`;
}

/** `nft -j list chains`: those of others that drop what no rule of theirs lets through at the hook "forward". */
export function droppingChains(json: Json): string[] {
  return objects(isObject(json) ? json["nftables"] : undefined).flatMap((item) => {
    const chain = item["chain"];
    if (!isObject(chain) || chain["hook"] !== "forward" || chain["policy"] !== "drop") return [];
    const [family, table, name] = [text(chain["family"]), text(chain["table"]), text(chain["name"])];
    const concerns = family === "ip" || family === "ip6" || family === "inet";
    return concerns ? [`the policy of chain ${name} in table ${family} ${table} is drop`] : [];
  });
}
