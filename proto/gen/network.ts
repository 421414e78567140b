// Generated from skep/v1/network.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag } from "../wire.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { EndpointModeNumber, PortProtocolNumber, PublishModeNumber, decodeTunnelKeyFrom, encodeTunnelKeyInto, readEndpointMode, readPortProtocol, readPublishMode, type EndpointMode, type PortProtocol, type PublishMode, type TunnelKey } from "./objects.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export interface NetworkSubnet {
  /** 10.0.1.0/24 */
  readonly subnet: string;
  readonly gateway: string;
}
/** A NetworkSubnet with every field that is not given at its zero value. */
export function newNetworkSubnet(init: Partial<NetworkSubnet> = {}): NetworkSubnet {
  return { subnet: "", gateway: "", ...init };
}
export function encodeNetworkSubnetInto(m: NetworkSubnet, w: Writer): Writer {
  if (m.subnet !== "") w.uint32(10).string(m.subnet);
  if (m.gateway !== "") w.uint32(18).string(m.gateway);
  return w;
}
export function encodeNetworkSubnet(m: NetworkSubnet): Uint8Array {
  return encodeNetworkSubnetInto(m, Writer.create()).finish();
}
export function decodeNetworkSubnetFrom(r: Reader, length: number): NetworkSubnet {
  const end = r.pos + length;

  const m: Mutable<NetworkSubnet> = newNetworkSubnet();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.subnet = r.string();
        break;
      case 2:
        m.gateway = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkSubnet. */
export function decodeNetworkSubnet(bytes: Uint8Array): NetworkSubnet {
  const r = Reader.create(bytes);
  return decodeNetworkSubnetFrom(r, bytes.length);
}

export interface OverlayNetwork {
  readonly networkId: NetworkId;
  readonly name: string;
  /** VXLAN network identifier, 1 to 16777215. */
  readonly vni: number;
  /** Of the links of tasks, in bytes: what the underlay carries without the wrapping. */
  readonly mtu: number;
  readonly subnets: readonly NetworkSubnet[];
  /** No way out of the network. */
  readonly internal: boolean;
  readonly encrypted: boolean;
  /** Carries the routing mesh: every node is on it as soon as a port is published. */
  readonly ingress: boolean;
  /** UDP port of VXLAN, the same for all networks of a cluster; 0 is 4789. */
  readonly dataPathPort: number;
}
/** A OverlayNetwork with every field that is not given at its zero value. */
export function newOverlayNetwork(init: Partial<OverlayNetwork> = {}): OverlayNetwork {
  return { networkId: "" as NetworkId, name: "", vni: 0, mtu: 0, subnets: [], internal: false, encrypted: false, ingress: false, dataPathPort: 0, ...init };
}
export function encodeOverlayNetworkInto(m: OverlayNetwork, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  if (m.name !== "") w.uint32(18).string(m.name);
  if (m.vni !== 0) w.uint32(24).uint32(m.vni);
  if (m.mtu !== 0) w.uint32(32).uint32(m.mtu);
  for (const value of m.subnets) encodeNetworkSubnetInto(value, w.uint32(42).fork()).ldelim();
  if (m.internal !== false) w.uint32(48).bool(m.internal);
  if (m.encrypted !== false) w.uint32(56).bool(m.encrypted);
  if (m.ingress !== false) w.uint32(64).bool(m.ingress);
  if (m.dataPathPort !== 0) w.uint32(72).uint32(m.dataPathPort);
  return w;
}
export function encodeOverlayNetwork(m: OverlayNetwork): Uint8Array {
  return encodeOverlayNetworkInto(m, Writer.create()).finish();
}
export function decodeOverlayNetworkFrom(r: Reader, length: number): OverlayNetwork {
  const end = r.pos + length;
  const subnets: NetworkSubnet[] = [];
  const m: Mutable<OverlayNetwork> = newOverlayNetwork({ subnets });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      case 2:
        m.name = r.string();
        break;
      case 3:
        m.vni = r.uint32();
        break;
      case 4:
        m.mtu = r.uint32();
        break;
      case 5:
        subnets.push(decodeNetworkSubnetFrom(r, r.uint32()));
        break;
      case 6:
        m.internal = r.bool();
        break;
      case 7:
        m.encrypted = r.bool();
        break;
      case 8:
        m.ingress = r.bool();
        break;
      case 9:
        m.dataPathPort = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a OverlayNetwork. */
export function decodeOverlayNetwork(bytes: Uint8Array): OverlayNetwork {
  const r = Reader.create(bytes);
  return decodeOverlayNetworkFrom(r, bytes.length);
}

export interface NetworkNode {
  readonly nodeId: NodeId;
  /** Where the node takes VXLAN packets, without a port. */
  readonly underlayAddresses: readonly string[];
  /** Where it takes those of encrypted networks, inside its tunnel. An encrypted network never uses another address. */
  readonly encryptedAddresses: readonly string[];
  /** The node's own addresses on this network, on its bridge: needed on the ingress network, empty elsewhere. */
  readonly addresses: readonly string[];
  /** Only of an encrypted network: with which keys, at its underlay addresses. */
  readonly tunnelKeys: readonly TunnelKey[];
}
/** A NetworkNode with every field that is not given at its zero value. */
export function newNetworkNode(init: Partial<NetworkNode> = {}): NetworkNode {
  return { nodeId: "" as NodeId, underlayAddresses: [], encryptedAddresses: [], addresses: [], tunnelKeys: [], ...init };
}
export function encodeNetworkNodeInto(m: NetworkNode, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  for (const value of m.underlayAddresses) w.uint32(18).string(value);
  for (const value of m.encryptedAddresses) w.uint32(26).string(value);
  for (const value of m.addresses) w.uint32(34).string(value);
  for (const value of m.tunnelKeys) encodeTunnelKeyInto(value, w.uint32(42).fork()).ldelim();
  return w;
}
export function encodeNetworkNode(m: NetworkNode): Uint8Array {
  return encodeNetworkNodeInto(m, Writer.create()).finish();
}
export function decodeNetworkNodeFrom(r: Reader, length: number): NetworkNode {
  const end = r.pos + length;
  const underlayAddresses: string[] = [];
  const encryptedAddresses: string[] = [];
  const addresses: string[] = [];
  const tunnelKeys: TunnelKey[] = [];
  const m: Mutable<NetworkNode> = newNetworkNode({ underlayAddresses, encryptedAddresses, addresses, tunnelKeys });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        underlayAddresses.push(r.string());
        break;
      case 3:
        encryptedAddresses.push(r.string());
        break;
      case 4:
        addresses.push(r.string());
        break;
      case 5:
        tunnelKeys.push(decodeTunnelKeyFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkNode. */
export function decodeNetworkNode(bytes: Uint8Array): NetworkNode {
  const r = Reader.create(bytes);
  return decodeNetworkNodeFrom(r, bytes.length);
}

export interface PublishedPort {
  readonly protocol: PortProtocol;
  readonly publishedPort: number;
  readonly targetPort: number;
  readonly mode: PublishMode;
  /** Only on these addresses of the node; empty is all of them. */
  readonly hostIps: readonly string[];
  /** A node that has ready tasks of the service sends to those only. */
  readonly preferLocal: boolean;
}
/** A PublishedPort with every field that is not given at its zero value. */
export function newPublishedPort(init: Partial<PublishedPort> = {}): PublishedPort {
  return { protocol: "tcp", publishedPort: 0, targetPort: 0, mode: "ingress", hostIps: [], preferLocal: false, ...init };
}
export function encodePublishedPortInto(m: PublishedPort, w: Writer): Writer {
  if (m.protocol !== "tcp") w.uint32(8).int32(PortProtocolNumber[m.protocol]);
  if (m.publishedPort !== 0) w.uint32(16).uint32(m.publishedPort);
  if (m.targetPort !== 0) w.uint32(24).uint32(m.targetPort);
  if (m.mode !== "ingress") w.uint32(32).int32(PublishModeNumber[m.mode]);
  for (const value of m.hostIps) w.uint32(42).string(value);
  if (m.preferLocal !== false) w.uint32(48).bool(m.preferLocal);
  return w;
}
export function encodePublishedPort(m: PublishedPort): Uint8Array {
  return encodePublishedPortInto(m, Writer.create()).finish();
}
export function decodePublishedPortFrom(r: Reader, length: number): PublishedPort {
  const end = r.pos + length;
  const hostIps: string[] = [];
  const m: Mutable<PublishedPort> = newPublishedPort({ hostIps });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.protocol = readPortProtocol(r.int32());
        break;
      case 2:
        m.publishedPort = r.uint32();
        break;
      case 3:
        m.targetPort = r.uint32();
        break;
      case 4:
        m.mode = readPublishMode(r.int32());
        break;
      case 5:
        hostIps.push(r.string());
        break;
      case 6:
        m.preferLocal = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a PublishedPort. */
export function decodePublishedPort(bytes: Uint8Array): PublishedPort {
  const r = Reader.create(bytes);
  return decodePublishedPortFrom(r, bytes.length);
}

/** A service on one network. */
export interface NetworkService {
  readonly serviceId: ServiceId;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly mode: EndpointMode;
  readonly vips: readonly string[];
  /** Only on the ingress network. */
  readonly ports: readonly PublishedPort[];
}
/** A NetworkService with every field that is not given at its zero value. */
export function newNetworkService(init: Partial<NetworkService> = {}): NetworkService {
  return { serviceId: "" as ServiceId, name: "", aliases: [], mode: "vip", vips: [], ports: [], ...init };
}
export function encodeNetworkServiceInto(m: NetworkService, w: Writer): Writer {
  if (m.serviceId !== "") w.uint32(10).string(m.serviceId);
  if (m.name !== "") w.uint32(18).string(m.name);
  for (const value of m.aliases) w.uint32(26).string(value);
  if (m.mode !== "vip") w.uint32(32).int32(EndpointModeNumber[m.mode]);
  for (const value of m.vips) w.uint32(42).string(value);
  for (const value of m.ports) encodePublishedPortInto(value, w.uint32(50).fork()).ldelim();
  return w;
}
export function encodeNetworkService(m: NetworkService): Uint8Array {
  return encodeNetworkServiceInto(m, Writer.create()).finish();
}
export function decodeNetworkServiceFrom(r: Reader, length: number): NetworkService {
  const end = r.pos + length;
  const aliases: string[] = [];
  const vips: string[] = [];
  const ports: PublishedPort[] = [];
  const m: Mutable<NetworkService> = newNetworkService({ aliases, vips, ports });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.serviceId = (r.string() as ServiceId);
        break;
      case 2:
        m.name = r.string();
        break;
      case 3:
        aliases.push(r.string());
        break;
      case 4:
        m.mode = readEndpointMode(r.int32());
        break;
      case 5:
        vips.push(r.string());
        break;
      case 6:
        ports.push(decodePublishedPortFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkService. */
export function decodeNetworkService(bytes: Uint8Array): NetworkService {
  const r = Reader.create(bytes);
  return decodeNetworkServiceFrom(r, bytes.length);
}

export type EndpointState = "starting" | "ready" | "draining";
export const EndpointStateNumber: Readonly<Record<EndpointState, number>> = {
  starting: 0,
  ready: 1,
  draining: 2,
};
export function readEndpointState(number: number): EndpointState {
  switch (number) {
    case 0:
      return "starting";
    case 1:
      return "ready";
    case 2:
      return "draining";
    default:
      throw new RangeError(`unknown EndpointState ${number} on the wire`);
  }
}

/** A task on one network. */
export interface NetworkEndpoint {
  readonly taskId: TaskId;
  /** Empty when it belongs to no service. */
  readonly serviceId: ServiceId;
  /** 0 when it has none, as tasks of a global service. */
  readonly slot: number;
  /** web.1.<task id> */
  readonly name: string;
  readonly aliases: readonly string[];
  /** As the task sees itself. */
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly nodeId: NodeId;
  readonly state: EndpointState;
}
/** A NetworkEndpoint with every field that is not given at its zero value. */
export function newNetworkEndpoint(init: Partial<NetworkEndpoint> = {}): NetworkEndpoint {
  return { taskId: "" as TaskId, serviceId: "" as ServiceId, slot: 0, name: "", aliases: [], hostname: "", addresses: [], nodeId: "" as NodeId, state: "starting", ...init };
}
export function encodeNetworkEndpointInto(m: NetworkEndpoint, w: Writer): Writer {
  if (m.taskId !== "") w.uint32(10).string(m.taskId);
  if (m.serviceId !== "") w.uint32(18).string(m.serviceId);
  if (m.slot !== 0) w.uint32(24).uint32(m.slot);
  if (m.name !== "") w.uint32(34).string(m.name);
  for (const value of m.aliases) w.uint32(42).string(value);
  if (m.hostname !== "") w.uint32(50).string(m.hostname);
  for (const value of m.addresses) w.uint32(58).string(value);
  if (m.nodeId !== "") w.uint32(66).string(m.nodeId);
  if (m.state !== "starting") w.uint32(72).int32(EndpointStateNumber[m.state]);
  return w;
}
export function encodeNetworkEndpoint(m: NetworkEndpoint): Uint8Array {
  return encodeNetworkEndpointInto(m, Writer.create()).finish();
}
export function decodeNetworkEndpointFrom(r: Reader, length: number): NetworkEndpoint {
  const end = r.pos + length;
  const aliases: string[] = [];
  const addresses: string[] = [];
  const m: Mutable<NetworkEndpoint> = newNetworkEndpoint({ aliases, addresses });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.taskId = (r.string() as TaskId);
        break;
      case 2:
        m.serviceId = (r.string() as ServiceId);
        break;
      case 3:
        m.slot = r.uint32();
        break;
      case 4:
        m.name = r.string();
        break;
      case 5:
        aliases.push(r.string());
        break;
      case 6:
        m.hostname = r.string();
        break;
      case 7:
        addresses.push(r.string());
        break;
      case 8:
        m.nodeId = (r.string() as NodeId);
        break;
      case 9:
        m.state = readEndpointState(r.int32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkEndpoint. */
export function decodeNetworkEndpoint(bytes: Uint8Array): NetworkEndpoint {
  const r = Reader.create(bytes);
  return decodeNetworkEndpointFrom(r, bytes.length);
}

export interface NetworkSnapshot {
  readonly version: number;
  readonly network?: OverlayNetwork | undefined;
  readonly nodes: readonly NetworkNode[];
  readonly services: readonly NetworkService[];
  readonly endpoints: readonly NetworkEndpoint[];
}
/** A NetworkSnapshot with every field that is not given at its zero value. */
export function newNetworkSnapshot(init: Partial<NetworkSnapshot> = {}): NetworkSnapshot {
  return { version: 0, nodes: [], services: [], endpoints: [], ...init };
}
export function encodeNetworkSnapshotInto(m: NetworkSnapshot, w: Writer): Writer {
  if (m.version !== 0) w.uint32(8).uint64(m.version);
  if (m.network !== undefined) encodeOverlayNetworkInto(m.network, w.uint32(18).fork()).ldelim();
  for (const value of m.nodes) encodeNetworkNodeInto(value, w.uint32(26).fork()).ldelim();
  for (const value of m.services) encodeNetworkServiceInto(value, w.uint32(34).fork()).ldelim();
  for (const value of m.endpoints) encodeNetworkEndpointInto(value, w.uint32(42).fork()).ldelim();
  return w;
}
export function encodeNetworkSnapshot(m: NetworkSnapshot): Uint8Array {
  return encodeNetworkSnapshotInto(m, Writer.create()).finish();
}
export function decodeNetworkSnapshotFrom(r: Reader, length: number): NetworkSnapshot {
  const end = r.pos + length;
  const nodes: NetworkNode[] = [];
  const services: NetworkService[] = [];
  const endpoints: NetworkEndpoint[] = [];
  const m: Mutable<NetworkSnapshot> = newNetworkSnapshot({ nodes, services, endpoints });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.version = toNumber(r.uint64());
        break;
      case 2:
        m.network = decodeOverlayNetworkFrom(r, r.uint32());
        break;
      case 3:
        nodes.push(decodeNetworkNodeFrom(r, r.uint32()));
        break;
      case 4:
        services.push(decodeNetworkServiceFrom(r, r.uint32()));
        break;
      case 5:
        endpoints.push(decodeNetworkEndpointFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkSnapshot. */
export function decodeNetworkSnapshot(bytes: Uint8Array): NetworkSnapshot {
  const r = Reader.create(bytes);
  return decodeNetworkSnapshotFrom(r, bytes.length);
}

export interface NetworkDelta {
  readonly networkId: NetworkId;
  readonly version: number;
  readonly appliesTo: number;
  /** When it changed. */
  readonly network?: OverlayNetwork | undefined;
  readonly nodes: readonly NetworkNode[];
  readonly removedNodeIds: readonly NodeId[];
  readonly services: readonly NetworkService[];
  readonly removedServiceIds: readonly ServiceId[];
  readonly endpoints: readonly NetworkEndpoint[];
  readonly removedTaskIds: readonly TaskId[];
}
/** A NetworkDelta with every field that is not given at its zero value. */
export function newNetworkDelta(init: Partial<NetworkDelta> = {}): NetworkDelta {
  return { networkId: "" as NetworkId, version: 0, appliesTo: 0, nodes: [], removedNodeIds: [], services: [], removedServiceIds: [], endpoints: [], removedTaskIds: [], ...init };
}
export function encodeNetworkDeltaInto(m: NetworkDelta, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  if (m.version !== 0) w.uint32(16).uint64(m.version);
  if (m.appliesTo !== 0) w.uint32(24).uint64(m.appliesTo);
  if (m.network !== undefined) encodeOverlayNetworkInto(m.network, w.uint32(34).fork()).ldelim();
  for (const value of m.nodes) encodeNetworkNodeInto(value, w.uint32(42).fork()).ldelim();
  for (const value of m.removedNodeIds) w.uint32(50).string(value);
  for (const value of m.services) encodeNetworkServiceInto(value, w.uint32(58).fork()).ldelim();
  for (const value of m.removedServiceIds) w.uint32(66).string(value);
  for (const value of m.endpoints) encodeNetworkEndpointInto(value, w.uint32(74).fork()).ldelim();
  for (const value of m.removedTaskIds) w.uint32(82).string(value);
  return w;
}
export function encodeNetworkDelta(m: NetworkDelta): Uint8Array {
  return encodeNetworkDeltaInto(m, Writer.create()).finish();
}
export function decodeNetworkDeltaFrom(r: Reader, length: number): NetworkDelta {
  const end = r.pos + length;
  const nodes: NetworkNode[] = [];
  const removedNodeIds: NodeId[] = [];
  const services: NetworkService[] = [];
  const removedServiceIds: ServiceId[] = [];
  const endpoints: NetworkEndpoint[] = [];
  const removedTaskIds: TaskId[] = [];
  const m: Mutable<NetworkDelta> = newNetworkDelta({ nodes, removedNodeIds, services, removedServiceIds, endpoints, removedTaskIds });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      case 2:
        m.version = toNumber(r.uint64());
        break;
      case 3:
        m.appliesTo = toNumber(r.uint64());
        break;
      case 4:
        m.network = decodeOverlayNetworkFrom(r, r.uint32());
        break;
      case 5:
        nodes.push(decodeNetworkNodeFrom(r, r.uint32()));
        break;
      case 6:
        removedNodeIds.push((r.string() as NodeId));
        break;
      case 7:
        services.push(decodeNetworkServiceFrom(r, r.uint32()));
        break;
      case 8:
        removedServiceIds.push((r.string() as ServiceId));
        break;
      case 9:
        endpoints.push(decodeNetworkEndpointFrom(r, r.uint32()));
        break;
      case 10:
        removedTaskIds.push((r.string() as TaskId));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkDelta. */
export function decodeNetworkDelta(bytes: Uint8Array): NetworkDelta {
  const r = Reader.create(bytes);
  return decodeNetworkDeltaFrom(r, bytes.length);
}

/** The node has nothing to do with the network any more. */
export interface NetworkGone {
  readonly networkId: NetworkId;
}
/** A NetworkGone with every field that is not given at its zero value. */
export function newNetworkGone(init: Partial<NetworkGone> = {}): NetworkGone {
  return { networkId: "" as NetworkId, ...init };
}
export function encodeNetworkGoneInto(m: NetworkGone, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  return w;
}
export function encodeNetworkGone(m: NetworkGone): Uint8Array {
  return encodeNetworkGoneInto(m, Writer.create()).finish();
}
export function decodeNetworkGoneFrom(r: Reader, length: number): NetworkGone {
  const end = r.pos + length;

  const m: Mutable<NetworkGone> = newNetworkGone();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkGone. */
export function decodeNetworkGone(bytes: Uint8Array): NetworkGone {
  const r = Reader.create(bytes);
  return decodeNetworkGoneFrom(r, bytes.length);
}

export interface NetworkUpdate {
  readonly update?:
    | ({ readonly kind: "snapshot" } & NetworkSnapshot)
    | ({ readonly kind: "delta" } & NetworkDelta)
    | ({ readonly kind: "gone" } & NetworkGone)
    | undefined;
}
/** A NetworkUpdate with every field that is not given at its zero value. */
export function newNetworkUpdate(init: Partial<NetworkUpdate> = {}): NetworkUpdate {
  return { ...init };
}
export function encodeNetworkUpdateInto(m: NetworkUpdate, w: Writer): Writer {
  switch (m.update?.kind) {
    case "snapshot":
      encodeNetworkSnapshotInto(m.update, w.uint32(10).fork()).ldelim();
      break;
    case "delta":
      encodeNetworkDeltaInto(m.update, w.uint32(18).fork()).ldelim();
      break;
    case "gone":
      encodeNetworkGoneInto(m.update, w.uint32(26).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeNetworkUpdate(m: NetworkUpdate): Uint8Array {
  return encodeNetworkUpdateInto(m, Writer.create()).finish();
}
export function decodeNetworkUpdateFrom(r: Reader, length: number): NetworkUpdate {
  const end = r.pos + length;

  const m: Mutable<NetworkUpdate> = newNetworkUpdate();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.update = { kind: "snapshot", ...decodeNetworkSnapshotFrom(r, r.uint32()) };
        break;
      case 2:
        m.update = { kind: "delta", ...decodeNetworkDeltaFrom(r, r.uint32()) };
        break;
      case 3:
        m.update = { kind: "gone", ...decodeNetworkGoneFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkUpdate. */
export function decodeNetworkUpdate(bytes: Uint8Array): NetworkUpdate {
  const r = Reader.create(bytes);
  return decodeNetworkUpdateFrom(r, bytes.length);
}

/** The node's kernel does what this version says: an endpoint that it drains gets no new connection from here. */
export interface NetworkApplied {
  readonly networkId: NetworkId;
  readonly version: number;
}
/** A NetworkApplied with every field that is not given at its zero value. */
export function newNetworkApplied(init: Partial<NetworkApplied> = {}): NetworkApplied {
  return { networkId: "" as NetworkId, version: 0, ...init };
}
export function encodeNetworkAppliedInto(m: NetworkApplied, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  if (m.version !== 0) w.uint32(16).uint64(m.version);
  return w;
}
export function encodeNetworkApplied(m: NetworkApplied): Uint8Array {
  return encodeNetworkAppliedInto(m, Writer.create()).finish();
}
export function decodeNetworkAppliedFrom(r: Reader, length: number): NetworkApplied {
  const end = r.pos + length;

  const m: Mutable<NetworkApplied> = newNetworkApplied();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      case 2:
        m.version = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkApplied. */
export function decodeNetworkApplied(bytes: Uint8Array): NetworkApplied {
  const r = Reader.create(bytes);
  return decodeNetworkAppliedFrom(r, bytes.length);
}

/** The agent has no version that a delta applies to: send the whole. */
export interface NetworkResync {
  readonly networkId: NetworkId;
}
/** A NetworkResync with every field that is not given at its zero value. */
export function newNetworkResync(init: Partial<NetworkResync> = {}): NetworkResync {
  return { networkId: "" as NetworkId, ...init };
}
export function encodeNetworkResyncInto(m: NetworkResync, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  return w;
}
export function encodeNetworkResync(m: NetworkResync): Uint8Array {
  return encodeNetworkResyncInto(m, Writer.create()).finish();
}
export function decodeNetworkResyncFrom(r: Reader, length: number): NetworkResync {
  const end = r.pos + length;

  const m: Mutable<NetworkResync> = newNetworkResync();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkResync. */
export function decodeNetworkResync(bytes: Uint8Array): NetworkResync {
  const r = Reader.create(bytes);
  return decodeNetworkResyncFrom(r, bytes.length);
}

/**
 * A network as an agent knows it when a session begins. Managers that know the same of it send no snapshot, but a delta upon this
 * version that says nothing new.
 */
export interface NetworkHeld {
  readonly networkId: NetworkId;
  readonly version: number;
  /** See shared/network/network-digest.ts. */
  readonly digest: Uint8Array;
}
/** A NetworkHeld with every field that is not given at its zero value. */
export function newNetworkHeld(init: Partial<NetworkHeld> = {}): NetworkHeld {
  return { networkId: "" as NetworkId, version: 0, digest: EMPTY, ...init };
}
export function encodeNetworkHeldInto(m: NetworkHeld, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  if (m.version !== 0) w.uint32(16).uint64(m.version);
  if (m.digest.length > 0) w.uint32(26).bytes(m.digest);
  return w;
}
export function encodeNetworkHeld(m: NetworkHeld): Uint8Array {
  return encodeNetworkHeldInto(m, Writer.create()).finish();
}
export function decodeNetworkHeldFrom(r: Reader, length: number): NetworkHeld {
  const end = r.pos + length;

  const m: Mutable<NetworkHeld> = newNetworkHeld();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      case 2:
        m.version = toNumber(r.uint64());
        break;
      case 3:
        m.digest = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkHeld. */
export function decodeNetworkHeld(bytes: Uint8Array): NetworkHeld {
  const r = Reader.create(bytes);
  return decodeNetworkHeldFrom(r, bytes.length);
}
