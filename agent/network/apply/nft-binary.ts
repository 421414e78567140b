// Changes of rules as the kernel itself takes them (nf_tables over netlink), for the few forms that change with every endpoint:
// map elements, and chains that spread connections. With this a namespace costs a tenth of a millisecond; nft's library
// reads the whole table first. Whatever else is to be changed goes to nft as text.
//
// The bytes are those that nft 1.0.6 sends for the same text; a test applies both and compares what nft lists afterwards.
// Numbers in attributes are big-endian, headers and lengths in the machine's order.
import { parseIp } from "../../../shared/model/ip.ts";
import { attribute, be32, encodeRequest, FLAGS, nested, string, u32 } from "../netlink/attributes.ts";
import { ipBytes } from "../netlink/ip-bytes.ts";
import { type Balance, turned } from "../plan/balance.ts";
import type { RuleChange } from "../plan/rule-changes.ts";
import { ADVERTS, placeOf } from "../plan/ruleset.ts";

const SUBSYSTEM = 10;
const MESSAGE = {
  newChain: 3,
  deleteChain: 5,
  newRule: 6,
  deleteRule: 8,
  newSet: 9,
  newElement: 12,
  deleteElement: 14,
} as const;
const BEGIN = 0x10;
const END = 0x11;
const FAMILY_NUMBER = { inet: 1, bridge: 7 } as const;
type EncodedFamily = keyof typeof FAMILY_NUMBER;
const IFNAME_BYTES = 16;
const GOTO = -4;
/** An anonymous, constant map. */
const MAP_FLAGS = 0x1 | 0x2 | 0x8;
const TYPE = { integer: 4, 4: 7, 6: 8 } as const;
const PROTOCOL = { 4: 2, 6: 10 } as const;
/** The length of an attribute has 16 bits, and an element of IPv6 takes 40 bytes. */
const MAX_TARGETS = 1_500;
/** Tells nft how to print keys and values. */
const MAP_NOTES = Buffer.from("000401000000010402000000060400000000", "hex");

const word = (type: number, text: string): Buffer => attribute(type, string(text));
const number = (type: number, value: number): Buffer => attribute(type, be32(value));

/** One transaction. */
export interface EncodedChanges {
  readonly bytes: Uint8Array;
  /** Between begin and end; numbered from 1, and each to be acknowledged. */
  readonly messages: number;
}

class Batch {
  readonly #messages: Buffer[] = [];
  #sets = 0;

  constructor() {
    this.#mark(BEGIN);
  }

