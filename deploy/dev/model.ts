// A dev cluster: several hosts on one machine, each a network, mount, PID and UTS namespace of its own, on a bridge of the
// machine. This file is its data and its names; nothing here touches the machine.
//
// Names derive from the cluster's number, which also makes its subnet, so that whatever a crash left behind can be found
// and removed by name alone:
//   bridge skep0, veths skep0n1 …, network namespaces skep-<name>-node1 …, nft tables skep-dev-0, cgroups skep-dev-<name>
import { join } from "node:path";
import { SkepError } from "../../shared/errors.ts";

export interface DevNode {
  /** node1, node2 …: managers first */
  readonly name: string;
  readonly number: number;
  readonly addr: string;
  readonly role: "manager" | "worker";
}

export interface DevCluster {
  readonly name: string;
  /** 0 to 99: bridge skep<number>, subnet 10.213.<number>.0/24 */
  readonly number: number;
  readonly nodes: readonly DevNode[];
  readonly createdAtMs: number;
}

export const MAX_CLUSTERS = 100;
export const MAX_NODES = 200;
export const REGISTRY_PORT = 5000;
export const DAEMON_PORT = 7377;

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** @throws {SkepError} `invalid_argument` */
export function parseClusterName(raw: string): string {
  if (!NAME.test(raw)) {
    throw new SkepError(
      "invalid_argument",
      `dev cluster name ${JSON.stringify(raw)} must be 1 to 32 of a-z, 0-9 and "-", with a letter or digit at both ends`,
    );
  }
  return raw;
}

export function planCluster(
  name: string,
  number: number,
  size: { readonly managers: number; readonly workers: number },
  createdAtMs: number,
): DevCluster {
  const total = size.managers + size.workers;
  if (!Number.isInteger(size.managers) || size.managers < 1) {
    throw new SkepError("invalid_argument", `--managers must be 1 or more, not ${size.managers}`);
  }
  if (!Number.isInteger(size.workers) || size.workers < 0) {
    throw new SkepError("invalid_argument", `--workers must be 0 or more, not ${size.workers}`);
  }
  if (total > MAX_NODES) {
    throw new SkepError("invalid_argument", `a dev cluster has at most ${MAX_NODES} nodes, not ${total}`);
  }
  const nodes = Array.from({ length: total }, (_, i): DevNode => {
    return {
      name: `node${i + 1}`,
      number: i + 1,
      addr: `10.213.${number}.${10 + i + 1}`,
      role: i < size.managers ? "manager" : "worker",
    };
  });
  return { name, number, nodes, createdAtMs };
}

/** @throws {SkepError} `not_found`, naming the nodes there are. */
export function nodeByName(cluster: DevCluster, name: string): DevNode {
  const node = cluster.nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return node;
  const names = cluster.nodes.map((candidate) => candidate.name).join(", ");
  throw new SkepError("not_found", `dev cluster ${cluster.name} has no node ${JSON.stringify(name)}; it has ${names}`);
}

export const bridgeOf = (number: number): string => `skep${number}`;
export const bridgeAddrOf = (number: number): string => `10.213.${number}.1`;
export const subnetOf = (number: number): string => `10.213.${number}.0/24`;
export const vethOf = (number: number, node: DevNode): string => `skep${number}n${node.number}`;
export const netnsOf = (cluster: string, node: string): string => `skep-${cluster}-${node}`;
export const natTableOf = (number: number): string => `skep-dev-${number}`;
export const cutTableOf = (number: number): string => `skep-cut-${number}`;
export const cgroupOf = (cluster: string, node?: string): string =>
  node === undefined ? `/skep-dev-${cluster}` : `/skep-dev-${cluster}/${node}`;
export const registryOf = (cluster: DevCluster): string => `${bridgeAddrOf(cluster.number)}:${REGISTRY_PORT}`;

export interface Paths {
  readonly dir: string;
  readonly clusterFile: string;
  readonly registryDir: string;
  readonly nodeDir: (node: string) => string;
  readonly socket: (node: string) => string;
  /** What a node keeps over a power cut. */
  readonly diskDir: (node: string) => string;
}

/** Where a dev cluster lives; a power cut of a node loses its `run`, and keeps its `lib`. */
export function pathsOf(base: string, cluster: string): Paths {
  const dir = join(base, cluster);
  return {
    dir,
    clusterFile: join(dir, "cluster.json"),
    registryDir: join(dir, "registry"),
    nodeDir: (node) => join(dir, node),
    socket: (node) => join(dir, node, "run", "skep", "skep.sock"),
    diskDir: (node) => join(dir, node, "lib"),
  };
}
