// Generated from containerd/containers.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeAnyFrom, decodeEmpty, decodeTimestampFrom, encodeAnyInto, encodeEmpty, encodeTimestampInto, type Any, type Empty, type Timestamp } from "./containerd_common.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const ContainersService = {
  get: {
    path: "/containerd.services.containers.v1.Containers/Get",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: GetContainerRequest): Buffer => asBuffer(encodeGetContainerRequest(m)),
    requestDeserialize: (b: Buffer): GetContainerRequest => decodeBounded(decodeGetContainerRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: GetContainerResponse): Buffer => asBuffer(encodeGetContainerResponse(m)),
    responseDeserialize: decodeGetContainerResponse as (b: Buffer) => GetContainerResponse,
  },
  list: {
    path: "/containerd.services.containers.v1.Containers/List",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ListContainersRequest): Buffer => asBuffer(encodeListContainersRequest(m)),
    requestDeserialize: (b: Buffer): ListContainersRequest => decodeBounded(decodeListContainersRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ListContainersResponse): Buffer => asBuffer(encodeListContainersResponse(m)),
    responseDeserialize: decodeListContainersResponse as (b: Buffer) => ListContainersResponse,
  },
  create: {
    path: "/containerd.services.containers.v1.Containers/Create",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: CreateContainerRequest): Buffer => asBuffer(encodeCreateContainerRequest(m)),
    requestDeserialize: (b: Buffer): CreateContainerRequest => decodeBounded(decodeCreateContainerRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: CreateContainerResponse): Buffer => asBuffer(encodeCreateContainerResponse(m)),
    responseDeserialize: decodeCreateContainerResponse as (b: Buffer) => CreateContainerResponse,
  },
  delete: {
    path: "/containerd.services.containers.v1.Containers/Delete",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: DeleteContainerRequest): Buffer => asBuffer(encodeDeleteContainerRequest(m)),
    requestDeserialize: (b: Buffer): DeleteContainerRequest => decodeBounded(decodeDeleteContainerRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    responseDeserialize: decodeEmpty as (b: Buffer) => Empty,
  },
} as const;

