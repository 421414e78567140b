// Which address this node tells the others. Pure: the host's interfaces in, an address or an error out.
import { isIP, isIPv4 } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";
import { SkepError } from "../../shared/errors.ts";
import { type Address, formatAddress, parseAddress } from "../../shared/rpc/address.ts";

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Interfaces that container engines make: never what the user means. */
const OF_ENGINES = /^(docker|br-|veth|virbr|cni|flannel|skep|skwg|skvx|vx)/;

/**
 * @param wish host, host:port, an interface's name (and port), or empty for the one address there is.
 * @param listen what the daemon binds: gives the port, and the address when it is not a wildcard.
 * @throws {SkepError} `invalid_argument` or `failed_precondition`, with the choices there are.
 */
export function chooseAdvertiseAddr(wish: string, listen: Address, interfaces: Interfaces): string {
  if (wish === "") return formatAddress({ host: theOneAddress(listen, interfaces), port: listen.port });
  const [, name = wish, port] = /^([^:]+)(?::(\d+))?$/.exec(wish) ?? [];
  const named = interfaces[name];
  const address = parseAddress("advertise address", wish, listen.port);
  if (named !== undefined) {
    const [first] = usable(named);
    if (first === undefined) throw new SkepError("failed_precondition", `interface ${name} has no address`);
    return formatAddress({ host: first, port: port === undefined ? listen.port : address.port });
  }
  if (isWildcard(address.host)) {
    throw new SkepError("invalid_argument", `advertise address ${address.host}: others cannot connect to a wildcard`);
  }
  return formatAddress(address);
}

const isWildcard = (host: string): boolean => host === "0.0.0.0" || /^[0:]+$/.test(host);

/** IPv4 first; what is valid on the link only never. */
export function usable(addresses: readonly NetworkInterfaceInfo[]): readonly string[] {
  const all = addresses.map(({ address }) => address).filter((address) => !/^(169\.254\.|fe80:)/i.test(address));
  return [...all.filter((address) => isIPv4(address)), ...all.filter((address) => !isIPv4(address))];
}

function theOneAddress(listen: Address, interfaces: Interfaces): string {
  if (isIP(listen.host) !== 0 && !isWildcard(listen.host)) return listen.host;
  const choices = Object.entries(interfaces)
    .filter(([name]) => !OF_ENGINES.test(name))
    .map(([name, infos = []]) => ({ name, addresses: usable(infos.filter(({ internal }) => !internal)) }))
    .filter(({ addresses }) => addresses.length > 0);
  // A dual-stack interface is one choice: its IPv4 address.
  const [only, ...others] = choices.flatMap(({ name, addresses }) => {
    const sameFamily = addresses.filter((address) => isIPv4(address) === isIPv4(addresses[0] ?? ""));
    return sameFamily.map((address) => ({ name, address }));
  });
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
