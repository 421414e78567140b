// Which registries may be spoken to over plain HTTP. As in Docker, a list of host[:port] and CIDR, and always this machine.
import { BlockList, isIP } from "node:net";

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

interface HostPort {
  readonly host: string;
  readonly port: string;
}

function splitPort(text: string): HostPort {
  const match = /^(\[[^\]]*\]|[^:]*)(?::([0-9]+))?$/.exec(text);
  const host = match?.[1] ?? text;
  return { host: host.replace(/^\[|\]$/g, "").toLowerCase(), port: match?.[2] ?? "" };
}

function inSubnet(address: string, cidr: string): boolean {
  const [net = "", bits = ""] = cidr.split("/");
  const family = isIP(net);
  const prefix = Number(bits);
  if (family === 0 || family !== isIP(address)) return false;
  if (!/^[0-9]{1,3}$/.test(bits) || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(net, prefix, family === 4 ? "ipv4" : "ipv6");
  return list.check(address, family === 4 ? "ipv4" : "ipv6");
}

/**
 * True when `host` (a reference's host[:port]) may be reached over plain HTTP. An entry without a port covers every port
 * of that host; a CIDR covers registries that are named by address (names are not looked up).
 */
export function isInsecureRegistry(host: string, insecureRegistries: readonly string[]): boolean {
  const registry = splitPort(host);
  if (registry.host === "localhost") return true;
  const subnets = [...LOOPBACK, ...insecureRegistries.filter((entry) => entry.includes("/"))];
  if (isIP(registry.host) !== 0 && subnets.some((cidr) => inSubnet(registry.host, cidr))) return true;
  return insecureRegistries.map(splitPort).some((entry) => {
    return entry.host === registry.host && (entry.port === "" || entry.port === registry.port);
  });
}
