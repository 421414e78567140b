// A network as it may be: Swarm's rules and defaults. Whether it fits beside the others is the allocator's to say.
import { type IPAMConfig, type NetworkSpec, newIPAMConfig } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import {
  formatIp,
  formatSubnet,
  parseIp,
  parseSubnet,
  type Subnet,
  subnetContains,
  subnetsOverlap,
} from "../../../shared/model/ip.ts";
import { isPredefinedNetwork, networkOptionProblem, VXLAN_ID_OPTION } from "../../../shared/model/networks.ts";
import { hostBounds, hostsOf, sizeOf } from "../../allocator/hosts.ts";
import { checkName } from "./name.ts";
import { checkLabels, invalid, refuse } from "./problem.ts";

export const INGRESS_NAME = "ingress";

/**
 * The spec with its defaults, in one canonical form.
 * @throws {SkepError} `invalid_argument`, `permission_denied` for a predefined name
 */
export function completeNetworkSpec(spec: NetworkSpec | undefined): NetworkSpec {
  if (spec === undefined) throw new SkepError("invalid_argument", "the network's spec is missing");
  const where = `network ${spec.name}`;
  checkPredefined(spec);
  checkName("network", spec.name);
  checkLabels("labels", spec.labels);
  if (spec.driver !== "" && spec.driver !== "overlay") {
    throw invalid(where, `driver ${JSON.stringify(spec.driver)} is unknown; networks of a swarm are of driver overlay`);
  }
  if (spec.ingress && spec.attachable) throw invalid(where, "the ingress network cannot be attachable");
  if (spec.ingress && spec.internal) throw invalid(where, "the ingress network cannot be internal");
  const ipam = spec.ipam.map((config) => completeConfig(where, config));
  checkFamilies(where, spec, ipam);
  checkOptions(where, spec);
  return {
    ...spec,
    driver: "overlay",
    labels: sorted(spec.labels),
    driverOpts: { ...sorted(spec.driverOpts), ...canonicalVxlanId(spec) },
    ipam,
  };
}

function checkPredefined({ name, ingress }: NetworkSpec): void {
  const lower = name.toLowerCase();
  if (!isPredefinedNetwork(lower) && (lower !== INGRESS_NAME || ingress)) return;
  const why = lower === INGRESS_NAME ? "; the routing mesh's network is made with --ingress" : "";
  throw new SkepError("permission_denied", `operation is not permitted on predefined ${lower} network${why}`);
}

const sorted = (map: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function completeConfig(where: string, { subnet: text, gateway, ipRange }: IPAMConfig): IPAMConfig {
  if (text === "") {
    if (gateway !== "" || ipRange !== "") throw invalid(where, "a gateway or a range needs the subnet that it is in");
    return newIPAMConfig();
  }
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw invalid(where, `${JSON.stringify(text)} is not a subnet like 10.1.0.0/24`);
  checkSubnet(where, text, subnet);
  const complete = newIPAMConfig({
    subnet: formatSubnet(subnet),
    gateway: gateway === "" ? "" : canonicalGateway(where, gateway, subnet),
    ipRange: ipRange === "" ? "" : canonicalRange(where, ipRange, subnet),
  });
  const hosts = hostsOf({
    ...complete,
    gateway: complete.gateway || formatIp({ family: subnet.base.family, value: hostBounds(subnet).first }),
  });
  if (hosts === undefined || sizeOf(hosts) < 1n) {
    throw invalid(
      where,
      `${ipRange === "" ? `subnet ${text}` : `range ${ipRange}`} has no address for a task beside the gateway's`,
    );
  }
  return complete;
}

/** Where nobody's network can be: this host, this link, groups. */
const UNUSABLE = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/3",
  "::/16",
  "fe80::/10",
  "ff00::/8",
].flatMap((text) => parseSubnet(text) ?? []);
const WIDEST = { 4: 8, 6: 16 } as const;

/** One that networks can be made of. @throws {SkepError} `invalid_argument` */
export function checkSubnet(where: string, text: string, subnet: Subnet): void {
  if (formatSubnet(subnet) !== `${formatIp(subnet.base)}/${subnet.prefixLength}`) {
    throw invalid(where, `subnet ${text} has host bits set: did you mean ${formatSubnet(subnet)}?`);
  }
  if (subnet.prefixLength < WIDEST[subnet.base.family]) {
    throw invalid(where, `subnet ${text} is too large: /${WIDEST[subnet.base.family]} at most`);
  }
  const special = UNUSABLE.find((other) => subnetsOverlap(other, subnet));
  if (special !== undefined)
    throw invalid(where, `subnet ${text} is in ${formatSubnet(special)}, which no network can use`);
}

function canonicalGateway(where: string, text: string, subnet: Subnet): string {
  const ip = parseIp(text);
  if (ip === undefined) throw invalid(where, `gateway ${JSON.stringify(text)} is not an IP address`);
  const { first, last } = hostBounds(subnet);
  if (ip.family !== subnet.base.family || ip.value < first || ip.value > last) {
    throw invalid(where, `gateway ${text} is not an address that a host of ${formatSubnet(subnet)} can have`);
  }
  return formatIp(ip);
}

function canonicalRange(where: string, text: string, subnet: Subnet): string {
  const range = parseSubnet(text);
  if (range === undefined) throw invalid(where, `range ${JSON.stringify(text)} is not a subnet like 10.1.0.128/25`);
  if (range.prefixLength < subnet.prefixLength || !subnetContains(subnet, range.base)) {
    throw invalid(where, `range ${text} does not lie in ${formatSubnet(subnet)}`);
  }
  return formatSubnet(range);
}

function checkFamilies(where: string, { ipv6Enabled }: NetworkSpec, ipam: readonly IPAMConfig[]): void {
  const families = ipam.map(({ subnet }) => parseSubnet(subnet)?.base.family ?? 4);
  if (families.filter((family) => family === 4).length > 1) throw invalid(where, "one IPv4 subnet at most");
  if (families.filter((family) => family === 6).length > 1) throw invalid(where, "one IPv6 subnet at most");
  if (families.includes(6) && !ipv6Enabled) throw invalid(where, "an IPv6 subnet needs --ipv6");
}

function checkOptions(where: string, { driverOpts, ipv6Enabled }: NetworkSpec): void {
  for (const [key, value] of Object.entries(driverOpts)) refuse(where, networkOptionProblem(key, value, ipv6Enabled));
}

const canonicalVxlanId = ({ driverOpts }: NetworkSpec): Readonly<Record<string, string>> =>
  Object.hasOwn(driverOpts, VXLAN_ID_OPTION) ? { [VXLAN_ID_OPTION]: String(Number(driverOpts[VXLAN_ID_OPTION])) } : {};
