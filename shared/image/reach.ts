// Where a registry may lead us. A registry answers with addresses of its own choice: redirects, upload locations and token
// servers. One that means harm names an address that only this machine can reach, such as a service on loopback or the
// metadata service of a cloud at 169.254.169.254, and has a manager ask it. So what a registry names is looked up under
// a rule: no loopback, link-local, multicast or unspecified address, whatever name it hides behind. The registry that the
// user named himself is asked wherever it is, and one on loopback may lead to loopback.
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { SkepError } from "../errors.ts";

const NOT_FOR_REGISTRIES = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["255.255.255.255", 32],
] as const) {
  NOT_FOR_REGISTRIES.addSubnet(net, prefix, "ipv4");
}
for (const [net, prefix] of [
  ["::", 127], // unspecified and loopback
  ["fe80::", 10],
  ["fd00:ec2::254", 128], // a cloud's metadata service that is not link-local
  ["ff00::", 8],
] as const) {
  NOT_FOR_REGISTRIES.addSubnet(net, prefix, "ipv6");
}

const withoutZone = (address: string): string => address.replace(/%.*$/, "");

/** True for an address that a registry may not lead to. IPv4 written as IPv6 (::ffff:127.0.0.1) counts as IPv4. */
export function isForbiddenTarget(address: string): boolean {
  const bare = withoutZone(address);
  return NOT_FOR_REGISTRIES.check(bare, isIP(bare) === 6 ? "ipv6" : "ipv4");
}

const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/** True when the user's own registry is on this machine: it may then lead to others on this machine. */
export function isOnThisHost(registry: URL): boolean {
  const host = bareHost(registry);
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return isIP(host) !== 0 && isForbiddenTarget(host);
}

function refusal(host: string, address: string): SkepError {
  const where = host === address ? address : `${host} (${address})`;
  return new SkepError(
    "permission_denied",
    `a registry may not lead to ${where}: that is a loopback, link-local or multicast address, which the registry can name but should not reach`,
  );
}

/** @throws {SkepError} `permission_denied`: the host is written as an address that a registry may not lead to. */
export function refuseForbiddenHost(url: URL): void {
  const host = bareHost(url);
  if (isIP(host) !== 0 && isForbiddenTarget(host)) throw refusal(host, host);
}

/** What Node's `dns.lookup` is called as here: all addresses of a name. */
export type LookupAll = (
  host: string,
  options: { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A `lookup` for sockets that fails when any address of the name is forbidden. It looks at the very addresses that the
 * socket then connects to, so a name that changes its answer between two look-ups gains nothing.
 */
export function guardedLookup(lookupAll: LookupAll = systemLookup): LookupFunction {
  return (host, options, done) => {
    lookupAll(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        done(error ?? Object.assign(new Error(`no address for ${host}`), { code: "ENOTFOUND" }), "", 0);
        return;
      }
      const forbidden = addresses.find(({ address }) => isForbiddenTarget(address));
      if (forbidden !== undefined) done(refusal(host, forbidden.address), "", 0);
      else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
