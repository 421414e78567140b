// The ports at which nodes answer one another. What comes to a published port goes to a task, on every node or on the task's, so
// a service that had one of these would cut the cluster apart.
import type { Cluster, Node, PortConfig, PortProtocol } from "../../proto/gen/objects.ts";
import { DEFAULT_DATA_PATH_PORT } from "./pool.ts";

/** @param addr host:port */
export const portOf = (addr: string): number => Number(addr.slice(addr.lastIndexOf(":") + 1));

export const dataPathPortOf = (cluster: Cluster | undefined): number =>
  cluster?.spec?.networking?.dataPathPort || DEFAULT_DATA_PATH_PORT;

/** Keys of even epochs are behind the first, of odd ones behind the second: both must be open, though one is used at a time. */
export function tunnelPortsOf({ description }: Node): readonly number[] {
  const firsts = (description?.tunnelKeys ?? []).map(({ epoch, port }) => port - (epoch % 2));
  return [...new Set(firsts.flatMap((first) => [first, first + 1]))].sort((a, b) => a - b);
}

/** What for `nodes` need the port that is asked about; undefined when they do not, or not at its address. */
export function portsOfNodes(
  nodes: Iterable<Node>,
  cluster: Cluster | undefined,
): (port: PortConfig) => string | undefined {
  const uses = new Map<string, string>();
  const addresses = new Set<string>();
  const use = (protocol: PortProtocol, port: number, what: string): void => {
    const key = `${protocol}/${port}`;
    if (!uses.has(key)) uses.set(key, what);
  };
  use("udp", dataPathPortOf(cluster), "the packets of networks between nodes");
  for (const node of nodes) {
    const name = node.description?.hostname || node.id;
    for (const address of node.status?.addrs ?? []) addresses.add(address);
    for (const address of node.description?.dataPathAddrs ?? []) addresses.add(address);
    if (node.addr !== "") use("tcp", portOf(node.addr), `what managers and nodes say to ${name}`);
    for (const port of tunnelPortsOf(node)) use("udp", port, `the encrypted networks of ${name}`);
  }
  return ({ protocol, publishedPort, hostIp }) =>
    hostIp === "" || addresses.has(hostIp) ? uses.get(`${protocol}/${publishedPort}`) : undefined;
}
