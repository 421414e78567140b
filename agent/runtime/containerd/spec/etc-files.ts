// The three files of /etc that every container gets from its node: hostname, hosts and resolv.conf.
import type { ContainerConfig, ContainerNetwork } from "../../runtime.ts";

export interface EtcFiles {
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
}

const USUAL_HOSTS = [
  ["127.0.0.1", "localhost"],
  ["::1", "localhost ip6-localhost ip6-loopback"],
  ["fe00::0", "ip6-localnet"],
  ["ff00::0", "ip6-mcastprefix"],
  ["ff02::1", "ip6-allnodes"],
  ["ff02::2", "ip6-allrouters"],
] as const;

/**
 * On the node's network: the node's own files, with the service's lines after them. Else Docker's usual hosts, where a
 * container finds its own name: at its first address, or at loopback when it has nothing else.
 */
export function etcFiles(
  config: Pick<ContainerConfig, "network" | "extraHosts" | "dns">,
  hostname: string,
  node: { readonly hosts: string; readonly resolvConf: string },
): EtcFiles {
  return {
    hostname: `${hostname}\n`,
    hosts: hostsFile(config.network, config.extraHosts, hostname, node.hosts),
    resolvConf: resolvConf(config.network, config.dns, node.resolvConf),
  };
}

function hostsFile(network: ContainerNetwork, extra: readonly string[], hostname: string, nodeHosts: string): string {
  const own = network.kind === "path" ? network.addresses[0] : undefined;
  const lines: string[] =
    network.kind === "host"
      ? nodeHosts.trimEnd().split("\n")
      : [...USUAL_HOSTS, [own ?? "127.0.0.1", hostname]].map(([address, names]) => `${address}\t${names}`);
  for (const entry of extra) {
    const [address = "", ...names] = entry.trim().split(/\s+/);
    if (names.length > 0) lines.push(`${address}\t${names.join(" ")}`);
  }
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

/**
 * Each part that the service names replaces the node's. A resolver on the node's loopback cannot be reached from elsewhere. In
 * a namespace with a name server of its own all questions go there, also those that are then for the service's resolvers.
 */
function resolvConf(network: ContainerNetwork, dns: ContainerConfig["dns"], nodeFile: string): string {
  const words = nodeFile
    .split("\n")
    .map((line) =>
      line
        .replace(/[#;].*$/, "")
        .trim()
        .split(/\s+/),
    )
    .filter((line) => line.length > 1);
  const of = (keyword: string): string[][] => words.filter(([first]) => first === keyword).map(([, ...rest]) => rest);
  const reachable = (address: string): boolean => network.kind === "host" || !/^(127\.|::1$)/.test(address);
  const own = network.kind === "path" ? network.resolvers : [];
  const named = own.length > 0 ? own : dns.nameservers;
  const nameservers = named.length > 0 ? named : of("nameserver").flat().filter(reachable);
  const search = dns.search.length > 0 ? dns.search.filter((domain) => domain !== ".") : (of("search").at(-1) ?? []);
  const options = dns.options.length > 0 ? dns.options : of("options").flat();
  // Names without a dot are ours: they are asked as they are before any domain is tried after them.
  const asTheyAre = own.length > 0 && !options.some((option) => option.startsWith("ndots:")) ? ["ndots:0"] : [];
  const all = [...options, ...asTheyAre];
  return [
    ...nameservers.map((address) => `nameserver ${address}\n`),
    ...(search.length > 0 ? [`search ${search.join(" ")}\n`] : []),
    ...(all.length > 0 ? [`options ${all.join(" ")}\n`] : []),
  ].join("");
}
