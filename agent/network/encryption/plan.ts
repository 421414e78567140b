// Tunnels of encrypted networks: what should be, and the steps to it. Pure.
//
// A pair of nodes that share an encrypted network has a WireGuard tunnel, in the kernel where it can, else by wireguard-go.
// Inside, every node has one address, which follows from its id. VXLAN of encrypted networks goes from such address to such address,
// so the kernel has no other way for it than through the tunnel; and the rules of guard.ts drop what would go beside it.
//
// A node makes its keys itself; the private ones never leave it. It reports the public ones in its description, over a
// session that proves who it is, so a key belongs to a node as its certificate does; managers hand them to the nodes
// that share an encrypted network with it, and to no other.
//
// How keys are replaced without losing a packet. Managers count epochs; in each epoch every node has a key of its own. A tunnel is
// between two keys of one epoch, and keys of even and of odd epochs are on two devices:
//
//   1. the epoch grows: each node makes a key, and reports it beside the one it has
//   2. a node that hears of another's new key adds it to the new device; both devices take packets now
//   3. once a handshake on the new device has succeeded, the other node has our key as we have its: the route moves over.
//      Each end moves by itself, nobody needs to be told: the other takes packets on both devices
//   4. when all routes have moved, and some time after (retire.ts), the old key goes, and its device with it
//
// A node that was away for one epoch still has its tunnels; one that was away for longer gets them anew when it is back.
import type { NodeId } from "../../../shared/model/ids.ts";
import {
  DEVICES,
  type Device,
  type DeviceName,
  deviceOf,
  type ObservedDevice,
  type ObservedTunnels,
  type TunnelPeer,
} from "./state.ts";

export interface PublicKey {
  readonly epoch: number;
  readonly publicKey: string;
  readonly port: number;
}

export interface Peer {
  /** Inside the tunnel. */
  readonly address: string;
  /** Where it takes packets, without a port. */
  readonly underlay: string;
  readonly keys: readonly PublicKey[];
}

export interface TunnelInput {
  /** An encrypted network is on this node. */
  readonly isNeeded: boolean;
  /** The epoch that managers want tunnels to be of. */
  readonly epoch: number;
  /** This node's own. */
  readonly keys: readonly PublicKey[];
  readonly peers: ReadonlyMap<NodeId, Peer>;
  /** Of the devices, in bytes. */
  readonly mtu: number;
}

export interface DesiredTunnels {
  readonly devices: ReadonlyMap<DeviceName, Device>;
  readonly routes: ReadonlyMap<string, DeviceName>;
  readonly isFenced: boolean;
}

export type TunnelStep =
  | { readonly kind: "fence" }
  | { readonly kind: "unfence" }
  | { readonly kind: "addDevice"; readonly name: DeviceName }
  | { readonly kind: "removeDevice"; readonly name: DeviceName }
  /** MTU, this node's address, up. */
  | { readonly kind: "setDevice"; readonly name: DeviceName; readonly mtu: number }
  /** Key, port and peers, all at once; what does not change is not disturbed. */
  | { readonly kind: "syncDevice"; readonly name: DeviceName; readonly device: Device }
  | { readonly kind: "putRoute"; readonly address: string; readonly device: DeviceName }
  | { readonly kind: "removeRoute"; readonly address: string; readonly device: DeviceName };

export function desiredTunnels(input: TunnelInput, observed: ObservedTunnels): DesiredTunnels {
  if (!input.isNeeded) return { devices: new Map(), routes: new Map(), isFenced: false };
  const devices = new Map<DeviceName, Device>();
  const routes = new Map<string, DeviceName>();
  const owners = keyOwners(input.peers, observed);
  for (const key of inEffect(input.keys, input.epoch)) {
    const peers = new Map<string, TunnelPeer>();
    for (const [nodeId, { address, underlay, keys }] of byId(input.peers)) {
      for (const theirs of keys) {
        if (theirs.epoch !== key.epoch || owners.get(theirs.publicKey) !== nodeId) continue;
        peers.set(theirs.publicKey, { endpoint: endpoint(underlay, theirs.port), address });
      }
    }
    devices.set(deviceOf(key.epoch), { publicKey: key.publicKey, port: key.port, mtu: input.mtu, peers });
  }
  for (const { address } of input.peers.values()) {
    const device = routeOf(address, devices, deviceOf(input.epoch), observed);
    if (device !== undefined) routes.set(address, device);
  }
  return { devices, routes, isFenced: true };
}

