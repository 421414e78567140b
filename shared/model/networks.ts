// The words about networks that several rooms need: predefined names and driver options.
import type { NetworkSpec } from "../../proto/gen/objects.ts";
import { MIN_IPV6_MTU, MIN_LINK_MTU } from "../network/overlay-mtu.ts";

/** Not objects of the cluster: every node has them. A service without networks is on `bridge`: only the way out. */
const PREDEFINED_NETWORKS = ["host", "none", "bridge"] as const;
export type PredefinedNetwork = (typeof PREDEFINED_NETWORKS)[number];

export const isPredefinedNetwork = (name: string): name is PredefinedNetwork =>
  (PREDEFINED_NETWORKS as readonly string[]).includes(name);

export const MTU_OPTION = "com.docker.network.driver.mtu";
export const VXLAN_ID_OPTION = "com.docker.network.driver.overlay.vxlanid_list";
export const ENCRYPTED_OPTION = "encrypted";

/** VXLAN network identifiers of networks of the cluster; Swarm's range. */
export const FIRST_VNI = 4097;
export const LAST_VNI = 0xffffff;

const MAX_MTU = 65_535;

const OPTIONS = [MTU_OPTION, ENCRYPTED_OPTION, VXLAN_ID_OPTION];

/** Why a network cannot have the driver option; undefined when it can. */
export function networkOptionProblem(key: string, value: string, ipv6Enabled: boolean): string | undefined {
  switch (key) {
    case MTU_OPTION: {
      const least = ipv6Enabled ? MIN_IPV6_MTU : MIN_LINK_MTU;
      const mtu = /^[0-9]{1,5}$/.test(value) ? Number(value) : 0;
      if (mtu >= least && mtu <= MAX_MTU) return undefined;
      return `option ${key}=${value}: the MTU is a number from ${least} to ${MAX_MTU}`;
    }
    case VXLAN_ID_OPTION: {
      const id = /^[0-9]{1,8}$/.test(value.trim()) ? Number(value) : 0;
      if (id >= FIRST_VNI && id <= LAST_VNI) return undefined;
      return `option ${key}=${value}: one identifier from ${FIRST_VNI} to ${LAST_VNI}`;
    }
    case ENCRYPTED_OPTION:
      return undefined;
    default:
      return `option ${JSON.stringify(key)} is unknown; there are ${OPTIONS.join(", ")}`;
  }
}

type WithOptions = Pick<NetworkSpec, "driverOpts"> | undefined;

const optionOf = (spec: WithOptions, key: string): string | undefined =>
  spec !== undefined && Object.hasOwn(spec.driverOpts, key) ? spec.driverOpts[key] : undefined;

/** Named at all, with any value but "false". */
export const isEncrypted = (spec: WithOptions): boolean => (optionOf(spec, ENCRYPTED_OPTION) ?? "false") !== "false";

/** Of the link to its own node that every task has, unless a node was told another: no network of the cluster lies over it. */
export const DEFAULT_LOCAL_SUBNET = { 4: "172.29.0.0/16", 6: "fd73:6b65:7029::/64" } as const;