  #mark(type: number): void {
    this.#add(type, 0, 0, SUBSYSTEM);
  }

  #add(type: number, flags: number, family: number, resource: number, ...attributes: readonly Buffer[]): void {
    const body = [Buffer.from([family, 0, resource >>> 8, resource & 0xff]), ...attributes];
    this.#messages.push(encodeRequest({ type, flags, body }, this.#messages.length));
  }

  change(kind: keyof typeof MESSAGE, flags: number, ...attributes: readonly Buffer[]): void {
    this.changeIn("inet", kind, flags, ...attributes);
  }

  changeIn(family: EncodedFamily, kind: keyof typeof MESSAGE, flags: number, ...attributes: readonly Buffer[]): void {
    const type = (SUBSYSTEM << 8) | MESSAGE[kind];
    this.#add(type, flags | FLAGS.ack, FAMILY_NUMBER[family], 0, word(1, "skep"), ...attributes);
  }

  nextSet(): number {
    return ++this.#sets;
  }

  end(): EncodedChanges {
    const messages = this.#messages.length - 1;
    this.#mark(END);
    return { bytes: Buffer.concat(this.#messages), messages };
  }
}

/** One transaction; undefined when something is of a form that only nft knows. */
export function encodeChanges(changes: readonly RuleChange[]): EncodedChanges | undefined {
  const batch = new Batch();
  for (const change of changes) if (!encode(batch, change)) return undefined;
  return batch.end();
}

function encode(batch: Batch, change: RuleChange): boolean {
  if (!("name" in change)) return false;
  const { family, bare: name } = placeOf(change.name);
  if (family === "bridge") return encodeElement(batch, family, name, change);
  if (family !== "inet") return false;
  switch (change.kind) {
    case "addChain":
      if (change.hook !== undefined) return false;
      batch.change("newChain", FLAGS.create, word(3, name));
      return true;
    case "flushChain":
      batch.change("deleteRule", 0, word(2, name));
      return true;
    case "deleteChain":
      batch.change("deleteChain", 0, word(3, name));
      return true;
    case "addRules":
      return encodeBalance(batch, name, change.chain.balance);
    case "addElement":
    case "deleteElement":
      return encodeElement(batch, family, name, change);
    default:
      return false; // tables and maps come once in a namespace's life
  }
}

function encodeElement(batch: Batch, family: EncodedFamily, name: string, change: RuleChange): boolean {
  if (change.kind !== "addElement" && change.kind !== "deleteElement") return false;
  const [keyType = "", valueType] = change.type.split(" : ");
  const key = keyBytes(keyType, change.key);
  const value = valueType === undefined ? Buffer.alloc(0) : valueBytes(valueType, change.value);
  if (key === undefined || value === undefined) return false;
  const adds = change.kind === "addElement";
  const element = nested(1, nested(1, attribute(1, key)), ...(adds && value.length > 0 ? [nested(2, value)] : []));
  const flags = adds ? FLAGS.create : 0;
  batch.changeIn(family, adds ? "newElement" : "deleteElement", flags, word(2, name), nested(3, element));
  return true;
}

/** Of several values one after the other, each begins at a multiple of four bytes. */
function keyBytes(type: string, key: string): Buffer | undefined {
  const types = type === ADVERTS ? ["ifname", "bits128"] : type.split(" . ");
  const values = key.split(" . ");
  const parts = types.map((one, i) => valueOfKey(one, values[i] ?? ""));
  if (types.length === 1) return parts[0];
  const padded = parts.map((part) => part && Buffer.concat([part, Buffer.alloc((4 - (part.length % 4)) % 4)]));
  return padded.every((part) => part !== undefined) ? Buffer.concat(padded) : undefined;
}

function valueOfKey(type: string, key: string): Buffer | undefined {
  if (type === "ether_addr") return Buffer.from(key.replaceAll(":", ""), "hex");
  if (type === "ifname") return Buffer.concat([Buffer.from(key)], IFNAME_BYTES);
  if (type === "bits128") return Buffer.from(key.slice("0x".length).padStart(32, "0"), "hex");
  if (type !== "ipv4_addr" && type !== "ipv6_addr") return undefined;
  const ip = parseIp(key);
  return ip === undefined ? undefined : ipBytes(ip);
}

function valueBytes(type: string, value: string): Buffer | undefined {
  if (type === "mark") return attribute(1, u32(Number(value)));
  if (type !== "verdict" || !value.startsWith("goto ")) return undefined;
  return nested(2, number(1, GOTO), word(2, value.slice("goto ".length)));
}

const expression = (name: string, ...data: readonly Buffer[]): Buffer => nested(1, word(1, name), nested(2, ...data));

function encodeBalance(batch: Batch, chain: string, balance: Balance | undefined): boolean {
  if (balance === undefined || balance.port !== undefined) return false;
  const targets = turned(balance);
  const [first] = targets;
  if (first === undefined || targets.length > MAX_TARGETS) return false;
  const { family } = first.ip;
  const toAddress = expression("nat", number(1, 1), number(2, PROTOCOL[family]), number(3, 1));
  const rule = (...expressions: readonly Buffer[]): void =>
    batch.change("newRule", FLAGS.create | FLAGS.append, word(2, chain), nested(4, ...expressions, toAddress));
  if (targets.length === 1) {
    rule(expression("immediate", number(1, 1), nested(2, attribute(1, ipBytes(first.ip)))));
    return true;
  }
  const id = batch.nextSet();
  const set = [word(2, "__map%d"), number(4, id)] as const;
  batch.change(
    "newSet",
    FLAGS.create,
    word(2, "__map%d"),
    number(3, MAP_FLAGS),
    number(4, TYPE.integer),
    number(5, 4),
    number(6, TYPE[family]),
    number(7, family === 4 ? 4 : 16),
    number(10, id),
    nested(9, number(1, targets.length)),
    attribute(13, MAP_NOTES),
  );
  const elements = targets.map((target, i) =>
    nested(i + 1, nested(1, attribute(1, u32(i))), nested(2, attribute(1, ipBytes(target.ip)))),
  );
  batch.change("newElement", FLAGS.create, ...set, nested(3, ...elements));
  rule(
    expression("numgen", number(1, 1), number(2, targets.length), number(3, 0), number(4, 0)),
    expression("lookup", number(2, 1), number(3, 1), word(1, "__map%d"), number(4, id)),
  );
  return true;
}
