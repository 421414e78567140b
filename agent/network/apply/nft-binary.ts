// Changes of rules as the kernel itself takes them (nf_tables over netlink), for the few forms that change with every endpoint:
// map elements, and chains that spread connections. With this a namespace costs a tenth of a millisecond; starting nft there,
// and waiting until it has closed its socket, some twenty. Whatever else is to be changed goes to nft as text.
//
// The bytes are those that nft 1.0.6 sends for the same text; a test applies both and compares what nft lists afterwards.
// Numbers in attributes are big-endian, headers and lengths in the machine's order.
import { endianness } from "node:os";
import { parseIp } from "../../../shared/model/ip.ts";
import type { Address } from "../plan/addresses.ts";
import { type Balance, turned } from "../plan/balance.ts";
import type { RuleChange } from "../plan/rule-changes.ts";
import { placeOf } from "../plan/ruleset.ts";

const LITTLE = endianness() === "LE";
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
const INET = 1;
const REQUEST = 0x1;
const CREATE = 0x400;
const APPEND = 0x800;
const NESTED = 0x8000;
const GOTO = -4;
/** An anonymous, constant map. */
const MAP_FLAGS = 0x1 | 0x2 | 0x8;
const TYPE = { integer: 4, 4: 7, 6: 8 } as const;
const PROTOCOL = { 4: 2, 6: 10 } as const;
/** Tells nft how to print keys and values. */
const MAP_NOTES = Buffer.from("000401000000010402000000060400000000", "hex");

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  if (LITTLE) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  if (LITTLE) bytes.writeUInt32LE(value >>> 0);
  else bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
const be32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

function attribute(type: number, ...parts: readonly Buffer[]): Buffer {
  const length = 4 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([u16(length), u16(type), ...parts, Buffer.alloc((4 - (length % 4)) % 4)]);
}
const nested = (type: number, ...parts: readonly Buffer[]): Buffer => attribute(type | NESTED, ...parts);
const word = (type: number, text: string): Buffer => attribute(type, Buffer.from(`${text}\0`));
const number = (type: number, value: number): Buffer => attribute(type, be32(value));

class Batch {
  readonly #messages: Buffer[] = [];
  #sequence = 0;
  #sets = 0;

  add(type: number, flags: number, family: number, resource: number, ...attributes: readonly Buffer[]): void {
    const length = 20 + attributes.reduce((sum, part) => sum + part.length, 0);
    const header = Buffer.from([family, 0, resource >>> 8, resource & 0xff]);
    this.#messages.push(u32(length), u16(type), u16(REQUEST | flags), u32(this.#sequence++), u32(0), header);
    this.#messages.push(...attributes);
  }

  change(kind: keyof typeof MESSAGE, flags: number, ...attributes: readonly Buffer[]): void {
    this.add((SUBSYSTEM << 8) | MESSAGE[kind], flags, INET, 0, word(1, "skep"), ...attributes);
  }

  nextSet(): number {
    return ++this.#sets;
  }

  end(): Buffer {
    return Buffer.concat(this.#messages);
  }
}

/** One transaction; undefined when something is of a form that only nft knows. */
export function encodeChanges(changes: readonly RuleChange[]): Uint8Array | undefined {
  const batch = new Batch();
  batch.add(BEGIN, 0, 0, SUBSYSTEM);
  for (const change of changes) if (!encode(batch, change)) return undefined;
  batch.add(END, 0, 0, SUBSYSTEM);
  return batch.end();
}

function encode(batch: Batch, change: RuleChange): boolean {
  if (!("name" in change) || placeOf(change.name).family !== "inet") return false;
  const { name } = change;
  switch (change.kind) {
    case "addChain":
      if (change.hook !== undefined) return false;
      batch.change("newChain", CREATE, word(3, name));
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
    case "deleteElement": {
      const [keyType = "", valueType] = change.type.split(" : ");
      const key = keyBytes(keyType, change.key);
      const value = valueType === undefined ? Buffer.alloc(0) : valueBytes(valueType, change.value);
      if (key === undefined || value === undefined) return false;
      const adds = change.kind === "addElement";
      const element = nested(1, nested(1, attribute(1, key)), ...(adds && value.length > 0 ? [nested(2, value)] : []));
      batch.change(adds ? "newElement" : "deleteElement", adds ? CREATE : 0, word(2, name), nested(3, element));
      return true;
    }
    default:
      return false; // tables and maps come once in a namespace's life
  }
}

function addressBytes({ ip }: Address): Buffer {
  const digits = ip.family === 4 ? 8 : 32;
  return Buffer.from(ip.value.toString(16).padStart(digits, "0"), "hex");
}

function keyBytes(type: string, key: string): Buffer | undefined {
  if (type === "ether_addr") return Buffer.from(key.replaceAll(":", ""), "hex");
  if (type !== "ipv4_addr" && type !== "ipv6_addr") return undefined;
  const ip = parseIp(key);
  return ip === undefined ? undefined : addressBytes({ text: key, ip });
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
  if (first === undefined) return false;
  const { family } = first.ip;
  const toAddress = expression("nat", number(1, 1), number(2, PROTOCOL[family]), number(3, 1));
  const rule = (...expressions: readonly Buffer[]): void =>
    batch.change("newRule", CREATE | APPEND, word(2, chain), nested(4, ...expressions, toAddress));
  if (targets.length === 1) {
    rule(expression("immediate", number(1, 1), nested(2, attribute(1, addressBytes(first)))));
    return true;
  }
  const id = batch.nextSet();
  const set = [word(2, "__map%d"), number(4, id)] as const;
  batch.change(
    "newSet",
    CREATE,
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
    nested(i + 1, nested(1, attribute(1, u32(i))), nested(2, attribute(1, addressBytes(target)))),
  );
  batch.change("newElement", CREATE, ...set, nested(3, ...elements));
  rule(
    expression("numgen", number(1, 1), number(2, targets.length), number(3, 0), number(4, 0)),
    expression("lookup", number(2, 1), number(3, 1), word(1, "__map%d"), number(4, id)),
  );
  return true;
}
