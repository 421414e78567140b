// Who a node has tunnels with, from what managers say of its encrypted networks. Pure. What they hand on comes from other nodes:
// what cannot be used is left out, so that one node with a bad description does not cost the others their tunnels.
import type { TunnelKey } from "../../../proto/gen/objects.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import type { IpFamily } from "../../../shared/network/overlay-mtu.ts";
import { tunnelAddressOf } from "../../../shared/network/tunnel-address.ts";
import { type Address, readAddresses } from "../plan/addresses.ts";
import type { NetworkViews } from "../view.ts";
import type { Peer, PublicKey } from "./plan.ts";

/** Two are in use while keys are being replaced. */
const MAX_KEYS = 4;
const KEY_BYTES = 32;

export interface TunnelPeers {
  /** An encrypted network is on this node. */
  readonly isNeeded: boolean;
  /** Of the addresses that nodes reach one another at. */
  readonly family: IpFamily;
  readonly peers: ReadonlyMap<NodeId, Peer>;
}

export function tunnelPeers(views: NetworkViews, own: NodeId): TunnelPeers {
  const peers = new Map<NodeId, Peer>();
  const encrypted = [...views.values()].filter(({ network }) => network.encrypted);
  const local = encrypted.flatMap(({ nodes }) => firstOf(nodes.get(own)?.underlayAddresses ?? []))[0];
  const family = local?.ip.family ?? 4;
  for (const { nodes } of encrypted) {
    for (const [nodeId, { underlayAddresses, tunnelKeys }] of nodes) {
      const underlay = readAddresses(underlayAddresses).find(({ ip }) => ip.family === family)?.text;
      if (nodeId === own || underlay === undefined) continue;
      const keys = tunnelKeys.slice(0, MAX_KEYS).flatMap(readKey);
      if (keys.length > 0) peers.set(nodeId, { address: tunnelAddressOf(nodeId), underlay, keys });
    }
  }
  return { isNeeded: encrypted.length > 0, family, peers };
}

const firstOf = (addresses: readonly string[]): readonly Address[] => readAddresses(addresses).slice(0, 1);

function readKey({ epoch, publicKey, port }: TunnelKey): readonly PublicKey[] {
  const isUsable =
    publicKey.length === KEY_BYTES && Number.isInteger(port) && port >= 1 && port <= 65_535 && epoch >= 1;
  return isUsable ? [{ epoch, publicKey: Buffer.from(publicKey).toString("base64"), port }] : [];
}