export interface Container {
  readonly id: string;
  /** A key and its value together have at most 4096 bytes. */
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly runtime?: ContainerRuntime | undefined;
  /** The OCI runtime spec, as JSON. */
  readonly spec?: Any | undefined;
  readonly snapshotter: string;
  /** The named snapshot is kept while the container exists. */
  readonly snapshotKey: string;
  readonly createdAt?: Timestamp | undefined;
}
/** A Container with every field that is not given at its zero value. */
export function newContainer(init: Partial<Container> = {}): Container {
  return { id: "", labels: {}, image: "", snapshotter: "", snapshotKey: "", ...init };
}
export function encodeContainerInto(m: Container, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.image !== "") w.uint32(26).string(m.image);
  if (m.runtime !== undefined) encodeContainerRuntimeInto(m.runtime, w.uint32(34).fork()).ldelim();
  if (m.spec !== undefined) encodeAnyInto(m.spec, w.uint32(42).fork()).ldelim();
  if (m.snapshotter !== "") w.uint32(50).string(m.snapshotter);
  if (m.snapshotKey !== "") w.uint32(58).string(m.snapshotKey);
  if (m.createdAt !== undefined) encodeTimestampInto(m.createdAt, w.uint32(66).fork()).ldelim();
  return w;
}
export function encodeContainer(m: Container): Uint8Array {
  return encodeContainerInto(m, Writer.create()).finish();
}
export function decodeContainerFrom(r: Reader, length: number): Container {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<Container> = newContainer({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = r.string();
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
        m.image = r.string();
        break;
      case 4:
        m.runtime = decodeContainerRuntimeFrom(r, r.uint32());
        break;
      case 5:
        m.spec = decodeAnyFrom(r, r.uint32());
        break;
      case 6:
        m.snapshotter = r.string();
        break;
      case 7:
        m.snapshotKey = r.string();
        break;
      case 8:
        m.createdAt = decodeTimestampFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Container. */
export function decodeContainer(bytes: Uint8Array): Container {
  const r = Reader.create(bytes);
  return decodeContainerFrom(r, bytes.length);
}

export interface ContainerRuntime {
  readonly name: string;
  readonly options?: Any | undefined;
}
/** A ContainerRuntime with every field that is not given at its zero value. */
export function newContainerRuntime(init: Partial<ContainerRuntime> = {}): ContainerRuntime {
  return { name: "", ...init };
}
export function encodeContainerRuntimeInto(m: ContainerRuntime, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  if (m.options !== undefined) encodeAnyInto(m.options, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeContainerRuntime(m: ContainerRuntime): Uint8Array {
  return encodeContainerRuntimeInto(m, Writer.create()).finish();
}
export function decodeContainerRuntimeFrom(r: Reader, length: number): ContainerRuntime {
  const end = r.pos + length;

  const m: Mutable<ContainerRuntime> = newContainerRuntime();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2:
        m.options = decodeAnyFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContainerRuntime. */
export function decodeContainerRuntime(bytes: Uint8Array): ContainerRuntime {
  const r = Reader.create(bytes);
  return decodeContainerRuntimeFrom(r, bytes.length);
}

export interface GetContainerRequest {
  readonly id: string;
}
/** A GetContainerRequest with every field that is not given at its zero value. */
export function newGetContainerRequest(init: Partial<GetContainerRequest> = {}): GetContainerRequest {
  return { id: "", ...init };
}
export function encodeGetContainerRequestInto(m: GetContainerRequest, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  return w;
}
export function encodeGetContainerRequest(m: GetContainerRequest): Uint8Array {
  return encodeGetContainerRequestInto(m, Writer.create()).finish();
}
export function decodeGetContainerRequestFrom(r: Reader, length: number): GetContainerRequest {
  const end = r.pos + length;

  const m: Mutable<GetContainerRequest> = newGetContainerRequest();
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
/** @throws RangeError or Error when the bytes are not a GetContainerRequest. */
export function decodeGetContainerRequest(bytes: Uint8Array): GetContainerRequest {
  const r = Reader.create(bytes);
  return decodeGetContainerRequestFrom(r, bytes.length);
}

export interface GetContainerResponse {
  readonly container?: Container | undefined;
}
/** A GetContainerResponse with every field that is not given at its zero value. */
export function newGetContainerResponse(init: Partial<GetContainerResponse> = {}): GetContainerResponse {
  return { ...init };
}
export function encodeGetContainerResponseInto(m: GetContainerResponse, w: Writer): Writer {
  if (m.container !== undefined) encodeContainerInto(m.container, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeGetContainerResponse(m: GetContainerResponse): Uint8Array {
  return encodeGetContainerResponseInto(m, Writer.create()).finish();
}
export function decodeGetContainerResponseFrom(r: Reader, length: number): GetContainerResponse {
  const end = r.pos + length;

  const m: Mutable<GetContainerResponse> = newGetContainerResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.container = decodeContainerFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GetContainerResponse. */
export function decodeGetContainerResponse(bytes: Uint8Array): GetContainerResponse {
  const r = Reader.create(bytes);
  return decodeGetContainerResponseFrom(r, bytes.length);
}

export interface ListContainersRequest {
  readonly filters: readonly string[];
}
/** A ListContainersRequest with every field that is not given at its zero value. */
export function newListContainersRequest(init: Partial<ListContainersRequest> = {}): ListContainersRequest {
  return { filters: [], ...init };
}
export function encodeListContainersRequestInto(m: ListContainersRequest, w: Writer): Writer {
  for (const value of m.filters) w.uint32(10).string(value);
  return w;
}
export function encodeListContainersRequest(m: ListContainersRequest): Uint8Array {
  return encodeListContainersRequestInto(m, Writer.create()).finish();
}
export function decodeListContainersRequestFrom(r: Reader, length: number): ListContainersRequest {
  const end = r.pos + length;
  const filters: string[] = [];
  const m: Mutable<ListContainersRequest> = newListContainersRequest({ filters });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        filters.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListContainersRequest. */
export function decodeListContainersRequest(bytes: Uint8Array): ListContainersRequest {
  const r = Reader.create(bytes);
  return decodeListContainersRequestFrom(r, bytes.length);
}

export interface ListContainersResponse {
  readonly containers: readonly Container[];
}
/** A ListContainersResponse with every field that is not given at its zero value. */
export function newListContainersResponse(init: Partial<ListContainersResponse> = {}): ListContainersResponse {
  return { containers: [], ...init };
}
export function encodeListContainersResponseInto(m: ListContainersResponse, w: Writer): Writer {
  for (const value of m.containers) encodeContainerInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeListContainersResponse(m: ListContainersResponse): Uint8Array {
  return encodeListContainersResponseInto(m, Writer.create()).finish();
}
export function decodeListContainersResponseFrom(r: Reader, length: number): ListContainersResponse {
  const end = r.pos + length;
  const containers: Container[] = [];
  const m: Mutable<ListContainersResponse> = newListContainersResponse({ containers });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        containers.push(decodeContainerFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListContainersResponse. */
export function decodeListContainersResponse(bytes: Uint8Array): ListContainersResponse {
  const r = Reader.create(bytes);
  return decodeListContainersResponseFrom(r, bytes.length);
}

export interface CreateContainerRequest {
  readonly container?: Container | undefined;
}
/** A CreateContainerRequest with every field that is not given at its zero value. */
export function newCreateContainerRequest(init: Partial<CreateContainerRequest> = {}): CreateContainerRequest {
  return { ...init };
}
export function encodeCreateContainerRequestInto(m: CreateContainerRequest, w: Writer): Writer {
  if (m.container !== undefined) encodeContainerInto(m.container, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeCreateContainerRequest(m: CreateContainerRequest): Uint8Array {
  return encodeCreateContainerRequestInto(m, Writer.create()).finish();
}
export function decodeCreateContainerRequestFrom(r: Reader, length: number): CreateContainerRequest {
  const end = r.pos + length;

  const m: Mutable<CreateContainerRequest> = newCreateContainerRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.container = decodeContainerFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a CreateContainerRequest. */
export function decodeCreateContainerRequest(bytes: Uint8Array): CreateContainerRequest {
  const r = Reader.create(bytes);
  return decodeCreateContainerRequestFrom(r, bytes.length);
}

export interface CreateContainerResponse {
  readonly container?: Container | undefined;
}
/** A CreateContainerResponse with every field that is not given at its zero value. */
export function newCreateContainerResponse(init: Partial<CreateContainerResponse> = {}): CreateContainerResponse {
  return { ...init };
}
export function encodeCreateContainerResponseInto(m: CreateContainerResponse, w: Writer): Writer {
  if (m.container !== undefined) encodeContainerInto(m.container, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeCreateContainerResponse(m: CreateContainerResponse): Uint8Array {
  return encodeCreateContainerResponseInto(m, Writer.create()).finish();
}
export function decodeCreateContainerResponseFrom(r: Reader, length: number): CreateContainerResponse {
  const end = r.pos + length;

  const m: Mutable<CreateContainerResponse> = newCreateContainerResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.container = decodeContainerFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a CreateContainerResponse. */
export function decodeCreateContainerResponse(bytes: Uint8Array): CreateContainerResponse {
  const r = Reader.create(bytes);
  return decodeCreateContainerResponseFrom(r, bytes.length);
}

export interface DeleteContainerRequest {
  readonly id: string;
}
/** A DeleteContainerRequest with every field that is not given at its zero value. */
export function newDeleteContainerRequest(init: Partial<DeleteContainerRequest> = {}): DeleteContainerRequest {
  return { id: "", ...init };
}
export function encodeDeleteContainerRequestInto(m: DeleteContainerRequest, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  return w;
}
export function encodeDeleteContainerRequest(m: DeleteContainerRequest): Uint8Array {
  return encodeDeleteContainerRequestInto(m, Writer.create()).finish();
}
export function decodeDeleteContainerRequestFrom(r: Reader, length: number): DeleteContainerRequest {
  const end = r.pos + length;

  const m: Mutable<DeleteContainerRequest> = newDeleteContainerRequest();
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
/** @throws RangeError or Error when the bytes are not a DeleteContainerRequest. */
export function decodeDeleteContainerRequest(bytes: Uint8Array): DeleteContainerRequest {
  const r = Reader.create(bytes);
  return decodeDeleteContainerRequestFrom(r, bytes.length);
}
