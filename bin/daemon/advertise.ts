// Which address this node tells the others. Pure: the host's interfaces in, an address or an error out.
import { isIP, isIPv4 } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";
import { SkepError } from "../../shared/errors.ts";
import { parseIp, sameIp } from "../../shared/model/ip.ts";
import { type Address, formatAddress, parseAddress, peerAddressProblem } from "../../shared/rpc/address.ts";

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Interfaces that container engines make: never what the user means. */
const OF_ENGINES = /^(docker|br-|veth|virbr|cni|flannel|skep|skwg|skvx|vx)/;

/**
 * @param wish IP address, IP:port, an interface's name (and port), or empty for the one address there is.
 * @param listen what the daemon binds: gives the port, and the address when it is not a wildcard.
 * @throws {SkepError} `invalid_argument` or `failed_precondition`, with the choices there are.
 */
export function chooseAdvertiseAddr(wish: string, listen: Address, interfaces: Interfaces): string {
  if (wish === "") return formatAddress({ host: theOneAddress(listen, interfaces), port: listen.port });
  const address = addressOf("--advertise-addr", wish, listen.port, interfaces);
  const problem = peerAddressProblem(address.host);
  if (problem !== undefined) throw refuse("--advertise-addr", wish, problem, interfaces);
  return formatAddress(address);
}

/**
 * Where the daemon listens.
 * @param wish IP address of this host or a wildcard, or an interface's name, each with or without a port.
 * @throws {SkepError} `invalid_argument`: this host has no such address, with those that it has.
 */
export function chooseListenAddr(wish: string, defaultPort: number, interfaces: Interfaces): Address {
  const address = addressOf("--listen-addr", wish, defaultPort, interfaces);
  const { host } = address;
  if (isWildcard(host)) return address;
  const problem =
    peerAddressProblem(host) ?? (isOfHost(host, interfaces) ? undefined : "this host has no such address");
  if (problem !== undefined) throw refuse("--listen-addr", wish, problem, interfaces);
  return address;
}

function addressOf(flag: string, wish: string, defaultPort: number, interfaces: Interfaces): Address {
  const [, name = wish, port] = /^([^:]+)(?::(\d+))?$/.exec(wish) ?? [];
  const named = Object.hasOwn(interfaces, name) ? interfaces[name] : undefined;
  if (named === undefined) {
    const address = parseAddress(flag, wish, defaultPort);
    if (isIP(address.host) !== 0) return address;
    throw refuse(flag, wish, "neither an IP address nor an interface of this host", interfaces);
  }
  const [first] = usable(named);
  if (first === undefined) throw new SkepError("failed_precondition", `${flag}: interface ${name} has no address`);
  return port === undefined ? { host: first, port: defaultPort } : parseAddress(flag, formatHost(first, port));
}

const formatHost = (host: string, port: string): string => `${isIPv4(host) ? host : `[${host}]`}:${port}`;

function isOfHost(host: string, interfaces: Interfaces): boolean {
  const ip = parseIp(host);
  return Object.values(interfaces).some((infos) =>
    infos?.some((info) => {
      const own = parseIp(info.address);
      return ip !== undefined && own !== undefined && sameIp(ip, own);
    }),
  );
}

/** What to give instead is told with what is wrong. */
function refuse(flag: string, wish: string, why: string, interfaces: Interfaces): SkepError {
  const known = choicesOf(interfaces).map(({ name, address }) => `${address} on ${name}`);
  const has = known.length === 0 ? "this host has no other" : `this host has ${known.join(", ")}`;
  return new SkepError("invalid_argument", `${flag} ${JSON.stringify(wish)}: ${why}; ${has}`);
}

const isWildcard = (host: string): boolean => parseIp(host)?.value === 0n;

/** IPv4 first; what is valid on the link only never. */
export function usable(addresses: readonly NetworkInterfaceInfo[]): readonly string[] {
  const all = addresses.map(({ address }) => address).filter((address) => !/^(169\.254\.|fe80:)/i.test(address));
  return [...all.filter((address) => isIPv4(address)), ...all.filter((address) => !isIPv4(address))];
}

function theOneAddress(listen: Address, interfaces: Interfaces): string {
  if (isIP(listen.host) !== 0 && !isWildcard(listen.host)) return listen.host;
  const [only, ...others] = choicesOf(interfaces);
  if (only === undefined) {
    throw new SkepError(
      "failed_precondition",
      "this host has no address that others could reach; name one with --advertise-addr",
    );
  }
  if (others.length > 0) {
    const list = [only, ...others].map(({ name, address }) => `${address} on ${name}`).join(", ");
    throw new SkepError(
      "failed_precondition",
      `this host has several addresses (${list}); choose the one that other nodes reach with --advertise-addr`,
    );
  }
  return only.address;
}

/** Addresses that others may reach. A dual-stack interface is one choice: its IPv4 address. */
function choicesOf(interfaces: Interfaces): readonly { readonly name: string; readonly address: string }[] {
  return Object.entries(interfaces)
    .filter(([name]) => !OF_ENGINES.test(name))
    .flatMap(([name, infos = []]) => {
      const addresses = usable(infos.filter(({ internal }) => !internal));
      const sameFamily = addresses.filter((address) => isIPv4(address) === isIPv4(addresses[0] ?? ""));
      return sameFamily.map((address) => ({ name, address }));
    });
}
