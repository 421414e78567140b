// Numbers that both the writing and the reading of rtnetlink use, as linux/if_link.h, rtnetlink.h, neighbour.h and fib_rules.h
// have them.

export const FAMILY = { 4: 2, 6: 10, bridge: 7 } as const;
export const UP = 1;

// Attributes, by what they are of.
export const LINK = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  info: 18,
  families: 26,
  namespaceFile: 28,
  extras: 29,
} as const;
export const INFO = { kind: 1, data: 2, portKind: 4, portData: 5 } as const;
export const PORT = { learning: 8, flood: 9, isolated: 33 } as const;
export const VXLAN = { id: 1, local: 4, learning: 7, proxy: 11, port: 15, local6: 17 } as const;
export const ADDRESS = { address: 1, local: 2 } as const;
export const NEIGHBOUR = { destination: 1, mac: 2, master: 9 } as const;
export const ROUTE = { destination: 1, outLink: 4, gateway: 5, table: 15 } as const;
export const RULE = { priority: 6, mark: 10, table: 15 } as const;

/** Of a neighbour or a forwarding entry. */
export const STATE = { noArp: 0x40, permanent: 0x80 } as const;
export const ENTRY = { self: 0x2, master: 0x4 } as const;
/** Of a route: set by hand, which is by us. */
export const PROTOCOL_STATIC = 4;
export const TYPE = { unicast: 1, local: 2 } as const;
