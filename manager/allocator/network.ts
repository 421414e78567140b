// What a network is given when it is made: a VXLAN identifier and its subnets. Read from the networks and nodes that there are.
import {
  type Cluster,
  type IPAMConfig,
  type Network,
  type NetworkSpec,
  type Node,
  newIPAMConfig,
} from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import {
  formatIp,
  formatSubnet,
  parseIp,
  parseSubnet,
  type Subnet,
  subnetContains,
  subnetsOverlap,
} from "../../shared/model/ip.ts";
import { DEFAULT_LOCAL_SUBNET, FIRST_VNI, LAST_VNI, VXLAN_ID_OPTION } from "../../shared/model/networks.ts";
import type { View } from "../store/types.ts";
import { hostBounds } from "./hosts.ts";
import {
  DEFAULT_ADDR_POOL,
  DEFAULT_SUBNET_SIZE,
  freeSubnet,
  IPV6_SUBNET_SIZE,
  readPools,
  singleAddress,
  uniqueLocalPool,
} from "./pool.ts";

/** What a network is made beside. */
export interface NetworkScope {
  readonly networks: () => Iterable<Network>;
  readonly nodes: () => Iterable<Node>;
  readonly cluster: Cluster | undefined;
}

export const networkScope = (view: View): NetworkScope => ({
  networks: () => view.all("network"),
  nodes: () => view.all("node"),
  cluster: view.cluster(),
});

/** The network that was made last; what it was given is the last to be given again. */
export function newestNetwork(scope: NetworkScope): Network | undefined {
  let newest: Network | undefined;
  for (const network of scope.networks()) {
    if ((network.meta?.version ?? 0) >= (newest?.meta?.version ?? 0)) newest = network;
  }
  return newest;
}

/**
 * @param spec checked (validate/network-spec.ts).
 * @param last the network that was given something last, though it may be gone.
 * @throws {SkepError} `failed_precondition`: a subnet or identifier is another's, who is named; `resource_exhausted`: the pool.
 */
export function allocateNetwork(
  scope: NetworkScope,
  spec: NetworkSpec,
  last: Network | undefined,
): Pick<Network, "vni" | "ipam"> {
  const ipam = spec.ipam.length === 0 ? [newIPAMConfig()] : [...spec.ipam];
  const wantsIpv6 = spec.ipv6Enabled && !ipam.some(({ subnet }) => parseSubnet(subnet)?.base.family === 6);
  const hasIpv4 = ipam.some(({ subnet }) => subnet === "" || parseSubnet(subnet)?.base.family === 4);
  const configs = [...(hasIpv4 ? [] : [newIPAMConfig()]), ...ipam];
  return {
    vni: allocateVni(scope, spec, last),
    ipam: [
      ...configs.map((config) => (config.subnet === "" ? fromPool(scope, 4, last) : given(scope, spec, config))),
      ...(wantsIpv6 ? [fromPool(scope, 6, last)] : []),
    ],
  };
}

const nameOf = (network: Network): string => network.spec?.name ?? network.id;

function allocateVni(scope: NetworkScope, spec: NetworkSpec, last: Network | undefined): number {
  const owners = new Map<number, Network>();
  for (const network of scope.networks()) owners.set(network.vni, network);
  const wanted = Number(spec.driverOpts[VXLAN_ID_OPTION] ?? 0);
  if (wanted !== 0) {
    const owner = owners.get(wanted);
    if (owner === undefined) return wanted;
    throw new SkepError("failed_precondition", `VXLAN identifier ${wanted} is that of network ${nameOf(owner)}`);
  }
  let vni = (last?.vni ?? 0) + 1;
  for (let tries = 0; tries <= owners.size; tries++) {
    if (vni < FIRST_VNI || vni > LAST_VNI) vni = FIRST_VNI;
    if (!owners.has(vni)) return vni;
    vni++;
  }
  throw new SkepError("resource_exhausted", "every VXLAN identifier is in use: remove a network");
}

const LOCAL_SUBNETS = readPools([DEFAULT_LOCAL_SUBNET[4], DEFAULT_LOCAL_SUBNET[6]]);

