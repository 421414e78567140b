// Generated from containerd/images.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeEmpty, decodeFieldMaskFrom, decodeTimestampFrom, encodeEmpty, encodeFieldMaskInto, encodeTimestampInto, type Empty, type FieldMask, type Timestamp } from "./containerd_common.ts";
import { decodeDescriptorFrom, encodeDescriptorInto, type Descriptor } from "./containerd_types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const ImagesService = {
  get: {
    path: "/containerd.services.images.v1.Images/Get",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ImageGetRequest): Buffer => asBuffer(encodeImageGetRequest(m)),
    requestDeserialize: (b: Buffer): ImageGetRequest => decodeBounded(decodeImageGetRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ImageGetResponse): Buffer => asBuffer(encodeImageGetResponse(m)),
    responseDeserialize: decodeImageGetResponse as (b: Buffer) => ImageGetResponse,
  },
  list: {
    path: "/containerd.services.images.v1.Images/List",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ImageListRequest): Buffer => asBuffer(encodeImageListRequest(m)),
    requestDeserialize: (b: Buffer): ImageListRequest => decodeBounded(decodeImageListRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ImageListResponse): Buffer => asBuffer(encodeImageListResponse(m)),
    responseDeserialize: decodeImageListResponse as (b: Buffer) => ImageListResponse,
  },
  create: {
    path: "/containerd.services.images.v1.Images/Create",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ImageCreateRequest): Buffer => asBuffer(encodeImageCreateRequest(m)),
    requestDeserialize: (b: Buffer): ImageCreateRequest => decodeBounded(decodeImageCreateRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ImageCreateResponse): Buffer => asBuffer(encodeImageCreateResponse(m)),
    responseDeserialize: decodeImageCreateResponse as (b: Buffer) => ImageCreateResponse,
  },
  update: {
    path: "/containerd.services.images.v1.Images/Update",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ImageUpdateRequest): Buffer => asBuffer(encodeImageUpdateRequest(m)),
    requestDeserialize: (b: Buffer): ImageUpdateRequest => decodeBounded(decodeImageUpdateRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ImageUpdateResponse): Buffer => asBuffer(encodeImageUpdateResponse(m)),
    responseDeserialize: decodeImageUpdateResponse as (b: Buffer) => ImageUpdateResponse,
  },
  delete: {
    path: "/containerd.services.images.v1.Images/Delete",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ImageDeleteRequest): Buffer => asBuffer(encodeImageDeleteRequest(m)),
    requestDeserialize: (b: Buffer): ImageDeleteRequest => decodeBounded(decodeImageDeleteRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    responseDeserialize: decodeEmpty as (b: Buffer) => Empty,
  },
} as const;

