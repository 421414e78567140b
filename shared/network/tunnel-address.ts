// Addresses that follow from a node's id, so that nobody has to give them: 80 bits of its digest behind a prefix of our own
// (RFC 4193). With 10,000 nodes two are alike once in 10^16 clusters.
import { createHash } from "node:crypto";
import type { NodeId } from "../model/ids.ts";

/** Of nodes inside the tunnels of encrypted networks. */
export const TUNNEL_PREFIX = "fd73:6b65:7000";
/** Of nodes on the network that only tests whether VXLAN gets through. */
export const PROBE_PREFIX = "fd73:6b65:7001";

/** The only subnet that `addressUnder` gives addresses of. */
export const subnetOf = (prefix: string): string => `${prefix}::/48`;

function addressUnder(prefix: string, nodeId: NodeId): string {
  const digest = createHash("sha256").update(nodeId).digest();
  const groups = [0, 2, 4, 6, 8].map((at) => digest.readUInt16BE(at));
  // No group is zero, so there is one spelling only.
  return `${prefix}:${groups.map((group) => (group === 0 ? 1 : group).toString(16)).join(":")}`;
}

/** Where the node takes packets of encrypted networks, inside its tunnel. */
export const tunnelAddressOf = (nodeId: NodeId): string => addressUnder(TUNNEL_PREFIX, nodeId);

export const probeAddressOf = (nodeId: NodeId): string => addressUnder(PROBE_PREFIX, nodeId);
