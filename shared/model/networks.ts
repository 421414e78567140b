// The words about networks that several rooms need: predefined names and driver options.
import type { NetworkSpec } from "../../proto/gen/objects.ts";

/** Not objects of the cluster: every node has them. A service without networks is on `bridge`: only the way out. */
const PREDEFINED_NETWORKS = ["host", "none", "bridge"] as const;
export type PredefinedNetwork = (typeof PREDEFINED_NETWORKS)[number];

export const isPredefinedNetwork = (name: string): name is PredefinedNetwork =>
  (PREDEFINED_NETWORKS as readonly string[]).includes(name);

export const MTU_OPTION = "com.docker.network.driver.mtu";
export const VXLAN_ID_OPTION = "com.docker.network.driver.overlay.vxlanid_list";
export const ENCRYPTED_OPTION = "encrypted";

type WithOptions = Pick<NetworkSpec, "driverOpts"> | undefined;

const optionOf = (spec: WithOptions, key: string): string | undefined =>
  spec !== undefined && Object.hasOwn(spec.driverOpts, key) ? spec.driverOpts[key] : undefined;

/** Named at all, with any value but "false". */
export const isEncrypted = (spec: WithOptions): boolean => (optionOf(spec, ENCRYPTED_OPTION) ?? "false") !== "false";

/** Of the link to its own node that every task has, unless a node was told another: no network of the cluster lies over it. */
export const DEFAULT_LOCAL_SUBNET = { 4: "172.29.0.0/16", 6: "fd73:6b65:7029::/64" } as const;
