// What to answer to a question: pure. The asker is told by the source address; it sees the names of the networks that it is
// on, and nothing of the others. A name of ours is never asked of anybody else:
//
//   a known name        its addresses of the asked family; none of that family, or nobody ready: an empty answer
//   no dot, not known   there is no such name: it could only be one of ours, or of a network that the asker is not on
//   tasks.*, <n>.web    the same, if web is a service that the asker sees; tasks.* always
//   a reverse name      of an address in the asker's networks: its name, or none; in other networks of ours: none
//   all others          the host's resolvers, or those that the task names; none for a task that has no way out
//
// Someone who is no task of this node gets no answer at all but "refused".

import { type Ip, subnetContains } from "../../../shared/model/ip.ts";
import { formatIp } from "../plan/addresses.ts";
import { type Answer, type Query, RCODE, type Reply, TYPE } from "./packet.ts";
import type { Names, Zone } from "./zone.ts";

export type Decision =
  | ({ readonly kind: "reply" } & Reply)
  | { readonly kind: "forward"; readonly servers: readonly string[] };

/** Short: a resolver that keeps an address after its task is gone does more harm than asking again. */
const TTL_SECONDS = 1;

const reply = (answers: readonly Answer[]): Decision => ({
  kind: "reply",
  rcode: RCODE.noError,
  answers,
  ttlSeconds: TTL_SECONDS,
});
const fail = (rcode: Reply["rcode"]): Decision => ({ kind: "reply", rcode, answers: [], ttlSeconds: TTL_SECONDS });

/** @param random [0, 1), for the order of several addresses: clients take the first. */
export function decide(
  names: Names,
  source: string,
  query: Pick<Query, "name" | "type">,
  random: () => number,
): Decision {
  const asker = names.askers.get(source);
  if (asker === undefined) return fail(RCODE.refused);
  const zones = asker.networks.flatMap((id) => names.zones.get(id) ?? []);
  // An internal network stays internal: also questions do not leave it.
  const others: Decision = asker.wayOut ? { kind: "forward", servers: asker.nameservers ?? [] } : fail(RCODE.nameError);
  const address = reverseAddress(query.name);
  if (address !== undefined) return decideReverse(names, zones, address, query.type) ?? others;

  const own = names.own.get(asker.taskId);
  const found = own?.hostname === query.name ? own.addresses : lookUp(zones, query.name);
  if (found !== undefined) return reply(shuffle(addressAnswers(found, query.type), random));
  return isOurs(zones, query.name) ? fail(RCODE.nameError) : others;
}

/** The first network in the task's order that knows the name answers, as the task would reach it there. */
function lookUp(zones: readonly Zone[], name: string): readonly Ip[] | undefined {
  let known: readonly Ip[] | undefined;
  for (const { names } of zones) {
    const found = names.get(name);
    if (found !== undefined && found.length > 0) return found;
    known ??= found;
  }
  return known;
}

function isOurs(zones: readonly Zone[], name: string): boolean {
  if (name === "") return false;
  const dot = name.indexOf(".");
  if (dot < 0 || name.startsWith("tasks.")) return true;
  return /^[0-9]+$/.test(name.slice(0, dot)) && zones.some(({ names }) => names.has(name.slice(dot + 1)));
}

function addressAnswers(addresses: readonly Ip[], type: number): readonly Answer[] {
  const wanted = type === TYPE.ANY ? [4, 6] : type === TYPE.A ? [4] : type === TYPE.AAAA ? [6] : [];
  return addresses
    .filter(({ family }) => wanted.includes(family))
    .map((ip) => ({ kind: "address", type: ip.family === 4 ? TYPE.A : TYPE.AAAA, bytes: ipBytes(ip) }));
}

function ipBytes({ family, value }: Ip): Uint8Array {
  const size = family === 4 ? 4 : 16;
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 255n));
}

function decideReverse(names: Names, zones: readonly Zone[], ip: Ip, type: number): Decision | undefined {
  const text = formatIp(ip);
  for (const { reverse } of zones) {
    const name = reverse.get(text);
    if (name === undefined) continue;
    return reply(type === TYPE.PTR || type === TYPE.ANY ? [{ kind: "name", name }] : []);
  }
  const ours = [...names.zones.values()].some(({ subnets }) => subnets.some((subnet) => subnetContains(subnet, ip)));
  return ours ? fail(RCODE.nameError) : undefined;
}

/** 3.9.0.10.in-addr.arpa, or 32 nibbles under ip6.arpa; undefined for every other name. */
export function reverseAddress(name: string): Ip | undefined {
  if (name.endsWith(".in-addr.arpa")) {
    const parts = name.slice(0, -".in-addr.arpa".length).split(".");
    const valid = parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) < 256);
    if (!valid) return undefined;
    return { family: 4, value: parts.reduceRight((sum, part) => (sum << 8n) | BigInt(part), 0n) };
  }
  if (!name.endsWith(".ip6.arpa")) return undefined;
  const nibbles = name.slice(0, -".ip6.arpa".length).split(".");
  if (nibbles.length !== 32 || !nibbles.every((nibble) => /^[0-9a-f]$/.test(nibble))) return undefined;
  return { family: 6, value: nibbles.reduceRight((sum, nibble) => (sum << 4n) | BigInt(`0x${nibble}`), 0n) };
}

function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const a = mixed[i];
    const b = mixed[j];
    if (a !== undefined && b !== undefined) [mixed[i], mixed[j]] = [b, a];
  }
  return mixed;
}
