// `nft -j list ruleset`, read into tables. Pure.
import { isObject, type Json, type JsonObject, list, objects, text } from "../apply/parse.ts";
import { isAddress, isLink, isPort, isProtocol, isState } from "./conditions.ts";
import {
  type Answer,
  allOf,
  type Chain,
  type Hook,
  isTrue,
  type Match,
  not,
  type Packet,
  type Rule,
  type Table,
  type Verdict,
} from "./packet.ts";

/** Ours: they drop only what they should. */
const OWN_TABLES = new Set(["skep", "skepprobe"]);
const FAMILIES = ["ip", "ip6", "inet", "netdev"] as const;
const HOOKS = ["ingress", "prerouting", "input", "output", "postrouting"] as const;

type Sets = ReadonlyMap<string, readonly Json[]>;

export function parseNftRuleset(json: Json): readonly Table[] {
  const items = objects(isObject(json) ? json["nftables"] : undefined);
  const tables = new Map<string, { readonly table: Table; readonly chains: Map<string, Chain> }>();
  const sets = new Map<string, readonly Json[]>();
  const rules = new Map<string, Rule[]>();
  const pathOf = (item: JsonObject, name: string): string =>
    [item["family"], item["table"], item[name]].map(text).join(" ");
  for (const item of items) {
    const set = item["set"] ?? item["map"];
    if (isObject(set)) sets.set(pathOf(set, "name"), list(set["elem"]));
  }
  for (const item of items) {
    const table = item["table"];
    if (isObject(table)) {
      const name = text(table["name"]);
      const family = FAMILIES.find((one) => one === table["family"]);
      if (family === undefined || OWN_TABLES.has(name)) continue;
      const chains = new Map<string, Chain>();
      tables.set(`${family} ${name}`, { table: { tool: "nft", family, name, chains }, chains });
    }
    const chain = item["chain"];
    if (isObject(chain)) {
      const own: Rule[] = [];
      rules.set(pathOf(chain, "name"), own);
      const name = text(chain["name"]);
      const { chains } = tables.get(`${text(chain["family"])} ${text(chain["table"])}`) ?? {};
      chains?.set(name, { name, hook: hookOf(chain), rules: own });
    }
    const rule = item["rule"];
    if (!isObject(rule)) continue;
    const prefix = `${text(rule["family"])} ${text(rule["table"])} `;
    rules.get(pathOf(rule, "chain"))?.push(...rulesOf(rule, new Reader(prefix, sets)));
  }
  return [...tables.values()].map(({ table }) => table);
}

function hookOf(chain: JsonObject): Hook | undefined {
  const name = HOOKS.find((hook) => hook === chain["hook"]);
  if (name === undefined || chain["type"] === "nat") return undefined;
  const links = [chain["dev"]]
    .flat()
    .map((dev) => text(dev as Json))
    .filter((dev) => dev !== "");
  return { name, priority: Number(chain["prio"]), drops: chain["policy"] === "drop", links };
}

/** One for each verdict that the rule can come to: a map of verdicts has several. */
function rulesOf(rule: JsonObject, reader: Reader): readonly Rule[] {
  const matches: Match[] = [];
  const words = text(rule["handle"]);
  for (const statement of objects(rule["expr"])) {
    const [[kind, body = null] = ["", null]] = Object.entries(statement);
    const verdict = verdictOf(kind, body);
    if (verdict !== undefined) return [{ matches, verdict, text: words }];
    if (kind === "vmap" && isObject(body)) {
      return reader.pairs(body["data"]).map(([key, then]) => ({
        matches: [...matches, (packet: Packet) => reader.compare(body["key"] ?? null, key, packet)],
        verdict: (isObject(then) && verdictOf(...(Object.entries(then)[0] ?? ["", null]))) || { kind: "continue" },
        text: words,
      }));
    }
    if (kind === "match" && isObject(body)) matches.push((packet) => reader.match(body, packet));
    else if (!HARMLESS.has(kind)) matches.push(() => "unknown");
  }
  return [];
}

/** Statements that a packet always comes by. */
const HARMLESS = new Set(["counter", "log", "notrack", "set", "map", "mangle", "comment"]);

function verdictOf(kind: string, body: Json): Verdict | undefined {
  switch (kind) {
    case "accept":
    case "drop":
    case "reject":
    case "return":
    case "continue":
      return { kind };
    case "jump":
    case "goto":
      return { kind, chain: isObject(body) ? text(body["target"]) : "" };
    default:
      return undefined;
  }
}

const DIRECTION = { saddr: "source", daddr: "destination" } as const;