/** What a subnet must keep clear of. */
function* occupied(scope: NetworkScope): Generator<Subnet> {
  yield* LOCAL_SUBNETS;
  for (const network of scope.networks()) {
    for (const { subnet } of network.ipam) yield* readPools([subnet]);
  }
  for (const node of scope.nodes()) for (const text of addressesOf(node)) yield* single(text);
}

function* single(text: string): Generator<Subnet> {
  const ip = parseIp(text);
  if (ip !== undefined) yield singleAddress(ip);
}

/** Where the node itself answers: a network over it would hide the node from its own tasks. */
const addressesOf = (node: Node): readonly string[] => [
  ...(node.status?.addrs ?? []),
  ...(node.description?.dataPathAddrs ?? []),
];

function fromPool(scope: NetworkScope, family: 4 | 6, last: Network | undefined): IPAMConfig {
  const { cluster } = scope;
  const networking = cluster?.spec?.networking;
  const given = readPools(networking?.defaultAddrPool ?? []).filter(({ base }) => base.family === family);
  const pools =
    given.length > 0 ? given : family === 4 ? readPools([DEFAULT_ADDR_POOL]) : [uniqueLocalPool(cluster?.id ?? "")];
  const size = family === 4 ? networking?.subnetSize || DEFAULT_SUBNET_SIZE : IPV6_SUBNET_SIZE;
  const after = lastFromPool([...scope.networks(), ...(last === undefined ? [] : [last])], family);
  const subnet = freeSubnet(pools, size, [...occupied(scope)], after);
  if (subnet === undefined) {
    throw new SkepError(
      "resource_exhausted",
      `the address pool ${pools.map(formatSubnet).join(", ")} has no free subnet of /${size}: name one with --subnet, or remove a network`,
    );
  }
  return newIPAMConfig({ subnet: formatSubnet(subnet), gateway: firstHost(subnet) });
}

/** The subnet that was chosen last; one that a user named says nothing of where the pool goes on. */
function lastFromPool(networks: readonly Network[], family: 4 | 6): Subnet | undefined {
  let newest: { readonly version: number; readonly subnet: Subnet } | undefined;
  for (const { meta, spec, ipam } of networks) {
    const named = readPools((spec?.ipam ?? []).map(({ subnet }) => subnet)).some(({ base }) => base.family === family);
    const subnet = readPools(ipam.map(({ subnet: text }) => text)).find(({ base }) => base.family === family);
    const version = meta?.version ?? 0;
    if (!named && subnet !== undefined && version >= (newest?.version ?? 0)) newest = { version, subnet };
  }
  return newest?.subnet;
}

function given(scope: NetworkScope, spec: NetworkSpec, config: IPAMConfig): IPAMConfig {
  const subnet = parseSubnet(config.subnet);
  if (subnet === undefined) throw new SkepError("internal", `subnet ${config.subnet} was not checked`);
  for (const network of scope.networks()) {
    for (const other of network.ipam) {
      const theirs = parseSubnet(other.subnet);
      if (theirs === undefined || !subnetsOverlap(subnet, theirs)) continue;
      throw new SkepError(
        "failed_precondition",
        `network ${spec.name}: subnet ${config.subnet} overlaps ${other.subnet} of network ${nameOf(network)}`,
      );
    }
  }
  const local = LOCAL_SUBNETS.find((other) => subnetsOverlap(subnet, other));
  if (local !== undefined) {
    throw new SkepError(
      "failed_precondition",
      `network ${spec.name}: subnet ${config.subnet} overlaps ${formatSubnet(local)}, by which every task reaches its own node`,
    );
  }
  for (const node of scope.nodes()) {
    for (const text of addressesOf(node)) {
      const ip = parseIp(text);
      if (ip === undefined || !subnetContains(subnet, ip)) continue;
      throw new SkepError(
        "failed_precondition",
        `network ${spec.name}: subnet ${config.subnet} contains ${text}, the address of node ${node.description?.hostname ?? node.id}`,
      );
    }
  }
  return {
    ...config,
    subnet: formatSubnet(subnet),
    gateway: config.gateway === "" ? firstHost(subnet) : config.gateway,
  };
}

const firstHost = (subnet: Subnet): string => formatIp({ family: subnet.base.family, value: hostBounds(subnet).first });
