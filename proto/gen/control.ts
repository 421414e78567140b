// Generated from skep/v1/control.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import type { NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { EndpointStateNumber, readEndpointState, type EndpointState } from "./network.ts";
import { NodeRoleNumber, ReachabilityNumber, decodeCluster, decodeClusterFrom, decodeClusterSpecFrom, decodeNetwork, decodeNetworkFrom, decodeNetworkSpecFrom, decodeNode, decodeNodeFrom, decodeNodeSpecFrom, decodePortConfigFrom, decodeServiceFrom, decodeServiceSpecFrom, decodeTask, decodeTaskFrom, encodeCluster, encodeClusterInto, encodeClusterSpecInto, encodeNetwork, encodeNetworkInto, encodeNetworkSpecInto, encodeNode, encodeNodeInto, encodeNodeSpecInto, encodePortConfigInto, encodeServiceInto, encodeServiceSpecInto, encodeTask, encodeTaskInto, readNodeRole, readReachability, type Cluster, type ClusterSpec, type Network, type NetworkSpec, type Node, type NodeRole, type NodeSpec, type PortConfig, type Reachability, type Service, type ServiceSpec, type Task } from "./objects.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
/** key=value pairs, grouped by key; values of one key are alternatives, keys must all match. */
export interface Filter {
  readonly key: string;
  readonly values: readonly string[];
}
/** A Filter with every field that is not given at its zero value. */
export function newFilter(init: Partial<Filter> = {}): Filter {
  return { key: "", values: [], ...init };
}
export function encodeFilterInto(m: Filter, w: Writer): Writer {
  if (m.key !== "") w.uint32(10).string(m.key);
  for (const value of m.values) w.uint32(18).string(value);
  return w;
}
export function encodeFilter(m: Filter): Uint8Array {
  return encodeFilterInto(m, Writer.create()).finish();
}
export function decodeFilterFrom(r: Reader, length: number): Filter {
  const end = r.pos + length;
  const values: string[] = [];
  const m: Mutable<Filter> = newFilter({ values });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.key = r.string();
        break;
      case 2:
        values.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Filter. */
export function decodeFilter(bytes: Uint8Array): Filter {
  const r = Reader.create(bytes);
  return decodeFilterFrom(r, bytes.length);
}

export interface ListRequest {
  readonly filters: readonly Filter[];
}
/** A ListRequest with every field that is not given at its zero value. */
export function newListRequest(init: Partial<ListRequest> = {}): ListRequest {
  return { filters: [], ...init };
}
export function encodeListRequestInto(m: ListRequest, w: Writer): Writer {
  for (const value of m.filters) encodeFilterInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeListRequest(m: ListRequest): Uint8Array {
  return encodeListRequestInto(m, Writer.create()).finish();
}
export function decodeListRequestFrom(r: Reader, length: number): ListRequest {
  const end = r.pos + length;
  const filters: Filter[] = [];
  const m: Mutable<ListRequest> = newListRequest({ filters });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        filters.push(decodeFilterFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListRequest. */
export function decodeListRequest(bytes: Uint8Array): ListRequest {
  const r = Reader.create(bytes);
  return decodeListRequestFrom(r, bytes.length);
}

export interface ObjectRequest {
  readonly ref: string;
}
/** A ObjectRequest with every field that is not given at its zero value. */
export function newObjectRequest(init: Partial<ObjectRequest> = {}): ObjectRequest {
  return { ref: "", ...init };
}
export function encodeObjectRequestInto(m: ObjectRequest, w: Writer): Writer {
  if (m.ref !== "") w.uint32(10).string(m.ref);
  return w;
}
export function encodeObjectRequest(m: ObjectRequest): Uint8Array {
  return encodeObjectRequestInto(m, Writer.create()).finish();
}
export function decodeObjectRequestFrom(r: Reader, length: number): ObjectRequest {
  const end = r.pos + length;

  const m: Mutable<ObjectRequest> = newObjectRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.ref = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ObjectRequest. */
export function decodeObjectRequest(bytes: Uint8Array): ObjectRequest {
  const r = Reader.create(bytes);
  return decodeObjectRequestFrom(r, bytes.length);
}

export interface RemoveRequest {
  readonly ref: string;
  readonly force: boolean;
}
/** A RemoveRequest with every field that is not given at its zero value. */
export function newRemoveRequest(init: Partial<RemoveRequest> = {}): RemoveRequest {
  return { ref: "", force: false, ...init };
}
export function encodeRemoveRequestInto(m: RemoveRequest, w: Writer): Writer {
  if (m.ref !== "") w.uint32(10).string(m.ref);
  if (m.force !== false) w.uint32(16).bool(m.force);
  return w;
}
export function encodeRemoveRequest(m: RemoveRequest): Uint8Array {
  return encodeRemoveRequestInto(m, Writer.create()).finish();
}
export function decodeRemoveRequestFrom(r: Reader, length: number): RemoveRequest {
  const end = r.pos + length;

  const m: Mutable<RemoveRequest> = newRemoveRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.ref = r.string();
        break;
      case 2:
        m.force = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RemoveRequest. */
export function decodeRemoveRequest(bytes: Uint8Array): RemoveRequest {
  const r = Reader.create(bytes);
  return decodeRemoveRequestFrom(r, bytes.length);
}

export interface RemoveResponse {
  readonly id: string;
}
/** A RemoveResponse with every field that is not given at its zero value. */
export function newRemoveResponse(init: Partial<RemoveResponse> = {}): RemoveResponse {
  return { id: "", ...init };
}
export function encodeRemoveResponseInto(m: RemoveResponse, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  return w;
}
export function encodeRemoveResponse(m: RemoveResponse): Uint8Array {
  return encodeRemoveResponseInto(m, Writer.create()).finish();
}
export function decodeRemoveResponseFrom(r: Reader, length: number): RemoveResponse {
  const end = r.pos + length;

  const m: Mutable<RemoveResponse> = newRemoveResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RemoveResponse. */
export function decodeRemoveResponse(bytes: Uint8Array): RemoveResponse {
  const r = Reader.create(bytes);
  return decodeRemoveResponseFrom(r, bytes.length);
}

export interface ListNodesResponse {
  readonly nodes: readonly Node[];
}
/** A ListNodesResponse with every field that is not given at its zero value. */
export function newListNodesResponse(init: Partial<ListNodesResponse> = {}): ListNodesResponse {
  return { nodes: [], ...init };
}
export function encodeListNodesResponseInto(m: ListNodesResponse, w: Writer): Writer {
  for (const value of m.nodes) encodeNodeInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeListNodesResponse(m: ListNodesResponse): Uint8Array {
  return encodeListNodesResponseInto(m, Writer.create()).finish();
}
export function decodeListNodesResponseFrom(r: Reader, length: number): ListNodesResponse {
  const end = r.pos + length;
  const nodes: Node[] = [];
  const m: Mutable<ListNodesResponse> = newListNodesResponse({ nodes });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        nodes.push(decodeNodeFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListNodesResponse. */
export function decodeListNodesResponse(bytes: Uint8Array): ListNodesResponse {
  const r = Reader.create(bytes);
  return decodeListNodesResponseFrom(r, bytes.length);
}

export interface UpdateNodeRequest {
  readonly id: NodeId;
  readonly version: number;
  readonly spec?: NodeSpec | undefined;
  /** host:port that the node is reached at from now on; empty leaves it. */
  readonly advertiseAddr: string;
}
/** A UpdateNodeRequest with every field that is not given at its zero value. */
export function newUpdateNodeRequest(init: Partial<UpdateNodeRequest> = {}): UpdateNodeRequest {
  return { id: "" as NodeId, version: 0, advertiseAddr: "", ...init };
}
export function encodeUpdateNodeRequestInto(m: UpdateNodeRequest, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.version !== 0) w.uint32(16).uint64(m.version);
  if (m.spec !== undefined) encodeNodeSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  if (m.advertiseAddr !== "") w.uint32(34).string(m.advertiseAddr);
  return w;
}
export function encodeUpdateNodeRequest(m: UpdateNodeRequest): Uint8Array {
  return encodeUpdateNodeRequestInto(m, Writer.create()).finish();
}
export function decodeUpdateNodeRequestFrom(r: Reader, length: number): UpdateNodeRequest {
  const end = r.pos + length;

  const m: Mutable<UpdateNodeRequest> = newUpdateNodeRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as NodeId);
        break;
      case 2:
        m.version = toNumber(r.uint64());
        break;
      case 3:
        m.spec = decodeNodeSpecFrom(r, r.uint32());
        break;
      case 4:
        m.advertiseAddr = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a UpdateNodeRequest. */
export function decodeUpdateNodeRequest(bytes: Uint8Array): UpdateNodeRequest {
  const r = Reader.create(bytes);
  return decodeUpdateNodeRequestFrom(r, bytes.length);
}

export interface SetNodeRoleRequest {
  readonly ref: string;
  readonly role: NodeRole;
}
/** A SetNodeRoleRequest with every field that is not given at its zero value. */
export function newSetNodeRoleRequest(init: Partial<SetNodeRoleRequest> = {}): SetNodeRoleRequest {
  return { ref: "", role: "worker", ...init };
}
export function encodeSetNodeRoleRequestInto(m: SetNodeRoleRequest, w: Writer): Writer {
  if (m.ref !== "") w.uint32(10).string(m.ref);
  if (m.role !== "worker") w.uint32(16).int32(NodeRoleNumber[m.role]);
  return w;
}
export function encodeSetNodeRoleRequest(m: SetNodeRoleRequest): Uint8Array {
  return encodeSetNodeRoleRequestInto(m, Writer.create()).finish();
}
export function decodeSetNodeRoleRequestFrom(r: Reader, length: number): SetNodeRoleRequest {
  const end = r.pos + length;

  const m: Mutable<SetNodeRoleRequest> = newSetNodeRoleRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.ref = r.string();
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
/** @throws RangeError or Error when the bytes are not a SetNodeRoleRequest. */
export function decodeSetNodeRoleRequest(bytes: Uint8Array): SetNodeRoleRequest {
  const r = Reader.create(bytes);
  return decodeSetNodeRoleRequestFrom(r, bytes.length);
}

export interface SetNodeRoleResponse {
  readonly node?: Node | undefined;
  /** False: it was to have this role already. */
  readonly changed: boolean;
  /** What the user should know of the managers as they are then. */
  readonly warnings: readonly string[];
}
/** A SetNodeRoleResponse with every field that is not given at its zero value. */
export function newSetNodeRoleResponse(init: Partial<SetNodeRoleResponse> = {}): SetNodeRoleResponse {
  return { changed: false, warnings: [], ...init };
}
export function encodeSetNodeRoleResponseInto(m: SetNodeRoleResponse, w: Writer): Writer {
  if (m.node !== undefined) encodeNodeInto(m.node, w.uint32(10).fork()).ldelim();
  if (m.changed !== false) w.uint32(16).bool(m.changed);
  for (const value of m.warnings) w.uint32(26).string(value);
  return w;
}
export function encodeSetNodeRoleResponse(m: SetNodeRoleResponse): Uint8Array {
  return encodeSetNodeRoleResponseInto(m, Writer.create()).finish();
}
export function decodeSetNodeRoleResponseFrom(r: Reader, length: number): SetNodeRoleResponse {
  const end = r.pos + length;
  const warnings: string[] = [];
  const m: Mutable<SetNodeRoleResponse> = newSetNodeRoleResponse({ warnings });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.node = decodeNodeFrom(r, r.uint32());
        break;
      case 2:
        m.changed = r.bool();
        break;
      case 3:
        warnings.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SetNodeRoleResponse. */
export function decodeSetNodeRoleResponse(bytes: Uint8Array): SetNodeRoleResponse {
  const r = Reader.create(bytes);
  return decodeSetNodeRoleResponseFrom(r, bytes.length);
}

export interface BackupRequest {

}
/** A BackupRequest with every field that is not given at its zero value. */
export function newBackupRequest(init: Partial<BackupRequest> = {}): BackupRequest {
  return { ...init };
}
export function encodeBackupRequestInto(_m: BackupRequest, w: Writer): Writer {

  return w;
}
export function encodeBackupRequest(m: BackupRequest): Uint8Array {
  return encodeBackupRequestInto(m, Writer.create()).finish();
}
export function decodeBackupRequestFrom(r: Reader, length: number): BackupRequest {
  const end = r.pos + length;

  const m: Mutable<BackupRequest> = newBackupRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a BackupRequest. */
export function decodeBackupRequest(bytes: Uint8Array): BackupRequest {
  const r = Reader.create(bytes);
  return decodeBackupRequestFrom(r, bytes.length);
}

export interface BackupChunk {
  /** Part of a file in the format of shared/backup/file.ts. */
  readonly data: Uint8Array;
}
/** A BackupChunk with every field that is not given at its zero value. */
export function newBackupChunk(init: Partial<BackupChunk> = {}): BackupChunk {
  return { data: EMPTY, ...init };
}
export function encodeBackupChunkInto(m: BackupChunk, w: Writer): Writer {
  if (m.data.length > 0) w.uint32(10).bytes(m.data);
  return w;
}
export function encodeBackupChunk(m: BackupChunk): Uint8Array {
  return encodeBackupChunkInto(m, Writer.create()).finish();
}
export function decodeBackupChunkFrom(r: Reader, length: number): BackupChunk {
  const end = r.pos + length;

  const m: Mutable<BackupChunk> = newBackupChunk();
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
/** @throws RangeError or Error when the bytes are not a BackupChunk. */
export function decodeBackupChunk(bytes: Uint8Array): BackupChunk {
  const r = Reader.create(bytes);
  return decodeBackupChunkFrom(r, bytes.length);
}

export interface CreateServiceRequest {
  readonly spec?: ServiceSpec | undefined;
  /** Do not ask the registry for the image's digest and platforms. */
  readonly noResolveImage: boolean;
}
/** A CreateServiceRequest with every field that is not given at its zero value. */
export function newCreateServiceRequest(init: Partial<CreateServiceRequest> = {}): CreateServiceRequest {
  return { noResolveImage: false, ...init };
}
export function encodeCreateServiceRequestInto(m: CreateServiceRequest, w: Writer): Writer {
  if (m.spec !== undefined) encodeServiceSpecInto(m.spec, w.uint32(10).fork()).ldelim();
  if (m.noResolveImage !== false) w.uint32(16).bool(m.noResolveImage);
  return w;
}
export function encodeCreateServiceRequest(m: CreateServiceRequest): Uint8Array {
  return encodeCreateServiceRequestInto(m, Writer.create()).finish();
}
export function decodeCreateServiceRequestFrom(r: Reader, length: number): CreateServiceRequest {
  const end = r.pos + length;

  const m: Mutable<CreateServiceRequest> = newCreateServiceRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.spec = decodeServiceSpecFrom(r, r.uint32());
        break;
      case 2:
        m.noResolveImage = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a CreateServiceRequest. */
export function decodeCreateServiceRequest(bytes: Uint8Array): CreateServiceRequest {
  const r = Reader.create(bytes);
  return decodeCreateServiceRequestFrom(r, bytes.length);
}

export interface ServiceResponse {
  readonly service?: Service | undefined;
  readonly warnings: readonly string[];
}
/** A ServiceResponse with every field that is not given at its zero value. */
export function newServiceResponse(init: Partial<ServiceResponse> = {}): ServiceResponse {
  return { warnings: [], ...init };
}
export function encodeServiceResponseInto(m: ServiceResponse, w: Writer): Writer {
  if (m.service !== undefined) encodeServiceInto(m.service, w.uint32(10).fork()).ldelim();
  for (const value of m.warnings) w.uint32(18).string(value);
  return w;
}
export function encodeServiceResponse(m: ServiceResponse): Uint8Array {
  return encodeServiceResponseInto(m, Writer.create()).finish();
}
export function decodeServiceResponseFrom(r: Reader, length: number): ServiceResponse {
  const end = r.pos + length;
  const warnings: string[] = [];
  const m: Mutable<ServiceResponse> = newServiceResponse({ warnings });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.service = decodeServiceFrom(r, r.uint32());
        break;
      case 2:
        warnings.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ServiceResponse. */
export function decodeServiceResponse(bytes: Uint8Array): ServiceResponse {
  const r = Reader.create(bytes);
  return decodeServiceResponseFrom(r, bytes.length);
}

export interface UpdateServiceRequest {
  readonly id: ServiceId;
  readonly version: number;
  readonly spec?: ServiceSpec | undefined;
  readonly noResolveImage: boolean;
  /** Take the previous spec instead of `spec`. */
  readonly rollback: boolean;
  /** Keep the credentials of the present spec where `spec` has none. */
  readonly keepRegistryAuth: boolean;
}
/** A UpdateServiceRequest with every field that is not given at its zero value. */
export function newUpdateServiceRequest(init: Partial<UpdateServiceRequest> = {}): UpdateServiceRequest {
  return { id: "" as ServiceId, version: 0, noResolveImage: false, rollback: false, keepRegistryAuth: false, ...init };
}
export function encodeUpdateServiceRequestInto(m: UpdateServiceRequest, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.version !== 0) w.uint32(16).uint64(m.version);
  if (m.spec !== undefined) encodeServiceSpecInto(m.spec, w.uint32(26).fork()).ldelim();
  if (m.noResolveImage !== false) w.uint32(32).bool(m.noResolveImage);
  if (m.rollback !== false) w.uint32(40).bool(m.rollback);
  if (m.keepRegistryAuth !== false) w.uint32(48).bool(m.keepRegistryAuth);
  return w;
}
export function encodeUpdateServiceRequest(m: UpdateServiceRequest): Uint8Array {
  return encodeUpdateServiceRequestInto(m, Writer.create()).finish();
}
export function decodeUpdateServiceRequestFrom(r: Reader, length: number): UpdateServiceRequest {
  const end = r.pos + length;

  const m: Mutable<UpdateServiceRequest> = newUpdateServiceRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as ServiceId);
        break;
      case 2:
        m.version = toNumber(r.uint64());
        break;
      case 3:
        m.spec = decodeServiceSpecFrom(r, r.uint32());
        break;
      case 4:
        m.noResolveImage = r.bool();
        break;
      case 5:
        m.rollback = r.bool();
        break;
      case 6:
        m.keepRegistryAuth = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a UpdateServiceRequest. */
export function decodeUpdateServiceRequest(bytes: Uint8Array): UpdateServiceRequest {
  const r = Reader.create(bytes);
  return decodeUpdateServiceRequestFrom(r, bytes.length);
}

/** Counts told truthfully: a task on a node that does not answer is not counted as running. */
export interface ServiceStatus {
  readonly runningTasks: number;
  readonly desiredTasks: number;
  readonly completedTasks: number;
  /** Tasks last seen running on nodes that are down, suspect or unknown. */
  readonly unknownTasks: number;
}
/** A ServiceStatus with every field that is not given at its zero value. */
export function newServiceStatus(init: Partial<ServiceStatus> = {}): ServiceStatus {
  return { runningTasks: 0, desiredTasks: 0, completedTasks: 0, unknownTasks: 0, ...init };
}
export function encodeServiceStatusInto(m: ServiceStatus, w: Writer): Writer {
  if (m.runningTasks !== 0) w.uint32(8).uint64(m.runningTasks);
  if (m.desiredTasks !== 0) w.uint32(16).uint64(m.desiredTasks);
  if (m.completedTasks !== 0) w.uint32(24).uint64(m.completedTasks);
  if (m.unknownTasks !== 0) w.uint32(32).uint64(m.unknownTasks);
  return w;
}
export function encodeServiceStatus(m: ServiceStatus): Uint8Array {
  return encodeServiceStatusInto(m, Writer.create()).finish();
}
export function decodeServiceStatusFrom(r: Reader, length: number): ServiceStatus {
  const end = r.pos + length;

  const m: Mutable<ServiceStatus> = newServiceStatus();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.runningTasks = toNumber(r.uint64());
        break;
      case 2:
        m.desiredTasks = toNumber(r.uint64());
        break;
      case 3:
        m.completedTasks = toNumber(r.uint64());
        break;
      case 4:
        m.unknownTasks = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ServiceStatus. */
export function decodeServiceStatus(bytes: Uint8Array): ServiceStatus {
  const r = Reader.create(bytes);
  return decodeServiceStatusFrom(r, bytes.length);
}

export interface ServiceWithStatus {
  readonly service?: Service | undefined;
  readonly status?: ServiceStatus | undefined;
}
/** A ServiceWithStatus with every field that is not given at its zero value. */
export function newServiceWithStatus(init: Partial<ServiceWithStatus> = {}): ServiceWithStatus {
  return { ...init };
}
export function encodeServiceWithStatusInto(m: ServiceWithStatus, w: Writer): Writer {
  if (m.service !== undefined) encodeServiceInto(m.service, w.uint32(10).fork()).ldelim();
  if (m.status !== undefined) encodeServiceStatusInto(m.status, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeServiceWithStatus(m: ServiceWithStatus): Uint8Array {
  return encodeServiceWithStatusInto(m, Writer.create()).finish();
}
export function decodeServiceWithStatusFrom(r: Reader, length: number): ServiceWithStatus {
  const end = r.pos + length;

  const m: Mutable<ServiceWithStatus> = newServiceWithStatus();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.service = decodeServiceFrom(r, r.uint32());
        break;
      case 2:
        m.status = decodeServiceStatusFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ServiceWithStatus. */
export function decodeServiceWithStatus(bytes: Uint8Array): ServiceWithStatus {
  const r = Reader.create(bytes);
  return decodeServiceWithStatusFrom(r, bytes.length);
}

export interface ListServicesResponse {
  readonly services: readonly ServiceWithStatus[];
}
/** A ListServicesResponse with every field that is not given at its zero value. */
export function newListServicesResponse(init: Partial<ListServicesResponse> = {}): ListServicesResponse {
  return { services: [], ...init };
}
export function encodeListServicesResponseInto(m: ListServicesResponse, w: Writer): Writer {
  for (const value of m.services) encodeServiceWithStatusInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeListServicesResponse(m: ListServicesResponse): Uint8Array {
  return encodeListServicesResponseInto(m, Writer.create()).finish();
}
export function decodeListServicesResponseFrom(r: Reader, length: number): ListServicesResponse {
  const end = r.pos + length;
  const services: ServiceWithStatus[] = [];
  const m: Mutable<ListServicesResponse> = newListServicesResponse({ services });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        services.push(decodeServiceWithStatusFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListServicesResponse. */
export function decodeListServicesResponse(bytes: Uint8Array): ListServicesResponse {
  const r = Reader.create(bytes);
  return decodeListServicesResponseFrom(r, bytes.length);
}

export interface ListTasksResponse {
  readonly tasks: readonly Task[];
}
/** A ListTasksResponse with every field that is not given at its zero value. */
export function newListTasksResponse(init: Partial<ListTasksResponse> = {}): ListTasksResponse {
  return { tasks: [], ...init };
}
export function encodeListTasksResponseInto(m: ListTasksResponse, w: Writer): Writer {
  for (const value of m.tasks) encodeTaskInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeListTasksResponse(m: ListTasksResponse): Uint8Array {
  return encodeListTasksResponseInto(m, Writer.create()).finish();
}
export function decodeListTasksResponseFrom(r: Reader, length: number): ListTasksResponse {
  const end = r.pos + length;
  const tasks: Task[] = [];
  const m: Mutable<ListTasksResponse> = newListTasksResponse({ tasks });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        tasks.push(decodeTaskFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListTasksResponse. */
export function decodeListTasksResponse(bytes: Uint8Array): ListTasksResponse {
  const r = Reader.create(bytes);
  return decodeListTasksResponseFrom(r, bytes.length);
}

export interface CreateNetworkRequest {
  readonly spec?: NetworkSpec | undefined;
}
/** A CreateNetworkRequest with every field that is not given at its zero value. */
export function newCreateNetworkRequest(init: Partial<CreateNetworkRequest> = {}): CreateNetworkRequest {
  return { ...init };
}
export function encodeCreateNetworkRequestInto(m: CreateNetworkRequest, w: Writer): Writer {
  if (m.spec !== undefined) encodeNetworkSpecInto(m.spec, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeCreateNetworkRequest(m: CreateNetworkRequest): Uint8Array {
  return encodeCreateNetworkRequestInto(m, Writer.create()).finish();
}
export function decodeCreateNetworkRequestFrom(r: Reader, length: number): CreateNetworkRequest {
  const end = r.pos + length;

  const m: Mutable<CreateNetworkRequest> = newCreateNetworkRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.spec = decodeNetworkSpecFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a CreateNetworkRequest. */
export function decodeCreateNetworkRequest(bytes: Uint8Array): CreateNetworkRequest {
  const r = Reader.create(bytes);
  return decodeCreateNetworkRequestFrom(r, bytes.length);
}

export interface ListNetworksResponse {
  readonly networks: readonly Network[];
}
/** A ListNetworksResponse with every field that is not given at its zero value. */
export function newListNetworksResponse(init: Partial<ListNetworksResponse> = {}): ListNetworksResponse {
  return { networks: [], ...init };
}
export function encodeListNetworksResponseInto(m: ListNetworksResponse, w: Writer): Writer {
  for (const value of m.networks) encodeNetworkInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeListNetworksResponse(m: ListNetworksResponse): Uint8Array {
  return encodeListNetworksResponseInto(m, Writer.create()).finish();
}
export function decodeListNetworksResponseFrom(r: Reader, length: number): ListNetworksResponse {
  const end = r.pos + length;
  const networks: Network[] = [];
  const m: Mutable<ListNetworksResponse> = newListNetworksResponse({ networks });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        networks.push(decodeNetworkFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListNetworksResponse. */
export function decodeListNetworksResponse(bytes: Uint8Array): ListNetworksResponse {
  const r = Reader.create(bytes);
  return decodeListNetworksResponseFrom(r, bytes.length);
}

/** What the network has on it, as the leader believes it. */
export interface NetworkTask {
  readonly taskId: TaskId;
  readonly serviceId: ServiceId;
  /** web.1.<task id> */
  readonly name: string;
  readonly addresses: readonly string[];
  readonly nodeId: NodeId;
  readonly state: EndpointState;
}
/** A NetworkTask with every field that is not given at its zero value. */
export function newNetworkTask(init: Partial<NetworkTask> = {}): NetworkTask {
  return { taskId: "" as TaskId, serviceId: "" as ServiceId, name: "", addresses: [], nodeId: "" as NodeId, state: "starting", ...init };
}
export function encodeNetworkTaskInto(m: NetworkTask, w: Writer): Writer {
  if (m.taskId !== "") w.uint32(10).string(m.taskId);
  if (m.serviceId !== "") w.uint32(18).string(m.serviceId);
  if (m.name !== "") w.uint32(26).string(m.name);
  for (const value of m.addresses) w.uint32(34).string(value);
  if (m.nodeId !== "") w.uint32(42).string(m.nodeId);
  if (m.state !== "starting") w.uint32(48).int32(EndpointStateNumber[m.state]);
  return w;
}
export function encodeNetworkTask(m: NetworkTask): Uint8Array {
  return encodeNetworkTaskInto(m, Writer.create()).finish();
}
export function decodeNetworkTaskFrom(r: Reader, length: number): NetworkTask {
  const end = r.pos + length;
  const addresses: string[] = [];
  const m: Mutable<NetworkTask> = newNetworkTask({ addresses });
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
        m.name = r.string();
        break;
      case 4:
        addresses.push(r.string());
        break;
      case 5:
        m.nodeId = (r.string() as NodeId);
        break;
      case 6:
        m.state = readEndpointState(r.int32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkTask. */
export function decodeNetworkTask(bytes: Uint8Array): NetworkTask {
  const r = Reader.create(bytes);
  return decodeNetworkTaskFrom(r, bytes.length);
}

export interface NetworkServiceUse {
  readonly serviceId: ServiceId;
  readonly name: string;
  readonly virtualIps: readonly string[];
  readonly ports: readonly PortConfig[];
}
/** A NetworkServiceUse with every field that is not given at its zero value. */
export function newNetworkServiceUse(init: Partial<NetworkServiceUse> = {}): NetworkServiceUse {
  return { serviceId: "" as ServiceId, name: "", virtualIps: [], ports: [], ...init };
}
export function encodeNetworkServiceUseInto(m: NetworkServiceUse, w: Writer): Writer {
  if (m.serviceId !== "") w.uint32(10).string(m.serviceId);
  if (m.name !== "") w.uint32(18).string(m.name);
  for (const value of m.virtualIps) w.uint32(26).string(value);
  for (const value of m.ports) encodePortConfigInto(value, w.uint32(34).fork()).ldelim();
  return w;
}
export function encodeNetworkServiceUse(m: NetworkServiceUse): Uint8Array {
  return encodeNetworkServiceUseInto(m, Writer.create()).finish();
}
export function decodeNetworkServiceUseFrom(r: Reader, length: number): NetworkServiceUse {
  const end = r.pos + length;
  const virtualIps: string[] = [];
  const ports: PortConfig[] = [];
  const m: Mutable<NetworkServiceUse> = newNetworkServiceUse({ virtualIps, ports });
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
        virtualIps.push(r.string());
        break;
      case 4:
        ports.push(decodePortConfigFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkServiceUse. */
export function decodeNetworkServiceUse(bytes: Uint8Array): NetworkServiceUse {
  const r = Reader.create(bytes);
  return decodeNetworkServiceUseFrom(r, bytes.length);
}

export interface NetworkPeer {
  readonly nodeId: NodeId;
  readonly hostname: string;
  /** Where it takes the network's packets. */
  readonly addresses: readonly string[];
  /** The version of the network that its kernel has; the leader sends `Network.version`. */
  readonly appliedVersion: number;
}
/** A NetworkPeer with every field that is not given at its zero value. */
export function newNetworkPeer(init: Partial<NetworkPeer> = {}): NetworkPeer {
  return { nodeId: "" as NodeId, hostname: "", addresses: [], appliedVersion: 0, ...init };
}
export function encodeNetworkPeerInto(m: NetworkPeer, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.hostname !== "") w.uint32(18).string(m.hostname);
  for (const value of m.addresses) w.uint32(26).string(value);
  if (m.appliedVersion !== 0) w.uint32(32).uint64(m.appliedVersion);
  return w;
}
export function encodeNetworkPeer(m: NetworkPeer): Uint8Array {
  return encodeNetworkPeerInto(m, Writer.create()).finish();
}
export function decodeNetworkPeerFrom(r: Reader, length: number): NetworkPeer {
  const end = r.pos + length;
  const addresses: string[] = [];
  const m: Mutable<NetworkPeer> = newNetworkPeer({ addresses });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.hostname = r.string();
        break;
      case 3:
        addresses.push(r.string());
        break;
      case 4:
        m.appliedVersion = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkPeer. */
export function decodeNetworkPeer(bytes: Uint8Array): NetworkPeer {
  const r = Reader.create(bytes);
  return decodeNetworkPeerFrom(r, bytes.length);
}

export interface NetworkDetails {
  readonly network?: Network | undefined;
  readonly services: readonly NetworkServiceUse[];
  readonly tasks: readonly NetworkTask[];
  readonly peers: readonly NetworkPeer[];
  /** Of each subnet, in the order of `network.ipam`: addresses in use, and those that there are. */
  readonly subnets: readonly SubnetUse[];
  readonly version: number;
}
/** A NetworkDetails with every field that is not given at its zero value. */
export function newNetworkDetails(init: Partial<NetworkDetails> = {}): NetworkDetails {
  return { services: [], tasks: [], peers: [], subnets: [], version: 0, ...init };
}
export function encodeNetworkDetailsInto(m: NetworkDetails, w: Writer): Writer {
  if (m.network !== undefined) encodeNetworkInto(m.network, w.uint32(10).fork()).ldelim();
  for (const value of m.services) encodeNetworkServiceUseInto(value, w.uint32(18).fork()).ldelim();
  for (const value of m.tasks) encodeNetworkTaskInto(value, w.uint32(26).fork()).ldelim();
  for (const value of m.peers) encodeNetworkPeerInto(value, w.uint32(34).fork()).ldelim();
  for (const value of m.subnets) encodeSubnetUseInto(value, w.uint32(42).fork()).ldelim();
  if (m.version !== 0) w.uint32(48).uint64(m.version);
  return w;
}
export function encodeNetworkDetails(m: NetworkDetails): Uint8Array {
  return encodeNetworkDetailsInto(m, Writer.create()).finish();
}
export function decodeNetworkDetailsFrom(r: Reader, length: number): NetworkDetails {
  const end = r.pos + length;
  const services: NetworkServiceUse[] = [];
  const tasks: NetworkTask[] = [];
  const peers: NetworkPeer[] = [];
  const subnets: SubnetUse[] = [];
  const m: Mutable<NetworkDetails> = newNetworkDetails({ services, tasks, peers, subnets });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.network = decodeNetworkFrom(r, r.uint32());
        break;
      case 2:
        services.push(decodeNetworkServiceUseFrom(r, r.uint32()));
        break;
      case 3:
        tasks.push(decodeNetworkTaskFrom(r, r.uint32()));
        break;
      case 4:
        peers.push(decodeNetworkPeerFrom(r, r.uint32()));
        break;
      case 5:
        subnets.push(decodeSubnetUseFrom(r, r.uint32()));
        break;
      case 6:
        m.version = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkDetails. */
export function decodeNetworkDetails(bytes: Uint8Array): NetworkDetails {
  const r = Reader.create(bytes);
  return decodeNetworkDetailsFrom(r, bytes.length);
}

export interface SubnetUse {
  readonly used: number;
  /** At most 2^53 - 1, which stands for more as well: an IPv6 subnet has 2^64. */
  readonly size: number;
}
/** A SubnetUse with every field that is not given at its zero value. */
export function newSubnetUse(init: Partial<SubnetUse> = {}): SubnetUse {
  return { used: 0, size: 0, ...init };
}
export function encodeSubnetUseInto(m: SubnetUse, w: Writer): Writer {
  if (m.used !== 0) w.uint32(8).uint64(m.used);
  if (m.size !== 0) w.uint32(16).uint64(m.size);
  return w;
}
export function encodeSubnetUse(m: SubnetUse): Uint8Array {
  return encodeSubnetUseInto(m, Writer.create()).finish();
}
export function decodeSubnetUseFrom(r: Reader, length: number): SubnetUse {
  const end = r.pos + length;

  const m: Mutable<SubnetUse> = newSubnetUse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.used = toNumber(r.uint64());
        break;
      case 2:
        m.size = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SubnetUse. */
export function decodeSubnetUse(bytes: Uint8Array): SubnetUse {
  const r = Reader.create(bytes);
  return decodeSubnetUseFrom(r, bytes.length);
}

export interface NetworkCheckRequest {
  /** Only ways from and to this one (ID, hostname, unique ID prefix); empty is all nodes. */
  readonly node: string;
}
/** A NetworkCheckRequest with every field that is not given at its zero value. */
export function newNetworkCheckRequest(init: Partial<NetworkCheckRequest> = {}): NetworkCheckRequest {
  return { node: "", ...init };
}
export function encodeNetworkCheckRequestInto(m: NetworkCheckRequest, w: Writer): Writer {
  if (m.node !== "") w.uint32(10).string(m.node);
  return w;
}
export function encodeNetworkCheckRequest(m: NetworkCheckRequest): Uint8Array {
  return encodeNetworkCheckRequestInto(m, Writer.create()).finish();
}
export function decodeNetworkCheckRequestFrom(r: Reader, length: number): NetworkCheckRequest {
  const end = r.pos + length;

  const m: Mutable<NetworkCheckRequest> = newNetworkCheckRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.node = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkCheckRequest. */
export function decodeNetworkCheckRequest(bytes: Uint8Array): NetworkCheckRequest {
  const r = Reader.create(bytes);
  return decodeNetworkCheckRequestFrom(r, bytes.length);
}

export type ProbeVerdict = "untested" | "passed" | "failed";
export const ProbeVerdictNumber: Readonly<Record<ProbeVerdict, number>> = {
  untested: 0,
  passed: 1,
  failed: 2,
};
function readProbeVerdict(number: number): ProbeVerdict {
  switch (number) {
    case 0:
      return "untested";
    case 1:
      return "passed";
    case 2:
      return "failed";
    default:
      throw new RangeError(`unknown ProbeVerdict ${number} on the wire`);
  }
}

export interface NetworkCheckNode {
  readonly nodeId: NodeId;
  readonly hostname: string;
  /** Why it was not tested; empty when it was. */
  readonly problem: string;
  /** How far its clock is ahead of the leader's, and how much of that may be an error of the measurement. */
  readonly clockAheadMs: number;
  readonly clockErrorMs: number;
}
/** A NetworkCheckNode with every field that is not given at its zero value. */
export function newNetworkCheckNode(init: Partial<NetworkCheckNode> = {}): NetworkCheckNode {
  return { nodeId: "" as NodeId, hostname: "", problem: "", clockAheadMs: 0, clockErrorMs: 0, ...init };
}
export function encodeNetworkCheckNodeInto(m: NetworkCheckNode, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.hostname !== "") w.uint32(18).string(m.hostname);
  if (m.problem !== "") w.uint32(26).string(m.problem);
  if (m.clockAheadMs !== 0) w.uint32(32).int64(m.clockAheadMs);
  if (m.clockErrorMs !== 0) w.uint32(40).int64(m.clockErrorMs);
  return w;
}
export function encodeNetworkCheckNode(m: NetworkCheckNode): Uint8Array {
  return encodeNetworkCheckNodeInto(m, Writer.create()).finish();
}
export function decodeNetworkCheckNodeFrom(r: Reader, length: number): NetworkCheckNode {
  const end = r.pos + length;

  const m: Mutable<NetworkCheckNode> = newNetworkCheckNode();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.hostname = r.string();
        break;
      case 3:
        m.problem = r.string();
        break;
      case 4:
        m.clockAheadMs = toNumber(r.int64());
        break;
      case 5:
        m.clockErrorMs = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkCheckNode. */
export function decodeNetworkCheckNode(bytes: Uint8Array): NetworkCheckNode {
  const r = Reader.create(bytes);
  return decodeNetworkCheckNodeFrom(r, bytes.length);
}

/** One direction. */
export interface NetworkCheckPair {
  readonly fromNodeId: NodeId;
  readonly toNodeId: NodeId;
  /** The port of the daemon. */
  readonly tcp: ProbeVerdict;
  readonly tcpError: string;
  readonly vxlan: ProbeVerdict;
  /** The largest packet of a plain network that arrived, in bytes. */
  readonly mtu: number;
  /** Untested where there is no tunnel, because no encrypted network has tasks on both nodes. */
  readonly encryption: ProbeVerdict;
}
/** A NetworkCheckPair with every field that is not given at its zero value. */
export function newNetworkCheckPair(init: Partial<NetworkCheckPair> = {}): NetworkCheckPair {
  return { fromNodeId: "" as NodeId, toNodeId: "" as NodeId, tcp: "untested", tcpError: "", vxlan: "untested", mtu: 0, encryption: "untested", ...init };
}
export function encodeNetworkCheckPairInto(m: NetworkCheckPair, w: Writer): Writer {
  if (m.fromNodeId !== "") w.uint32(10).string(m.fromNodeId);
  if (m.toNodeId !== "") w.uint32(18).string(m.toNodeId);
  if (m.tcp !== "untested") w.uint32(24).int32(ProbeVerdictNumber[m.tcp]);
  if (m.tcpError !== "") w.uint32(34).string(m.tcpError);
  if (m.vxlan !== "untested") w.uint32(40).int32(ProbeVerdictNumber[m.vxlan]);
  if (m.mtu !== 0) w.uint32(48).uint32(m.mtu);
  if (m.encryption !== "untested") w.uint32(56).int32(ProbeVerdictNumber[m.encryption]);
  return w;
}
export function encodeNetworkCheckPair(m: NetworkCheckPair): Uint8Array {
  return encodeNetworkCheckPairInto(m, Writer.create()).finish();
}
export function decodeNetworkCheckPairFrom(r: Reader, length: number): NetworkCheckPair {
  const end = r.pos + length;

  const m: Mutable<NetworkCheckPair> = newNetworkCheckPair();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.fromNodeId = (r.string() as NodeId);
        break;
      case 2:
        m.toNodeId = (r.string() as NodeId);
        break;
      case 3:
        m.tcp = readProbeVerdict(r.int32());
        break;
      case 4:
        m.tcpError = r.string();
        break;
      case 5:
        m.vxlan = readProbeVerdict(r.int32());
        break;
      case 6:
        m.mtu = r.uint32();
        break;
      case 7:
        m.encryption = readProbeVerdict(r.int32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkCheckPair. */
export function decodeNetworkCheckPair(bytes: Uint8Array): NetworkCheckPair {
  const r = Reader.create(bytes);
  return decodeNetworkCheckPairFrom(r, bytes.length);
}

export interface NetworkCheckResponse {
  readonly nodes: readonly NetworkCheckNode[];
  readonly pairs: readonly NetworkCheckPair[];
  /** What is wrong and what to do, in plain words; empty when all is well. */
  readonly problems: readonly string[];
  /** What was left out: nodes and pairs beyond the bounds. */
  readonly notes: readonly string[];
  /** What packets of plain networks are made for. */
  readonly mtu: number;
}
/** A NetworkCheckResponse with every field that is not given at its zero value. */
export function newNetworkCheckResponse(init: Partial<NetworkCheckResponse> = {}): NetworkCheckResponse {
  return { nodes: [], pairs: [], problems: [], notes: [], mtu: 0, ...init };
}
export function encodeNetworkCheckResponseInto(m: NetworkCheckResponse, w: Writer): Writer {
  for (const value of m.nodes) encodeNetworkCheckNodeInto(value, w.uint32(10).fork()).ldelim();
  for (const value of m.pairs) encodeNetworkCheckPairInto(value, w.uint32(18).fork()).ldelim();
  for (const value of m.problems) w.uint32(26).string(value);
  for (const value of m.notes) w.uint32(34).string(value);
  if (m.mtu !== 0) w.uint32(40).uint32(m.mtu);
  return w;
}
export function encodeNetworkCheckResponse(m: NetworkCheckResponse): Uint8Array {
  return encodeNetworkCheckResponseInto(m, Writer.create()).finish();
}
export function decodeNetworkCheckResponseFrom(r: Reader, length: number): NetworkCheckResponse {
  const end = r.pos + length;
  const nodes: NetworkCheckNode[] = [];
  const pairs: NetworkCheckPair[] = [];
  const problems: string[] = [];
  const notes: string[] = [];
  const m: Mutable<NetworkCheckResponse> = newNetworkCheckResponse({ nodes, pairs, problems, notes });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        nodes.push(decodeNetworkCheckNodeFrom(r, r.uint32()));
        break;
      case 2:
        pairs.push(decodeNetworkCheckPairFrom(r, r.uint32()));
        break;
      case 3:
        problems.push(r.string());
        break;
      case 4:
        notes.push(r.string());
        break;
      case 5:
        m.mtu = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkCheckResponse. */
export function decodeNetworkCheckResponse(bytes: Uint8Array): NetworkCheckResponse {
  const r = Reader.create(bytes);
  return decodeNetworkCheckResponseFrom(r, bytes.length);
}

export interface GetClusterRequest {

}
/** A GetClusterRequest with every field that is not given at its zero value. */
export function newGetClusterRequest(init: Partial<GetClusterRequest> = {}): GetClusterRequest {
  return { ...init };
}
export function encodeGetClusterRequestInto(_m: GetClusterRequest, w: Writer): Writer {

  return w;
}
export function encodeGetClusterRequest(m: GetClusterRequest): Uint8Array {
  return encodeGetClusterRequestInto(m, Writer.create()).finish();
}
export function decodeGetClusterRequestFrom(r: Reader, length: number): GetClusterRequest {
  const end = r.pos + length;

  const m: Mutable<GetClusterRequest> = newGetClusterRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GetClusterRequest. */
export function decodeGetClusterRequest(bytes: Uint8Array): GetClusterRequest {
  const r = Reader.create(bytes);
  return decodeGetClusterRequestFrom(r, bytes.length);
}

export interface UpdateClusterRequest {
  readonly version: number;
  readonly spec?: ClusterSpec | undefined;
  readonly rotateWorkerToken: boolean;
  readonly rotateManagerToken: boolean;
}
/** A UpdateClusterRequest with every field that is not given at its zero value. */
export function newUpdateClusterRequest(init: Partial<UpdateClusterRequest> = {}): UpdateClusterRequest {
  return { version: 0, rotateWorkerToken: false, rotateManagerToken: false, ...init };
}
export function encodeUpdateClusterRequestInto(m: UpdateClusterRequest, w: Writer): Writer {
  if (m.version !== 0) w.uint32(8).uint64(m.version);
  if (m.spec !== undefined) encodeClusterSpecInto(m.spec, w.uint32(18).fork()).ldelim();
  if (m.rotateWorkerToken !== false) w.uint32(24).bool(m.rotateWorkerToken);
  if (m.rotateManagerToken !== false) w.uint32(32).bool(m.rotateManagerToken);
  return w;
}
export function encodeUpdateClusterRequest(m: UpdateClusterRequest): Uint8Array {
  return encodeUpdateClusterRequestInto(m, Writer.create()).finish();
}
export function decodeUpdateClusterRequestFrom(r: Reader, length: number): UpdateClusterRequest {
  const end = r.pos + length;

  const m: Mutable<UpdateClusterRequest> = newUpdateClusterRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.version = toNumber(r.uint64());
        break;
      case 2:
        m.spec = decodeClusterSpecFrom(r, r.uint32());
        break;
      case 3:
        m.rotateWorkerToken = r.bool();
        break;
      case 4:
        m.rotateManagerToken = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a UpdateClusterRequest. */
export function decodeUpdateClusterRequest(bytes: Uint8Array): UpdateClusterRequest {
  const r = Reader.create(bytes);
  return decodeUpdateClusterRequestFrom(r, bytes.length);
}

export interface LogOptions {
  readonly follow: boolean;
  /** Lines from the end per task; negative is all. */
  readonly tail: number;
  /** Only lines at or after this time; 0 is all. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly stdout: boolean;
  readonly stderr: boolean;
}
/** A LogOptions with every field that is not given at its zero value. */
export function newLogOptions(init: Partial<LogOptions> = {}): LogOptions {
  return { follow: false, tail: 0, sinceMs: 0, untilMs: 0, stdout: false, stderr: false, ...init };
}
export function encodeLogOptionsInto(m: LogOptions, w: Writer): Writer {
  if (m.follow !== false) w.uint32(8).bool(m.follow);
  if (m.tail !== 0) w.uint32(16).int64(m.tail);
  if (m.sinceMs !== 0) w.uint32(24).int64(m.sinceMs);
  if (m.untilMs !== 0) w.uint32(32).int64(m.untilMs);
  if (m.stdout !== false) w.uint32(40).bool(m.stdout);
  if (m.stderr !== false) w.uint32(48).bool(m.stderr);
  return w;
}
export function encodeLogOptions(m: LogOptions): Uint8Array {
  return encodeLogOptionsInto(m, Writer.create()).finish();
}
export function decodeLogOptionsFrom(r: Reader, length: number): LogOptions {
  const end = r.pos + length;

  const m: Mutable<LogOptions> = newLogOptions();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.follow = r.bool();
        break;
      case 2:
        m.tail = toNumber(r.int64());
        break;
      case 3:
        m.sinceMs = toNumber(r.int64());
        break;
      case 4:
        m.untilMs = toNumber(r.int64());
        break;
      case 5:
        m.stdout = r.bool();
        break;
      case 6:
        m.stderr = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LogOptions. */
export function decodeLogOptions(bytes: Uint8Array): LogOptions {
  const r = Reader.create(bytes);
  return decodeLogOptionsFrom(r, bytes.length);
}

export interface LogsRequest {
  /** Services (ID, name, prefix) or tasks (ID, prefix). */
  readonly refs: readonly string[];
  readonly options?: LogOptions | undefined;
}
/** A LogsRequest with every field that is not given at its zero value. */
export function newLogsRequest(init: Partial<LogsRequest> = {}): LogsRequest {
  return { refs: [], ...init };
}
export function encodeLogsRequestInto(m: LogsRequest, w: Writer): Writer {
  for (const value of m.refs) w.uint32(10).string(value);
  if (m.options !== undefined) encodeLogOptionsInto(m.options, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeLogsRequest(m: LogsRequest): Uint8Array {
  return encodeLogsRequestInto(m, Writer.create()).finish();
}
export function decodeLogsRequestFrom(r: Reader, length: number): LogsRequest {
  const end = r.pos + length;
  const refs: string[] = [];
  const m: Mutable<LogsRequest> = newLogsRequest({ refs });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        refs.push(r.string());
        break;
      case 2:
        m.options = decodeLogOptionsFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LogsRequest. */
export function decodeLogsRequest(bytes: Uint8Array): LogsRequest {
  const r = Reader.create(bytes);
  return decodeLogsRequestFrom(r, bytes.length);
}

export interface GetUnlockKeyRequest {

}
/** A GetUnlockKeyRequest with every field that is not given at its zero value. */
export function newGetUnlockKeyRequest(init: Partial<GetUnlockKeyRequest> = {}): GetUnlockKeyRequest {
  return { ...init };
}
export function encodeGetUnlockKeyRequestInto(_m: GetUnlockKeyRequest, w: Writer): Writer {

  return w;
}
export function encodeGetUnlockKeyRequest(m: GetUnlockKeyRequest): Uint8Array {
  return encodeGetUnlockKeyRequestInto(m, Writer.create()).finish();
}
export function decodeGetUnlockKeyRequestFrom(r: Reader, length: number): GetUnlockKeyRequest {
  const end = r.pos + length;

  const m: Mutable<GetUnlockKeyRequest> = newGetUnlockKeyRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GetUnlockKeyRequest. */
export function decodeGetUnlockKeyRequest(bytes: Uint8Array): GetUnlockKeyRequest {
  const r = Reader.create(bytes);
  return decodeGetUnlockKeyRequestFrom(r, bytes.length);
}

export interface RotateUnlockKeyRequest {

}
/** A RotateUnlockKeyRequest with every field that is not given at its zero value. */
export function newRotateUnlockKeyRequest(init: Partial<RotateUnlockKeyRequest> = {}): RotateUnlockKeyRequest {
  return { ...init };
}
export function encodeRotateUnlockKeyRequestInto(_m: RotateUnlockKeyRequest, w: Writer): Writer {

  return w;
}
export function encodeRotateUnlockKeyRequest(m: RotateUnlockKeyRequest): Uint8Array {
  return encodeRotateUnlockKeyRequestInto(m, Writer.create()).finish();
}
export function decodeRotateUnlockKeyRequestFrom(r: Reader, length: number): RotateUnlockKeyRequest {
  const end = r.pos + length;

  const m: Mutable<RotateUnlockKeyRequest> = newRotateUnlockKeyRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RotateUnlockKeyRequest. */
export function decodeRotateUnlockKeyRequest(bytes: Uint8Array): RotateUnlockKeyRequest {
  const r = Reader.create(bytes);
  return decodeRotateUnlockKeyRequestFrom(r, bytes.length);
}

export interface UnlockKeyResponse {
  /** SKEPKEY-1-… */
  readonly unlockKey: string;
}
/** A UnlockKeyResponse with every field that is not given at its zero value. */
export function newUnlockKeyResponse(init: Partial<UnlockKeyResponse> = {}): UnlockKeyResponse {
  return { unlockKey: "", ...init };
}
export function encodeUnlockKeyResponseInto(m: UnlockKeyResponse, w: Writer): Writer {
  if (m.unlockKey !== "") w.uint32(10).string(m.unlockKey);
  return w;
}
export function encodeUnlockKeyResponse(m: UnlockKeyResponse): Uint8Array {
  return encodeUnlockKeyResponseInto(m, Writer.create()).finish();
}
export function decodeUnlockKeyResponseFrom(r: Reader, length: number): UnlockKeyResponse {
  const end = r.pos + length;

  const m: Mutable<UnlockKeyResponse> = newUnlockKeyResponse();
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
/** @throws RangeError or Error when the bytes are not a UnlockKeyResponse. */
export function decodeUnlockKeyResponse(bytes: Uint8Array): UnlockKeyResponse {
  const r = Reader.create(bytes);
  return decodeUnlockKeyResponseFrom(r, bytes.length);
}

export interface RotateCARequest {
  /** PEM; both empty makes a new root. */
  readonly caCert: Uint8Array;
  readonly caKey: Uint8Array;
}
/** A RotateCARequest with every field that is not given at its zero value. */
export function newRotateCARequest(init: Partial<RotateCARequest> = {}): RotateCARequest {
  return { caCert: EMPTY, caKey: EMPTY, ...init };
}
export function encodeRotateCARequestInto(m: RotateCARequest, w: Writer): Writer {
  if (m.caCert.length > 0) w.uint32(10).bytes(m.caCert);
  if (m.caKey.length > 0) w.uint32(18).bytes(m.caKey);
  return w;
}
export function encodeRotateCARequest(m: RotateCARequest): Uint8Array {
  return encodeRotateCARequestInto(m, Writer.create()).finish();
}
export function decodeRotateCARequestFrom(r: Reader, length: number): RotateCARequest {
  const end = r.pos + length;

  const m: Mutable<RotateCARequest> = newRotateCARequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.caCert = r.bytes();
        break;
      case 2:
        m.caKey = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RotateCARequest. */
export function decodeRotateCARequest(bytes: Uint8Array): RotateCARequest {
  const r = Reader.create(bytes);
  return decodeRotateCARequestFrom(r, bytes.length);
}

export type LogStream = "stdout" | "stderr";
export const LogStreamNumber: Readonly<Record<LogStream, number>> = {
  stdout: 0,
  stderr: 1,
};
function readLogStream(number: number): LogStream {
  switch (number) {
    case 0:
      return "stdout";
    case 1:
      return "stderr";
    default:
      throw new RangeError(`unknown LogStream ${number} on the wire`);
  }
}

export interface LogLine {
  readonly taskId: TaskId;
  readonly serviceId: ServiceId;
  readonly nodeId: NodeId;
  readonly stream: LogStream;
  /** Unix nanoseconds do not fit 2^53: milliseconds, and the rest of the nanoseconds beside them. */
  readonly timestampMs: number;
  readonly timestampNs: number;
  /** Without the line's end; a line over 16 KiB comes in parts, all but the last marked partial. */
  readonly data: Uint8Array;
  readonly partial: boolean;
}
/** A LogLine with every field that is not given at its zero value. */
export function newLogLine(init: Partial<LogLine> = {}): LogLine {
  return { taskId: "" as TaskId, serviceId: "" as ServiceId, nodeId: "" as NodeId, stream: "stdout", timestampMs: 0, timestampNs: 0, data: EMPTY, partial: false, ...init };
}
export function encodeLogLineInto(m: LogLine, w: Writer): Writer {
  if (m.taskId !== "") w.uint32(10).string(m.taskId);
  if (m.serviceId !== "") w.uint32(18).string(m.serviceId);
  if (m.nodeId !== "") w.uint32(26).string(m.nodeId);
  if (m.stream !== "stdout") w.uint32(32).int32(LogStreamNumber[m.stream]);
  if (m.timestampMs !== 0) w.uint32(40).int64(m.timestampMs);
  if (m.timestampNs !== 0) w.uint32(48).uint32(m.timestampNs);
  if (m.data.length > 0) w.uint32(58).bytes(m.data);
  if (m.partial !== false) w.uint32(64).bool(m.partial);
  return w;
}
export function encodeLogLine(m: LogLine): Uint8Array {
  return encodeLogLineInto(m, Writer.create()).finish();
}
export function decodeLogLineFrom(r: Reader, length: number): LogLine {
  const end = r.pos + length;

  const m: Mutable<LogLine> = newLogLine();
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
        m.nodeId = (r.string() as NodeId);
        break;
      case 4:
        m.stream = readLogStream(r.int32());
        break;
      case 5:
        m.timestampMs = toNumber(r.int64());
        break;
      case 6:
        m.timestampNs = r.uint32();
        break;
      case 7:
        m.data = r.bytes();
        break;
      case 8:
        m.partial = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LogLine. */
export function decodeLogLine(bytes: Uint8Array): LogLine {
  const r = Reader.create(bytes);
  return decodeLogLineFrom(r, bytes.length);
}

export interface LogsResponse {
  readonly lines: readonly LogLine[];
  /** What could not be read and why ("node3: no connection"); the stream goes on with the rest. */
  readonly warnings: readonly string[];
  /** From an agent that follows: all that was there when reading began has been sent, what comes later is news. */
  readonly caughtUp: boolean;
}
/** A LogsResponse with every field that is not given at its zero value. */
export function newLogsResponse(init: Partial<LogsResponse> = {}): LogsResponse {
  return { lines: [], warnings: [], caughtUp: false, ...init };
}
export function encodeLogsResponseInto(m: LogsResponse, w: Writer): Writer {
  for (const value of m.lines) encodeLogLineInto(value, w.uint32(10).fork()).ldelim();
  for (const value of m.warnings) w.uint32(18).string(value);
  if (m.caughtUp !== false) w.uint32(24).bool(m.caughtUp);
  return w;
}
export function encodeLogsResponse(m: LogsResponse): Uint8Array {
  return encodeLogsResponseInto(m, Writer.create()).finish();
}
export function decodeLogsResponseFrom(r: Reader, length: number): LogsResponse {
  const end = r.pos + length;
  const lines: LogLine[] = [];
  const warnings: string[] = [];
  const m: Mutable<LogsResponse> = newLogsResponse({ lines, warnings });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        lines.push(decodeLogLineFrom(r, r.uint32()));
        break;
      case 2:
        warnings.push(r.string());
        break;
      case 3:
        m.caughtUp = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LogsResponse. */
export function decodeLogsResponse(bytes: Uint8Array): LogsResponse {
  const r = Reader.create(bytes);
  return decodeLogsResponseFrom(r, bytes.length);
}

export type EventAction = "create" | "update" | "remove";
export const EventActionNumber: Readonly<Record<EventAction, number>> = {
  create: 0,
  update: 1,
  remove: 2,
};
function readEventAction(number: number): EventAction {
  switch (number) {
    case 0:
      return "create";
    case 1:
      return "update";
    case 2:
      return "remove";
    default:
      throw new RangeError(`unknown EventAction ${number} on the wire`);
  }
}

/** Docker's event: type, action, actor. */
export interface Event {
  /** node, service, task, network, secret, config, cluster */
  readonly type: string;
  readonly action: EventAction;
  readonly id: string;
  /** name, and pairs like state.old / state.new */
  readonly attributes: Readonly<Record<string, string>>;
  readonly timeMs: number;
  /**
   * The store's version of the change; several events of one version are numbered from 1. Both together say where to resume,
   * on any manager. 0: not a change of the store (who leads), told by each manager at its own time.
   */
  readonly version: number;
  readonly index: number;
}
/** A Event with every field that is not given at its zero value. */
export function newEvent(init: Partial<Event> = {}): Event {
  return { type: "", action: "create", id: "", attributes: {}, timeMs: 0, version: 0, index: 0, ...init };
}
export function encodeEventInto(m: Event, w: Writer): Writer {
  if (m.type !== "") w.uint32(10).string(m.type);
  if (m.action !== "create") w.uint32(16).int32(EventActionNumber[m.action]);
  if (m.id !== "") w.uint32(26).string(m.id);
  for (const [key, value] of Object.entries(m.attributes)) {
    w.uint32(34).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.timeMs !== 0) w.uint32(40).int64(m.timeMs);
  if (m.version !== 0) w.uint32(48).uint64(m.version);
  if (m.index !== 0) w.uint32(56).uint32(m.index);
  return w;
}
export function encodeEvent(m: Event): Uint8Array {
  return encodeEventInto(m, Writer.create()).finish();
}
export function decodeEventFrom(r: Reader, length: number): Event {
  const end = r.pos + length;
  const attributes: Record<string, string> = {};
  const m: Mutable<Event> = newEvent({ attributes });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.type = r.string();
        break;
      case 2:
        m.action = readEventAction(r.int32());
        break;
      case 3:
        m.id = r.string();
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
        attributes[key] = value;
        break;
      }
      case 5:
        m.timeMs = toNumber(r.int64());
        break;
      case 6:
        m.version = toNumber(r.uint64());
        break;
      case 7:
        m.index = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Event. */
export function decodeEvent(bytes: Uint8Array): Event {
  const r = Reader.create(bytes);
  return decodeEventFrom(r, bytes.length);
}

export interface EventsRequest {
  readonly filters: readonly Filter[];
  /** Events kept in memory from this time on come first; 0 is none. */
  readonly sinceMs: number;
  /** End the stream at this time; 0 is never. */
  readonly untilMs: number;
  /**
   * Resume: every change after this version, kept or yet to come, in order and once; 0 is not to resume. Refused with
   * failed_precondition when this manager does not keep them all.
   */
  readonly afterVersion: number;
  /** Of after_version itself, the events up to this one were seen; 0: all of them. */
  readonly afterIndex: number;
}
/** A EventsRequest with every field that is not given at its zero value. */
export function newEventsRequest(init: Partial<EventsRequest> = {}): EventsRequest {
  return { filters: [], sinceMs: 0, untilMs: 0, afterVersion: 0, afterIndex: 0, ...init };
}
export function encodeEventsRequestInto(m: EventsRequest, w: Writer): Writer {
  for (const value of m.filters) encodeFilterInto(value, w.uint32(10).fork()).ldelim();
  if (m.sinceMs !== 0) w.uint32(16).int64(m.sinceMs);
  if (m.untilMs !== 0) w.uint32(24).int64(m.untilMs);
  if (m.afterVersion !== 0) w.uint32(32).uint64(m.afterVersion);
  if (m.afterIndex !== 0) w.uint32(40).uint32(m.afterIndex);
  return w;
}
export function encodeEventsRequest(m: EventsRequest): Uint8Array {
  return encodeEventsRequestInto(m, Writer.create()).finish();
}
export function decodeEventsRequestFrom(r: Reader, length: number): EventsRequest {
  const end = r.pos + length;
  const filters: Filter[] = [];
  const m: Mutable<EventsRequest> = newEventsRequest({ filters });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        filters.push(decodeFilterFrom(r, r.uint32()));
        break;
      case 2:
        m.sinceMs = toNumber(r.int64());
        break;
      case 3:
        m.untilMs = toNumber(r.int64());
        break;
      case 4:
        m.afterVersion = toNumber(r.uint64());
        break;
      case 5:
        m.afterIndex = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a EventsRequest. */
export function decodeEventsRequest(bytes: Uint8Array): EventsRequest {
  const r = Reader.create(bytes);
  return decodeEventsRequestFrom(r, bytes.length);
}

export interface StatusRequest {

}
/** A StatusRequest with every field that is not given at its zero value. */
export function newStatusRequest(init: Partial<StatusRequest> = {}): StatusRequest {
  return { ...init };
}
export function encodeStatusRequestInto(_m: StatusRequest, w: Writer): Writer {

  return w;
}
export function encodeStatusRequest(m: StatusRequest): Uint8Array {
  return encodeStatusRequestInto(m, Writer.create()).finish();
}
export function decodeStatusRequestFrom(r: Reader, length: number): StatusRequest {
  const end = r.pos + length;

  const m: Mutable<StatusRequest> = newStatusRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StatusRequest. */
export function decodeStatusRequest(bytes: Uint8Array): StatusRequest {
  const r = Reader.create(bytes);
  return decodeStatusRequestFrom(r, bytes.length);
}

export interface ManagerHealth {
  readonly id: NodeId;
  readonly hostname: string;
  readonly addr: string;
  readonly leader: boolean;
  readonly reachability: Reachability;
  /** Log entries it is behind the leader. */
  readonly lag: number;
}
/** A ManagerHealth with every field that is not given at its zero value. */
export function newManagerHealth(init: Partial<ManagerHealth> = {}): ManagerHealth {
  return { id: "" as NodeId, hostname: "", addr: "", leader: false, reachability: "unknown", lag: 0, ...init };
}
export function encodeManagerHealthInto(m: ManagerHealth, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.hostname !== "") w.uint32(18).string(m.hostname);
  if (m.addr !== "") w.uint32(26).string(m.addr);
  if (m.leader !== false) w.uint32(32).bool(m.leader);
  if (m.reachability !== "unknown") w.uint32(40).int32(ReachabilityNumber[m.reachability]);
  if (m.lag !== 0) w.uint32(48).uint64(m.lag);
  return w;
}
export function encodeManagerHealth(m: ManagerHealth): Uint8Array {
  return encodeManagerHealthInto(m, Writer.create()).finish();
}
export function decodeManagerHealthFrom(r: Reader, length: number): ManagerHealth {
  const end = r.pos + length;

  const m: Mutable<ManagerHealth> = newManagerHealth();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = (r.string() as NodeId);
        break;
      case 2:
        m.hostname = r.string();
        break;
      case 3:
        m.addr = r.string();
        break;
      case 4:
        m.leader = r.bool();
        break;
      case 5:
        m.reachability = readReachability(r.int32());
        break;
      case 6:
        m.lag = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ManagerHealth. */
export function decodeManagerHealth(bytes: Uint8Array): ManagerHealth {
  const r = Reader.create(bytes);
  return decodeManagerHealthFrom(r, bytes.length);
}

export interface ServiceHealth {
  readonly service?: Service | undefined;
  readonly status?: ServiceStatus | undefined;
  /** What is wrong and why, in plain words; empty when all is well. */
  readonly problems: readonly string[];
}
/** A ServiceHealth with every field that is not given at its zero value. */
export function newServiceHealth(init: Partial<ServiceHealth> = {}): ServiceHealth {
  return { problems: [], ...init };
}
export function encodeServiceHealthInto(m: ServiceHealth, w: Writer): Writer {
  if (m.service !== undefined) encodeServiceInto(m.service, w.uint32(10).fork()).ldelim();
  if (m.status !== undefined) encodeServiceStatusInto(m.status, w.uint32(18).fork()).ldelim();
  for (const value of m.problems) w.uint32(26).string(value);
  return w;
}
export function encodeServiceHealth(m: ServiceHealth): Uint8Array {
  return encodeServiceHealthInto(m, Writer.create()).finish();
}
export function decodeServiceHealthFrom(r: Reader, length: number): ServiceHealth {
  const end = r.pos + length;
  const problems: string[] = [];
  const m: Mutable<ServiceHealth> = newServiceHealth({ problems });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.service = decodeServiceFrom(r, r.uint32());
        break;
      case 2:
        m.status = decodeServiceStatusFrom(r, r.uint32());
        break;
      case 3:
        problems.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ServiceHealth. */
export function decodeServiceHealth(bytes: Uint8Array): ServiceHealth {
  const r = Reader.create(bytes);
  return decodeServiceHealthFrom(r, bytes.length);
}

export interface StatusResponse {
  readonly cluster?: Cluster | undefined;
  readonly managers: readonly ManagerHealth[];
  readonly quorum: number;
  readonly failuresTolerated: number;
  readonly nodes: readonly Node[];
  readonly services: readonly ServiceHealth[];
  readonly lastEvents: readonly Event[];
  readonly problems: readonly string[];
  readonly raftTerm: number;
  readonly raftIndex: number;
}
/** A StatusResponse with every field that is not given at its zero value. */
export function newStatusResponse(init: Partial<StatusResponse> = {}): StatusResponse {
  return { managers: [], quorum: 0, failuresTolerated: 0, nodes: [], services: [], lastEvents: [], problems: [], raftTerm: 0, raftIndex: 0, ...init };
}
export function encodeStatusResponseInto(m: StatusResponse, w: Writer): Writer {
  if (m.cluster !== undefined) encodeClusterInto(m.cluster, w.uint32(10).fork()).ldelim();
  for (const value of m.managers) encodeManagerHealthInto(value, w.uint32(18).fork()).ldelim();
  if (m.quorum !== 0) w.uint32(24).uint32(m.quorum);
  if (m.failuresTolerated !== 0) w.uint32(32).uint32(m.failuresTolerated);
  for (const value of m.nodes) encodeNodeInto(value, w.uint32(42).fork()).ldelim();
  for (const value of m.services) encodeServiceHealthInto(value, w.uint32(50).fork()).ldelim();
  for (const value of m.lastEvents) encodeEventInto(value, w.uint32(58).fork()).ldelim();
  for (const value of m.problems) w.uint32(66).string(value);
  if (m.raftTerm !== 0) w.uint32(72).uint64(m.raftTerm);
  if (m.raftIndex !== 0) w.uint32(80).uint64(m.raftIndex);
  return w;
}
export function encodeStatusResponse(m: StatusResponse): Uint8Array {
  return encodeStatusResponseInto(m, Writer.create()).finish();
}
export function decodeStatusResponseFrom(r: Reader, length: number): StatusResponse {
  const end = r.pos + length;
  const managers: ManagerHealth[] = [];
  const nodes: Node[] = [];
  const services: ServiceHealth[] = [];
  const lastEvents: Event[] = [];
  const problems: string[] = [];
  const m: Mutable<StatusResponse> = newStatusResponse({ managers, nodes, services, lastEvents, problems });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.cluster = decodeClusterFrom(r, r.uint32());
        break;
      case 2:
        managers.push(decodeManagerHealthFrom(r, r.uint32()));
        break;
      case 3:
        m.quorum = r.uint32();
        break;
      case 4:
        m.failuresTolerated = r.uint32();
        break;
      case 5:
        nodes.push(decodeNodeFrom(r, r.uint32()));
        break;
      case 6:
        services.push(decodeServiceHealthFrom(r, r.uint32()));
        break;
      case 7:
        lastEvents.push(decodeEventFrom(r, r.uint32()));
        break;
      case 8:
        problems.push(r.string());
        break;
      case 9:
        m.raftTerm = toNumber(r.uint64());
        break;
      case 10:
        m.raftIndex = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StatusResponse. */
export function decodeStatusResponse(bytes: Uint8Array): StatusResponse {
  const r = Reader.create(bytes);
  return decodeStatusResponseFrom(r, bytes.length);
}

export const ControlService = {
  getNode: {
    path: "/skep.v1.Control/GetNode",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ObjectRequest): Buffer => asBuffer(encodeObjectRequest(m)),
    requestDeserialize: (b: Buffer): ObjectRequest => decodeBounded(decodeObjectRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Node): Buffer => asBuffer(encodeNode(m)),
    responseDeserialize: decodeNode as (b: Buffer) => Node,
  },
  listNodes: {
    path: "/skep.v1.Control/ListNodes",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ListRequest): Buffer => asBuffer(encodeListRequest(m)),
    requestDeserialize: (b: Buffer): ListRequest => decodeBounded(decodeListRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ListNodesResponse): Buffer => asBuffer(encodeListNodesResponse(m)),
    responseDeserialize: decodeListNodesResponse as (b: Buffer) => ListNodesResponse,
  },
  updateNode: {
    path: "/skep.v1.Control/UpdateNode",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: UpdateNodeRequest): Buffer => asBuffer(encodeUpdateNodeRequest(m)),
    requestDeserialize: (b: Buffer): UpdateNodeRequest => decodeBounded(decodeUpdateNodeRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Node): Buffer => asBuffer(encodeNode(m)),
    responseDeserialize: decodeNode as (b: Buffer) => Node,
  },
  /** Promotes or demotes; the node's certificate and its place among the managers follow. */
  setNodeRole: {
    path: "/skep.v1.Control/SetNodeRole",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: SetNodeRoleRequest): Buffer => asBuffer(encodeSetNodeRoleRequest(m)),
    requestDeserialize: (b: Buffer): SetNodeRoleRequest => decodeBounded(decodeSetNodeRoleRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: SetNodeRoleResponse): Buffer => asBuffer(encodeSetNodeRoleResponse(m)),
    responseDeserialize: decodeSetNodeRoleResponse as (b: Buffer) => SetNodeRoleResponse,
  },
  removeNode: {
    path: "/skep.v1.Control/RemoveNode",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: RemoveRequest): Buffer => asBuffer(encodeRemoveRequest(m)),
    requestDeserialize: (b: Buffer): RemoveRequest => decodeBounded(decodeRemoveRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: RemoveResponse): Buffer => asBuffer(encodeRemoveResponse(m)),
    responseDeserialize: decodeRemoveResponse as (b: Buffer) => RemoveResponse,
  },
  createService: {
    path: "/skep.v1.Control/CreateService",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: CreateServiceRequest): Buffer => asBuffer(encodeCreateServiceRequest(m)),
    requestDeserialize: (b: Buffer): CreateServiceRequest => decodeBounded(decodeCreateServiceRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ServiceResponse): Buffer => asBuffer(encodeServiceResponse(m)),
    responseDeserialize: decodeServiceResponse as (b: Buffer) => ServiceResponse,
  },
  getService: {
    path: "/skep.v1.Control/GetService",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ObjectRequest): Buffer => asBuffer(encodeObjectRequest(m)),
    requestDeserialize: (b: Buffer): ObjectRequest => decodeBounded(decodeObjectRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ServiceWithStatus): Buffer => asBuffer(encodeServiceWithStatus(m)),
    responseDeserialize: decodeServiceWithStatus as (b: Buffer) => ServiceWithStatus,
  },
  listServices: {
    path: "/skep.v1.Control/ListServices",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ListRequest): Buffer => asBuffer(encodeListRequest(m)),
    requestDeserialize: (b: Buffer): ListRequest => decodeBounded(decodeListRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ListServicesResponse): Buffer => asBuffer(encodeListServicesResponse(m)),
    responseDeserialize: decodeListServicesResponse as (b: Buffer) => ListServicesResponse,
  },
  updateService: {
    path: "/skep.v1.Control/UpdateService",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: UpdateServiceRequest): Buffer => asBuffer(encodeUpdateServiceRequest(m)),
    requestDeserialize: (b: Buffer): UpdateServiceRequest => decodeBounded(decodeUpdateServiceRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ServiceResponse): Buffer => asBuffer(encodeServiceResponse(m)),
    responseDeserialize: decodeServiceResponse as (b: Buffer) => ServiceResponse,
  },
  removeService: {
    path: "/skep.v1.Control/RemoveService",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: RemoveRequest): Buffer => asBuffer(encodeRemoveRequest(m)),
    requestDeserialize: (b: Buffer): RemoveRequest => decodeBounded(decodeRemoveRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: RemoveResponse): Buffer => asBuffer(encodeRemoveResponse(m)),
    responseDeserialize: decodeRemoveResponse as (b: Buffer) => RemoveResponse,
  },
  getTask: {
    path: "/skep.v1.Control/GetTask",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ObjectRequest): Buffer => asBuffer(encodeObjectRequest(m)),
    requestDeserialize: (b: Buffer): ObjectRequest => decodeBounded(decodeObjectRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Task): Buffer => asBuffer(encodeTask(m)),
    responseDeserialize: decodeTask as (b: Buffer) => Task,
  },
  listTasks: {
    path: "/skep.v1.Control/ListTasks",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ListRequest): Buffer => asBuffer(encodeListRequest(m)),
    requestDeserialize: (b: Buffer): ListRequest => decodeBounded(decodeListRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ListTasksResponse): Buffer => asBuffer(encodeListTasksResponse(m)),
    responseDeserialize: decodeListTasksResponse as (b: Buffer) => ListTasksResponse,
  },
  createNetwork: {
    path: "/skep.v1.Control/CreateNetwork",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: CreateNetworkRequest): Buffer => asBuffer(encodeCreateNetworkRequest(m)),
    requestDeserialize: (b: Buffer): CreateNetworkRequest => decodeBounded(decodeCreateNetworkRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Network): Buffer => asBuffer(encodeNetwork(m)),
    responseDeserialize: decodeNetwork as (b: Buffer) => Network,
  },
  getNetwork: {
    path: "/skep.v1.Control/GetNetwork",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ObjectRequest): Buffer => asBuffer(encodeObjectRequest(m)),
    requestDeserialize: (b: Buffer): ObjectRequest => decodeBounded(decodeObjectRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: NetworkDetails): Buffer => asBuffer(encodeNetworkDetails(m)),
    responseDeserialize: decodeNetworkDetails as (b: Buffer) => NetworkDetails,
  },
  listNetworks: {
    path: "/skep.v1.Control/ListNetworks",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ListRequest): Buffer => asBuffer(encodeListRequest(m)),
    requestDeserialize: (b: Buffer): ListRequest => decodeBounded(decodeListRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ListNetworksResponse): Buffer => asBuffer(encodeListNetworksResponse(m)),
    responseDeserialize: decodeListNetworksResponse as (b: Buffer) => ListNetworksResponse,
  },
  removeNetwork: {
    path: "/skep.v1.Control/RemoveNetwork",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: RemoveRequest): Buffer => asBuffer(encodeRemoveRequest(m)),
    requestDeserialize: (b: Buffer): RemoveRequest => decodeBounded(decodeRemoveRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: RemoveResponse): Buffer => asBuffer(encodeRemoveResponse(m)),
    responseDeserialize: decodeRemoveResponse as (b: Buffer) => RemoveResponse,
  },
  /** Every way between nodes, tested now: ports, VXLAN, MTU, encryption, clocks. */
  checkNetwork: {
    path: "/skep.v1.Control/CheckNetwork",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: NetworkCheckRequest): Buffer => asBuffer(encodeNetworkCheckRequest(m)),
    requestDeserialize: (b: Buffer): NetworkCheckRequest => decodeBounded(decodeNetworkCheckRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: NetworkCheckResponse): Buffer => asBuffer(encodeNetworkCheckResponse(m)),
    responseDeserialize: decodeNetworkCheckResponse as (b: Buffer) => NetworkCheckResponse,
  },
  getCluster: {
    path: "/skep.v1.Control/GetCluster",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: GetClusterRequest): Buffer => asBuffer(encodeGetClusterRequest(m)),
    requestDeserialize: (b: Buffer): GetClusterRequest => decodeBounded(decodeGetClusterRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Cluster): Buffer => asBuffer(encodeCluster(m)),
    responseDeserialize: decodeCluster as (b: Buffer) => Cluster,
  },
  updateCluster: {
    path: "/skep.v1.Control/UpdateCluster",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: UpdateClusterRequest): Buffer => asBuffer(encodeUpdateClusterRequest(m)),
    requestDeserialize: (b: Buffer): UpdateClusterRequest => decodeBounded(decodeUpdateClusterRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Cluster): Buffer => asBuffer(encodeCluster(m)),
    responseDeserialize: decodeCluster as (b: Buffer) => Cluster,
  },
  getUnlockKey: {
    path: "/skep.v1.Control/GetUnlockKey",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: GetUnlockKeyRequest): Buffer => asBuffer(encodeGetUnlockKeyRequest(m)),
    requestDeserialize: (b: Buffer): GetUnlockKeyRequest => decodeBounded(decodeGetUnlockKeyRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: UnlockKeyResponse): Buffer => asBuffer(encodeUnlockKeyResponse(m)),
    responseDeserialize: decodeUnlockKeyResponse as (b: Buffer) => UnlockKeyResponse,
  },
  rotateUnlockKey: {
    path: "/skep.v1.Control/RotateUnlockKey",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: RotateUnlockKeyRequest): Buffer => asBuffer(encodeRotateUnlockKeyRequest(m)),
    requestDeserialize: (b: Buffer): RotateUnlockKeyRequest => decodeBounded(decodeRotateUnlockKeyRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: UnlockKeyResponse): Buffer => asBuffer(encodeUnlockKeyResponse(m)),
    responseDeserialize: decodeUnlockKeyResponse as (b: Buffer) => UnlockKeyResponse,
  },
  /** Begins to replace the root; Cluster.root_ca.rotation is there until every node has a certificate from the new one. */
  rotateCA: {
    path: "/skep.v1.Control/RotateCA",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: RotateCARequest): Buffer => asBuffer(encodeRotateCARequest(m)),
    requestDeserialize: (b: Buffer): RotateCARequest => decodeBounded(decodeRotateCARequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Cluster): Buffer => asBuffer(encodeCluster(m)),
    responseDeserialize: decodeCluster as (b: Buffer) => Cluster,
  },
  /** All of the cluster's state at one moment, its secrets and the CA's key included. */
  backup: {
    path: "/skep.v1.Control/Backup",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: BackupRequest): Buffer => asBuffer(encodeBackupRequest(m)),
    requestDeserialize: (b: Buffer): BackupRequest => decodeBounded(decodeBackupRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: BackupChunk): Buffer => asBuffer(encodeBackupChunk(m)),
    responseDeserialize: decodeBackupChunk as (b: Buffer) => BackupChunk,
  },
  status: {
    path: "/skep.v1.Control/Status",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: StatusRequest): Buffer => asBuffer(encodeStatusRequest(m)),
    requestDeserialize: (b: Buffer): StatusRequest => decodeBounded(decodeStatusRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: StatusResponse): Buffer => asBuffer(encodeStatusResponse(m)),
    responseDeserialize: decodeStatusResponse as (b: Buffer) => StatusResponse,
  },
  logs: {
    path: "/skep.v1.Control/Logs",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: LogsRequest): Buffer => asBuffer(encodeLogsRequest(m)),
    requestDeserialize: (b: Buffer): LogsRequest => decodeBounded(decodeLogsRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LogsResponse): Buffer => asBuffer(encodeLogsResponse(m)),
    responseDeserialize: decodeLogsResponse as (b: Buffer) => LogsResponse,
  },
  events: {
    path: "/skep.v1.Control/Events",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: EventsRequest): Buffer => asBuffer(encodeEventsRequest(m)),
    requestDeserialize: (b: Buffer): EventsRequest => decodeBounded(decodeEventsRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Event): Buffer => asBuffer(encodeEvent(m)),
    responseDeserialize: decodeEvent as (b: Buffer) => Event,
  },
} as const;