class Reader {
  readonly #prefix: string;
  readonly #sets: Sets;

  constructor(prefix: string, sets: Sets) {
    this.#prefix = prefix;
    this.#sets = sets;
  }

  match({ op, left = null, right = null }: JsonObject, packet: Packet): Answer {
    const answer = this.compare(left, right, packet);
    if (op === "==" || op === "in") return answer;
    return op === "!=" ? not(answer) : "unknown";
  }

  /** The pairs of a map of verdicts. */
  pairs(data: Json | undefined): readonly (readonly [Json, Json])[] {
    return this.#elements(data ?? null).flatMap((pair) => {
      const [key, value] = list(pair);
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    });
  }

  /** Is what `left` names of the packet `right`, or one of it? */
  compare(left: Json, right: Json, packet: Packet): Answer {
    const elements = this.#elements(right);
    if (isObject(left) && "concat" in left) {
      const parts = list(left["concat"]);
      return anyOf(
        elements.map((element) => {
          const values = isObject(element) ? list(element["concat"]) : [];
          return allOf(parts.map((part, i) => this.compare(part, values[i] ?? null, packet)));
        }),
      );
    }
    return anyOf(elements.map((element) => (element === "*" ? "yes" : compareOne(left, element, packet))));
  }

  #elements(right: Json): readonly Json[] {
    if (typeof right === "string" && right.startsWith("@")) {
      return (this.#sets.get(`${this.#prefix}${right.slice(1)}`) ?? []).map(bare);
    }
    if (Array.isArray(right)) return right.map(bare);
    return isObject(right) && "set" in right ? list(right["set"]).map(bare) : [right];
  }
}

/** An element may come with a counter or a time. */
const bare = (element: Json): Json =>
  isObject(element) && isObject(element["elem"]) ? (element["elem"]["val"] ?? null) : element;

const anyOf = (answers: readonly Answer[]): Answer =>
  answers.includes("yes") ? "yes" : answers.includes("unknown") ? "unknown" : "no";

function compareOne(left: Json, right: Json, packet: Packet): Answer {
  const [[kind, body = null] = ["", null]] = Object.entries(isObject(left) ? left : {});
  if (!isObject(body)) return "unknown";
  const key = text(body["key"]) || text(body["field"]);
  const words = wordsOf(right);
  switch (kind) {
    case "meta":
      return compareMeta(key, words, packet);
    case "ct":
      if (key === "state") return isState([words], packet);
      return key === "status" ? "no" : "unknown"; // it is the first packet: it was not turned, and nothing expects it
    case "payload":
      return comparePayload(text(body["protocol"]), key, words, packet);
    case "fib": {
      const isOwn = packet.direction === "in" && list(body["flags"]).includes("daddr") && body["result"] === "type";
      return isOwn ? isTrue(words === "local") : "unknown";
    }
    default:
      return "unknown";
  }
}

function compareMeta(key: string, words: string, packet: Packet): Answer {
  const { direction, link, peer } = packet;
  switch (key) {
    case "iifname":
    case "iif":
      return direction === "in" ? isLink(words, link) : "no";
    case "oifname":
    case "oif":
      return direction === "out" ? isLink(words, link) : "no";
    case "l4proto":
      return isProtocol(words, packet);
    case "nfproto":
      return isTrue(words === (peer.includes(":") ? "ipv6" : "ipv4"));
    case "protocol":
      return isTrue(words === (peer.includes(":") ? "ip6" : "ip"));
    case "pkttype":
      return isTrue(words === "host" || words === "unicast");
    default:
      return "unknown";
  }
}

function comparePayload(protocol: string, field: string, words: string, packet: Packet): Answer {
  if (protocol === "ip" || protocol === "ip6") {
    if ((protocol === "ip6") !== packet.peer.includes(":")) return "no";
    if (field === "saddr" || field === "daddr") return isAddress(words, packet, DIRECTION[field]);
    return field === "protocol" || field === "nexthdr" ? isProtocol(words, packet) : "unknown";
  }
  if (protocol !== "th" && protocol !== packet.protocol) return "no";
  return field === "dport" ? isPort([words], packet) : "unknown";
}

/** "22", "22-25", "10.0.0.0/8". */
function wordsOf(right: Json): string {
  if (!isObject(right)) return text(right);
  const { range, prefix } = right;
  if (Array.isArray(range)) return range.map((end) => text(end as Json)).join("-");
  return isObject(prefix) ? `${text(prefix["addr"])}/${text(prefix["len"])}` : "";
}
