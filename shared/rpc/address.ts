// host:port as users write it and as nodes tell one another: "10.0.0.1:7377", "[fd00::1]:7377", "manager.example:7377".
import { isIPv6 } from "node:net";
import { SkepError } from "../errors.ts";
import { parseIp } from "../model/ip.ts";

export const DEFAULT_PORT = 7377;

export interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

export const formatAddress = ({ host, port }: Address): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/**
 * Why other nodes cannot be told to connect to `host`; undefined when they can. Loopback is the one host's own business: a
 * swarm on it is one of this host alone, which is what who names it wants.
 */
export function peerAddressProblem(host: string): string | undefined {
  const ip = parseIp(host);
  if (ip === undefined) return `${JSON.stringify(host)} is not an IP address`;
  if (ip.value === 0n) return `${host}: others cannot connect to a wildcard`;
  if (ip.family === 4) {
    const first = ip.value >> 24n;
    if (first === 0n) return `${host} is no address of a host`;
    return first >= 224n ? `${host} is no address of a host, but of a group or of none` : undefined;
  }
  if (ip.value >> 120n === 0xffn) return `${host} is the address of a group`;
  return ip.value >> 118n === 0x3fan ? `${host} is known on its own link only` : undefined;
}

/**
 * Host with or without a port; an IPv6 address with a port needs its brackets.
 * @param what for the message: "listen address".
 * @throws {SkepError} `invalid_argument`
 */
export function parseAddress(what: string, text: string, defaultPort: number = DEFAULT_PORT): Address {
  const wrong = (why: string): SkepError =>
    new SkepError("invalid_argument", `${what} ${JSON.stringify(text)}: ${why}; write it as HOST:PORT`);
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]\s/]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (match === null || host === undefined) throw wrong("not a host and port");
  if (match[1] !== undefined && !isIPv6(match[1])) throw wrong("not an IPv6 address in brackets");
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65_535) throw wrong("the port must be 1 to 65535");
  return { host, port };
}
