// Generated from skep/v1/objects.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag } from "../wire.ts";
import type { ClusterId, ConfigId, NetworkId, NodeId, SecretId, ServiceId, TaskId } from "../../shared/model/ids.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export interface Meta {
  /** Version.Index of the Engine API: grows with every write to the store; an update must name the one it read. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** The version of the write that created it. Which of two objects is older is told by this: a clock may jump. */
  readonly createdVersion: number;
}
/** A Meta with every field that is not given at its zero value. */
export function newMeta(init: Partial<Meta> = {}): Meta {
  return { version: 0, createdAtMs: 0, updatedAtMs: 0, createdVersion: 0, ...init };
}
export function encodeMetaInto(m: Meta, w: Writer): Writer {
  if (m.version !== 0) w.uint32(8).uint64(m.version);
  if (m.createdAtMs !== 0) w.uint32(16).int64(m.createdAtMs);
  if (m.updatedAtMs !== 0) w.uint32(24).int64(m.updatedAtMs);
  if (m.createdVersion !== 0) w.uint32(32).uint64(m.createdVersion);
  return w;
}
export function encodeMeta(m: Meta): Uint8Array {
  return encodeMetaInto(m, Writer.create()).finish();
}
export function decodeMetaFrom(r: Reader, length: number): Meta {
  const end = r.pos + length;

  const m: Mutable<Meta> = newMeta();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.version = toNumber(r.uint64());
        break;
      case 2:
        m.createdAtMs = toNumber(r.int64());
        break;
      case 3:
        m.updatedAtMs = toNumber(r.int64());
        break;
      case 4:
        m.createdVersion = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Meta. */
export function decodeMeta(bytes: Uint8Array): Meta {
  const r = Reader.create(bytes);
  return decodeMetaFrom(r, bytes.length);
}

export interface Platform {
  readonly architecture: string;
  readonly os: string;
}
/** A Platform with every field that is not given at its zero value. */
export function newPlatform(init: Partial<Platform> = {}): Platform {
  return { architecture: "", os: "", ...init };
}
export function encodePlatformInto(m: Platform, w: Writer): Writer {
  if (m.architecture !== "") w.uint32(10).string(m.architecture);
  if (m.os !== "") w.uint32(18).string(m.os);
  return w;
}
export function encodePlatform(m: Platform): Uint8Array {
  return encodePlatformInto(m, Writer.create()).finish();
}
export function decodePlatformFrom(r: Reader, length: number): Platform {
  const end = r.pos + length;

  const m: Mutable<Platform> = newPlatform();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.architecture = r.string();
        break;
      case 2:
        m.os = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Platform. */
export function decodePlatform(bytes: Uint8Array): Platform {
  const r = Reader.create(bytes);
  return decodePlatformFrom(r, bytes.length);
}

export interface GenericResource {
  readonly kind: string;
  /** Discrete amount; a named resource has amount 1 and its name in `value`. */
  readonly amount: number;
  readonly value: string;
}
/** A GenericResource with every field that is not given at its zero value. */
export function newGenericResource(init: Partial<GenericResource> = {}): GenericResource {
  return { kind: "", amount: 0, value: "", ...init };
}
export function encodeGenericResourceInto(m: GenericResource, w: Writer): Writer {
  if (m.kind !== "") w.uint32(10).string(m.kind);
  if (m.amount !== 0) w.uint32(16).int64(m.amount);
  if (m.value !== "") w.uint32(26).string(m.value);
  return w;
}
export function encodeGenericResource(m: GenericResource): Uint8Array {
  return encodeGenericResourceInto(m, Writer.create()).finish();
}
export function decodeGenericResourceFrom(r: Reader, length: number): GenericResource {
  const end = r.pos + length;

  const m: Mutable<GenericResource> = newGenericResource();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.kind = r.string();
        break;
      case 2:
        m.amount = toNumber(r.int64());
        break;
      case 3:
        m.value = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GenericResource. */
export function decodeGenericResource(bytes: Uint8Array): GenericResource {
  const r = Reader.create(bytes);
  return decodeGenericResourceFrom(r, bytes.length);
}

export interface Resources {
  readonly nanoCpus: number;
  readonly memoryBytes: number;
  readonly pids: number;
  readonly genericResources: readonly GenericResource[];
}
/** A Resources with every field that is not given at its zero value. */
export function newResources(init: Partial<Resources> = {}): Resources {
  return { nanoCpus: 0, memoryBytes: 0, pids: 0, genericResources: [], ...init };
}
export function encodeResourcesInto(m: Resources, w: Writer): Writer {
  if (m.nanoCpus !== 0) w.uint32(8).int64(m.nanoCpus);
  if (m.memoryBytes !== 0) w.uint32(16).int64(m.memoryBytes);
  if (m.pids !== 0) w.uint32(24).int64(m.pids);
  for (const value of m.genericResources) encodeGenericResourceInto(value, w.uint32(34).fork()).ldelim();
  return w;
}
export function encodeResources(m: Resources): Uint8Array {
  return encodeResourcesInto(m, Writer.create()).finish();
}
export function decodeResourcesFrom(r: Reader, length: number): Resources {
  const end = r.pos + length;
  const genericResources: GenericResource[] = [];
  const m: Mutable<Resources> = newResources({ genericResources });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nanoCpus = toNumber(r.int64());
        break;
      case 2:
        m.memoryBytes = toNumber(r.int64());
        break;
      case 3:
        m.pids = toNumber(r.int64());
        break;
      case 4:
        genericResources.push(decodeGenericResourceFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Resources. */
export function decodeResources(bytes: Uint8Array): Resources {
  const r = Reader.create(bytes);
  return decodeResourcesFrom(r, bytes.length);
}

export type NodeRole = "worker" | "manager";
export const NodeRoleNumber: Readonly<Record<NodeRole, number>> = {
  worker: 0,
  manager: 1,
};
export function readNodeRole(number: number): NodeRole {
  switch (number) {
    case 0:
      return "worker";
    case 1:
      return "manager";
    default:
      throw new RangeError(`unknown NodeRole ${number} on the wire`);
  }
}

export type NodeAvailability = "active" | "pause" | "drain";
export const NodeAvailabilityNumber: Readonly<Record<NodeAvailability, number>> = {
  active: 0,
  pause: 1,
  drain: 2,
};
export function readNodeAvailability(number: number): NodeAvailability {
  switch (number) {
    case 0:
      return "active";
    case 1:
      return "pause";
    case 2:
      return "drain";
    default:
      throw new RangeError(`unknown NodeAvailability ${number} on the wire`);
  }
}

/** suspect: missed heartbeats, gets no new task, loses none. down: its tasks are replaced. disconnected: left by itself. */
export type NodeState = "unknown" | "down" | "ready" | "disconnected" | "suspect";
export const NodeStateNumber: Readonly<Record<NodeState, number>> = {
  unknown: 0,
  down: 1,
  ready: 2,
  disconnected: 3,
  suspect: 4,
};
function readNodeState(number: number): NodeState {
  switch (number) {
    case 0:
      return "unknown";
    case 1:
      return "down";
    case 2:
      return "ready";
    case 3:
      return "disconnected";
    case 4:
      return "suspect";
    default:
      throw new RangeError(`unknown NodeState ${number} on the wire`);
  }
}

export type Reachability = "unknown" | "unreachable" | "reachable";
export const ReachabilityNumber: Readonly<Record<Reachability, number>> = {
  unknown: 0,
  unreachable: 1,
  reachable: 2,
};
export function readReachability(number: number): Reachability {
  switch (number) {
    case 0:
      return "unknown";
    case 1:
      return "unreachable";
    case 2:
      return "reachable";
    default:
      throw new RangeError(`unknown Reachability ${number} on the wire`);
  }
}

export type TlsStatus = "unknown" | "ready" | "needs_rotation";
export const TlsStatusNumber: Readonly<Record<TlsStatus, number>> = {
  unknown: 0,
  ready: 1,
  needs_rotation: 2,
};
function readTlsStatus(number: number): TlsStatus {
  switch (number) {
    case 0:
      return "unknown";
    case 1:
      return "ready";
    case 2:
      return "needs_rotation";
    default:
      throw new RangeError(`unknown TlsStatus ${number} on the wire`);
  }
}

export interface NodeSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The role the node should have; Node.role is the one it has. */
  readonly role: NodeRole;
  readonly availability: NodeAvailability;
}
/** A NodeSpec with every field that is not given at its zero value. */
export function newNodeSpec(init: Partial<NodeSpec> = {}): NodeSpec {
  return { name: "", labels: {}, role: "worker", availability: "active", ...init };
}
export function encodeNodeSpecInto(m: NodeSpec, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.role !== "worker") w.uint32(24).int32(NodeRoleNumber[m.role]);
  if (m.availability !== "active") w.uint32(32).int32(NodeAvailabilityNumber[m.availability]);
  return w;
}
export function encodeNodeSpec(m: NodeSpec): Uint8Array {
  return encodeNodeSpecInto(m, Writer.create()).finish();
}
export function decodeNodeSpecFrom(r: Reader, length: number): NodeSpec {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<NodeSpec> = newNodeSpec({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        m.role = readNodeRole(r.int32());
        break;
      case 4:
        m.availability = readNodeAvailability(r.int32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NodeSpec. */
export function decodeNodeSpec(bytes: Uint8Array): NodeSpec {
  const r = Reader.create(bytes);
  return decodeNodeSpecFrom(r, bytes.length);
}

export interface EngineDescription {
  readonly engineVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** "containerd 1.6.20", "hollow" */
  readonly runtime: string;
}
/** A EngineDescription with every field that is not given at its zero value. */
export function newEngineDescription(init: Partial<EngineDescription> = {}): EngineDescription {
  return { engineVersion: "", labels: {}, runtime: "", ...init };
}
export function encodeEngineDescriptionInto(m: EngineDescription, w: Writer): Writer {
  if (m.engineVersion !== "") w.uint32(10).string(m.engineVersion);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.runtime !== "") w.uint32(26).string(m.runtime);
  return w;
}
export function encodeEngineDescription(m: EngineDescription): Uint8Array {
  return encodeEngineDescriptionInto(m, Writer.create()).finish();
}
export function decodeEngineDescriptionFrom(r: Reader, length: number): EngineDescription {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<EngineDescription> = newEngineDescription({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.engineVersion = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        m.runtime = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a EngineDescription. */
export function decodeEngineDescription(bytes: Uint8Array): EngineDescription {
  const r = Reader.create(bytes);
  return decodeEngineDescriptionFrom(r, bytes.length);
}

/** Digests (sha256 of the DER, hex) of root certificates. */
export interface TLSInfo {
  /** The one that the node's certificate is from. */
  readonly issuer: string;
  /** Those that the node trusts. */
  readonly trustRoots: readonly string[];
}
/** A TLSInfo with every field that is not given at its zero value. */
export function newTLSInfo(init: Partial<TLSInfo> = {}): TLSInfo {
  return { issuer: "", trustRoots: [], ...init };
}
export function encodeTLSInfoInto(m: TLSInfo, w: Writer): Writer {
  if (m.issuer !== "") w.uint32(10).string(m.issuer);
  for (const value of m.trustRoots) w.uint32(18).string(value);
  return w;
}
export function encodeTLSInfo(m: TLSInfo): Uint8Array {
  return encodeTLSInfoInto(m, Writer.create()).finish();
}
export function decodeTLSInfoFrom(r: Reader, length: number): TLSInfo {
  const end = r.pos + length;
  const trustRoots: string[] = [];
  const m: Mutable<TLSInfo> = newTLSInfo({ trustRoots });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.issuer = r.string();
        break;
      case 2:
        trustRoots.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TLSInfo. */
export function decodeTLSInfo(bytes: Uint8Array): TLSInfo {
  const r = Reader.create(bytes);
  return decodeTLSInfoFrom(r, bytes.length);
}

/** The public half of a key that a node has for the tunnels of encrypted networks; the private one never leaves the node. */
export interface TunnelKey {
  /** All nodes replace their keys together: a tunnel is between two keys of one epoch. */
  readonly epoch: number;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** UDP port where the node takes what is sealed for this key. */
  readonly port: number;
}
/** A TunnelKey with every field that is not given at its zero value. */
export function newTunnelKey(init: Partial<TunnelKey> = {}): TunnelKey {
  return { epoch: 0, publicKey: EMPTY, port: 0, ...init };
}
export function encodeTunnelKeyInto(m: TunnelKey, w: Writer): Writer {
  if (m.epoch !== 0) w.uint32(8).uint64(m.epoch);
  if (m.publicKey.length > 0) w.uint32(18).bytes(m.publicKey);
  if (m.port !== 0) w.uint32(24).uint32(m.port);
  return w;
}
export function encodeTunnelKey(m: TunnelKey): Uint8Array {
  return encodeTunnelKeyInto(m, Writer.create()).finish();
}
export function decodeTunnelKeyFrom(r: Reader, length: number): TunnelKey {
  const end = r.pos + length;

  const m: Mutable<TunnelKey> = newTunnelKey();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.epoch = toNumber(r.uint64());
        break;
      case 2:
        m.publicKey = r.bytes();
        break;
      case 3:
        m.port = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TunnelKey. */
export function decodeTunnelKey(bytes: Uint8Array): TunnelKey {
  const r = Reader.create(bytes);
  return decodeTunnelKeyFrom(r, bytes.length);
}

export interface NodeDescription {
  readonly hostname: string;
  readonly platform?: Platform | undefined;
  readonly resources?: Resources | undefined;
  readonly engine?: EngineDescription | undefined;
  readonly tls?: TLSInfo | undefined;
  /** Where the node takes packets of overlay networks, IP addresses without a port; empty is NodeStatus.addrs. */
  readonly dataPathAddrs: readonly string[];
  /** In bytes, of the link that has those addresses; 0 is unknown, and is taken as 1500. */
  readonly dataPathMtu: number;
  /** Empty: no encrypted network can be on this node, and tunnel_problem tells why. Two while keys are being replaced. */
  readonly tunnelKeys: readonly TunnelKey[];
  /** Beside keys: encrypted networks can be there, but at a cost that this tells. */
  readonly tunnelProblem: string;
  /** Its kernel has no IPv6: its tasks have none of the IPv6 addresses that networks give them. */
  readonly withoutIpv6: boolean;
}
/** A NodeDescription with every field that is not given at its zero value. */
export function newNodeDescription(init: Partial<NodeDescription> = {}): NodeDescription {
  return { hostname: "", dataPathAddrs: [], dataPathMtu: 0, tunnelKeys: [], tunnelProblem: "", withoutIpv6: false, ...init };
}
export function encodeNodeDescriptionInto(m: NodeDescription, w: Writer): Writer {
  if (m.hostname !== "") w.uint32(10).string(m.hostname);
  if (m.platform !== undefined) encodePlatformInto(m.platform, w.uint32(18).fork()).ldelim();
  if (m.resources !== undefined) encodeResourcesInto(m.resources, w.uint32(26).fork()).ldelim();
  if (m.engine !== undefined) encodeEngineDescriptionInto(m.engine, w.uint32(34).fork()).ldelim();
  if (m.tls !== undefined) encodeTLSInfoInto(m.tls, w.uint32(42).fork()).ldelim();
  for (const value of m.dataPathAddrs) w.uint32(50).string(value);
  if (m.dataPathMtu !== 0) w.uint32(56).uint32(m.dataPathMtu);
  for (const value of m.tunnelKeys) encodeTunnelKeyInto(value, w.uint32(66).fork()).ldelim();
  if (m.tunnelProblem !== "") w.uint32(74).string(m.tunnelProblem);
  if (m.withoutIpv6 !== false) w.uint32(80).bool(m.withoutIpv6);
  return w;
}
export function encodeNodeDescription(m: NodeDescription): Uint8Array {
  return encodeNodeDescriptionInto(m, Writer.create()).finish();
}
export function decodeNodeDescriptionFrom(r: Reader, length: number): NodeDescription {
  const end = r.pos + length;
  const dataPathAddrs: string[] = [];
  const tunnelKeys: TunnelKey[] = [];
  const m: Mutable<NodeDescription> = newNodeDescription({ dataPathAddrs, tunnelKeys });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.hostname = r.string();
        break;
      case 2:
        m.platform = decodePlatformFrom(r, r.uint32());
        break;
      case 3:
        m.resources = decodeResourcesFrom(r, r.uint32());
        break;
      case 4:
        m.engine = decodeEngineDescriptionFrom(r, r.uint32());
        break;
      case 5:
        m.tls = decodeTLSInfoFrom(r, r.uint32());
        break;
      case 6:
        dataPathAddrs.push(r.string());
        break;
      case 7:
        m.dataPathMtu = r.uint32();
        break;
      case 8:
        tunnelKeys.push(decodeTunnelKeyFrom(r, r.uint32()));
        break;
      case 9:
        m.tunnelProblem = r.string();
        break;
      case 10:
        m.withoutIpv6 = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NodeDescription. */
export function decodeNodeDescription(bytes: Uint8Array): NodeDescription {
  const r = Reader.create(bytes);
  return decodeNodeDescriptionFrom(r, bytes.length);
}

export interface NodeStatus {
  readonly state: NodeState;
  readonly message: string;
  /** The node's advertised IP addresses, without a port; more than one when dual stack. */
  readonly addrs: readonly string[];
  /** When `state` last changed, by the leader's clock. */
  readonly changedAtMs: number;
}
/** A NodeStatus with every field that is not given at its zero value. */
export function newNodeStatus(init: Partial<NodeStatus> = {}): NodeStatus {
  return { state: "unknown", message: "", addrs: [], changedAtMs: 0, ...init };
}
export function encodeNodeStatusInto(m: NodeStatus, w: Writer): Writer {
  if (m.state !== "unknown") w.uint32(8).int32(NodeStateNumber[m.state]);
  if (m.message !== "") w.uint32(18).string(m.message);
  for (const value of m.addrs) w.uint32(26).string(value);
  if (m.changedAtMs !== 0) w.uint32(32).int64(m.changedAtMs);
  return w;
}
export function encodeNodeStatus(m: NodeStatus): Uint8Array {
  return encodeNodeStatusInto(m, Writer.create()).finish();
}
export function decodeNodeStatusFrom(r: Reader, length: number): NodeStatus {
  const end = r.pos + length;
  const addrs: string[] = [];
  const m: Mutable<NodeStatus> = newNodeStatus({ addrs });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.state = readNodeState(r.int32());
        break;
      case 2:
        m.message = r.string();
        break;
      case 3:
        addrs.push(r.string());
        break;
      case 4:
        m.changedAtMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NodeStatus. */
export function decodeNodeStatus(bytes: Uint8Array): NodeStatus {
  const r = Reader.create(bytes);
  return decodeNodeStatusFrom(r, bytes.length);
}

export interface ManagerStatus {
  readonly raftId: number;
  /** host:port */
  readonly addr: string;
  /** leader and reachability are filled in by the API from the leader's Raft status; the store never holds them. */
  readonly leader: boolean;
  readonly reachability: Reachability;
}
/** A ManagerStatus with every field that is not given at its zero value. */
export function newManagerStatus(init: Partial<ManagerStatus> = {}): ManagerStatus {
  return { raftId: 0, addr: "", leader: false, reachability: "unknown", ...init };
}
export function encodeManagerStatusInto(m: ManagerStatus, w: Writer): Writer {
  if (m.raftId !== 0) w.uint32(8).uint64(m.raftId);
  if (m.addr !== "") w.uint32(18).string(m.addr);
  if (m.leader !== false) w.uint32(24).bool(m.leader);
  if (m.reachability !== "unknown") w.uint32(32).int32(ReachabilityNumber[m.reachability]);
  return w;
}
export function encodeManagerStatus(m: ManagerStatus): Uint8Array {
  return encodeManagerStatusInto(m, Writer.create()).finish();
}
export function decodeManagerStatusFrom(r: Reader, length: number): ManagerStatus {
  const end = r.pos + length;

  const m: Mutable<ManagerStatus> = newManagerStatus();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.raftId = toNumber(r.uint64());
        break;
      case 2:
        m.addr = r.string();
        break;
      case 3:
        m.leader = r.bool();
        break;
      case 4:
        m.reachability = readReachability(r.int32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ManagerStatus. */
export function decodeManagerStatus(bytes: Uint8Array): ManagerStatus {
  const r = Reader.create(bytes);
  return decodeManagerStatusFrom(r, bytes.length);
}

/**
 * The place of a task, or of a node, on a network. The address is held as long as the object that it stands in exists and
 * may have a container: nothing else records it.
 */
export interface NetworkAttachment {
  readonly networkId: NetworkId;
  /** IP addresses without a prefix length; two when dual stack. */
  readonly addresses: readonly string[];
  /** Other names of the task on this network. */
  readonly aliases: readonly string[];
}
/** A NetworkAttachment with every field that is not given at its zero value. */
export function newNetworkAttachment(init: Partial<NetworkAttachment> = {}): NetworkAttachment {
  return { networkId: "" as NetworkId, addresses: [], aliases: [], ...init };
}
export function encodeNetworkAttachmentInto(m: NetworkAttachment, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  for (const value of m.addresses) w.uint32(18).string(value);
  for (const value of m.aliases) w.uint32(26).string(value);
  return w;
}
export function encodeNetworkAttachment(m: NetworkAttachment): Uint8Array {
  return encodeNetworkAttachmentInto(m, Writer.create()).finish();
}
export function decodeNetworkAttachmentFrom(r: Reader, length: number): NetworkAttachment {
  const end = r.pos + length;
  const addresses: string[] = [];
  const aliases: string[] = [];
  const m: Mutable<NetworkAttachment> = newNetworkAttachment({ addresses, aliases });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      case 2:
        addresses.push(r.string());
        break;
      case 3:
        aliases.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkAttachment. */
export function decodeNetworkAttachment(bytes: Uint8Array): NetworkAttachment {
  const r = Reader.create(bytes);
  return decodeNetworkAttachmentFrom(r, bytes.length);
}

export interface Node {
  readonly id: NodeId;
  readonly meta?: Meta | undefined;
  readonly spec?: NodeSpec | undefined;
  /** The role of the certificate that the node holds. */
  readonly role: NodeRole;
  readonly description?: NodeDescription | undefined;
  readonly status?: NodeStatus | undefined;
  readonly managerStatus?: ManagerStatus | undefined;
  /** Where the node's daemon answers, host:port; set when it joins. */
  readonly addr: string;
  /** Filled in by the API from the description and the cluster's root; the store never holds it. */
  readonly tlsStatus: TlsStatus;
  /** The node's own place on the ingress network. */
  readonly attachments: readonly NetworkAttachment[];
  /**
   * Meta.version of the write after which it was a manager no more, the last time; 0: never. The store writes it. A manager's
   * certificate that was issued over an older version is void, whatever the node is now.
   */
  readonly demotedVersion: number;
  /**
   * It comes from a backup and has not called this cluster since: it may be in use by the one that the backup is of, and is not
   * called before it calls.
   */
  readonly onlyRestored: boolean;
}
/** A Node with every field that is not given at its zero value. */
export function newNode(init: Partial<Node> = {}): Node {
  return { id: "" as NodeId, role: "worker", addr: "", tlsStatus: "unknown", attachments: [], demotedVersion: 0, onlyRestored: false, ...init };
}
export function encodeNodeInto(m: Node, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.meta !== undefined) encodeMetaInto(m.meta, w.uint32(18).fork()).ldelim();
  if (m.spec !== undefined) encodeNodeSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  if (m.role !== "worker") w.uint32(32).int32(NodeRoleNumber[m.role]);
  if (m.description !== undefined) encodeNodeDescriptionInto(m.description, w.uint32(42).fork()).ldelim();
  if (m.status !== undefined) encodeNodeStatusInto(m.status, w.uint32(50).fork()).ldelim();
  if (m.managerStatus !== undefined) encodeManagerStatusInto(m.managerStatus, w.uint32(58).fork()).ldelim();
  if (m.addr !== "") w.uint32(66).string(m.addr);
  if (m.tlsStatus !== "unknown") w.uint32(72).int32(TlsStatusNumber[m.tlsStatus]);
  for (const value of m.attachments) encodeNetworkAttachmentInto(value, w.uint32(82).fork()).ldelim();
  if (m.demotedVersion !== 0) w.uint32(96).uint64(m.demotedVersion);
  if (m.onlyRestored !== false) w.uint32(88).bool(m.onlyRestored);
  return w;
}
export function encodeNode(m: Node): Uint8Array {
  return encodeNodeInto(m, Writer.create()).finish();
}
export function decodeNodeFrom(r: Reader, length: number): Node {
  const end = r.pos + length;
  const attachments: NetworkAttachment[] = [];
  const m: Mutable<Node> = newNode({ attachments });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as NodeId);
        break;
      case 2:
        m.meta = decodeMetaFrom(r, r.uint32());
        break;
      case 3:
        m.spec = decodeNodeSpecFrom(r, r.uint32());
        break;
      case 4:
        m.role = readNodeRole(r.int32());
        break;
      case 5:
        m.description = decodeNodeDescriptionFrom(r, r.uint32());
        break;
      case 6:
        m.status = decodeNodeStatusFrom(r, r.uint32());
        break;
      case 7:
        m.managerStatus = decodeManagerStatusFrom(r, r.uint32());
        break;
      case 8:
        m.addr = r.string();
        break;
      case 9:
        m.tlsStatus = readTlsStatus(r.int32());
        break;
      case 10:
        attachments.push(decodeNetworkAttachmentFrom(r, r.uint32()));
        break;
      case 12:
        m.demotedVersion = toNumber(r.uint64());
        break;
      case 11:
        m.onlyRestored = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Node. */
export function decodeNode(bytes: Uint8Array): Node {
  const r = Reader.create(bytes);
  return decodeNodeFrom(r, bytes.length);
}

export type MountType = "bind" | "volume" | "tmpfs";
export const MountTypeNumber: Readonly<Record<MountType, number>> = {
  bind: 0,
  volume: 1,
  tmpfs: 2,
};
function readMountType(number: number): MountType {
  switch (number) {
    case 0:
      return "bind";
    case 1:
      return "volume";
    case 2:
      return "tmpfs";
    default:
      throw new RangeError(`unknown MountType ${number} on the wire`);
  }
}

export interface Mount {
  readonly type: MountType;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly bindOptions?: BindOptions | undefined;
  readonly tmpfsOptions?: TmpfsOptions | undefined;
}
/** A Mount with every field that is not given at its zero value. */
export function newMount(init: Partial<Mount> = {}): Mount {
  return { type: "bind", source: "", target: "", readOnly: false, ...init };
}
export function encodeMountInto(m: Mount, w: Writer): Writer {
  if (m.type !== "bind") w.uint32(8).int32(MountTypeNumber[m.type]);
  if (m.source !== "") w.uint32(18).string(m.source);
  if (m.target !== "") w.uint32(26).string(m.target);
  if (m.readOnly !== false) w.uint32(32).bool(m.readOnly);
  if (m.bindOptions !== undefined) encodeBindOptionsInto(m.bindOptions, w.uint32(42).fork()).ldelim();
  if (m.tmpfsOptions !== undefined) encodeTmpfsOptionsInto(m.tmpfsOptions, w.uint32(50).fork()).ldelim();
  return w;
}
export function encodeMount(m: Mount): Uint8Array {
  return encodeMountInto(m, Writer.create()).finish();
}
export function decodeMountFrom(r: Reader, length: number): Mount {
  const end = r.pos + length;

  const m: Mutable<Mount> = newMount();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.type = readMountType(r.int32());
        break;
      case 2:
        m.source = r.string();
        break;
      case 3:
        m.target = r.string();
        break;
      case 4:
        m.readOnly = r.bool();
        break;
      case 5:
        m.bindOptions = decodeBindOptionsFrom(r, r.uint32());
        break;
      case 6:
        m.tmpfsOptions = decodeTmpfsOptionsFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Mount. */
export function decodeMount(bytes: Uint8Array): Mount {
  const r = Reader.create(bytes);
  return decodeMountFrom(r, bytes.length);
}

export interface BindOptions {
  /** private, rprivate, shared, rshared, slave, rslave; empty is rprivate */
  readonly propagation: string;
  readonly nonRecursive: boolean;
}
/** A BindOptions with every field that is not given at its zero value. */
export function newBindOptions(init: Partial<BindOptions> = {}): BindOptions {
  return { propagation: "", nonRecursive: false, ...init };
}
export function encodeBindOptionsInto(m: BindOptions, w: Writer): Writer {
  if (m.propagation !== "") w.uint32(10).string(m.propagation);
  if (m.nonRecursive !== false) w.uint32(16).bool(m.nonRecursive);
  return w;
}
export function encodeBindOptions(m: BindOptions): Uint8Array {
  return encodeBindOptionsInto(m, Writer.create()).finish();
}
export function decodeBindOptionsFrom(r: Reader, length: number): BindOptions {
  const end = r.pos + length;

  const m: Mutable<BindOptions> = newBindOptions();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.propagation = r.string();
        break;
      case 2:
        m.nonRecursive = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a BindOptions. */
export function decodeBindOptions(bytes: Uint8Array): BindOptions {
  const r = Reader.create(bytes);
  return decodeBindOptionsFrom(r, bytes.length);
}

export interface TmpfsOptions {
  readonly sizeBytes: number;
  /** permission bits; 0 is 01777 */
  readonly mode: number;
}
/** A TmpfsOptions with every field that is not given at its zero value. */
export function newTmpfsOptions(init: Partial<TmpfsOptions> = {}): TmpfsOptions {
  return { sizeBytes: 0, mode: 0, ...init };
}
export function encodeTmpfsOptionsInto(m: TmpfsOptions, w: Writer): Writer {
  if (m.sizeBytes !== 0) w.uint32(8).int64(m.sizeBytes);
  if (m.mode !== 0) w.uint32(16).uint32(m.mode);
  return w;
}
export function encodeTmpfsOptions(m: TmpfsOptions): Uint8Array {
  return encodeTmpfsOptionsInto(m, Writer.create()).finish();
}
export function decodeTmpfsOptionsFrom(r: Reader, length: number): TmpfsOptions {
  const end = r.pos + length;

  const m: Mutable<TmpfsOptions> = newTmpfsOptions();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.sizeBytes = toNumber(r.int64());
        break;
      case 2:
        m.mode = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TmpfsOptions. */
export function decodeTmpfsOptions(bytes: Uint8Array): TmpfsOptions {
  const r = Reader.create(bytes);
  return decodeTmpfsOptionsFrom(r, bytes.length);
}

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}
/** A Ulimit with every field that is not given at its zero value. */
export function newUlimit(init: Partial<Ulimit> = {}): Ulimit {
  return { name: "", soft: 0, hard: 0, ...init };
}
export function encodeUlimitInto(m: Ulimit, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  if (m.soft !== 0) w.uint32(16).int64(m.soft);
  if (m.hard !== 0) w.uint32(24).int64(m.hard);
  return w;
}
export function encodeUlimit(m: Ulimit): Uint8Array {
  return encodeUlimitInto(m, Writer.create()).finish();
}
export function decodeUlimitFrom(r: Reader, length: number): Ulimit {
  const end = r.pos + length;

  const m: Mutable<Ulimit> = newUlimit();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2:
        m.soft = toNumber(r.int64());
        break;
      case 3:
        m.hard = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Ulimit. */
export function decodeUlimit(bytes: Uint8Array): Ulimit {
  const r = Reader.create(bytes);
  return decodeUlimitFrom(r, bytes.length);
}

export interface HealthConfig {
  /** Empty: inherit from the image. ["NONE"]: no health check. ["CMD", …], ["CMD-SHELL", command]. */
  readonly test: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
}
/** A HealthConfig with every field that is not given at its zero value. */
export function newHealthConfig(init: Partial<HealthConfig> = {}): HealthConfig {
  return { test: [], intervalMs: 0, timeoutMs: 0, retries: 0, startPeriodMs: 0, startIntervalMs: 0, ...init };
}
export function encodeHealthConfigInto(m: HealthConfig, w: Writer): Writer {
  for (const value of m.test) w.uint32(10).string(value);
  if (m.intervalMs !== 0) w.uint32(16).int64(m.intervalMs);
  if (m.timeoutMs !== 0) w.uint32(24).int64(m.timeoutMs);
  if (m.retries !== 0) w.uint32(32).int64(m.retries);
  if (m.startPeriodMs !== 0) w.uint32(40).int64(m.startPeriodMs);
  if (m.startIntervalMs !== 0) w.uint32(48).int64(m.startIntervalMs);
  return w;
}
export function encodeHealthConfig(m: HealthConfig): Uint8Array {
  return encodeHealthConfigInto(m, Writer.create()).finish();
}
export function decodeHealthConfigFrom(r: Reader, length: number): HealthConfig {
  const end = r.pos + length;
  const test: string[] = [];
  const m: Mutable<HealthConfig> = newHealthConfig({ test });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        test.push(r.string());
        break;
      case 2:
        m.intervalMs = toNumber(r.int64());
        break;
      case 3:
        m.timeoutMs = toNumber(r.int64());
        break;
      case 4:
        m.retries = toNumber(r.int64());
        break;
      case 5:
        m.startPeriodMs = toNumber(r.int64());
        break;
      case 6:
        m.startIntervalMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a HealthConfig. */
export function decodeHealthConfig(bytes: Uint8Array): HealthConfig {
  const r = Reader.create(bytes);
  return decodeHealthConfigFrom(r, bytes.length);
}

export interface DNSConfig {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}
/** A DNSConfig with every field that is not given at its zero value. */
export function newDNSConfig(init: Partial<DNSConfig> = {}): DNSConfig {
  return { nameservers: [], search: [], options: [], ...init };
}
export function encodeDNSConfigInto(m: DNSConfig, w: Writer): Writer {
  for (const value of m.nameservers) w.uint32(10).string(value);
  for (const value of m.search) w.uint32(18).string(value);
  for (const value of m.options) w.uint32(26).string(value);
  return w;
}
export function encodeDNSConfig(m: DNSConfig): Uint8Array {
  return encodeDNSConfigInto(m, Writer.create()).finish();
}
export function decodeDNSConfigFrom(r: Reader, length: number): DNSConfig {
  const end = r.pos + length;
  const nameservers: string[] = [];
  const search: string[] = [];
  const options: string[] = [];
  const m: Mutable<DNSConfig> = newDNSConfig({ nameservers, search, options });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        nameservers.push(r.string());
        break;
      case 2:
        search.push(r.string());
        break;
      case 3:
        options.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DNSConfig. */
export function decodeDNSConfig(bytes: Uint8Array): DNSConfig {
  const r = Reader.create(bytes);
  return decodeDNSConfigFrom(r, bytes.length);
}

export interface ContainerSpec {
  /** name:tag, or name:tag@sha256:… once resolved by a manager */
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Replaces the image's ENTRYPOINT when not empty. */
  readonly command: readonly string[];
  /** Replaces the image's CMD when not empty, or when command is not empty. */
  readonly args: readonly string[];
  readonly hostname: string;
  readonly env: readonly string[];
  readonly dir: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly tty: boolean;
  readonly readOnly: boolean;
  readonly mounts: readonly Mount[];
  readonly stopSignal: string;
  /** Unset is 10 seconds. */
  readonly stopGracePeriodMs?: number | undefined;
  readonly healthcheck?: HealthConfig | undefined;
  /** "IP hostname" */
  readonly hosts: readonly string[];
  readonly dnsConfig?: DNSConfig | undefined;
  readonly init: boolean;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly capabilityAdd: readonly string[];
  readonly capabilityDrop: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly oomScoreAdj: number;
  readonly openStdin: boolean;
  /** Registry credentials as base64 JSON {username, password, serveraddress, identitytoken}; never returned by the API. */
  readonly registryAuth: string;
}
/** A ContainerSpec with every field that is not given at its zero value. */
export function newContainerSpec(init: Partial<ContainerSpec> = {}): ContainerSpec {
  return { image: "", labels: {}, command: [], args: [], hostname: "", env: [], dir: "", user: "", groups: [], tty: false, readOnly: false, mounts: [], stopSignal: "", hosts: [], init: false, sysctls: {}, capabilityAdd: [], capabilityDrop: [], ulimits: [], oomScoreAdj: 0, openStdin: false, registryAuth: "", ...init };
}
export function encodeContainerSpecInto(m: ContainerSpec, w: Writer): Writer {
  if (m.image !== "") w.uint32(10).string(m.image);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  for (const value of m.command) w.uint32(26).string(value);
  for (const value of m.args) w.uint32(34).string(value);
  if (m.hostname !== "") w.uint32(42).string(m.hostname);
  for (const value of m.env) w.uint32(50).string(value);
  if (m.dir !== "") w.uint32(58).string(m.dir);
  if (m.user !== "") w.uint32(66).string(m.user);
  for (const value of m.groups) w.uint32(74).string(value);
  if (m.tty !== false) w.uint32(80).bool(m.tty);
  if (m.readOnly !== false) w.uint32(88).bool(m.readOnly);
  for (const value of m.mounts) encodeMountInto(value, w.uint32(98).fork()).ldelim();
  if (m.stopSignal !== "") w.uint32(106).string(m.stopSignal);
  if (m.stopGracePeriodMs !== undefined) w.uint32(112).int64(m.stopGracePeriodMs);
  if (m.healthcheck !== undefined) encodeHealthConfigInto(m.healthcheck, w.uint32(122).fork()).ldelim();
  for (const value of m.hosts) w.uint32(130).string(value);
  if (m.dnsConfig !== undefined) encodeDNSConfigInto(m.dnsConfig, w.uint32(138).fork()).ldelim();
  if (m.init !== false) w.uint32(144).bool(m.init);
  for (const [key, value] of Object.entries(m.sysctls)) {
    w.uint32(154).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  for (const value of m.capabilityAdd) w.uint32(162).string(value);
  for (const value of m.capabilityDrop) w.uint32(170).string(value);
  for (const value of m.ulimits) encodeUlimitInto(value, w.uint32(178).fork()).ldelim();
  if (m.oomScoreAdj !== 0) w.uint32(184).int32(m.oomScoreAdj);
  if (m.openStdin !== false) w.uint32(192).bool(m.openStdin);
  if (m.registryAuth !== "") w.uint32(202).string(m.registryAuth);
  return w;
}
export function encodeContainerSpec(m: ContainerSpec): Uint8Array {
  return encodeContainerSpecInto(m, Writer.create()).finish();
}
export function decodeContainerSpecFrom(r: Reader, length: number): ContainerSpec {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const command: string[] = [];
  const args: string[] = [];
  const env: string[] = [];
  const groups: string[] = [];
  const mounts: Mount[] = [];
  const hosts: string[] = [];
  const sysctls: Record<string, string> = {};
  const capabilityAdd: string[] = [];
  const capabilityDrop: string[] = [];
  const ulimits: Ulimit[] = [];
  const m: Mutable<ContainerSpec> = newContainerSpec({ labels, command, args, env, groups, mounts, hosts, sysctls, capabilityAdd, capabilityDrop, ulimits });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.image = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        command.push(r.string());
        break;
      case 4:
        args.push(r.string());
        break;
      case 5:
        m.hostname = r.string();
        break;
      case 6:
        env.push(r.string());
        break;
      case 7:
        m.dir = r.string();
        break;
      case 8:
        m.user = r.string();
        break;
      case 9:
        groups.push(r.string());
        break;
      case 10:
        m.tty = r.bool();
        break;
      case 11:
        m.readOnly = r.bool();
        break;
      case 12:
        mounts.push(decodeMountFrom(r, r.uint32()));
        break;
      case 13:
        m.stopSignal = r.string();
        break;
      case 14:
        m.stopGracePeriodMs = toNumber(r.int64());
        break;
      case 15:
        m.healthcheck = decodeHealthConfigFrom(r, r.uint32());
        break;
      case 16:
        hosts.push(r.string());
        break;
      case 17:
        m.dnsConfig = decodeDNSConfigFrom(r, r.uint32());
        break;
      case 18:
        m.init = r.bool();
        break;
      case 19: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        sysctls[key] = value;
        break;
      }
      case 20:
        capabilityAdd.push(r.string());
        break;
      case 21:
        capabilityDrop.push(r.string());
        break;
      case 22:
        ulimits.push(decodeUlimitFrom(r, r.uint32()));
        break;
      case 23:
        m.oomScoreAdj = r.int32();
        break;
      case 24:
        m.openStdin = r.bool();
        break;
      case 25:
        m.registryAuth = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContainerSpec. */
export function decodeContainerSpec(bytes: Uint8Array): ContainerSpec {
  const r = Reader.create(bytes);
  return decodeContainerSpecFrom(r, bytes.length);
}

export interface ResourceRequirements {
  readonly limits?: Resources | undefined;
  readonly reservations?: Resources | undefined;
}
/** A ResourceRequirements with every field that is not given at its zero value. */
export function newResourceRequirements(init: Partial<ResourceRequirements> = {}): ResourceRequirements {
  return { ...init };
}
export function encodeResourceRequirementsInto(m: ResourceRequirements, w: Writer): Writer {
  if (m.limits !== undefined) encodeResourcesInto(m.limits, w.uint32(10).fork()).ldelim();
  if (m.reservations !== undefined) encodeResourcesInto(m.reservations, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeResourceRequirements(m: ResourceRequirements): Uint8Array {
  return encodeResourceRequirementsInto(m, Writer.create()).finish();
}
export function decodeResourceRequirementsFrom(r: Reader, length: number): ResourceRequirements {
  const end = r.pos + length;

  const m: Mutable<ResourceRequirements> = newResourceRequirements();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.limits = decodeResourcesFrom(r, r.uint32());
        break;
      case 2:
        m.reservations = decodeResourcesFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ResourceRequirements. */
export function decodeResourceRequirements(bytes: Uint8Array): ResourceRequirements {
  const r = Reader.create(bytes);
  return decodeResourceRequirementsFrom(r, bytes.length);
}

export type RestartCondition = "any" | "on_failure" | "none";
export const RestartConditionNumber: Readonly<Record<RestartCondition, number>> = {
  any: 0,
  on_failure: 1,
  none: 2,
};
function readRestartCondition(number: number): RestartCondition {
  switch (number) {
    case 0:
      return "any";
    case 1:
      return "on_failure";
    case 2:
      return "none";
    default:
      throw new RangeError(`unknown RestartCondition ${number} on the wire`);
  }
}

export interface RestartPolicy {
  readonly condition: RestartCondition;
  /** Unset is 5 seconds. */
  readonly delayMs?: number | undefined;
  /** 0 is without limit. */
  readonly maxAttempts: number;
  /** Lookback for max_attempts; 0 is for ever. */
  readonly windowMs: number;
}
/** A RestartPolicy with every field that is not given at its zero value. */
export function newRestartPolicy(init: Partial<RestartPolicy> = {}): RestartPolicy {
  return { condition: "any", maxAttempts: 0, windowMs: 0, ...init };
}
export function encodeRestartPolicyInto(m: RestartPolicy, w: Writer): Writer {
  if (m.condition !== "any") w.uint32(8).int32(RestartConditionNumber[m.condition]);
  if (m.delayMs !== undefined) w.uint32(16).int64(m.delayMs);
  if (m.maxAttempts !== 0) w.uint32(24).uint32(m.maxAttempts);
  if (m.windowMs !== 0) w.uint32(32).int64(m.windowMs);
  return w;
}
export function encodeRestartPolicy(m: RestartPolicy): Uint8Array {
  return encodeRestartPolicyInto(m, Writer.create()).finish();
}
export function decodeRestartPolicyFrom(r: Reader, length: number): RestartPolicy {
  const end = r.pos + length;

  const m: Mutable<RestartPolicy> = newRestartPolicy();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.condition = readRestartCondition(r.int32());
        break;
      case 2:
        m.delayMs = toNumber(r.int64());
        break;
      case 3:
        m.maxAttempts = r.uint32();
        break;
      case 4:
        m.windowMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RestartPolicy. */
export function decodeRestartPolicy(bytes: Uint8Array): RestartPolicy {
  const r = Reader.create(bytes);
  return decodeRestartPolicyFrom(r, bytes.length);
}

export interface SpreadOver {
  /** node.labels.X or engine.labels.X */
  readonly spreadDescriptor: string;
}
/** A SpreadOver with every field that is not given at its zero value. */
export function newSpreadOver(init: Partial<SpreadOver> = {}): SpreadOver {
  return { spreadDescriptor: "", ...init };
}
export function encodeSpreadOverInto(m: SpreadOver, w: Writer): Writer {
  if (m.spreadDescriptor !== "") w.uint32(10).string(m.spreadDescriptor);
  return w;
}
export function encodeSpreadOver(m: SpreadOver): Uint8Array {
  return encodeSpreadOverInto(m, Writer.create()).finish();
}
export function decodeSpreadOverFrom(r: Reader, length: number): SpreadOver {
  const end = r.pos + length;

  const m: Mutable<SpreadOver> = newSpreadOver();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.spreadDescriptor = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SpreadOver. */
export function decodeSpreadOver(bytes: Uint8Array): SpreadOver {
  const r = Reader.create(bytes);
  return decodeSpreadOverFrom(r, bytes.length);
}

export interface PlacementPreference {
  readonly spread?: SpreadOver | undefined;
}
/** A PlacementPreference with every field that is not given at its zero value. */
export function newPlacementPreference(init: Partial<PlacementPreference> = {}): PlacementPreference {
  return { ...init };
}
export function encodePlacementPreferenceInto(m: PlacementPreference, w: Writer): Writer {
  if (m.spread !== undefined) encodeSpreadOverInto(m.spread, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodePlacementPreference(m: PlacementPreference): Uint8Array {
  return encodePlacementPreferenceInto(m, Writer.create()).finish();
}
export function decodePlacementPreferenceFrom(r: Reader, length: number): PlacementPreference {
  const end = r.pos + length;

  const m: Mutable<PlacementPreference> = newPlacementPreference();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.spread = decodeSpreadOverFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a PlacementPreference. */
export function decodePlacementPreference(bytes: Uint8Array): PlacementPreference {
  const r = Reader.create(bytes);
  return decodePlacementPreferenceFrom(r, bytes.length);
}

export interface Placement {
  readonly constraints: readonly string[];
  readonly preferences: readonly PlacementPreference[];
  /** 0 is without limit. */
  readonly maxReplicas: number;
  /** From the image's index; empty is any. */
  readonly platforms: readonly Platform[];
}
/** A Placement with every field that is not given at its zero value. */
export function newPlacement(init: Partial<Placement> = {}): Placement {
  return { constraints: [], preferences: [], maxReplicas: 0, platforms: [], ...init };
}
export function encodePlacementInto(m: Placement, w: Writer): Writer {
  for (const value of m.constraints) w.uint32(10).string(value);
  for (const value of m.preferences) encodePlacementPreferenceInto(value, w.uint32(18).fork()).ldelim();
  if (m.maxReplicas !== 0) w.uint32(24).uint32(m.maxReplicas);
  for (const value of m.platforms) encodePlatformInto(value, w.uint32(34).fork()).ldelim();
  return w;
}
export function encodePlacement(m: Placement): Uint8Array {
  return encodePlacementInto(m, Writer.create()).finish();
}
export function decodePlacementFrom(r: Reader, length: number): Placement {
  const end = r.pos + length;
  const constraints: string[] = [];
  const preferences: PlacementPreference[] = [];
  const platforms: Platform[] = [];
  const m: Mutable<Placement> = newPlacement({ constraints, preferences, platforms });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        constraints.push(r.string());
        break;
      case 2:
        preferences.push(decodePlacementPreferenceFrom(r, r.uint32()));
        break;
      case 3:
        m.maxReplicas = r.uint32();
        break;
      case 4:
        platforms.push(decodePlatformFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Placement. */
export function decodePlacement(bytes: Uint8Array): Placement {
  const r = Reader.create(bytes);
  return decodePlacementFrom(r, bytes.length);
}

export interface NetworkAttachmentConfig {
  /** Network ID; or the predefined names "host", "none", "bridge". */
  readonly target: string;
  readonly aliases: readonly string[];
  readonly driverOpts: Readonly<Record<string, string>>;
}
/** A NetworkAttachmentConfig with every field that is not given at its zero value. */
export function newNetworkAttachmentConfig(init: Partial<NetworkAttachmentConfig> = {}): NetworkAttachmentConfig {
  return { target: "", aliases: [], driverOpts: {}, ...init };
}
export function encodeNetworkAttachmentConfigInto(m: NetworkAttachmentConfig, w: Writer): Writer {
  if (m.target !== "") w.uint32(10).string(m.target);
  for (const value of m.aliases) w.uint32(18).string(value);
  for (const [key, value] of Object.entries(m.driverOpts)) {
    w.uint32(26).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeNetworkAttachmentConfig(m: NetworkAttachmentConfig): Uint8Array {
  return encodeNetworkAttachmentConfigInto(m, Writer.create()).finish();
}
export function decodeNetworkAttachmentConfigFrom(r: Reader, length: number): NetworkAttachmentConfig {
  const end = r.pos + length;
  const aliases: string[] = [];
  const driverOpts: Record<string, string> = {};
  const m: Mutable<NetworkAttachmentConfig> = newNetworkAttachmentConfig({ aliases, driverOpts });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.target = r.string();
        break;
      case 2:
        aliases.push(r.string());
        break;
      case 3: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        driverOpts[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkAttachmentConfig. */
export function decodeNetworkAttachmentConfig(bytes: Uint8Array): NetworkAttachmentConfig {
  const r = Reader.create(bytes);
  return decodeNetworkAttachmentConfigFrom(r, bytes.length);
}

export interface LogDriver {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}
/** A LogDriver with every field that is not given at its zero value. */
export function newLogDriver(init: Partial<LogDriver> = {}): LogDriver {
  return { name: "", options: {}, ...init };
}
export function encodeLogDriverInto(m: LogDriver, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.options)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeLogDriver(m: LogDriver): Uint8Array {
  return encodeLogDriverInto(m, Writer.create()).finish();
}
export function decodeLogDriverFrom(r: Reader, length: number): LogDriver {
  const end = r.pos + length;
  const options: Record<string, string> = {};
  const m: Mutable<LogDriver> = newLogDriver({ options });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        options[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LogDriver. */
export function decodeLogDriver(bytes: Uint8Array): LogDriver {
  const r = Reader.create(bytes);
  return decodeLogDriverFrom(r, bytes.length);
}

export interface TaskSpec {
  readonly containerSpec?: ContainerSpec | undefined;
  readonly resources?: ResourceRequirements | undefined;
  readonly restartPolicy?: RestartPolicy | undefined;
  readonly placement?: Placement | undefined;
  readonly networks: readonly NetworkAttachmentConfig[];
  readonly logDriver?: LogDriver | undefined;
  /** A change recreates every task though nothing else changed. */
  readonly forceUpdate: number;
}
/** A TaskSpec with every field that is not given at its zero value. */
export function newTaskSpec(init: Partial<TaskSpec> = {}): TaskSpec {
  return { networks: [], forceUpdate: 0, ...init };
}
export function encodeTaskSpecInto(m: TaskSpec, w: Writer): Writer {
  if (m.containerSpec !== undefined) encodeContainerSpecInto(m.containerSpec, w.uint32(10).fork()).ldelim();
  if (m.resources !== undefined) encodeResourceRequirementsInto(m.resources, w.uint32(18).fork()).ldelim();
  if (m.restartPolicy !== undefined) encodeRestartPolicyInto(m.restartPolicy, w.uint32(26).fork()).ldelim();
  if (m.placement !== undefined) encodePlacementInto(m.placement, w.uint32(34).fork()).ldelim();
  for (const value of m.networks) encodeNetworkAttachmentConfigInto(value, w.uint32(42).fork()).ldelim();
  if (m.logDriver !== undefined) encodeLogDriverInto(m.logDriver, w.uint32(50).fork()).ldelim();
  if (m.forceUpdate !== 0) w.uint32(56).uint64(m.forceUpdate);
  return w;
}
export function encodeTaskSpec(m: TaskSpec): Uint8Array {
  return encodeTaskSpecInto(m, Writer.create()).finish();
}
export function decodeTaskSpecFrom(r: Reader, length: number): TaskSpec {
  const end = r.pos + length;
  const networks: NetworkAttachmentConfig[] = [];
  const m: Mutable<TaskSpec> = newTaskSpec({ networks });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerSpec = decodeContainerSpecFrom(r, r.uint32());
        break;
      case 2:
        m.resources = decodeResourceRequirementsFrom(r, r.uint32());
        break;
      case 3:
        m.restartPolicy = decodeRestartPolicyFrom(r, r.uint32());
        break;
      case 4:
        m.placement = decodePlacementFrom(r, r.uint32());
        break;
      case 5:
        networks.push(decodeNetworkAttachmentConfigFrom(r, r.uint32()));
        break;
      case 6:
        m.logDriver = decodeLogDriverFrom(r, r.uint32());
        break;
      case 7:
        m.forceUpdate = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskSpec. */
export function decodeTaskSpec(bytes: Uint8Array): TaskSpec {
  const r = Reader.create(bytes);
  return decodeTaskSpecFrom(r, bytes.length);
}

export interface ReplicatedService {
  readonly replicas: number;
}
/** A ReplicatedService with every field that is not given at its zero value. */
export function newReplicatedService(init: Partial<ReplicatedService> = {}): ReplicatedService {
  return { replicas: 0, ...init };
}
export function encodeReplicatedServiceInto(m: ReplicatedService, w: Writer): Writer {
  if (m.replicas !== 0) w.uint32(8).uint64(m.replicas);
  return w;
}
export function encodeReplicatedService(m: ReplicatedService): Uint8Array {
  return encodeReplicatedServiceInto(m, Writer.create()).finish();
}
export function decodeReplicatedServiceFrom(r: Reader, length: number): ReplicatedService {
  const end = r.pos + length;

  const m: Mutable<ReplicatedService> = newReplicatedService();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.replicas = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ReplicatedService. */
export function decodeReplicatedService(bytes: Uint8Array): ReplicatedService {
  const r = Reader.create(bytes);
  return decodeReplicatedServiceFrom(r, bytes.length);
}

export interface GlobalService {

}
/** A GlobalService with every field that is not given at its zero value. */
export function newGlobalService(init: Partial<GlobalService> = {}): GlobalService {
  return { ...init };
}
export function encodeGlobalServiceInto(_m: GlobalService, w: Writer): Writer {

  return w;
}
export function encodeGlobalService(m: GlobalService): Uint8Array {
  return encodeGlobalServiceInto(m, Writer.create()).finish();
}
export function decodeGlobalServiceFrom(r: Reader, length: number): GlobalService {
  const end = r.pos + length;

  const m: Mutable<GlobalService> = newGlobalService();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GlobalService. */
export function decodeGlobalService(bytes: Uint8Array): GlobalService {
  const r = Reader.create(bytes);
  return decodeGlobalServiceFrom(r, bytes.length);
}

export type UpdateOrder = "stop_first" | "start_first";
export const UpdateOrderNumber: Readonly<Record<UpdateOrder, number>> = {
  stop_first: 0,
  start_first: 1,
};
function readUpdateOrder(number: number): UpdateOrder {
  switch (number) {
    case 0:
      return "stop_first";
    case 1:
      return "start_first";
    default:
      throw new RangeError(`unknown UpdateOrder ${number} on the wire`);
  }
}

export type FailureAction = "pause" | "continue" | "rollback";
export const FailureActionNumber: Readonly<Record<FailureAction, number>> = {
  pause: 0,
  continue: 1,
  rollback: 2,
};
function readFailureAction(number: number): FailureAction {
  switch (number) {
    case 0:
      return "pause";
    case 1:
      return "continue";
    case 2:
      return "rollback";
    default:
      throw new RangeError(`unknown FailureAction ${number} on the wire`);
  }
}

export interface UpdateConfig {
  /** Slots updated at once; 0 is all. */
  readonly parallelism: number;
  readonly delayMs: number;
  readonly failureAction: FailureAction;
  /** Unset is 5 seconds. */
  readonly monitorMs?: number | undefined;
  readonly maxFailureRatio: number;
  readonly order: UpdateOrder;
}
/** A UpdateConfig with every field that is not given at its zero value. */
export function newUpdateConfig(init: Partial<UpdateConfig> = {}): UpdateConfig {
  return { parallelism: 0, delayMs: 0, failureAction: "pause", maxFailureRatio: 0, order: "stop_first", ...init };
}
export function encodeUpdateConfigInto(m: UpdateConfig, w: Writer): Writer {
  if (m.parallelism !== 0) w.uint32(8).uint64(m.parallelism);
  if (m.delayMs !== 0) w.uint32(16).int64(m.delayMs);
  if (m.failureAction !== "pause") w.uint32(24).int32(FailureActionNumber[m.failureAction]);
  if (m.monitorMs !== undefined) w.uint32(32).int64(m.monitorMs);
  if (m.maxFailureRatio !== 0) w.uint32(41).double(m.maxFailureRatio);
  if (m.order !== "stop_first") w.uint32(48).int32(UpdateOrderNumber[m.order]);
  return w;
}
export function encodeUpdateConfig(m: UpdateConfig): Uint8Array {
  return encodeUpdateConfigInto(m, Writer.create()).finish();
}
export function decodeUpdateConfigFrom(r: Reader, length: number): UpdateConfig {
  const end = r.pos + length;

  const m: Mutable<UpdateConfig> = newUpdateConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.parallelism = toNumber(r.uint64());
        break;
      case 2:
        m.delayMs = toNumber(r.int64());
        break;
      case 3:
        m.failureAction = readFailureAction(r.int32());
        break;
      case 4:
        m.monitorMs = toNumber(r.int64());
        break;
      case 5:
        m.maxFailureRatio = r.double();
        break;
      case 6:
        m.order = readUpdateOrder(r.int32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a UpdateConfig. */
export function decodeUpdateConfig(bytes: Uint8Array): UpdateConfig {
  const r = Reader.create(bytes);
  return decodeUpdateConfigFrom(r, bytes.length);
}

export type EndpointMode = "vip" | "dnsrr";
export const EndpointModeNumber: Readonly<Record<EndpointMode, number>> = {
  vip: 0,
  dnsrr: 1,
};
export function readEndpointMode(number: number): EndpointMode {
  switch (number) {
    case 0:
      return "vip";
    case 1:
      return "dnsrr";
    default:
      throw new RangeError(`unknown EndpointMode ${number} on the wire`);
  }
}

export type PortProtocol = "tcp" | "udp" | "sctp";
export const PortProtocolNumber: Readonly<Record<PortProtocol, number>> = {
  tcp: 0,
  udp: 1,
  sctp: 2,
};
export function readPortProtocol(number: number): PortProtocol {
  switch (number) {
    case 0:
      return "tcp";
    case 1:
      return "udp";
    case 2:
      return "sctp";
    default:
      throw new RangeError(`unknown PortProtocol ${number} on the wire`);
  }
}

export type PublishMode = "ingress" | "host";
export const PublishModeNumber: Readonly<Record<PublishMode, number>> = {
  ingress: 0,
  host: 1,
};
export function readPublishMode(number: number): PublishMode {
  switch (number) {
    case 0:
      return "ingress";
    case 1:
      return "host";
    default:
      throw new RangeError(`unknown PublishMode ${number} on the wire`);
  }
}

export interface PortConfig {
  readonly name: string;
  readonly protocol: PortProtocol;
  readonly targetPort: number;
  /** 0 lets a manager choose. */
  readonly publishedPort: number;
  readonly publishMode: PublishMode;
  /** Only at this address of a node; empty is all of them. */
  readonly hostIp: string;
  /** A node that has ready tasks of the service sends to those only. */
  readonly preferLocal: boolean;
}
/** A PortConfig with every field that is not given at its zero value. */
export function newPortConfig(init: Partial<PortConfig> = {}): PortConfig {
  return { name: "", protocol: "tcp", targetPort: 0, publishedPort: 0, publishMode: "ingress", hostIp: "", preferLocal: false, ...init };
}
export function encodePortConfigInto(m: PortConfig, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  if (m.protocol !== "tcp") w.uint32(16).int32(PortProtocolNumber[m.protocol]);
  if (m.targetPort !== 0) w.uint32(24).uint32(m.targetPort);
  if (m.publishedPort !== 0) w.uint32(32).uint32(m.publishedPort);
  if (m.publishMode !== "ingress") w.uint32(40).int32(PublishModeNumber[m.publishMode]);
  if (m.hostIp !== "") w.uint32(50).string(m.hostIp);
  if (m.preferLocal !== false) w.uint32(56).bool(m.preferLocal);
  return w;
}
export function encodePortConfig(m: PortConfig): Uint8Array {
  return encodePortConfigInto(m, Writer.create()).finish();
}
export function decodePortConfigFrom(r: Reader, length: number): PortConfig {
  const end = r.pos + length;

  const m: Mutable<PortConfig> = newPortConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2:
        m.protocol = readPortProtocol(r.int32());
        break;
      case 3:
        m.targetPort = r.uint32();
        break;
      case 4:
        m.publishedPort = r.uint32();
        break;
      case 5:
        m.publishMode = readPublishMode(r.int32());
        break;
      case 6:
        m.hostIp = r.string();
        break;
      case 7:
        m.preferLocal = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a PortConfig. */
export function decodePortConfig(bytes: Uint8Array): PortConfig {
  const r = Reader.create(bytes);
  return decodePortConfigFrom(r, bytes.length);
}

export interface EndpointSpec {
  readonly mode: EndpointMode;
  readonly ports: readonly PortConfig[];
}
/** A EndpointSpec with every field that is not given at its zero value. */
export function newEndpointSpec(init: Partial<EndpointSpec> = {}): EndpointSpec {
  return { mode: "vip", ports: [], ...init };
}
export function encodeEndpointSpecInto(m: EndpointSpec, w: Writer): Writer {
  if (m.mode !== "vip") w.uint32(8).int32(EndpointModeNumber[m.mode]);
  for (const value of m.ports) encodePortConfigInto(value, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeEndpointSpec(m: EndpointSpec): Uint8Array {
  return encodeEndpointSpecInto(m, Writer.create()).finish();
}
export function decodeEndpointSpecFrom(r: Reader, length: number): EndpointSpec {
  const end = r.pos + length;
  const ports: PortConfig[] = [];
  const m: Mutable<EndpointSpec> = newEndpointSpec({ ports });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.mode = readEndpointMode(r.int32());
        break;
      case 2:
        ports.push(decodePortConfigFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a EndpointSpec. */
export function decodeEndpointSpec(bytes: Uint8Array): EndpointSpec {
  const r = Reader.create(bytes);
  return decodeEndpointSpecFrom(r, bytes.length);
}

export interface ServiceSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taskTemplate?: TaskSpec | undefined;
  readonly mode?:
    | ({ readonly kind: "replicated" } & ReplicatedService)
    | ({ readonly kind: "global" } & GlobalService)
    | undefined;
  readonly updateConfig?: UpdateConfig | undefined;
  readonly rollbackConfig?: UpdateConfig | undefined;
  readonly endpointSpec?: EndpointSpec | undefined;
}
/** A ServiceSpec with every field that is not given at its zero value. */
export function newServiceSpec(init: Partial<ServiceSpec> = {}): ServiceSpec {
  return { name: "", labels: {}, ...init };
}
export function encodeServiceSpecInto(m: ServiceSpec, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.taskTemplate !== undefined) encodeTaskSpecInto(m.taskTemplate, w.uint32(26).fork()).ldelim();
  switch (m.mode?.kind) {
    case "replicated":
      encodeReplicatedServiceInto(m.mode, w.uint32(34).fork()).ldelim();
      break;
    case "global":
      encodeGlobalServiceInto(m.mode, w.uint32(42).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  if (m.updateConfig !== undefined) encodeUpdateConfigInto(m.updateConfig, w.uint32(50).fork()).ldelim();
  if (m.rollbackConfig !== undefined) encodeUpdateConfigInto(m.rollbackConfig, w.uint32(58).fork()).ldelim();
  if (m.endpointSpec !== undefined) encodeEndpointSpecInto(m.endpointSpec, w.uint32(66).fork()).ldelim();
  return w;
}
export function encodeServiceSpec(m: ServiceSpec): Uint8Array {
  return encodeServiceSpecInto(m, Writer.create()).finish();
}
export function decodeServiceSpecFrom(r: Reader, length: number): ServiceSpec {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<ServiceSpec> = newServiceSpec({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        m.taskTemplate = decodeTaskSpecFrom(r, r.uint32());
        break;
      case 4:
        m.mode = { kind: "replicated", ...decodeReplicatedServiceFrom(r, r.uint32()) };
        break;
      case 5:
        m.mode = { kind: "global", ...decodeGlobalServiceFrom(r, r.uint32()) };
        break;
      case 6:
        m.updateConfig = decodeUpdateConfigFrom(r, r.uint32());
        break;
      case 7:
        m.rollbackConfig = decodeUpdateConfigFrom(r, r.uint32());
        break;
      case 8:
        m.endpointSpec = decodeEndpointSpecFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ServiceSpec. */
export function decodeServiceSpec(bytes: Uint8Array): ServiceSpec {
  const r = Reader.create(bytes);
  return decodeServiceSpecFrom(r, bytes.length);
}

export type UpdateState = "updating" | "paused" | "completed" | "rollback_started" | "rollback_paused" | "rollback_completed";
export const UpdateStateNumber: Readonly<Record<UpdateState, number>> = {
  updating: 0,
  paused: 1,
  completed: 2,
  rollback_started: 3,
  rollback_paused: 4,
  rollback_completed: 5,
};
function readUpdateState(number: number): UpdateState {
  switch (number) {
    case 0:
      return "updating";
    case 1:
      return "paused";
    case 2:
      return "completed";
    case 3:
      return "rollback_started";
    case 4:
      return "rollback_paused";
    case 5:
      return "rollback_completed";
    default:
      throw new RangeError(`unknown UpdateState ${number} on the wire`);
  }
}

export interface UpdateStatus {
  readonly state: UpdateState;
  readonly startedAtMs: number;
  readonly completedAtMs: number;
  readonly message: string;
}
/** A UpdateStatus with every field that is not given at its zero value. */
export function newUpdateStatus(init: Partial<UpdateStatus> = {}): UpdateStatus {
  return { state: "updating", startedAtMs: 0, completedAtMs: 0, message: "", ...init };
}
export function encodeUpdateStatusInto(m: UpdateStatus, w: Writer): Writer {
  if (m.state !== "updating") w.uint32(8).int32(UpdateStateNumber[m.state]);
  if (m.startedAtMs !== 0) w.uint32(16).int64(m.startedAtMs);
  if (m.completedAtMs !== 0) w.uint32(24).int64(m.completedAtMs);
  if (m.message !== "") w.uint32(34).string(m.message);
  return w;
}
export function encodeUpdateStatus(m: UpdateStatus): Uint8Array {
  return encodeUpdateStatusInto(m, Writer.create()).finish();
}
export function decodeUpdateStatusFrom(r: Reader, length: number): UpdateStatus {
  const end = r.pos + length;

  const m: Mutable<UpdateStatus> = newUpdateStatus();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.state = readUpdateState(r.int32());
        break;
      case 2:
        m.startedAtMs = toNumber(r.int64());
        break;
      case 3:
        m.completedAtMs = toNumber(r.int64());
        break;
      case 4:
        m.message = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a UpdateStatus. */
export function decodeUpdateStatus(bytes: Uint8Array): UpdateStatus {
  const r = Reader.create(bytes);
  return decodeUpdateStatusFrom(r, bytes.length);
}

export interface VirtualIP {
  readonly networkId: NetworkId;
  /** IP addresses without a prefix length; two when dual stack. */
  readonly addresses: readonly string[];
}
/** A VirtualIP with every field that is not given at its zero value. */
export function newVirtualIP(init: Partial<VirtualIP> = {}): VirtualIP {
  return { networkId: "" as NetworkId, addresses: [], ...init };
}
export function encodeVirtualIPInto(m: VirtualIP, w: Writer): Writer {
  if (m.networkId !== "") w.uint32(10).string(m.networkId);
  for (const value of m.addresses) w.uint32(18).string(value);
  return w;
}
export function encodeVirtualIP(m: VirtualIP): Uint8Array {
  return encodeVirtualIPInto(m, Writer.create()).finish();
}
export function decodeVirtualIPFrom(r: Reader, length: number): VirtualIP {
  const end = r.pos + length;
  const addresses: string[] = [];
  const m: Mutable<VirtualIP> = newVirtualIP({ addresses });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.networkId = (r.string() as NetworkId);
        break;
      case 2:
        addresses.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a VirtualIP. */
export function decodeVirtualIP(bytes: Uint8Array): VirtualIP {
  const r = Reader.create(bytes);
  return decodeVirtualIPFrom(r, bytes.length);
}

/** What a service was given: its spec asks, and this is what it has. */
export interface Endpoint {
  readonly mode: EndpointMode;
  /** As in the spec, every published port chosen; one of mode host may stay 0: each task has its own then. */
  readonly ports: readonly PortConfig[];
  /** One for each network of the service, the ingress network included; empty in mode dnsrr. */
  readonly virtualIps: readonly VirtualIP[];
}
/** A Endpoint with every field that is not given at its zero value. */
export function newEndpoint(init: Partial<Endpoint> = {}): Endpoint {
  return { mode: "vip", ports: [], virtualIps: [], ...init };
}
export function encodeEndpointInto(m: Endpoint, w: Writer): Writer {
  if (m.mode !== "vip") w.uint32(8).int32(EndpointModeNumber[m.mode]);
  for (const value of m.ports) encodePortConfigInto(value, w.uint32(18).fork()).ldelim();
  for (const value of m.virtualIps) encodeVirtualIPInto(value, w.uint32(26).fork()).ldelim();
  return w;
}
export function encodeEndpoint(m: Endpoint): Uint8Array {
  return encodeEndpointInto(m, Writer.create()).finish();
}
export function decodeEndpointFrom(r: Reader, length: number): Endpoint {
  const end = r.pos + length;
  const ports: PortConfig[] = [];
  const virtualIps: VirtualIP[] = [];
  const m: Mutable<Endpoint> = newEndpoint({ ports, virtualIps });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.mode = readEndpointMode(r.int32());
        break;
      case 2:
        ports.push(decodePortConfigFrom(r, r.uint32()));
        break;
      case 3:
        virtualIps.push(decodeVirtualIPFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Endpoint. */
export function decodeEndpoint(bytes: Uint8Array): Endpoint {
  const r = Reader.create(bytes);
  return decodeEndpointFrom(r, bytes.length);
}

export interface Service {
  readonly id: ServiceId;
  readonly meta?: Meta | undefined;
  readonly spec?: ServiceSpec | undefined;
  /** Meta.version of the write that last changed what tasks are made of; Task.spec_version tells which one a task has. */
  readonly specVersion: number;
  readonly previousSpec?: ServiceSpec | undefined;
  readonly previousSpecVersion: number;
  readonly updateStatus?: UpdateStatus | undefined;
  readonly endpoint?: Endpoint | undefined;
}
/** A Service with every field that is not given at its zero value. */
export function newService(init: Partial<Service> = {}): Service {
  return { id: "" as ServiceId, specVersion: 0, previousSpecVersion: 0, ...init };
}
export function encodeServiceInto(m: Service, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.meta !== undefined) encodeMetaInto(m.meta, w.uint32(18).fork()).ldelim();
  if (m.spec !== undefined) encodeServiceSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  if (m.specVersion !== 0) w.uint32(32).uint64(m.specVersion);
  if (m.previousSpec !== undefined) encodeServiceSpecInto(m.previousSpec, w.uint32(42).fork()).ldelim();
  if (m.previousSpecVersion !== 0) w.uint32(48).uint64(m.previousSpecVersion);
  if (m.updateStatus !== undefined) encodeUpdateStatusInto(m.updateStatus, w.uint32(58).fork()).ldelim();
  if (m.endpoint !== undefined) encodeEndpointInto(m.endpoint, w.uint32(66).fork()).ldelim();
  return w;
}
export function encodeService(m: Service): Uint8Array {
  return encodeServiceInto(m, Writer.create()).finish();
}
export function decodeServiceFrom(r: Reader, length: number): Service {
  const end = r.pos + length;

  const m: Mutable<Service> = newService();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as ServiceId);
        break;
      case 2:
        m.meta = decodeMetaFrom(r, r.uint32());
        break;
      case 3:
        m.spec = decodeServiceSpecFrom(r, r.uint32());
        break;
      case 4:
        m.specVersion = toNumber(r.uint64());
        break;
      case 5:
        m.previousSpec = decodeServiceSpecFrom(r, r.uint32());
        break;
      case 6:
        m.previousSpecVersion = toNumber(r.uint64());
        break;
      case 7:
        m.updateStatus = decodeUpdateStatusFrom(r, r.uint32());
        break;
      case 8:
        m.endpoint = decodeEndpointFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Service. */
export function decodeService(bytes: Uint8Array): Service {
  const r = Reader.create(bytes);
  return decodeServiceFrom(r, bytes.length);
}

/** A Lamport clock: a task's observed state only grows. The gaps leave room for states to come. */
export type TaskState = "new" | "pending" | "assigned" | "accepted" | "preparing" | "ready" | "starting" | "running" | "complete" | "shutdown" | "failed" | "rejected" | "remove" | "orphaned";
export const TaskStateNumber: Readonly<Record<TaskState, number>> = {
  new: 0,
  pending: 64,
  assigned: 192,
  accepted: 256,
  preparing: 320,
  ready: 384,
  starting: 448,
  running: 512,
  complete: 576,
  shutdown: 640,
  failed: 704,
  rejected: 768,
  remove: 800,
  orphaned: 832,
};
function readTaskState(number: number): TaskState {
  switch (number) {
    case 0:
      return "new";
    case 64:
      return "pending";
    case 192:
      return "assigned";
    case 256:
      return "accepted";
    case 320:
      return "preparing";
    case 384:
      return "ready";
    case 448:
      return "starting";
    case 512:
      return "running";
    case 576:
      return "complete";
    case 640:
      return "shutdown";
    case 704:
      return "failed";
    case 768:
      return "rejected";
    case 800:
      return "remove";
    case 832:
      return "orphaned";
    default:
      throw new RangeError(`unknown TaskState ${number} on the wire`);
  }
}

export interface ContainerStatus {
  readonly containerId: string;
  readonly pid: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
}
/** A ContainerStatus with every field that is not given at its zero value. */
export function newContainerStatus(init: Partial<ContainerStatus> = {}): ContainerStatus {
  return { containerId: "", pid: 0, exitCode: 0, oomKilled: false, ...init };
}
export function encodeContainerStatusInto(m: ContainerStatus, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  if (m.pid !== 0) w.uint32(16).int32(m.pid);
  if (m.exitCode !== 0) w.uint32(24).int32(m.exitCode);
  if (m.oomKilled !== false) w.uint32(32).bool(m.oomKilled);
  return w;
}
export function encodeContainerStatus(m: ContainerStatus): Uint8Array {
  return encodeContainerStatusInto(m, Writer.create()).finish();
}
export function decodeContainerStatusFrom(r: Reader, length: number): ContainerStatus {
  const end = r.pos + length;

  const m: Mutable<ContainerStatus> = newContainerStatus();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      case 2:
        m.pid = r.int32();
        break;
      case 3:
        m.exitCode = r.int32();
        break;
      case 4:
        m.oomKilled = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContainerStatus. */
export function decodeContainerStatus(bytes: Uint8Array): ContainerStatus {
  const r = Reader.create(bytes);
  return decodeContainerStatusFrom(r, bytes.length);
}

export interface PortStatus {
  /** Ports that the task's service publishes and at which nothing listens in the task yet; published_port may be 0. */
  readonly awaited: readonly PortConfig[];
}
/** A PortStatus with every field that is not given at its zero value. */
export function newPortStatus(init: Partial<PortStatus> = {}): PortStatus {
  return { awaited: [], ...init };
}
export function encodePortStatusInto(m: PortStatus, w: Writer): Writer {
  for (const value of m.awaited) encodePortConfigInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodePortStatus(m: PortStatus): Uint8Array {
  return encodePortStatusInto(m, Writer.create()).finish();
}
export function decodePortStatusFrom(r: Reader, length: number): PortStatus {
  const end = r.pos + length;
  const awaited: PortConfig[] = [];
  const m: Mutable<PortStatus> = newPortStatus({ awaited });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        awaited.push(decodePortConfigFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a PortStatus. */
export function decodePortStatus(bytes: Uint8Array): PortStatus {
  const r = Reader.create(bytes);
  return decodePortStatusFrom(r, bytes.length);
}

export interface TaskStatus {
  /** When the state was observed, by the clock of the observer. */
  readonly timestampMs: number;
  readonly state: TaskState;
  /** What is going on: "started", "preparing". */
  readonly message: string;
  /** What is wrong, in full; empty when nothing is. */
  readonly err: string;
  readonly containerStatus?: ContainerStatus | undefined;
  /** Unset: nothing is awaited. A running task that awaits a port gets no connections yet. */
  readonly portStatus?: PortStatus | undefined;
}
/** A TaskStatus with every field that is not given at its zero value. */
export function newTaskStatus(init: Partial<TaskStatus> = {}): TaskStatus {
  return { timestampMs: 0, state: "new", message: "", err: "", ...init };
}
export function encodeTaskStatusInto(m: TaskStatus, w: Writer): Writer {
  if (m.timestampMs !== 0) w.uint32(8).int64(m.timestampMs);
  if (m.state !== "new") w.uint32(16).int32(TaskStateNumber[m.state]);
  if (m.message !== "") w.uint32(26).string(m.message);
  if (m.err !== "") w.uint32(34).string(m.err);
  if (m.containerStatus !== undefined) encodeContainerStatusInto(m.containerStatus, w.uint32(42).fork()).ldelim();
  if (m.portStatus !== undefined) encodePortStatusInto(m.portStatus, w.uint32(50).fork()).ldelim();
  return w;
}
export function encodeTaskStatus(m: TaskStatus): Uint8Array {
  return encodeTaskStatusInto(m, Writer.create()).finish();
}
export function decodeTaskStatusFrom(r: Reader, length: number): TaskStatus {
  const end = r.pos + length;

  const m: Mutable<TaskStatus> = newTaskStatus();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.timestampMs = toNumber(r.int64());
        break;
      case 2:
        m.state = readTaskState(r.int32());
        break;
      case 3:
        m.message = r.string();
        break;
      case 4:
        m.err = r.string();
        break;
      case 5:
        m.containerStatus = decodeContainerStatusFrom(r, r.uint32());
        break;
      case 6:
        m.portStatus = decodePortStatusFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskStatus. */
export function decodeTaskStatus(bytes: Uint8Array): TaskStatus {
  const r = Reader.create(bytes);
  return decodeTaskStatusFrom(r, bytes.length);
}

export interface Task {
  readonly id: TaskId;
  readonly meta?: Meta | undefined;
  readonly spec?: TaskSpec | undefined;
  readonly specVersion: number;
  readonly serviceId: ServiceId;
  /** Name and labels of the service when the task was made. */
  readonly serviceName: string;
  readonly serviceLabels: Readonly<Record<string, string>>;
  /** 1 to N; 0 for a task of a global service, whose slot is its node. */
  readonly slot: number;
  /** Empty until assigned; a task of a global service has it from birth. */
  readonly nodeId: NodeId;
  readonly status?: TaskStatus | undefined;
  /** ready, running, complete, shutdown or remove */
  readonly desiredState: TaskState;
  /** A task with desired state ready starts (becomes desired running) not before this time by the leader's clock. */
  readonly notBeforeMs: number;
  /** When a manager first stored that the task runs, by the leader's clock; 0 before. An update's monitor counts from here. */
  readonly startedAtMs: number;
  /** In the order of the interfaces eth0, eth1 and so on. Set before the task is `pending`. */
  readonly attachments: readonly NetworkAttachment[];
  /** Its ports in mode host, as its service had them when it was made; every published port is chosen when it is assigned. */
  readonly ports: readonly PortConfig[];
  /** How many tasks of its slot and spec version have failed before it. History keeps a few of them only. */
  readonly failuresBefore: number;
}
/** A Task with every field that is not given at its zero value. */
export function newTask(init: Partial<Task> = {}): Task {
  return { id: "" as TaskId, specVersion: 0, serviceId: "" as ServiceId, serviceName: "", serviceLabels: {}, slot: 0, nodeId: "" as NodeId, desiredState: "new", notBeforeMs: 0, startedAtMs: 0, attachments: [], ports: [], failuresBefore: 0, ...init };
}
export function encodeTaskInto(m: Task, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.meta !== undefined) encodeMetaInto(m.meta, w.uint32(18).fork()).ldelim();
  if (m.spec !== undefined) encodeTaskSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  if (m.specVersion !== 0) w.uint32(32).uint64(m.specVersion);
  if (m.serviceId !== "") w.uint32(42).string(m.serviceId);
  if (m.serviceName !== "") w.uint32(50).string(m.serviceName);
  for (const [key, value] of Object.entries(m.serviceLabels)) {
    w.uint32(58).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.slot !== 0) w.uint32(64).uint64(m.slot);
  if (m.nodeId !== "") w.uint32(74).string(m.nodeId);
  if (m.status !== undefined) encodeTaskStatusInto(m.status, w.uint32(82).fork()).ldelim();
  if (m.desiredState !== "new") w.uint32(88).int32(TaskStateNumber[m.desiredState]);
  if (m.notBeforeMs !== 0) w.uint32(96).int64(m.notBeforeMs);
  if (m.startedAtMs !== 0) w.uint32(104).int64(m.startedAtMs);
  for (const value of m.attachments) encodeNetworkAttachmentInto(value, w.uint32(114).fork()).ldelim();
  for (const value of m.ports) encodePortConfigInto(value, w.uint32(122).fork()).ldelim();
  if (m.failuresBefore !== 0) w.uint32(128).uint64(m.failuresBefore);
  return w;
}
export function encodeTask(m: Task): Uint8Array {
  return encodeTaskInto(m, Writer.create()).finish();
}
export function decodeTaskFrom(r: Reader, length: number): Task {
  const end = r.pos + length;
  const serviceLabels: Record<string, string> = {};
  const attachments: NetworkAttachment[] = [];
  const ports: PortConfig[] = [];
  const m: Mutable<Task> = newTask({ serviceLabels, attachments, ports });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as TaskId);
        break;
      case 2:
        m.meta = decodeMetaFrom(r, r.uint32());
        break;
      case 3:
        m.spec = decodeTaskSpecFrom(r, r.uint32());
        break;
      case 4:
        m.specVersion = toNumber(r.uint64());
        break;
      case 5:
        m.serviceId = (r.string() as ServiceId);
        break;
      case 6:
        m.serviceName = r.string();
        break;
      case 7: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        serviceLabels[key] = value;
        break;
      }
      case 8:
        m.slot = toNumber(r.uint64());
        break;
      case 9:
        m.nodeId = (r.string() as NodeId);
        break;
      case 10:
        m.status = decodeTaskStatusFrom(r, r.uint32());
        break;
      case 11:
        m.desiredState = readTaskState(r.int32());
        break;
      case 12:
        m.notBeforeMs = toNumber(r.int64());
        break;
      case 13:
        m.startedAtMs = toNumber(r.int64());
        break;
      case 14:
        attachments.push(decodeNetworkAttachmentFrom(r, r.uint32()));
        break;
      case 15:
        ports.push(decodePortConfigFrom(r, r.uint32()));
        break;
      case 16:
        m.failuresBefore = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Task. */
export function decodeTask(bytes: Uint8Array): Task {
  const r = Reader.create(bytes);
  return decodeTaskFrom(r, bytes.length);
}

export interface NetworkSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly driver: string;
  readonly driverOpts: Readonly<Record<string, string>>;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ingress: boolean;
  readonly ipv6Enabled: boolean;
  readonly ipam: readonly IPAMConfig[];
}
/** A NetworkSpec with every field that is not given at its zero value. */
export function newNetworkSpec(init: Partial<NetworkSpec> = {}): NetworkSpec {
  return { name: "", labels: {}, driver: "", driverOpts: {}, internal: false, attachable: false, ingress: false, ipv6Enabled: false, ipam: [], ...init };
}
export function encodeNetworkSpecInto(m: NetworkSpec, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.driver !== "") w.uint32(26).string(m.driver);
  for (const [key, value] of Object.entries(m.driverOpts)) {
    w.uint32(34).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.internal !== false) w.uint32(40).bool(m.internal);
  if (m.attachable !== false) w.uint32(48).bool(m.attachable);
  if (m.ingress !== false) w.uint32(56).bool(m.ingress);
  if (m.ipv6Enabled !== false) w.uint32(64).bool(m.ipv6Enabled);
  for (const value of m.ipam) encodeIPAMConfigInto(value, w.uint32(74).fork()).ldelim();
  return w;
}
export function encodeNetworkSpec(m: NetworkSpec): Uint8Array {
  return encodeNetworkSpecInto(m, Writer.create()).finish();
}
export function decodeNetworkSpecFrom(r: Reader, length: number): NetworkSpec {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const driverOpts: Record<string, string> = {};
  const ipam: IPAMConfig[] = [];
  const m: Mutable<NetworkSpec> = newNetworkSpec({ labels, driverOpts, ipam });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        m.driver = r.string();
        break;
      case 4: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        driverOpts[key] = value;
        break;
      }
      case 5:
        m.internal = r.bool();
        break;
      case 6:
        m.attachable = r.bool();
        break;
      case 7:
        m.ingress = r.bool();
        break;
      case 8:
        m.ipv6Enabled = r.bool();
        break;
      case 9:
        ipam.push(decodeIPAMConfigFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkSpec. */
export function decodeNetworkSpec(bytes: Uint8Array): NetworkSpec {
  const r = Reader.create(bytes);
  return decodeNetworkSpecFrom(r, bytes.length);
}

export interface IPAMConfig {
  readonly subnet: string;
  readonly gateway: string;
  readonly ipRange: string;
}
/** A IPAMConfig with every field that is not given at its zero value. */
export function newIPAMConfig(init: Partial<IPAMConfig> = {}): IPAMConfig {
  return { subnet: "", gateway: "", ipRange: "", ...init };
}
export function encodeIPAMConfigInto(m: IPAMConfig, w: Writer): Writer {
  if (m.subnet !== "") w.uint32(10).string(m.subnet);
  if (m.gateway !== "") w.uint32(18).string(m.gateway);
  if (m.ipRange !== "") w.uint32(26).string(m.ipRange);
  return w;
}
export function encodeIPAMConfig(m: IPAMConfig): Uint8Array {
  return encodeIPAMConfigInto(m, Writer.create()).finish();
}
export function decodeIPAMConfigFrom(r: Reader, length: number): IPAMConfig {
  const end = r.pos + length;

  const m: Mutable<IPAMConfig> = newIPAMConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.subnet = r.string();
        break;
      case 2:
        m.gateway = r.string();
        break;
      case 3:
        m.ipRange = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a IPAMConfig. */
export function decodeIPAMConfig(bytes: Uint8Array): IPAMConfig {
  const r = Reader.create(bytes);
  return decodeIPAMConfigFrom(r, bytes.length);
}

export interface Network {
  readonly id: NetworkId;
  readonly meta?: Meta | undefined;
  readonly spec?: NetworkSpec | undefined;
  /** VXLAN network identifier, unique in the cluster, 4097 to 16777215. */
  readonly vni: number;
  /** As in the spec, or chosen from the default address pool; every gateway chosen. */
  readonly ipam: readonly IPAMConfig[];
}
/** A Network with every field that is not given at its zero value. */
export function newNetwork(init: Partial<Network> = {}): Network {
  return { id: "" as NetworkId, vni: 0, ipam: [], ...init };
}
export function encodeNetworkInto(m: Network, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.meta !== undefined) encodeMetaInto(m.meta, w.uint32(18).fork()).ldelim();
  if (m.spec !== undefined) encodeNetworkSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  if (m.vni !== 0) w.uint32(32).uint32(m.vni);
  for (const value of m.ipam) encodeIPAMConfigInto(value, w.uint32(42).fork()).ldelim();
  return w;
}
export function encodeNetwork(m: Network): Uint8Array {
  return encodeNetworkInto(m, Writer.create()).finish();
}
export function decodeNetworkFrom(r: Reader, length: number): Network {
  const end = r.pos + length;
  const ipam: IPAMConfig[] = [];
  const m: Mutable<Network> = newNetwork({ ipam });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as NetworkId);
        break;
      case 2:
        m.meta = decodeMetaFrom(r, r.uint32());
        break;
      case 3:
        m.spec = decodeNetworkSpecFrom(r, r.uint32());
        break;
      case 4:
        m.vni = r.uint32();
        break;
      case 5:
        ipam.push(decodeIPAMConfigFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Network. */
export function decodeNetwork(bytes: Uint8Array): Network {
  const r = Reader.create(bytes);
  return decodeNetworkFrom(r, bytes.length);
}

export interface SecretSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}
/** A SecretSpec with every field that is not given at its zero value. */
export function newSecretSpec(init: Partial<SecretSpec> = {}): SecretSpec {
  return { name: "", labels: {}, data: EMPTY, ...init };
}
export function encodeSecretSpecInto(m: SecretSpec, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.data.length > 0) w.uint32(26).bytes(m.data);
  return w;
}
export function encodeSecretSpec(m: SecretSpec): Uint8Array {
  return encodeSecretSpecInto(m, Writer.create()).finish();
}
export function decodeSecretSpecFrom(r: Reader, length: number): SecretSpec {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<SecretSpec> = newSecretSpec({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        m.data = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SecretSpec. */
export function decodeSecretSpec(bytes: Uint8Array): SecretSpec {
  const r = Reader.create(bytes);
  return decodeSecretSpecFrom(r, bytes.length);
}

export interface Secret {
  readonly id: SecretId;
  readonly meta?: Meta | undefined;
  readonly spec?: SecretSpec | undefined;
}
/** A Secret with every field that is not given at its zero value. */
export function newSecret(init: Partial<Secret> = {}): Secret {
  return { id: "" as SecretId, ...init };
}
export function encodeSecretInto(m: Secret, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.meta !== undefined) encodeMetaInto(m.meta, w.uint32(18).fork()).ldelim();
  if (m.spec !== undefined) encodeSecretSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  return w;
}
export function encodeSecret(m: Secret): Uint8Array {
  return encodeSecretInto(m, Writer.create()).finish();
}
export function decodeSecretFrom(r: Reader, length: number): Secret {
  const end = r.pos + length;

  const m: Mutable<Secret> = newSecret();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as SecretId);
        break;
      case 2:
        m.meta = decodeMetaFrom(r, r.uint32());
        break;
      case 3:
        m.spec = decodeSecretSpecFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Secret. */
export function decodeSecret(bytes: Uint8Array): Secret {
  const r = Reader.create(bytes);
  return decodeSecretFrom(r, bytes.length);
}

export interface ConfigSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}
/** A ConfigSpec with every field that is not given at its zero value. */
export function newConfigSpec(init: Partial<ConfigSpec> = {}): ConfigSpec {
  return { name: "", labels: {}, data: EMPTY, ...init };
}
export function encodeConfigSpecInto(m: ConfigSpec, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.data.length > 0) w.uint32(26).bytes(m.data);
  return w;
}
export function encodeConfigSpec(m: ConfigSpec): Uint8Array {
  return encodeConfigSpecInto(m, Writer.create()).finish();
}
export function decodeConfigSpecFrom(r: Reader, length: number): ConfigSpec {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<ConfigSpec> = newConfigSpec({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        m.data = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ConfigSpec. */
export function decodeConfigSpec(bytes: Uint8Array): ConfigSpec {
  const r = Reader.create(bytes);
  return decodeConfigSpecFrom(r, bytes.length);
}

export interface Config {
  readonly id: ConfigId;
  readonly meta?: Meta | undefined;
  readonly spec?: ConfigSpec | undefined;
}
/** A Config with every field that is not given at its zero value. */
export function newConfig(init: Partial<Config> = {}): Config {
  return { id: "" as ConfigId, ...init };
}
export function encodeConfigInto(m: Config, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.meta !== undefined) encodeMetaInto(m.meta, w.uint32(18).fork()).ldelim();
  if (m.spec !== undefined) encodeConfigSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  return w;
}
export function encodeConfig(m: Config): Uint8Array {
  return encodeConfigInto(m, Writer.create()).finish();
}
export function decodeConfigFrom(r: Reader, length: number): Config {
  const end = r.pos + length;

  const m: Mutable<Config> = newConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as ConfigId);
        break;
      case 2:
        m.meta = decodeMetaFrom(r, r.uint32());
        break;
      case 3:
        m.spec = decodeConfigSpecFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Config. */
export function decodeConfig(bytes: Uint8Array): Config {
  const r = Reader.create(bytes);
  return decodeConfigFrom(r, bytes.length);
}

export interface RaftConfig {
  /** Log entries between snapshots. */
  readonly snapshotInterval: number;
  readonly logEntriesForSlowFollowers: number;
}
/** A RaftConfig with every field that is not given at its zero value. */
export function newRaftConfig(init: Partial<RaftConfig> = {}): RaftConfig {
  return { snapshotInterval: 0, logEntriesForSlowFollowers: 0, ...init };
}
export function encodeRaftConfigInto(m: RaftConfig, w: Writer): Writer {
  if (m.snapshotInterval !== 0) w.uint32(8).uint64(m.snapshotInterval);
  if (m.logEntriesForSlowFollowers !== 0) w.uint32(16).uint64(m.logEntriesForSlowFollowers);
  return w;
}
export function encodeRaftConfig(m: RaftConfig): Uint8Array {
  return encodeRaftConfigInto(m, Writer.create()).finish();
}
export function decodeRaftConfigFrom(r: Reader, length: number): RaftConfig {
  const end = r.pos + length;

  const m: Mutable<RaftConfig> = newRaftConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.snapshotInterval = toNumber(r.uint64());
        break;
      case 2:
        m.logEntriesForSlowFollowers = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftConfig. */
export function decodeRaftConfig(bytes: Uint8Array): RaftConfig {
  const r = Reader.create(bytes);
  return decodeRaftConfigFrom(r, bytes.length);
}

export interface DispatcherConfig {
  readonly heartbeatPeriodMs: number;
  /** Silence after which a node is suspect: it gets no new task. */
  readonly suspectAfterMs: number;
  /** Silence after which a node is down: its tasks are replaced. */
  readonly downAfterMs: number;
}
/** A DispatcherConfig with every field that is not given at its zero value. */
export function newDispatcherConfig(init: Partial<DispatcherConfig> = {}): DispatcherConfig {
  return { heartbeatPeriodMs: 0, suspectAfterMs: 0, downAfterMs: 0, ...init };
}
export function encodeDispatcherConfigInto(m: DispatcherConfig, w: Writer): Writer {
  if (m.heartbeatPeriodMs !== 0) w.uint32(8).int64(m.heartbeatPeriodMs);
  if (m.suspectAfterMs !== 0) w.uint32(16).int64(m.suspectAfterMs);
  if (m.downAfterMs !== 0) w.uint32(24).int64(m.downAfterMs);
  return w;
}
export function encodeDispatcherConfig(m: DispatcherConfig): Uint8Array {
  return encodeDispatcherConfigInto(m, Writer.create()).finish();
}
export function decodeDispatcherConfigFrom(r: Reader, length: number): DispatcherConfig {
  const end = r.pos + length;

  const m: Mutable<DispatcherConfig> = newDispatcherConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.heartbeatPeriodMs = toNumber(r.int64());
        break;
      case 2:
        m.suspectAfterMs = toNumber(r.int64());
        break;
      case 3:
        m.downAfterMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DispatcherConfig. */
export function decodeDispatcherConfig(bytes: Uint8Array): DispatcherConfig {
  const r = Reader.create(bytes);
  return decodeDispatcherConfigFrom(r, bytes.length);
}

export interface CAConfig {
  readonly nodeCertExpiryMs: number;
}
/** A CAConfig with every field that is not given at its zero value. */
export function newCAConfig(init: Partial<CAConfig> = {}): CAConfig {
  return { nodeCertExpiryMs: 0, ...init };
}
export function encodeCAConfigInto(m: CAConfig, w: Writer): Writer {
  if (m.nodeCertExpiryMs !== 0) w.uint32(8).int64(m.nodeCertExpiryMs);
  return w;
}
export function encodeCAConfig(m: CAConfig): Uint8Array {
  return encodeCAConfigInto(m, Writer.create()).finish();
}
export function decodeCAConfigFrom(r: Reader, length: number): CAConfig {
  const end = r.pos + length;

  const m: Mutable<CAConfig> = newCAConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeCertExpiryMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a CAConfig. */
export function decodeCAConfig(bytes: Uint8Array): CAConfig {
  const r = Reader.create(bytes);
  return decodeCAConfigFrom(r, bytes.length);
}

export interface OrchestrationConfig {
  /** Tasks kept per slot; negative keeps all. */
  readonly taskHistoryRetentionLimit: number;
}
/** A OrchestrationConfig with every field that is not given at its zero value. */
export function newOrchestrationConfig(init: Partial<OrchestrationConfig> = {}): OrchestrationConfig {
  return { taskHistoryRetentionLimit: 0, ...init };
}
export function encodeOrchestrationConfigInto(m: OrchestrationConfig, w: Writer): Writer {
  if (m.taskHistoryRetentionLimit !== 0) w.uint32(8).int64(m.taskHistoryRetentionLimit);
  return w;
}
export function encodeOrchestrationConfig(m: OrchestrationConfig): Uint8Array {
  return encodeOrchestrationConfigInto(m, Writer.create()).finish();
}
export function decodeOrchestrationConfigFrom(r: Reader, length: number): OrchestrationConfig {
  const end = r.pos + length;

  const m: Mutable<OrchestrationConfig> = newOrchestrationConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.taskHistoryRetentionLimit = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a OrchestrationConfig. */
export function decodeOrchestrationConfig(bytes: Uint8Array): OrchestrationConfig {
  const r = Reader.create(bytes);
  return decodeOrchestrationConfigFrom(r, bytes.length);
}

export interface ClusterSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly orchestration?: OrchestrationConfig | undefined;
  readonly raft?: RaftConfig | undefined;
  readonly dispatcher?: DispatcherConfig | undefined;
  readonly caConfig?: CAConfig | undefined;
  /** Registries spoken to over plain HTTP: host[:port]. */
  readonly insecureRegistries: readonly string[];
  readonly encryption?: EncryptionConfig | undefined;
  readonly networking?: NetworkingConfig | undefined;
}
/** A ClusterSpec with every field that is not given at its zero value. */
export function newClusterSpec(init: Partial<ClusterSpec> = {}): ClusterSpec {
  return { name: "", labels: {}, insecureRegistries: [], ...init };
}
export function encodeClusterSpecInto(m: ClusterSpec, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.orchestration !== undefined) encodeOrchestrationConfigInto(m.orchestration, w.uint32(26).fork()).ldelim();
  if (m.raft !== undefined) encodeRaftConfigInto(m.raft, w.uint32(34).fork()).ldelim();
  if (m.dispatcher !== undefined) encodeDispatcherConfigInto(m.dispatcher, w.uint32(42).fork()).ldelim();
  if (m.caConfig !== undefined) encodeCAConfigInto(m.caConfig, w.uint32(50).fork()).ldelim();
  for (const value of m.insecureRegistries) w.uint32(58).string(value);
  if (m.encryption !== undefined) encodeEncryptionConfigInto(m.encryption, w.uint32(66).fork()).ldelim();
  if (m.networking !== undefined) encodeNetworkingConfigInto(m.networking, w.uint32(74).fork()).ldelim();
  return w;
}
export function encodeClusterSpec(m: ClusterSpec): Uint8Array {
  return encodeClusterSpecInto(m, Writer.create()).finish();
}
export function decodeClusterSpecFrom(r: Reader, length: number): ClusterSpec {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const insecureRegistries: string[] = [];
  const m: Mutable<ClusterSpec> = newClusterSpec({ labels, insecureRegistries });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: string = "";
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = r.string();
          else r.skipType(t & 7);
        }
        labels[key] = value;
        break;
      }
      case 3:
        m.orchestration = decodeOrchestrationConfigFrom(r, r.uint32());
        break;
      case 4:
        m.raft = decodeRaftConfigFrom(r, r.uint32());
        break;
      case 5:
        m.dispatcher = decodeDispatcherConfigFrom(r, r.uint32());
        break;
      case 6:
        m.caConfig = decodeCAConfigFrom(r, r.uint32());
        break;
      case 7:
        insecureRegistries.push(r.string());
        break;
      case 8:
        m.encryption = decodeEncryptionConfigFrom(r, r.uint32());
        break;
      case 9:
        m.networking = decodeNetworkingConfigFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ClusterSpec. */
export function decodeClusterSpec(bytes: Uint8Array): ClusterSpec {
  const r = Reader.create(bytes);
  return decodeClusterSpecFrom(r, bytes.length);
}

/** Chosen at init; networks that exist keep what they have. */
export interface NetworkingConfig {
  /** Where subnets of new networks come from; empty is 10.0.0.0/8. */
  readonly defaultAddrPool: readonly string[];
  /** Prefix length of an IPv4 subnet from the pool; 0 is 24. */
  readonly subnetSize: number;
  /** UDP port of VXLAN; 0 is 4789. */
  readonly dataPathPort: number;
}
/** A NetworkingConfig with every field that is not given at its zero value. */
export function newNetworkingConfig(init: Partial<NetworkingConfig> = {}): NetworkingConfig {
  return { defaultAddrPool: [], subnetSize: 0, dataPathPort: 0, ...init };
}
export function encodeNetworkingConfigInto(m: NetworkingConfig, w: Writer): Writer {
  for (const value of m.defaultAddrPool) w.uint32(10).string(value);
  if (m.subnetSize !== 0) w.uint32(16).uint32(m.subnetSize);
  if (m.dataPathPort !== 0) w.uint32(24).uint32(m.dataPathPort);
  return w;
}
export function encodeNetworkingConfig(m: NetworkingConfig): Uint8Array {
  return encodeNetworkingConfigInto(m, Writer.create()).finish();
}
export function decodeNetworkingConfigFrom(r: Reader, length: number): NetworkingConfig {
  const end = r.pos + length;
  const defaultAddrPool: string[] = [];
  const m: Mutable<NetworkingConfig> = newNetworkingConfig({ defaultAddrPool });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        defaultAddrPool.push(r.string());
        break;
      case 2:
        m.subnetSize = r.uint32();
        break;
      case 3:
        m.dataPathPort = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkingConfig. */
export function decodeNetworkingConfig(bytes: Uint8Array): NetworkingConfig {
  const r = Reader.create(bytes);
  return decodeNetworkingConfigFrom(r, bytes.length);
}

export interface EncryptionConfig {
  /** Managers seal their keys with the cluster's unlock key: one that restarts must be unlocked. */
  readonly autoLockManagers: boolean;
}
/** A EncryptionConfig with every field that is not given at its zero value. */
export function newEncryptionConfig(init: Partial<EncryptionConfig> = {}): EncryptionConfig {
  return { autoLockManagers: false, ...init };
}
export function encodeEncryptionConfigInto(m: EncryptionConfig, w: Writer): Writer {
  if (m.autoLockManagers !== false) w.uint32(8).bool(m.autoLockManagers);
  return w;
}
export function encodeEncryptionConfig(m: EncryptionConfig): Uint8Array {
  return encodeEncryptionConfigInto(m, Writer.create()).finish();
}
export function decodeEncryptionConfigFrom(r: Reader, length: number): EncryptionConfig {
  const end = r.pos + length;

  const m: Mutable<EncryptionConfig> = newEncryptionConfig();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.autoLockManagers = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a EncryptionConfig. */
export function decodeEncryptionConfig(bytes: Uint8Array): EncryptionConfig {
  const r = Reader.create(bytes);
  return decodeEncryptionConfigFrom(r, bytes.length);
}

export interface JoinTokens {
  readonly worker: string;
  readonly manager: string;
}
/** A JoinTokens with every field that is not given at its zero value. */
export function newJoinTokens(init: Partial<JoinTokens> = {}): JoinTokens {
  return { worker: "", manager: "", ...init };
}
export function encodeJoinTokensInto(m: JoinTokens, w: Writer): Writer {
  if (m.worker !== "") w.uint32(10).string(m.worker);
  if (m.manager !== "") w.uint32(18).string(m.manager);
  return w;
}
export function encodeJoinTokens(m: JoinTokens): Uint8Array {
  return encodeJoinTokensInto(m, Writer.create()).finish();
}
export function decodeJoinTokensFrom(r: Reader, length: number): JoinTokens {
  const end = r.pos + length;

  const m: Mutable<JoinTokens> = newJoinTokens();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.worker = r.string();
        break;
      case 2:
        m.manager = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a JoinTokens. */
export function decodeJoinTokens(bytes: Uint8Array): JoinTokens {
  const r = Reader.create(bytes);
  return decodeJoinTokensFrom(r, bytes.length);
}

export interface RootCA {
  /** PEM. The key never leaves the managers. */
  readonly caKey: Uint8Array;
  readonly caCert: Uint8Array;
  /** sha256 of the root certificate's DER, hex */
  readonly caCertHash: string;
  readonly joinTokens?: JoinTokens | undefined;
  /** While the root is being replaced; certificates are from the new one then. */
  readonly rotation?: RootRotation | undefined;
}
/** A RootCA with every field that is not given at its zero value. */
export function newRootCA(init: Partial<RootCA> = {}): RootCA {
  return { caKey: EMPTY, caCert: EMPTY, caCertHash: "", ...init };
}
export function encodeRootCAInto(m: RootCA, w: Writer): Writer {
  if (m.caKey.length > 0) w.uint32(10).bytes(m.caKey);
  if (m.caCert.length > 0) w.uint32(18).bytes(m.caCert);
  if (m.caCertHash !== "") w.uint32(26).string(m.caCertHash);
  if (m.joinTokens !== undefined) encodeJoinTokensInto(m.joinTokens, w.uint32(34).fork()).ldelim();
  if (m.rotation !== undefined) encodeRootRotationInto(m.rotation, w.uint32(42).fork()).ldelim();
  return w;
}
export function encodeRootCA(m: RootCA): Uint8Array {
  return encodeRootCAInto(m, Writer.create()).finish();
}
export function decodeRootCAFrom(r: Reader, length: number): RootCA {
  const end = r.pos + length;

  const m: Mutable<RootCA> = newRootCA();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.caKey = r.bytes();
        break;
      case 2:
        m.caCert = r.bytes();
        break;
      case 3:
        m.caCertHash = r.string();
        break;
      case 4:
        m.joinTokens = decodeJoinTokensFrom(r, r.uint32());
        break;
      case 5:
        m.rotation = decodeRootRotationFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RootCA. */
export function decodeRootCA(bytes: Uint8Array): RootCA {
  const r = Reader.create(bytes);
  return decodeRootCAFrom(r, bytes.length);
}

export interface RootRotation {
  readonly caKey: Uint8Array;
  readonly caCert: Uint8Array;
  readonly caCertHash: string;
  /** PEM: the new root's name and key, signed by the old root, for those that do not know the new one yet. */
  readonly crossSignedCert: Uint8Array;
  readonly startedAtMs: number;
}
/** A RootRotation with every field that is not given at its zero value. */
export function newRootRotation(init: Partial<RootRotation> = {}): RootRotation {
  return { caKey: EMPTY, caCert: EMPTY, caCertHash: "", crossSignedCert: EMPTY, startedAtMs: 0, ...init };
}
export function encodeRootRotationInto(m: RootRotation, w: Writer): Writer {
  if (m.caKey.length > 0) w.uint32(10).bytes(m.caKey);
  if (m.caCert.length > 0) w.uint32(18).bytes(m.caCert);
  if (m.caCertHash !== "") w.uint32(26).string(m.caCertHash);
  if (m.crossSignedCert.length > 0) w.uint32(34).bytes(m.crossSignedCert);
  if (m.startedAtMs !== 0) w.uint32(40).int64(m.startedAtMs);
  return w;
}
export function encodeRootRotation(m: RootRotation): Uint8Array {
  return encodeRootRotationInto(m, Writer.create()).finish();
}
export function decodeRootRotationFrom(r: Reader, length: number): RootRotation {
  const end = r.pos + length;

  const m: Mutable<RootRotation> = newRootRotation();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.caKey = r.bytes();
        break;
      case 2:
        m.caCert = r.bytes();
        break;
      case 3:
        m.caCertHash = r.string();
        break;
      case 4:
        m.crossSignedCert = r.bytes();
        break;
      case 5:
        m.startedAtMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RootRotation. */
export function decodeRootRotation(bytes: Uint8Array): RootRotation {
  const r = Reader.create(bytes);
  return decodeRootRotationFrom(r, bytes.length);
}

/** A node that was removed: its certificate opens nothing any more. */
export interface BlacklistedCertificate {
  readonly nodeId: NodeId;
  /** When the last certificate it can hold has expired, and the entry with it. */
  readonly expiresAtMs: number;
}
/** A BlacklistedCertificate with every field that is not given at its zero value. */
export function newBlacklistedCertificate(init: Partial<BlacklistedCertificate> = {}): BlacklistedCertificate {
  return { nodeId: "" as NodeId, expiresAtMs: 0, ...init };
}
export function encodeBlacklistedCertificateInto(m: BlacklistedCertificate, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.expiresAtMs !== 0) w.uint32(16).int64(m.expiresAtMs);
  return w;
}
export function encodeBlacklistedCertificate(m: BlacklistedCertificate): Uint8Array {
  return encodeBlacklistedCertificateInto(m, Writer.create()).finish();
}
export function decodeBlacklistedCertificateFrom(r: Reader, length: number): BlacklistedCertificate {
  const end = r.pos + length;

  const m: Mutable<BlacklistedCertificate> = newBlacklistedCertificate();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.expiresAtMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a BlacklistedCertificate. */
export function decodeBlacklistedCertificate(bytes: Uint8Array): BlacklistedCertificate {
  const r = Reader.create(bytes);
  return decodeBlacklistedCertificateFrom(r, bytes.length);
}

export interface Cluster {
  readonly id: ClusterId;
  readonly meta?: Meta | undefined;
  readonly spec?: ClusterSpec | undefined;
  readonly rootCa?: RootCA | undefined;
  readonly blacklistedCertificates: readonly BlacklistedCertificate[];
  /** 32 bytes while the managers lock themselves, else empty. Leaves the managers only as the answer to GetUnlockKey. */
  readonly unlockKey: Uint8Array;
  /** Grows when all nodes are to replace the keys of their tunnels; 0 is 1. */
  readonly networkKeyEpoch: number;
  /** When it did, by the leader's clock; 0: never, or nothing has been encrypted since. */
  readonly networkKeyEpochAtMs: number;
}
/** A Cluster with every field that is not given at its zero value. */
export function newCluster(init: Partial<Cluster> = {}): Cluster {
  return { id: "" as ClusterId, blacklistedCertificates: [], unlockKey: EMPTY, networkKeyEpoch: 0, networkKeyEpochAtMs: 0, ...init };
}
export function encodeClusterInto(m: Cluster, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.meta !== undefined) encodeMetaInto(m.meta, w.uint32(18).fork()).ldelim();
  if (m.spec !== undefined) encodeClusterSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  if (m.rootCa !== undefined) encodeRootCAInto(m.rootCa, w.uint32(34).fork()).ldelim();
  for (const value of m.blacklistedCertificates) encodeBlacklistedCertificateInto(value, w.uint32(42).fork()).ldelim();
  if (m.unlockKey.length > 0) w.uint32(50).bytes(m.unlockKey);
  if (m.networkKeyEpoch !== 0) w.uint32(56).uint64(m.networkKeyEpoch);
  if (m.networkKeyEpochAtMs !== 0) w.uint32(64).int64(m.networkKeyEpochAtMs);
  return w;
}
export function encodeCluster(m: Cluster): Uint8Array {
  return encodeClusterInto(m, Writer.create()).finish();
}
export function decodeClusterFrom(r: Reader, length: number): Cluster {
  const end = r.pos + length;
  const blacklistedCertificates: BlacklistedCertificate[] = [];
  const m: Mutable<Cluster> = newCluster({ blacklistedCertificates });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as ClusterId);
        break;
      case 2:
        m.meta = decodeMetaFrom(r, r.uint32());
        break;
      case 3:
        m.spec = decodeClusterSpecFrom(r, r.uint32());
        break;
      case 4:
        m.rootCa = decodeRootCAFrom(r, r.uint32());
        break;
      case 5:
        blacklistedCertificates.push(decodeBlacklistedCertificateFrom(r, r.uint32()));
        break;
      case 6:
        m.unlockKey = r.bytes();
        break;
      case 7:
        m.networkKeyEpoch = toNumber(r.uint64());
        break;
      case 8:
        m.networkKeyEpochAtMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Cluster. */
export function decodeCluster(bytes: Uint8Array): Cluster {
  const r = Reader.create(bytes);
  return decodeClusterFrom(r, bytes.length);
}

export interface StoreObject {
  readonly object?:
    | ({ readonly kind: "node" } & Node)
    | ({ readonly kind: "service" } & Service)
    | ({ readonly kind: "task" } & Task)
    | ({ readonly kind: "network" } & Network)
    | ({ readonly kind: "secret" } & Secret)
    | ({ readonly kind: "config" } & Config)
    | ({ readonly kind: "cluster" } & Cluster)
    | undefined;
}
/** A StoreObject with every field that is not given at its zero value. */
export function newStoreObject(init: Partial<StoreObject> = {}): StoreObject {
  return { ...init };
}
export function encodeStoreObjectInto(m: StoreObject, w: Writer): Writer {
  switch (m.object?.kind) {
    case "node":
      encodeNodeInto(m.object, w.uint32(10).fork()).ldelim();
      break;
    case "service":
      encodeServiceInto(m.object, w.uint32(18).fork()).ldelim();
      break;
    case "task":
      encodeTaskInto(m.object, w.uint32(26).fork()).ldelim();
      break;
    case "network":
      encodeNetworkInto(m.object, w.uint32(34).fork()).ldelim();
      break;
    case "secret":
      encodeSecretInto(m.object, w.uint32(42).fork()).ldelim();
      break;
    case "config":
      encodeConfigInto(m.object, w.uint32(50).fork()).ldelim();
      break;
    case "cluster":
      encodeClusterInto(m.object, w.uint32(58).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeStoreObject(m: StoreObject): Uint8Array {
  return encodeStoreObjectInto(m, Writer.create()).finish();
}
export function decodeStoreObjectFrom(r: Reader, length: number): StoreObject {
  const end = r.pos + length;

  const m: Mutable<StoreObject> = newStoreObject();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.object = { kind: "node", ...decodeNodeFrom(r, r.uint32()) };
        break;
      case 2:
        m.object = { kind: "service", ...decodeServiceFrom(r, r.uint32()) };
        break;
      case 3:
        m.object = { kind: "task", ...decodeTaskFrom(r, r.uint32()) };
        break;
      case 4:
        m.object = { kind: "network", ...decodeNetworkFrom(r, r.uint32()) };
        break;
      case 5:
        m.object = { kind: "secret", ...decodeSecretFrom(r, r.uint32()) };
        break;
      case 6:
        m.object = { kind: "config", ...decodeConfigFrom(r, r.uint32()) };
        break;
      case 7:
        m.object = { kind: "cluster", ...decodeClusterFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StoreObject. */
export function decodeStoreObject(bytes: Uint8Array): StoreObject {
  const r = Reader.create(bytes);
  return decodeStoreObjectFrom(r, bytes.length);
}

export type Table = "node" | "service" | "task" | "network" | "secret" | "config" | "cluster";
export const TableNumber: Readonly<Record<Table, number>> = {
  node: 0,
  service: 1,
  task: 2,
  network: 3,
  secret: 4,
  config: 5,
  cluster: 6,
};
function readTable(number: number): Table {
  switch (number) {
    case 0:
      return "node";
    case 1:
      return "service";
    case 2:
      return "task";
    case 3:
      return "network";
    case 4:
      return "secret";
    case 5:
      return "config";
    case 6:
      return "cluster";
    default:
      throw new RangeError(`unknown Table ${number} on the wire`);
  }
}

export interface RemovedObject {
  readonly table: Table;
  readonly id: string;
}
/** A RemovedObject with every field that is not given at its zero value. */
export function newRemovedObject(init: Partial<RemovedObject> = {}): RemovedObject {
  return { table: "node", id: "", ...init };
}
export function encodeRemovedObjectInto(m: RemovedObject, w: Writer): Writer {
  if (m.table !== "node") w.uint32(8).int32(TableNumber[m.table]);
  if (m.id !== "") w.uint32(18).string(m.id);
  return w;
}
export function encodeRemovedObject(m: RemovedObject): Uint8Array {
  return encodeRemovedObjectInto(m, Writer.create()).finish();
}
export function decodeRemovedObjectFrom(r: Reader, length: number): RemovedObject {
  const end = r.pos + length;

  const m: Mutable<RemovedObject> = newRemovedObject();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.table = readTable(r.int32());
        break;
      case 2:
        m.id = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RemovedObject. */
export function decodeRemovedObject(bytes: Uint8Array): RemovedObject {
  const r = Reader.create(bytes);
  return decodeRemovedObjectFrom(r, bytes.length);
}

export interface StoreAction {
  readonly action?:
    | ({ readonly kind: "put" } & StoreObject)
    | ({ readonly kind: "remove" } & RemovedObject)
    | undefined;
}
/** A StoreAction with every field that is not given at its zero value. */
export function newStoreAction(init: Partial<StoreAction> = {}): StoreAction {
  return { ...init };
}
export function encodeStoreActionInto(m: StoreAction, w: Writer): Writer {
  switch (m.action?.kind) {
    case "put":
      encodeStoreObjectInto(m.action, w.uint32(10).fork()).ldelim();
      break;
    case "remove":
      encodeRemovedObjectInto(m.action, w.uint32(18).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeStoreAction(m: StoreAction): Uint8Array {
  return encodeStoreActionInto(m, Writer.create()).finish();
}
export function decodeStoreActionFrom(r: Reader, length: number): StoreAction {
  const end = r.pos + length;

  const m: Mutable<StoreAction> = newStoreAction();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.action = { kind: "put", ...decodeStoreObjectFrom(r, r.uint32()) };
        break;
      case 2:
        m.action = { kind: "remove", ...decodeRemovedObjectFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StoreAction. */
export function decodeStoreAction(bytes: Uint8Array): StoreAction {
  const r = Reader.create(bytes);
  return decodeStoreActionFrom(r, bytes.length);
}

/** One transaction: one Raft log entry, applied whole or not at all. */
export interface StoreTransaction {
  /** The store's version after this transaction; every object it puts carries it as Meta.version. */
  readonly version: number;
  readonly actions: readonly StoreAction[];
  /**
   * The term in which the leader made it. Every manager skips a transaction that stands in an entry of another term, or whose
   * version is not the next one: it was made over a state that never came to be.
   */
  readonly term: number;
  /** When the leader made it, by its clock. */
  readonly timeMs: number;
}
/** A StoreTransaction with every field that is not given at its zero value. */
export function newStoreTransaction(init: Partial<StoreTransaction> = {}): StoreTransaction {
  return { version: 0, actions: [], term: 0, timeMs: 0, ...init };
}
export function encodeStoreTransactionInto(m: StoreTransaction, w: Writer): Writer {
  if (m.version !== 0) w.uint32(8).uint64(m.version);
  for (const value of m.actions) encodeStoreActionInto(value, w.uint32(18).fork()).ldelim();
  if (m.term !== 0) w.uint32(24).uint64(m.term);
  if (m.timeMs !== 0) w.uint32(32).int64(m.timeMs);
  return w;
}
export function encodeStoreTransaction(m: StoreTransaction): Uint8Array {
  return encodeStoreTransactionInto(m, Writer.create()).finish();
}
export function decodeStoreTransactionFrom(r: Reader, length: number): StoreTransaction {
  const end = r.pos + length;
  const actions: StoreAction[] = [];
  const m: Mutable<StoreTransaction> = newStoreTransaction({ actions });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.version = toNumber(r.uint64());
        break;
      case 2:
        actions.push(decodeStoreActionFrom(r, r.uint32()));
        break;
      case 3:
        m.term = toNumber(r.uint64());
        break;
      case 4:
        m.timeMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StoreTransaction. */
export function decodeStoreTransaction(bytes: Uint8Array): StoreTransaction {
  const r = Reader.create(bytes);
  return decodeStoreTransactionFrom(r, bytes.length);
}

export interface StoreSnapshot {
  readonly version: number;
  readonly objects: readonly StoreObject[];
}
/** A StoreSnapshot with every field that is not given at its zero value. */
export function newStoreSnapshot(init: Partial<StoreSnapshot> = {}): StoreSnapshot {
  return { version: 0, objects: [], ...init };
}
export function encodeStoreSnapshotInto(m: StoreSnapshot, w: Writer): Writer {
  if (m.version !== 0) w.uint32(8).uint64(m.version);
  for (const value of m.objects) encodeStoreObjectInto(value, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeStoreSnapshot(m: StoreSnapshot): Uint8Array {
  return encodeStoreSnapshotInto(m, Writer.create()).finish();
}
export function decodeStoreSnapshotFrom(r: Reader, length: number): StoreSnapshot {
  const end = r.pos + length;
  const objects: StoreObject[] = [];
  const m: Mutable<StoreSnapshot> = newStoreSnapshot({ objects });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.version = toNumber(r.uint64());
        break;
      case 2:
        objects.push(decodeStoreObjectFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StoreSnapshot. */
export function decodeStoreSnapshot(bytes: Uint8Array): StoreSnapshot {
  const r = Reader.create(bytes);
  return decodeStoreSnapshotFrom(r, bytes.length);
}
