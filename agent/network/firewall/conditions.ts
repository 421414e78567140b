// What conditions of rules ask of a packet, the same for every tool. Pure.
import { parseIp, parseSubnet, subnetContains } from "../../../shared/model/ip.ts";
import { type Answer, isTrue, type Packet } from "./packet.ts";

/** As rules write them: "eth0", "eth*" (nft), "eth+" (iptables). */
export function isLink(pattern: string, link: string): Answer {
  if (link === "") return "unknown";
  const prefix = /^(.*)[*+]$/.exec(pattern)?.[1];
  return isTrue(prefix === undefined ? pattern === link : link.startsWith(prefix));
}

/** @param side of the packet. */
export function isAddress(pattern: string, packet: Packet, side: "source" | "destination"): Answer {
  const text = (packet.direction === "in") === (side === "source") ? packet.peer : packet.own;
  const address = parseIp(text);
  if (address === undefined) return "unknown";
  const subnet = parseSubnet(pattern);
  if (subnet !== undefined) return isTrue(subnetContains(subnet, address));
  const single = parseIp(pattern);
  if (single === undefined) return "unknown";
  return isTrue(single.family === address.family && single.value === address.value);
}

export const isProtocol = (word: string, { protocol }: Packet): Answer =>
  isTrue(word === protocol || word === (protocol === "tcp" ? "6" : "17"));

/** @param words "22", "22-25" or "22:25". */
export const isPort = (words: readonly string[], { port }: Packet): Answer =>
  isTrue(
    words.some((word) => {
      const [first = "", last = first] = word.split(/[-:]/);
      return port >= Number(first || 0) && port <= Number(last || 65_535);
    }),
  );

export const isState = (words: readonly string[], { state }: Packet): Answer =>
  isTrue(words.some((word) => word.toLowerCase() === state));
