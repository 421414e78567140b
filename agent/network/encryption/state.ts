// The tunnels of encrypted networks in one form for what is wanted and what is observed.

/** Devices take turns: keys of even epochs are on the first, of odd ones on the second. */
export const DEVICES = ["skwg0", "skwg1"] as const;
export type DeviceName = (typeof DEVICES)[number];

export const deviceOf = (epoch: number): DeviceName => (epoch % 2 === 0 ? "skwg0" : "skwg1");

export interface TunnelPeer {
  /** ip:port or [ip]:port. Empty: observed of a peer that has none. */
  readonly endpoint: string;
  /** The node's address inside the tunnel: the only one that packets from it and to it may have. */
  readonly address: string;
}

/** Keys are base64, as the tools print them. */
export interface Device {
  readonly publicKey: string;
  readonly port: number;
  readonly mtu: number;
  /** By public key. */
  readonly peers: ReadonlyMap<string, TunnelPeer>;
}

export interface ObservedDevice extends Device {
  /** Up, with this node's address, as it was made. */
  readonly isSet: boolean;
  /** Public keys of peers that have shown that they hold their key and know ours. */
  readonly proven: ReadonlySet<string>;
  /** Those of them that have not done so for some minutes, and those that never have. */
  readonly silent: ReadonlySet<string>;
}

export interface ObservedTunnels {
  readonly devices: ReadonlyMap<DeviceName, ObservedDevice>;
  /** Links of that name that nobody answers for: their process died. */
  readonly dead: ReadonlySet<DeviceName>;
  /** Address of a node inside the tunnel to the device that leads there. */
  readonly routes: ReadonlyMap<string, DeviceName>;
  /** What has no tunnel is refused here, and does not leave by the default route. */
  readonly isFenced: boolean;
}

export const NO_TUNNELS: ObservedTunnels = {
  devices: new Map(),
  dead: new Set(),
  routes: new Map(),
  isFenced: false,
};
