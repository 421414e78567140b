// host:port as users write it and as nodes tell one another: "10.0.0.1:7377", "[fd00::1]:7377", "manager.example:7377".
import { isIPv6 } from "node:net";
import { SkepError } from "../errors.ts";

export const DEFAULT_PORT = 7377;

export interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

export const formatAddress = ({ host, port }: Address): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

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