export interface ImageRecord {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: Descriptor | undefined;
  readonly createdAt?: Timestamp | undefined;
  readonly updatedAt?: Timestamp | undefined;
}
/** A ImageRecord with every field that is not given at its zero value. */
export function newImageRecord(init: Partial<ImageRecord> = {}): ImageRecord {
  return { name: "", labels: {}, ...init };
}
export function encodeImageRecordInto(m: ImageRecord, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(18).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  if (m.target !== undefined) encodeDescriptorInto(m.target, w.uint32(26).fork()).ldelim();
  if (m.createdAt !== undefined) encodeTimestampInto(m.createdAt, w.uint32(58).fork()).ldelim();
  if (m.updatedAt !== undefined) encodeTimestampInto(m.updatedAt, w.uint32(66).fork()).ldelim();
  return w;
}
export function encodeImageRecord(m: ImageRecord): Uint8Array {
  return encodeImageRecordInto(m, Writer.create()).finish();
}
export function decodeImageRecordFrom(r: Reader, length: number): ImageRecord {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<ImageRecord> = newImageRecord({ labels });
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
        m.target = decodeDescriptorFrom(r, r.uint32());
        break;
      case 7:
        m.createdAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 8:
        m.updatedAt = decodeTimestampFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageRecord. */
export function decodeImageRecord(bytes: Uint8Array): ImageRecord {
  const r = Reader.create(bytes);
  return decodeImageRecordFrom(r, bytes.length);
}

export interface ImageGetRequest {
  readonly name: string;
}
/** A ImageGetRequest with every field that is not given at its zero value. */
export function newImageGetRequest(init: Partial<ImageGetRequest> = {}): ImageGetRequest {
  return { name: "", ...init };
}
export function encodeImageGetRequestInto(m: ImageGetRequest, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  return w;
}
export function encodeImageGetRequest(m: ImageGetRequest): Uint8Array {
  return encodeImageGetRequestInto(m, Writer.create()).finish();
}
export function decodeImageGetRequestFrom(r: Reader, length: number): ImageGetRequest {
  const end = r.pos + length;

  const m: Mutable<ImageGetRequest> = newImageGetRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageGetRequest. */
export function decodeImageGetRequest(bytes: Uint8Array): ImageGetRequest {
  const r = Reader.create(bytes);
  return decodeImageGetRequestFrom(r, bytes.length);
}

export interface ImageGetResponse {
  readonly image?: ImageRecord | undefined;
}
/** A ImageGetResponse with every field that is not given at its zero value. */
export function newImageGetResponse(init: Partial<ImageGetResponse> = {}): ImageGetResponse {
  return { ...init };
}
export function encodeImageGetResponseInto(m: ImageGetResponse, w: Writer): Writer {
  if (m.image !== undefined) encodeImageRecordInto(m.image, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeImageGetResponse(m: ImageGetResponse): Uint8Array {
  return encodeImageGetResponseInto(m, Writer.create()).finish();
}
export function decodeImageGetResponseFrom(r: Reader, length: number): ImageGetResponse {
  const end = r.pos + length;

  const m: Mutable<ImageGetResponse> = newImageGetResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.image = decodeImageRecordFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageGetResponse. */
export function decodeImageGetResponse(bytes: Uint8Array): ImageGetResponse {
  const r = Reader.create(bytes);
  return decodeImageGetResponseFrom(r, bytes.length);
}

export interface ImageListRequest {
  readonly filters: readonly string[];
}
/** A ImageListRequest with every field that is not given at its zero value. */
export function newImageListRequest(init: Partial<ImageListRequest> = {}): ImageListRequest {
  return { filters: [], ...init };
}
export function encodeImageListRequestInto(m: ImageListRequest, w: Writer): Writer {
  for (const value of m.filters) w.uint32(10).string(value);
  return w;
}
export function encodeImageListRequest(m: ImageListRequest): Uint8Array {
  return encodeImageListRequestInto(m, Writer.create()).finish();
}
export function decodeImageListRequestFrom(r: Reader, length: number): ImageListRequest {
  const end = r.pos + length;
  const filters: string[] = [];
  const m: Mutable<ImageListRequest> = newImageListRequest({ filters });
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
/** @throws RangeError or Error when the bytes are not a ImageListRequest. */
export function decodeImageListRequest(bytes: Uint8Array): ImageListRequest {
  const r = Reader.create(bytes);
  return decodeImageListRequestFrom(r, bytes.length);
}

export interface ImageListResponse {
  readonly images: readonly ImageRecord[];
}
/** A ImageListResponse with every field that is not given at its zero value. */
export function newImageListResponse(init: Partial<ImageListResponse> = {}): ImageListResponse {
  return { images: [], ...init };
}
export function encodeImageListResponseInto(m: ImageListResponse, w: Writer): Writer {
  for (const value of m.images) encodeImageRecordInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeImageListResponse(m: ImageListResponse): Uint8Array {
  return encodeImageListResponseInto(m, Writer.create()).finish();
}
export function decodeImageListResponseFrom(r: Reader, length: number): ImageListResponse {
  const end = r.pos + length;
  const images: ImageRecord[] = [];
  const m: Mutable<ImageListResponse> = newImageListResponse({ images });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        images.push(decodeImageRecordFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageListResponse. */
export function decodeImageListResponse(bytes: Uint8Array): ImageListResponse {
  const r = Reader.create(bytes);
  return decodeImageListResponseFrom(r, bytes.length);
}

export interface ImageCreateRequest {
  readonly image?: ImageRecord | undefined;
}
/** A ImageCreateRequest with every field that is not given at its zero value. */
export function newImageCreateRequest(init: Partial<ImageCreateRequest> = {}): ImageCreateRequest {
  return { ...init };
}
export function encodeImageCreateRequestInto(m: ImageCreateRequest, w: Writer): Writer {
  if (m.image !== undefined) encodeImageRecordInto(m.image, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeImageCreateRequest(m: ImageCreateRequest): Uint8Array {
  return encodeImageCreateRequestInto(m, Writer.create()).finish();
}
export function decodeImageCreateRequestFrom(r: Reader, length: number): ImageCreateRequest {
  const end = r.pos + length;

  const m: Mutable<ImageCreateRequest> = newImageCreateRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.image = decodeImageRecordFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageCreateRequest. */
export function decodeImageCreateRequest(bytes: Uint8Array): ImageCreateRequest {
  const r = Reader.create(bytes);
  return decodeImageCreateRequestFrom(r, bytes.length);
}

export interface ImageCreateResponse {
  readonly image?: ImageRecord | undefined;
}
/** A ImageCreateResponse with every field that is not given at its zero value. */
export function newImageCreateResponse(init: Partial<ImageCreateResponse> = {}): ImageCreateResponse {
  return { ...init };
}
export function encodeImageCreateResponseInto(m: ImageCreateResponse, w: Writer): Writer {
  if (m.image !== undefined) encodeImageRecordInto(m.image, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeImageCreateResponse(m: ImageCreateResponse): Uint8Array {
  return encodeImageCreateResponseInto(m, Writer.create()).finish();
}
export function decodeImageCreateResponseFrom(r: Reader, length: number): ImageCreateResponse {
  const end = r.pos + length;

  const m: Mutable<ImageCreateResponse> = newImageCreateResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.image = decodeImageRecordFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageCreateResponse. */
export function decodeImageCreateResponse(bytes: Uint8Array): ImageCreateResponse {
  const r = Reader.create(bytes);
  return decodeImageCreateResponseFrom(r, bytes.length);
}

export interface ImageUpdateRequest {
  readonly image?: ImageRecord | undefined;
  readonly updateMask?: FieldMask | undefined;
}
/** A ImageUpdateRequest with every field that is not given at its zero value. */
export function newImageUpdateRequest(init: Partial<ImageUpdateRequest> = {}): ImageUpdateRequest {
  return { ...init };
}
export function encodeImageUpdateRequestInto(m: ImageUpdateRequest, w: Writer): Writer {
  if (m.image !== undefined) encodeImageRecordInto(m.image, w.uint32(10).fork()).ldelim();
  if (m.updateMask !== undefined) encodeFieldMaskInto(m.updateMask, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeImageUpdateRequest(m: ImageUpdateRequest): Uint8Array {
  return encodeImageUpdateRequestInto(m, Writer.create()).finish();
}
export function decodeImageUpdateRequestFrom(r: Reader, length: number): ImageUpdateRequest {
  const end = r.pos + length;

  const m: Mutable<ImageUpdateRequest> = newImageUpdateRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.image = decodeImageRecordFrom(r, r.uint32());
        break;
      case 2:
        m.updateMask = decodeFieldMaskFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageUpdateRequest. */
export function decodeImageUpdateRequest(bytes: Uint8Array): ImageUpdateRequest {
  const r = Reader.create(bytes);
  return decodeImageUpdateRequestFrom(r, bytes.length);
}

export interface ImageUpdateResponse {
  readonly image?: ImageRecord | undefined;
}
/** A ImageUpdateResponse with every field that is not given at its zero value. */
export function newImageUpdateResponse(init: Partial<ImageUpdateResponse> = {}): ImageUpdateResponse {
  return { ...init };
}
export function encodeImageUpdateResponseInto(m: ImageUpdateResponse, w: Writer): Writer {
  if (m.image !== undefined) encodeImageRecordInto(m.image, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeImageUpdateResponse(m: ImageUpdateResponse): Uint8Array {
  return encodeImageUpdateResponseInto(m, Writer.create()).finish();
}
export function decodeImageUpdateResponseFrom(r: Reader, length: number): ImageUpdateResponse {
  const end = r.pos + length;

  const m: Mutable<ImageUpdateResponse> = newImageUpdateResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.image = decodeImageRecordFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageUpdateResponse. */
export function decodeImageUpdateResponse(bytes: Uint8Array): ImageUpdateResponse {
  const r = Reader.create(bytes);
  return decodeImageUpdateResponseFrom(r, bytes.length);
}

export interface ImageDeleteRequest {
  readonly name: string;
  readonly sync: boolean;
}
/** A ImageDeleteRequest with every field that is not given at its zero value. */
export function newImageDeleteRequest(init: Partial<ImageDeleteRequest> = {}): ImageDeleteRequest {
  return { name: "", sync: false, ...init };
}
export function encodeImageDeleteRequestInto(m: ImageDeleteRequest, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  if (m.sync !== false) w.uint32(16).bool(m.sync);
  return w;
}
export function encodeImageDeleteRequest(m: ImageDeleteRequest): Uint8Array {
  return encodeImageDeleteRequestInto(m, Writer.create()).finish();
}
export function decodeImageDeleteRequestFrom(r: Reader, length: number): ImageDeleteRequest {
  const end = r.pos + length;

  const m: Mutable<ImageDeleteRequest> = newImageDeleteRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2:
        m.sync = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ImageDeleteRequest. */
export function decodeImageDeleteRequest(bytes: Uint8Array): ImageDeleteRequest {
  const r = Reader.create(bytes);
  return decodeImageDeleteRequestFrom(r, bytes.length);
}