/** Of each device the one key that is on it: that of the wanted epoch, and beside it the newest for the other device. */
export function inEffect<K extends { readonly epoch: number }>(keys: readonly K[], epoch: number): readonly K[] {
  const newest = keys.toSorted((a, b) => b.epoch - a.epoch);
  const current = newest.find((key) => key.epoch === epoch);
  return DEVICES.flatMap((name) => {
    const own = current !== undefined && deviceOf(epoch) === name ? current : undefined;
    return own ?? newest.find((key) => deviceOf(key.epoch) === name) ?? [];
  });
}

const byId = <V>(map: ReadonlyMap<NodeId, V>) => [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

const endpoint = (underlay: string, port: number): string =>
  underlay.includes(":") ? `[${underlay}]:${port}` : `${underlay}:${port}`;

/** A key that two nodes call theirs belongs to the one that is known by it already, else to the first. */
function keyOwners(peers: ReadonlyMap<NodeId, Peer>, observed: ObservedTunnels): ReadonlyMap<string, NodeId> {
  const owners = new Map<string, NodeId>();
  for (const [nodeId, { address, keys }] of byId(peers)) {
    for (const { publicKey } of keys) {
      const known = [...observed.devices.values()].some((device) => device.peers.get(publicKey)?.address === address);
      if (known || !owners.has(publicKey)) owners.set(publicKey, nodeId);
    }
  }
  return owners;
}

/** The device that leads to `address`; `target` is that of the wanted epoch. */
function routeOf(
  address: string,
  devices: ReadonlyMap<DeviceName, Device>,
  target: DeviceName,
  observed: ObservedTunnels,
): DeviceName | undefined {
  const choices = [...devices].filter(([, { peers }]) => [...peers.values()].some((peer) => peer.address === address));
  if (choices.length < 2) return choices[0]?.[0];
  const isProven = (name: DeviceName): boolean =>
    [...(devices.get(name)?.peers ?? [])].some(
      ([key, peer]) => peer.address === address && observed.devices.get(name)?.proven.has(key) === true,
    );
  // Before the other end has shown that it knows the new keys, the way that has been there so far is the one that works.
  if (isProven(target)) return target;
  return observed.routes.get(address) ?? choices.find(([name]) => name !== target)?.[0];
}

/** No step: the kernel is as it should be. Every step tolerates that it was done before. */
export function planTunnels(desired: DesiredTunnels, observed: ObservedTunnels): readonly TunnelStep[] {
  const steps: TunnelStep[] = [];
  if (desired.isFenced && !observed.isFenced) steps.push({ kind: "fence" });
  for (const name of observed.dead) steps.push({ kind: "removeDevice", name });
  for (const [name, device] of desired.devices) {
    const have = observed.devices.get(name);
    if (have === undefined) steps.push({ kind: "addDevice", name });
    if (have === undefined || !have.isSet || have.mtu !== device.mtu) {
      steps.push({ kind: "setDevice", name, mtu: device.mtu });
    }
    if (have === undefined || differs(device, have)) steps.push({ kind: "syncDevice", name, device });
  }
  for (const [address, device] of desired.routes) {
    if (observed.routes.get(address) !== device) steps.push({ kind: "putRoute", address, device });
  }
  for (const [address, device] of observed.routes) {
    const goes = !desired.devices.has(device) && observed.devices.has(device); // with its device
    if (!desired.routes.has(address) && !goes) steps.push({ kind: "removeRoute", address, device });
  }
  for (const name of observed.devices.keys()) {
    if (!desired.devices.has(name)) steps.push({ kind: "removeDevice", name });
  }
  if (!desired.isFenced && observed.isFenced) steps.push({ kind: "unfence" });
  return steps;
}

function differs(want: Device, have: ObservedDevice): boolean {
  if (want.publicKey !== have.publicKey || want.port !== have.port || want.peers.size !== have.peers.size) return true;
  return [...want.peers].some(([key, peer]) => {
    const known = have.peers.get(key);
    // One that is heard may be behind another address than it says: that is where its packets come from.
    return known?.address !== peer.address || (have.silent.has(key) && known.endpoint !== peer.endpoint);
  });
}
