// Links as rtnetlink takes them: making one, changing everything of it that can be changed, removing it. Further numbers are those of
// linux/if_link.h.
import { assertNever } from "../../../shared/errors.ts";
import { parseIp } from "../../../shared/model/ip.ts";
import type { Link, LinkMake } from "../plan/kernel.ts";
import { attribute, be16, FLAGS, nested, type Request, string, u8, u16, u32 } from "./attributes.ts";
import { ipBytes } from "./ip-bytes.ts";
import { FAMILY, INFO, LINK, PORT, UP, VXLAN } from "./numbers.ts";

const NEW_LINK = 16;
const DELETE_LINK = 17;
const SET_LINK = 19;
const BRIDGE = { forwardDelay: 1, multicastSnooping: 23 };
const VETH_PEER = 1;
const ADDRESS_GENERATION = 8;
const NO_ADDRESS_GENERATION = 1;

/** What the encoding needs to know of the machine. */
export interface LinkPlaces {
  /** The open file of a namespace. */
  fileOf(namespace: string): number;
  /** @throws {SystemError} ENODEV */
  indexOf(link: string): number;
}

const header = (index: number, flags = 0, mask = 0): Buffer =>
  Buffer.concat([u8(0), u8(0), u16(0), u32(index), u32(flags), u32(mask)]);

/**
 * [] for what comes by itself: loopback with its namespace, a peer with its veth. A VXLAN device is made from the namespace NODE, where
 * its outer side stays; everything else from `namespace`.
 */
export function addLink(name: string, { make, mtu }: Link, namespace: string, places: LinkPlaces): readonly Request[] {
  const info = infoOf(make, mtu, places);
  if (info === undefined) return [];
  const where = make.kind === "vxlan" ? [attribute(LINK.namespaceFile, u32(places.fileOf(namespace)))] : [];
  const link = [header(0), attribute(LINK.name, string(name)), attribute(LINK.mtu, u32(mtu)), ...where];
  return [
    { type: NEW_LINK, flags: FLAGS.create | FLAGS.exclusive, body: [...link, nested(LINK.info, ...info)] },
    ...(make.kind === "veth" ? [withoutOwnAddresses(name)] : []),
  ];
}

function infoOf(make: LinkMake, mtu: number, places: LinkPlaces): readonly Buffer[] | undefined {
  const info = (kind: string, ...data: readonly Buffer[]): readonly Buffer[] => [
    attribute(INFO.kind, string(kind)),
    nested(INFO.data, ...data),
  ];
  switch (make.kind) {
    case "bridge":
      return info("bridge", attribute(BRIDGE.forwardDelay, u32(0)), attribute(BRIDGE.multicastSnooping, u8(0)));
    case "vxlan": {
      const local = parseIp(make.local);
      return info(
        "vxlan",
        attribute(VXLAN.id, u32(make.vni)),
        ...(local === undefined ? [] : [attribute(local.family === 4 ? VXLAN.local : VXLAN.local6, ipBytes(local))]),
        attribute(VXLAN.port, be16(make.port)),
        attribute(VXLAN.learning, u8(0)),
        attribute(VXLAN.proxy, u8(1)),
      );
    }
    case "veth": {
      const there = attribute(LINK.namespaceFile, u32(places.fileOf(make.peerNamespace)));
      const peer = [header(0), attribute(LINK.name, string(make.peerName)), attribute(LINK.mtu, u32(mtu)), there];
      return info("veth", nested(VETH_PEER, ...peer));
    }
    case "peer":
    case "loopback":
      return undefined;
    default:
      return assertNever(make);
  }
}

/** The kernel gives it no link-local address. Where it has no IPv6, or the link is too narrow for it (below 1280), it never does. */
const withoutOwnAddresses = (name: string): Request => ({
  type: SET_LINK,
  flags: 0,
  tolerates: "EAFNOSUPPORT",
  body: [
    header(0),
    attribute(LINK.name, string(name)),
    nested(LINK.families, nested(FAMILY[6], attribute(ADDRESS_GENERATION, u8(NO_ADDRESS_GENERATION)))),
  ],
});

export function setLink(
  name: string,
  { mtu, mac, master, port, up, make }: Link,
  places: LinkPlaces,
): readonly Request[] {
  const link = attribute(LINK.name, string(name));
  const attributes = [
    ...(make.kind === "loopback" ? [] : [attribute(LINK.mtu, u32(mtu))]),
    ...(mac === undefined ? [] : [attribute(LINK.address, macBytes(mac))]),
    ...(master === undefined ? [] : [attribute(LINK.master, u32(places.indexOf(master)))]),
  ];
  const requests: Request[] = make.kind === "vxlan" ? [withoutOwnAddresses(name)] : [];
  requests.push({ type: SET_LINK, flags: 0, body: [header(0, up ? UP : 0, UP), link, ...attributes] });
  if (port !== undefined) {
    const data = [
      attribute(PORT.learning, u8(0)),
      attribute(PORT.flood, u8(0)),
      attribute(PORT.isolated, u8(port === "isolated-task" ? 1 : 0)),
    ];
    const info = nested(LINK.info, attribute(INFO.portKind, string("bridge")), nested(INFO.portData, ...data));
    requests.push({ type: NEW_LINK, flags: 0, body: [header(0), link, info] });
  }
  return requests;
}

export const removeLink = (name: string): Request => ({
  type: DELETE_LINK,
  flags: 0,
  body: [header(0), attribute(LINK.name, string(name))],
});

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(":", ""), "hex");
