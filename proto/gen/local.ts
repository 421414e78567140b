// Generated from skep/v1/local.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import type { ClusterId, NodeId } from "../../shared/model/ids.ts";
import { decodeNetworkFindingsRequest, decodeNetworkFindingsResponse, encodeNetworkFindingsRequest, encodeNetworkFindingsResponse, type NetworkFindingsRequest, type NetworkFindingsResponse } from "./dispatcher.ts";
import { decodeNetworkSnapshotFrom, encodeNetworkSnapshotInto, type NetworkSnapshot } from "./network.ts";
import { NodeAvailabilityNumber, NodeRoleNumber, decodeClusterSpecFrom, decodeJoinTokensFrom, decodeNodeDescriptionFrom, encodeClusterSpecInto, encodeJoinTokensInto, encodeNodeDescriptionInto, readNodeAvailability, readNodeRole, type ClusterSpec, type JoinTokens, type NodeAvailability, type NodeDescription, type NodeRole } from "./objects.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export interface InitRequest {
  /** host:port, host, or an interface's name; empty chooses the one address there is. */
  readonly advertiseAddr: string;
  readonly listenAddr: string;
  readonly availability: NodeAvailability;
  readonly spec?: ClusterSpec | undefined;
  /** This manager alone goes on with the cluster, from its disk: the other managers are lost for good. */
  readonly forceNewCluster: boolean;
  /** Though a quorum of the managers still answers. */
  readonly force: boolean;
  /** Where this node takes packets of overlay networks: an IP address or an interface's name; empty: as advertised. */
  readonly dataPathAddr: string;
}
/** A InitRequest with every field that is not given at its zero value. */
export function newInitRequest(init: Partial<InitRequest> = {}): InitRequest {
  return { advertiseAddr: "", listenAddr: "", availability: "active", forceNewCluster: false, force: false, dataPathAddr: "", ...init };
}
export function encodeInitRequestInto(m: InitRequest, w: Writer): Writer {
  if (m.advertiseAddr !== "") w.uint32(10).string(m.advertiseAddr);
  if (m.listenAddr !== "") w.uint32(18).string(m.listenAddr);
  if (m.availability !== "active") w.uint32(24).int32(NodeAvailabilityNumber[m.availability]);
  if (m.spec !== undefined) encodeClusterSpecInto(m.spec, w.uint32(34).fork()).ldelim();
  if (m.forceNewCluster !== false) w.uint32(40).bool(m.forceNewCluster);
  if (m.force !== false) w.uint32(48).bool(m.force);
  if (m.dataPathAddr !== "") w.uint32(58).string(m.dataPathAddr);
  return w;
}
export function encodeInitRequest(m: InitRequest): Uint8Array {
  return encodeInitRequestInto(m, Writer.create()).finish();
}
export function decodeInitRequestFrom(r: Reader, length: number): InitRequest {
  const end = r.pos + length;

  const m: Mutable<InitRequest> = newInitRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.advertiseAddr = r.string();
        break;
      case 2:
        m.listenAddr = r.string();
        break;
      case 3:
        m.availability = readNodeAvailability(r.int32());
        break;
      case 4:
        m.spec = decodeClusterSpecFrom(r, r.uint32());
        break;
      case 5:
        m.forceNewCluster = r.bool();
        break;
      case 6:
        m.force = r.bool();
        break;
      case 7:
        m.dataPathAddr = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a InitRequest. */
export function decodeInitRequest(bytes: Uint8Array): InitRequest {
  const r = Reader.create(bytes);
  return decodeInitRequestFrom(r, bytes.length);
}

export interface InitResponse {
  readonly nodeId: NodeId;
  readonly joinTokens?: JoinTokens | undefined;
  /** host:port that others join at */
  readonly addr: string;
  /** What was done beyond making a cluster, in words. */
  readonly notes: readonly string[];
  /** SKEPKEY-1-… when the managers lock themselves. */
  readonly unlockKey: string;
}
/** A InitResponse with every field that is not given at its zero value. */
export function newInitResponse(init: Partial<InitResponse> = {}): InitResponse {
  return { nodeId: "" as NodeId, addr: "", notes: [], unlockKey: "", ...init };
}
export function encodeInitResponseInto(m: InitResponse, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.joinTokens !== undefined) encodeJoinTokensInto(m.joinTokens, w.uint32(18).fork()).ldelim();
  if (m.addr !== "") w.uint32(26).string(m.addr);
  for (const value of m.notes) w.uint32(34).string(value);
  if (m.unlockKey !== "") w.uint32(42).string(m.unlockKey);
  return w;
}
export function encodeInitResponse(m: InitResponse): Uint8Array {
  return encodeInitResponseInto(m, Writer.create()).finish();
}
export function decodeInitResponseFrom(r: Reader, length: number): InitResponse {
  const end = r.pos + length;
  const notes: string[] = [];
  const m: Mutable<InitResponse> = newInitResponse({ notes });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.joinTokens = decodeJoinTokensFrom(r, r.uint32());
        break;
      case 3:
        m.addr = r.string();
        break;
      case 4:
        notes.push(r.string());
        break;
      case 5:
        m.unlockKey = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a InitResponse. */
export function decodeInitResponse(bytes: Uint8Array): InitResponse {
  const r = Reader.create(bytes);
  return decodeInitResponseFrom(r, bytes.length);
}

export interface JoinRequest {
  readonly token: string;
  /** host:port of managers, tried in order */
  readonly remoteAddrs: readonly string[];
  readonly advertiseAddr: string;
  readonly listenAddr: string;
  readonly availability: NodeAvailability;
  /** Where this node takes packets of overlay networks: an IP address or an interface's name; empty: as advertised. */
  readonly dataPathAddr: string;
}
/** A JoinRequest with every field that is not given at its zero value. */
export function newJoinRequest(init: Partial<JoinRequest> = {}): JoinRequest {
  return { token: "", remoteAddrs: [], advertiseAddr: "", listenAddr: "", availability: "active", dataPathAddr: "", ...init };
}
export function encodeJoinRequestInto(m: JoinRequest, w: Writer): Writer {
  if (m.token !== "") w.uint32(10).string(m.token);
  for (const value of m.remoteAddrs) w.uint32(18).string(value);
  if (m.advertiseAddr !== "") w.uint32(26).string(m.advertiseAddr);
  if (m.listenAddr !== "") w.uint32(34).string(m.listenAddr);
  if (m.availability !== "active") w.uint32(40).int32(NodeAvailabilityNumber[m.availability]);
  if (m.dataPathAddr !== "") w.uint32(50).string(m.dataPathAddr);
  return w;
}
export function encodeJoinRequest(m: JoinRequest): Uint8Array {
  return encodeJoinRequestInto(m, Writer.create()).finish();
}
export function decodeJoinRequestFrom(r: Reader, length: number): JoinRequest {
  const end = r.pos + length;
  const remoteAddrs: string[] = [];
  const m: Mutable<JoinRequest> = newJoinRequest({ remoteAddrs });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.token = r.string();
        break;
      case 2:
        remoteAddrs.push(r.string());
        break;
      case 3:
        m.advertiseAddr = r.string();
        break;
      case 4:
        m.listenAddr = r.string();
        break;
      case 5:
        m.availability = readNodeAvailability(r.int32());
        break;
      case 6:
        m.dataPathAddr = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a JoinRequest. */
export function decodeJoinRequest(bytes: Uint8Array): JoinRequest {
  const r = Reader.create(bytes);
  return decodeJoinRequestFrom(r, bytes.length);
}

export interface JoinResponse {
  readonly nodeId: NodeId;
  readonly role: NodeRole;
}
/** A JoinResponse with every field that is not given at its zero value. */
export function newJoinResponse(init: Partial<JoinResponse> = {}): JoinResponse {
  return { nodeId: "" as NodeId, role: "worker", ...init };
}
export function encodeJoinResponseInto(m: JoinResponse, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.role !== "worker") w.uint32(16).int32(NodeRoleNumber[m.role]);
  return w;
}
export function encodeJoinResponse(m: JoinResponse): Uint8Array {
  return encodeJoinResponseInto(m, Writer.create()).finish();
}
export function decodeJoinResponseFrom(r: Reader, length: number): JoinResponse {
  const end = r.pos + length;

  const m: Mutable<JoinResponse> = newJoinResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.role = readNodeRole(r.int32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a JoinResponse. */
export function decodeJoinResponse(bytes: Uint8Array): JoinResponse {
  const r = Reader.create(bytes);
  return decodeJoinResponseFrom(r, bytes.length);
}

export interface RestoreOptions {
  /** host:port, host, or an interface's name; empty chooses the one address there is. */
  readonly advertiseAddr: string;
  readonly listenAddr: string;
}
/** A RestoreOptions with every field that is not given at its zero value. */
export function newRestoreOptions(init: Partial<RestoreOptions> = {}): RestoreOptions {
  return { advertiseAddr: "", listenAddr: "", ...init };
}
export function encodeRestoreOptionsInto(m: RestoreOptions, w: Writer): Writer {
  if (m.advertiseAddr !== "") w.uint32(10).string(m.advertiseAddr);
  if (m.listenAddr !== "") w.uint32(18).string(m.listenAddr);
  return w;
}
export function encodeRestoreOptions(m: RestoreOptions): Uint8Array {
  return encodeRestoreOptionsInto(m, Writer.create()).finish();
}
export function decodeRestoreOptionsFrom(r: Reader, length: number): RestoreOptions {
  const end = r.pos + length;

  const m: Mutable<RestoreOptions> = newRestoreOptions();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.advertiseAddr = r.string();
        break;
      case 2:
        m.listenAddr = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RestoreOptions. */
export function decodeRestoreOptions(bytes: Uint8Array): RestoreOptions {
  const r = Reader.create(bytes);
  return decodeRestoreOptionsFrom(r, bytes.length);
}

/** The first one carries the options, the others the backup file. */
export interface RestoreRequest {
  readonly options?: RestoreOptions | undefined;
  readonly data: Uint8Array;
}
/** A RestoreRequest with every field that is not given at its zero value. */
export function newRestoreRequest(init: Partial<RestoreRequest> = {}): RestoreRequest {
  return { data: EMPTY, ...init };
}
export function encodeRestoreRequestInto(m: RestoreRequest, w: Writer): Writer {
  if (m.options !== undefined) encodeRestoreOptionsInto(m.options, w.uint32(10).fork()).ldelim();
  if (m.data.length > 0) w.uint32(18).bytes(m.data);
  return w;
}
export function encodeRestoreRequest(m: RestoreRequest): Uint8Array {
  return encodeRestoreRequestInto(m, Writer.create()).finish();
}
export function decodeRestoreRequestFrom(r: Reader, length: number): RestoreRequest {
  const end = r.pos + length;

  const m: Mutable<RestoreRequest> = newRestoreRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.options = decodeRestoreOptionsFrom(r, r.uint32());
        break;
      case 2:
        m.data = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RestoreRequest. */
export function decodeRestoreRequest(bytes: Uint8Array): RestoreRequest {
  const r = Reader.create(bytes);
  return decodeRestoreRequestFrom(r, bytes.length);
}

export interface RestoreResponse {
  readonly nodeId: NodeId;
  readonly clusterId: ClusterId;
  /** host:port that others join at */
  readonly addr: string;
  /** What was restored and what became of the other nodes, in words. */
  readonly notes: readonly string[];
}
/** A RestoreResponse with every field that is not given at its zero value. */
export function newRestoreResponse(init: Partial<RestoreResponse> = {}): RestoreResponse {
  return { nodeId: "" as NodeId, clusterId: "" as ClusterId, addr: "", notes: [], ...init };
}
export function encodeRestoreResponseInto(m: RestoreResponse, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.clusterId !== "") w.uint32(18).string(m.clusterId);
  if (m.addr !== "") w.uint32(26).string(m.addr);
  for (const value of m.notes) w.uint32(34).string(value);
  return w;
}
export function encodeRestoreResponse(m: RestoreResponse): Uint8Array {
  return encodeRestoreResponseInto(m, Writer.create()).finish();
}
export function decodeRestoreResponseFrom(r: Reader, length: number): RestoreResponse {
  const end = r.pos + length;
  const notes: string[] = [];
  const m: Mutable<RestoreResponse> = newRestoreResponse({ notes });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.clusterId = (r.string() as ClusterId);
        break;
      case 3:
        m.addr = r.string();
        break;
      case 4:
        notes.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RestoreResponse. */
export function decodeRestoreResponse(bytes: Uint8Array): RestoreResponse {
  const r = Reader.create(bytes);
  return decodeRestoreResponseFrom(r, bytes.length);
}

export interface LeaveRequest {
  readonly force: boolean;
}
/** A LeaveRequest with every field that is not given at its zero value. */
export function newLeaveRequest(init: Partial<LeaveRequest> = {}): LeaveRequest {
  return { force: false, ...init };
}
export function encodeLeaveRequestInto(m: LeaveRequest, w: Writer): Writer {
  if (m.force !== false) w.uint32(8).bool(m.force);
  return w;
}
export function encodeLeaveRequest(m: LeaveRequest): Uint8Array {
  return encodeLeaveRequestInto(m, Writer.create()).finish();
}
export function decodeLeaveRequestFrom(r: Reader, length: number): LeaveRequest {
  const end = r.pos + length;

  const m: Mutable<LeaveRequest> = newLeaveRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.force = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaveRequest. */
export function decodeLeaveRequest(bytes: Uint8Array): LeaveRequest {
  const r = Reader.create(bytes);
  return decodeLeaveRequestFrom(r, bytes.length);
}

export interface LeaveResponse {

}
/** A LeaveResponse with every field that is not given at its zero value. */
export function newLeaveResponse(init: Partial<LeaveResponse> = {}): LeaveResponse {
  return { ...init };
}
export function encodeLeaveResponseInto(_m: LeaveResponse, w: Writer): Writer {

  return w;
}
export function encodeLeaveResponse(m: LeaveResponse): Uint8Array {
  return encodeLeaveResponseInto(m, Writer.create()).finish();
}
export function decodeLeaveResponseFrom(r: Reader, length: number): LeaveResponse {
  const end = r.pos + length;

  const m: Mutable<LeaveResponse> = newLeaveResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaveResponse. */
export function decodeLeaveResponse(bytes: Uint8Array): LeaveResponse {
  const r = Reader.create(bytes);
  return decodeLeaveResponseFrom(r, bytes.length);
}

export interface UnlockRequest {
  /** SKEPKEY-1-… */
  readonly unlockKey: string;
}
/** A UnlockRequest with every field that is not given at its zero value. */
export function newUnlockRequest(init: Partial<UnlockRequest> = {}): UnlockRequest {
  return { unlockKey: "", ...init };
}
export function encodeUnlockRequestInto(m: UnlockRequest, w: Writer): Writer {
  if (m.unlockKey !== "") w.uint32(10).string(m.unlockKey);
  return w;
}
export function encodeUnlockRequest(m: UnlockRequest): Uint8Array {
  return encodeUnlockRequestInto(m, Writer.create()).finish();
}
export function decodeUnlockRequestFrom(r: Reader, length: number): UnlockRequest {
  const end = r.pos + length;

  const m: Mutable<UnlockRequest> = newUnlockRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.unlockKey = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a UnlockRequest. */
export function decodeUnlockRequest(bytes: Uint8Array): UnlockRequest {
  const r = Reader.create(bytes);
  return decodeUnlockRequestFrom(r, bytes.length);
}

export interface UnlockResponse {

}
/** A UnlockResponse with every field that is not given at its zero value. */
export function newUnlockResponse(init: Partial<UnlockResponse> = {}): UnlockResponse {
  return { ...init };
}
export function encodeUnlockResponseInto(_m: UnlockResponse, w: Writer): Writer {

  return w;
}
export function encodeUnlockResponse(m: UnlockResponse): Uint8Array {
  return encodeUnlockResponseInto(m, Writer.create()).finish();
}
export function decodeUnlockResponseFrom(r: Reader, length: number): UnlockResponse {
  const end = r.pos + length;

  const m: Mutable<UnlockResponse> = newUnlockResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a UnlockResponse. */
export function decodeUnlockResponse(bytes: Uint8Array): UnlockResponse {
  const r = Reader.create(bytes);
  return decodeUnlockResponseFrom(r, bytes.length);
}

export interface InfoRequest {

}
/** A InfoRequest with every field that is not given at its zero value. */
export function newInfoRequest(init: Partial<InfoRequest> = {}): InfoRequest {
  return { ...init };
}
export function encodeInfoRequestInto(_m: InfoRequest, w: Writer): Writer {

  return w;
}
export function encodeInfoRequest(m: InfoRequest): Uint8Array {
  return encodeInfoRequestInto(m, Writer.create()).finish();
}
export function decodeInfoRequestFrom(r: Reader, length: number): InfoRequest {
  const end = r.pos + length;

  const m: Mutable<InfoRequest> = newInfoRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a InfoRequest. */
export function decodeInfoRequest(bytes: Uint8Array): InfoRequest {
  const r = Reader.create(bytes);
  return decodeInfoRequestFrom(r, bytes.length);
}

export type LocalNodeState = "inactive" | "pending" | "active" | "error" | "locked";
export const LocalNodeStateNumber: Readonly<Record<LocalNodeState, number>> = {
  inactive: 0,
  pending: 1,
  active: 2,
  error: 3,
  locked: 4,
};
function readLocalNodeState(number: number): LocalNodeState {
  switch (number) {
    case 0:
      return "inactive";
    case 1:
      return "pending";
    case 2:
      return "active";
    case 3:
      return "error";
    case 4:
      return "locked";
    default:
      throw new RangeError(`unknown LocalNodeState ${number} on the wire`);
  }
}

export interface InfoResponse {
  readonly version: string;
  readonly localNodeState: LocalNodeState;
  readonly nodeId: NodeId;
  readonly nodeAddr: string;
  readonly controlAvailable: boolean;
  readonly error: string;
  readonly clusterId: ClusterId;
  readonly description?: NodeDescription | undefined;
  readonly managers: readonly string[];
  readonly tasksRunning: number;
  readonly startedAtMs: number;
  readonly rssBytes: number;
  readonly dataDir: string;
  readonly certificateExpiresAtMs: number;
}
/** A InfoResponse with every field that is not given at its zero value. */
export function newInfoResponse(init: Partial<InfoResponse> = {}): InfoResponse {
  return { version: "", localNodeState: "inactive", nodeId: "" as NodeId, nodeAddr: "", controlAvailable: false, error: "", clusterId: "" as ClusterId, managers: [], tasksRunning: 0, startedAtMs: 0, rssBytes: 0, dataDir: "", certificateExpiresAtMs: 0, ...init };
}
export function encodeInfoResponseInto(m: InfoResponse, w: Writer): Writer {
  if (m.version !== "") w.uint32(10).string(m.version);
  if (m.localNodeState !== "inactive") w.uint32(16).int32(LocalNodeStateNumber[m.localNodeState]);
  if (m.nodeId !== "") w.uint32(26).string(m.nodeId);
  if (m.nodeAddr !== "") w.uint32(34).string(m.nodeAddr);
  if (m.controlAvailable !== false) w.uint32(40).bool(m.controlAvailable);
  if (m.error !== "") w.uint32(50).string(m.error);
  if (m.clusterId !== "") w.uint32(58).string(m.clusterId);
  if (m.description !== undefined) encodeNodeDescriptionInto(m.description, w.uint32(66).fork()).ldelim();
  for (const value of m.managers) w.uint32(74).string(value);
  if (m.tasksRunning !== 0) w.uint32(80).int64(m.tasksRunning);
  if (m.startedAtMs !== 0) w.uint32(88).int64(m.startedAtMs);
  if (m.rssBytes !== 0) w.uint32(96).int64(m.rssBytes);
  if (m.dataDir !== "") w.uint32(106).string(m.dataDir);
  if (m.certificateExpiresAtMs !== 0) w.uint32(112).int64(m.certificateExpiresAtMs);
  return w;
}
export function encodeInfoResponse(m: InfoResponse): Uint8Array {
  return encodeInfoResponseInto(m, Writer.create()).finish();
}
export function decodeInfoResponseFrom(r: Reader, length: number): InfoResponse {
  const end = r.pos + length;
  const managers: string[] = [];
  const m: Mutable<InfoResponse> = newInfoResponse({ managers });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.version = r.string();
        break;
      case 2:
        m.localNodeState = readLocalNodeState(r.int32());
        break;
      case 3:
        m.nodeId = (r.string() as NodeId);
        break;
      case 4:
        m.nodeAddr = r.string();
        break;
      case 5:
        m.controlAvailable = r.bool();
        break;
      case 6:
        m.error = r.string();
        break;
      case 7:
        m.clusterId = (r.string() as ClusterId);
        break;
      case 8:
        m.description = decodeNodeDescriptionFrom(r, r.uint32());
        break;
      case 9:
        managers.push(r.string());
        break;
      case 10:
        m.tasksRunning = toNumber(r.int64());
        break;
      case 11:
        m.startedAtMs = toNumber(r.int64());
        break;
      case 12:
        m.rssBytes = toNumber(r.int64());
        break;
      case 13:
        m.dataDir = r.string();
        break;
      case 14:
        m.certificateExpiresAtMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a InfoResponse. */
export function decodeInfoResponse(bytes: Uint8Array): InfoResponse {
  const r = Reader.create(bytes);
  return decodeInfoResponseFrom(r, bytes.length);
}

export interface LoadImageChunk {
  readonly data: Uint8Array;
}
/** A LoadImageChunk with every field that is not given at its zero value. */
export function newLoadImageChunk(init: Partial<LoadImageChunk> = {}): LoadImageChunk {
  return { data: EMPTY, ...init };
}
export function encodeLoadImageChunkInto(m: LoadImageChunk, w: Writer): Writer {
  if (m.data.length > 0) w.uint32(10).bytes(m.data);
  return w;
}
export function encodeLoadImageChunk(m: LoadImageChunk): Uint8Array {
  return encodeLoadImageChunkInto(m, Writer.create()).finish();
}
export function decodeLoadImageChunkFrom(r: Reader, length: number): LoadImageChunk {
  const end = r.pos + length;

  const m: Mutable<LoadImageChunk> = newLoadImageChunk();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.data = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LoadImageChunk. */
export function decodeLoadImageChunk(bytes: Uint8Array): LoadImageChunk {
  const r = Reader.create(bytes);
  return decodeLoadImageChunkFrom(r, bytes.length);
}

export interface LoadImageResponse {
  readonly names: readonly string[];
}
/** A LoadImageResponse with every field that is not given at its zero value. */
export function newLoadImageResponse(init: Partial<LoadImageResponse> = {}): LoadImageResponse {
  return { names: [], ...init };
}
export function encodeLoadImageResponseInto(m: LoadImageResponse, w: Writer): Writer {
  for (const value of m.names) w.uint32(10).string(value);
  return w;
}
export function encodeLoadImageResponse(m: LoadImageResponse): Uint8Array {
  return encodeLoadImageResponseInto(m, Writer.create()).finish();
}
export function decodeLoadImageResponseFrom(r: Reader, length: number): LoadImageResponse {
  const end = r.pos + length;
  const names: string[] = [];
  const m: Mutable<LoadImageResponse> = newLoadImageResponse({ names });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        names.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LoadImageResponse. */
export function decodeLoadImageResponse(bytes: Uint8Array): LoadImageResponse {
  const r = Reader.create(bytes);
  return decodeLoadImageResponseFrom(r, bytes.length);
}

export interface NetworkStateRequest {

}
/** A NetworkStateRequest with every field that is not given at its zero value. */
export function newNetworkStateRequest(init: Partial<NetworkStateRequest> = {}): NetworkStateRequest {
  return { ...init };
}
export function encodeNetworkStateRequestInto(_m: NetworkStateRequest, w: Writer): Writer {

  return w;
}
export function encodeNetworkStateRequest(m: NetworkStateRequest): Uint8Array {
  return encodeNetworkStateRequestInto(m, Writer.create()).finish();
}
export function decodeNetworkStateRequestFrom(r: Reader, length: number): NetworkStateRequest {
  const end = r.pos + length;

  const m: Mutable<NetworkStateRequest> = newNetworkStateRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkStateRequest. */
export function decodeNetworkStateRequest(bytes: Uint8Array): NetworkStateRequest {
  const r = Reader.create(bytes);
  return decodeNetworkStateRequestFrom(r, bytes.length);
}

/** The networks as this node was told, and what its kernel has otherwise, in words. */
export interface NetworkStateResponse {
  readonly nodeId: NodeId;
  readonly networks: readonly NetworkSnapshot[];
  readonly differences: readonly string[];
}
/** A NetworkStateResponse with every field that is not given at its zero value. */
export function newNetworkStateResponse(init: Partial<NetworkStateResponse> = {}): NetworkStateResponse {
  return { nodeId: "" as NodeId, networks: [], differences: [], ...init };
}
export function encodeNetworkStateResponseInto(m: NetworkStateResponse, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  for (const value of m.networks) encodeNetworkSnapshotInto(value, w.uint32(18).fork()).ldelim();
  for (const value of m.differences) w.uint32(26).string(value);
  return w;
}
export function encodeNetworkStateResponse(m: NetworkStateResponse): Uint8Array {
  return encodeNetworkStateResponseInto(m, Writer.create()).finish();
}
export function decodeNetworkStateResponseFrom(r: Reader, length: number): NetworkStateResponse {
  const end = r.pos + length;
  const networks: NetworkSnapshot[] = [];
  const differences: string[] = [];
  const m: Mutable<NetworkStateResponse> = newNetworkStateResponse({ networks, differences });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        networks.push(decodeNetworkSnapshotFrom(r, r.uint32()));
        break;
      case 3:
        differences.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkStateResponse. */
export function decodeNetworkStateResponse(bytes: Uint8Array): NetworkStateResponse {
  const r = Reader.create(bytes);
  return decodeNetworkStateResponseFrom(r, bytes.length);
}

export const LocalService = {
  info: {
    path: "/skep.v1.Local/Info",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: InfoRequest): Buffer => asBuffer(encodeInfoRequest(m)),
    requestDeserialize: (b: Buffer): InfoRequest => decodeBounded(decodeInfoRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: InfoResponse): Buffer => asBuffer(encodeInfoResponse(m)),
    responseDeserialize: decodeInfoResponse as (b: Buffer) => InfoResponse,
  },
  init: {
    path: "/skep.v1.Local/Init",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: InitRequest): Buffer => asBuffer(encodeInitRequest(m)),
    requestDeserialize: (b: Buffer): InitRequest => decodeBounded(decodeInitRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: InitResponse): Buffer => asBuffer(encodeInitResponse(m)),
    responseDeserialize: decodeInitResponse as (b: Buffer) => InitResponse,
  },
  join: {
    path: "/skep.v1.Local/Join",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: JoinRequest): Buffer => asBuffer(encodeJoinRequest(m)),
    requestDeserialize: (b: Buffer): JoinRequest => decodeBounded(decodeJoinRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: JoinResponse): Buffer => asBuffer(encodeJoinResponse(m)),
    responseDeserialize: decodeJoinResponse as (b: Buffer) => JoinResponse,
  },
  /** A host in no cluster takes up the cluster of a backup file, as its only manager. */
  restore: {
    path: "/skep.v1.Local/Restore",
    requestStream: true,
    responseStream: false,
    requestSerialize: (m: RestoreRequest): Buffer => asBuffer(encodeRestoreRequest(m)),
    requestDeserialize: (b: Buffer): RestoreRequest => decodeBounded(decodeRestoreRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: RestoreResponse): Buffer => asBuffer(encodeRestoreResponse(m)),
    responseDeserialize: decodeRestoreResponse as (b: Buffer) => RestoreResponse,
  },
  leave: {
    path: "/skep.v1.Local/Leave",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: LeaveRequest): Buffer => asBuffer(encodeLeaveRequest(m)),
    requestDeserialize: (b: Buffer): LeaveRequest => decodeBounded(decodeLeaveRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LeaveResponse): Buffer => asBuffer(encodeLeaveResponse(m)),
    responseDeserialize: decodeLeaveResponse as (b: Buffer) => LeaveResponse,
  },
  /** A locked manager takes up its work. */
  unlock: {
    path: "/skep.v1.Local/Unlock",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: UnlockRequest): Buffer => asBuffer(encodeUnlockRequest(m)),
    requestDeserialize: (b: Buffer): UnlockRequest => decodeBounded(decodeUnlockRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: UnlockResponse): Buffer => asBuffer(encodeUnlockResponse(m)),
    responseDeserialize: decodeUnlockResponse as (b: Buffer) => UnlockResponse,
  },
  /** A docker-save or OCI archive, in chunks. */
  loadImage: {
    path: "/skep.v1.Local/LoadImage",
    requestStream: true,
    responseStream: false,
    requestSerialize: (m: LoadImageChunk): Buffer => asBuffer(encodeLoadImageChunk(m)),
    requestDeserialize: (b: Buffer): LoadImageChunk => decodeBounded(decodeLoadImageChunk, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LoadImageResponse): Buffer => asBuffer(encodeLoadImageResponse(m)),
    responseDeserialize: decodeLoadImageResponse as (b: Buffer) => LoadImageResponse,
  },
  /** Reads the whole of the node's network from the kernel, and changes nothing. */
  networkState: {
    path: "/skep.v1.Local/NetworkState",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: NetworkStateRequest): Buffer => asBuffer(encodeNetworkStateRequest(m)),
    requestDeserialize: (b: Buffer): NetworkStateRequest => decodeBounded(decodeNetworkStateRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: NetworkStateResponse): Buffer => asBuffer(encodeNetworkStateResponse(m)),
    responseDeserialize: decodeNetworkStateResponse as (b: Buffer) => NetworkStateResponse,
  },
  /** As the leader tells it: waits until the check of this node's network is over, but not long. */
  networkFindings: {
    path: "/skep.v1.Local/NetworkFindings",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: NetworkFindingsRequest): Buffer => asBuffer(encodeNetworkFindingsRequest(m)),
    requestDeserialize: (b: Buffer): NetworkFindingsRequest => decodeBounded(decodeNetworkFindingsRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: NetworkFindingsResponse): Buffer => asBuffer(encodeNetworkFindingsResponse(m)),
    responseDeserialize: decodeNetworkFindingsResponse as (b: Buffer) => NetworkFindingsResponse,
  },
} as const;
