// What nftables prints as JSON, read into the plan's own form, and what of the host's links counts. Whatever is not ours is left
// out. The library's output is input like any other: what does not fit is skipped, and shows as a difference.
import { PROBE_PREFIX, TUNNEL_PREFIX } from "../../../shared/network/tunnel-address.ts";
import type { ReadAddress, ReadLink } from "../netlink/read.ts";
import { isOurLink } from "../plan/names.ts";
import { ADVERTS, ADVERTS_SET, type NftMap, type ObservedRuleset } from "../plan/ruleset.ts";

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

/**
 * The host's links with the addresses that it can be reached at. Those of its tunnels and of tests are ours: they come and go by
 * our own hand, and nobody asks for a published port there.
 */
export function hostLinks(
  all: readonly Pick<ReadLink, "index" | "name">[],
  addresses: readonly ReadAddress[],
): ReadonlyMap<string, readonly string[]> {
  const byLink = Map.groupBy(addresses, ({ link }) => link);
  const links = all
    .filter(({ name }) => !isOurLink(name))
    .map(({ index, name }): readonly [string, readonly string[]] => {
      const reachable = (byLink.get(index) ?? [])
        .filter(({ scope }) => scope === "global")
        .map(({ address }) => address)
        .filter((address) => !OUR_PREFIXES.some((prefix) => address.startsWith(`${prefix}:`)));
      return [name, reachable];
    });
  return new Map(links.filter(([, { length }]) => length > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const OUR_PREFIXES = [TUNNEL_PREFIX, PROBE_PREFIX];

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
  // Of raw bits: how their type is told differs between versions of nft.
  if (text(map["name"]) === ADVERTS_SET) {
    return { type: ADVERTS, elements: new Map(list(map["elem"]).map((entry) => [elementKey(entry), ""])) };
  }
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
