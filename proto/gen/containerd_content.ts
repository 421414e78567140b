// Generated from containerd/content.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeEmpty, decodeFieldMaskFrom, decodeTimestampFrom, encodeEmpty, encodeFieldMaskInto, encodeTimestampInto, type Empty, type FieldMask, type Timestamp } from "./containerd_common.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export const ContentService = {
  info: {
    path: "/containerd.services.content.v1.Content/Info",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ContentInfoRequest): Buffer => asBuffer(encodeContentInfoRequest(m)),
    requestDeserialize: (b: Buffer): ContentInfoRequest => decodeBounded(decodeContentInfoRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ContentInfoResponse): Buffer => asBuffer(encodeContentInfoResponse(m)),
    responseDeserialize: decodeContentInfoResponse as (b: Buffer) => ContentInfoResponse,
  },
  update: {
    path: "/containerd.services.content.v1.Content/Update",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ContentUpdateRequest): Buffer => asBuffer(encodeContentUpdateRequest(m)),
    requestDeserialize: (b: Buffer): ContentUpdateRequest => decodeBounded(decodeContentUpdateRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ContentUpdateResponse): Buffer => asBuffer(encodeContentUpdateResponse(m)),
    responseDeserialize: decodeContentUpdateResponse as (b: Buffer) => ContentUpdateResponse,
  },
  read: {
    path: "/containerd.services.content.v1.Content/Read",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: ContentReadRequest): Buffer => asBuffer(encodeContentReadRequest(m)),
    requestDeserialize: (b: Buffer): ContentReadRequest => decodeBounded(decodeContentReadRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ContentReadResponse): Buffer => asBuffer(encodeContentReadResponse(m)),
    responseDeserialize: decodeContentReadResponse as (b: Buffer) => ContentReadResponse,
  },
  listStatuses: {
    path: "/containerd.services.content.v1.Content/ListStatuses",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ContentListStatusesRequest): Buffer => asBuffer(encodeContentListStatusesRequest(m)),
    requestDeserialize: (b: Buffer): ContentListStatusesRequest => decodeBounded(decodeContentListStatusesRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ContentListStatusesResponse): Buffer => asBuffer(encodeContentListStatusesResponse(m)),
    responseDeserialize: decodeContentListStatusesResponse as (b: Buffer) => ContentListStatusesResponse,
  },
  write: {
    path: "/containerd.services.content.v1.Content/Write",
    requestStream: true,
    responseStream: true,
    requestSerialize: (m: ContentWriteRequest): Buffer => asBuffer(encodeContentWriteRequest(m)),
    requestDeserialize: (b: Buffer): ContentWriteRequest => decodeBounded(decodeContentWriteRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ContentWriteResponse): Buffer => asBuffer(encodeContentWriteResponse(m)),
    responseDeserialize: decodeContentWriteResponse as (b: Buffer) => ContentWriteResponse,
  },
  abort: {
    path: "/containerd.services.content.v1.Content/Abort",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ContentAbortRequest): Buffer => asBuffer(encodeContentAbortRequest(m)),
    requestDeserialize: (b: Buffer): ContentAbortRequest => decodeBounded(decodeContentAbortRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    responseDeserialize: decodeEmpty as (b: Buffer) => Empty,
  },
} as const;

export interface ContentInfo {
  readonly digest: string;
  readonly size: number;
  readonly createdAt?: Timestamp | undefined;
  readonly updatedAt?: Timestamp | undefined;
  readonly labels: Readonly<Record<string, string>>;
}
/** A ContentInfo with every field that is not given at its zero value. */
export function newContentInfo(init: Partial<ContentInfo> = {}): ContentInfo {
  return { digest: "", size: 0, labels: {}, ...init };
}
export function encodeContentInfoInto(m: ContentInfo, w: Writer): Writer {
  if (m.digest !== "") w.uint32(10).string(m.digest);
  if (m.size !== 0) w.uint32(16).int64(m.size);
  if (m.createdAt !== undefined) encodeTimestampInto(m.createdAt, w.uint32(26).fork()).ldelim();
  if (m.updatedAt !== undefined) encodeTimestampInto(m.updatedAt, w.uint32(34).fork()).ldelim();
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(42).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeContentInfo(m: ContentInfo): Uint8Array {
  return encodeContentInfoInto(m, Writer.create()).finish();
}
export function decodeContentInfoFrom(r: Reader, length: number): ContentInfo {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<ContentInfo> = newContentInfo({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.digest = r.string();
        break;
      case 2:
        m.size = toNumber(r.int64());
        break;
      case 3:
        m.createdAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 4:
        m.updatedAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 5: {
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
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentInfo. */
export function decodeContentInfo(bytes: Uint8Array): ContentInfo {
  const r = Reader.create(bytes);
  return decodeContentInfoFrom(r, bytes.length);
}

export interface ContentInfoRequest {
  readonly digest: string;
}
/** A ContentInfoRequest with every field that is not given at its zero value. */
export function newContentInfoRequest(init: Partial<ContentInfoRequest> = {}): ContentInfoRequest {
  return { digest: "", ...init };
}
export function encodeContentInfoRequestInto(m: ContentInfoRequest, w: Writer): Writer {
  if (m.digest !== "") w.uint32(10).string(m.digest);
  return w;
}
export function encodeContentInfoRequest(m: ContentInfoRequest): Uint8Array {
  return encodeContentInfoRequestInto(m, Writer.create()).finish();
}
export function decodeContentInfoRequestFrom(r: Reader, length: number): ContentInfoRequest {
  const end = r.pos + length;

  const m: Mutable<ContentInfoRequest> = newContentInfoRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.digest = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentInfoRequest. */
export function decodeContentInfoRequest(bytes: Uint8Array): ContentInfoRequest {
  const r = Reader.create(bytes);
  return decodeContentInfoRequestFrom(r, bytes.length);
}

export interface ContentInfoResponse {
  readonly info?: ContentInfo | undefined;
}
/** A ContentInfoResponse with every field that is not given at its zero value. */
export function newContentInfoResponse(init: Partial<ContentInfoResponse> = {}): ContentInfoResponse {
  return { ...init };
}
export function encodeContentInfoResponseInto(m: ContentInfoResponse, w: Writer): Writer {
  if (m.info !== undefined) encodeContentInfoInto(m.info, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeContentInfoResponse(m: ContentInfoResponse): Uint8Array {
  return encodeContentInfoResponseInto(m, Writer.create()).finish();
}
export function decodeContentInfoResponseFrom(r: Reader, length: number): ContentInfoResponse {
  const end = r.pos + length;

  const m: Mutable<ContentInfoResponse> = newContentInfoResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.info = decodeContentInfoFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentInfoResponse. */
export function decodeContentInfoResponse(bytes: Uint8Array): ContentInfoResponse {
  const r = Reader.create(bytes);
  return decodeContentInfoResponseFrom(r, bytes.length);
}

export interface ContentUpdateRequest {
  readonly info?: ContentInfo | undefined;
  readonly updateMask?: FieldMask | undefined;
}
/** A ContentUpdateRequest with every field that is not given at its zero value. */
export function newContentUpdateRequest(init: Partial<ContentUpdateRequest> = {}): ContentUpdateRequest {
  return { ...init };
}
export function encodeContentUpdateRequestInto(m: ContentUpdateRequest, w: Writer): Writer {
  if (m.info !== undefined) encodeContentInfoInto(m.info, w.uint32(10).fork()).ldelim();
  if (m.updateMask !== undefined) encodeFieldMaskInto(m.updateMask, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeContentUpdateRequest(m: ContentUpdateRequest): Uint8Array {
  return encodeContentUpdateRequestInto(m, Writer.create()).finish();
}
export function decodeContentUpdateRequestFrom(r: Reader, length: number): ContentUpdateRequest {
  const end = r.pos + length;

  const m: Mutable<ContentUpdateRequest> = newContentUpdateRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.info = decodeContentInfoFrom(r, r.uint32());
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
/** @throws RangeError or Error when the bytes are not a ContentUpdateRequest. */
export function decodeContentUpdateRequest(bytes: Uint8Array): ContentUpdateRequest {
  const r = Reader.create(bytes);
  return decodeContentUpdateRequestFrom(r, bytes.length);
}

export interface ContentUpdateResponse {
  readonly info?: ContentInfo | undefined;
}
/** A ContentUpdateResponse with every field that is not given at its zero value. */
export function newContentUpdateResponse(init: Partial<ContentUpdateResponse> = {}): ContentUpdateResponse {
  return { ...init };
}
export function encodeContentUpdateResponseInto(m: ContentUpdateResponse, w: Writer): Writer {
  if (m.info !== undefined) encodeContentInfoInto(m.info, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeContentUpdateResponse(m: ContentUpdateResponse): Uint8Array {
  return encodeContentUpdateResponseInto(m, Writer.create()).finish();
}
export function decodeContentUpdateResponseFrom(r: Reader, length: number): ContentUpdateResponse {
  const end = r.pos + length;

  const m: Mutable<ContentUpdateResponse> = newContentUpdateResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.info = decodeContentInfoFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentUpdateResponse. */
export function decodeContentUpdateResponse(bytes: Uint8Array): ContentUpdateResponse {
  const r = Reader.create(bytes);
  return decodeContentUpdateResponseFrom(r, bytes.length);
}

export interface ContentReadRequest {
  readonly digest: string;
  readonly offset: number;
  /** 0 is everything. */
  readonly size: number;
}
/** A ContentReadRequest with every field that is not given at its zero value. */
export function newContentReadRequest(init: Partial<ContentReadRequest> = {}): ContentReadRequest {
  return { digest: "", offset: 0, size: 0, ...init };
}
export function encodeContentReadRequestInto(m: ContentReadRequest, w: Writer): Writer {
  if (m.digest !== "") w.uint32(10).string(m.digest);
  if (m.offset !== 0) w.uint32(16).int64(m.offset);
  if (m.size !== 0) w.uint32(24).int64(m.size);
  return w;
}
export function encodeContentReadRequest(m: ContentReadRequest): Uint8Array {
  return encodeContentReadRequestInto(m, Writer.create()).finish();
}
export function decodeContentReadRequestFrom(r: Reader, length: number): ContentReadRequest {
  const end = r.pos + length;

  const m: Mutable<ContentReadRequest> = newContentReadRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.digest = r.string();
        break;
      case 2:
        m.offset = toNumber(r.int64());
        break;
      case 3:
        m.size = toNumber(r.int64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentReadRequest. */
export function decodeContentReadRequest(bytes: Uint8Array): ContentReadRequest {
  const r = Reader.create(bytes);
  return decodeContentReadRequestFrom(r, bytes.length);
}

export interface ContentReadResponse {
  readonly offset: number;
  readonly data: Uint8Array;
}
/** A ContentReadResponse with every field that is not given at its zero value. */
export function newContentReadResponse(init: Partial<ContentReadResponse> = {}): ContentReadResponse {
  return { offset: 0, data: EMPTY, ...init };
}
export function encodeContentReadResponseInto(m: ContentReadResponse, w: Writer): Writer {
  if (m.offset !== 0) w.uint32(8).int64(m.offset);
  if (m.data.length > 0) w.uint32(18).bytes(m.data);
  return w;
}
export function encodeContentReadResponse(m: ContentReadResponse): Uint8Array {
  return encodeContentReadResponseInto(m, Writer.create()).finish();
}
export function decodeContentReadResponseFrom(r: Reader, length: number): ContentReadResponse {
  const end = r.pos + length;

  const m: Mutable<ContentReadResponse> = newContentReadResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.offset = toNumber(r.int64());
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
/** @throws RangeError or Error when the bytes are not a ContentReadResponse. */
export function decodeContentReadResponse(bytes: Uint8Array): ContentReadResponse {
  const r = Reader.create(bytes);
  return decodeContentReadResponseFrom(r, bytes.length);
}

export interface ContentIngestStatus {
  readonly startedAt?: Timestamp | undefined;
  readonly updatedAt?: Timestamp | undefined;
  readonly ref: string;
  readonly offset: number;
  readonly total: number;
  readonly expected: string;
}
/** A ContentIngestStatus with every field that is not given at its zero value. */
export function newContentIngestStatus(init: Partial<ContentIngestStatus> = {}): ContentIngestStatus {
  return { ref: "", offset: 0, total: 0, expected: "", ...init };
}
export function encodeContentIngestStatusInto(m: ContentIngestStatus, w: Writer): Writer {
  if (m.startedAt !== undefined) encodeTimestampInto(m.startedAt, w.uint32(10).fork()).ldelim();
  if (m.updatedAt !== undefined) encodeTimestampInto(m.updatedAt, w.uint32(18).fork()).ldelim();
  if (m.ref !== "") w.uint32(26).string(m.ref);
  if (m.offset !== 0) w.uint32(32).int64(m.offset);
  if (m.total !== 0) w.uint32(40).int64(m.total);
  if (m.expected !== "") w.uint32(50).string(m.expected);
  return w;
}
export function encodeContentIngestStatus(m: ContentIngestStatus): Uint8Array {
  return encodeContentIngestStatusInto(m, Writer.create()).finish();
}
export function decodeContentIngestStatusFrom(r: Reader, length: number): ContentIngestStatus {
  const end = r.pos + length;

  const m: Mutable<ContentIngestStatus> = newContentIngestStatus();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.startedAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 2:
        m.updatedAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 3:
        m.ref = r.string();
        break;
      case 4:
        m.offset = toNumber(r.int64());
        break;
      case 5:
        m.total = toNumber(r.int64());
        break;
      case 6:
        m.expected = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentIngestStatus. */
export function decodeContentIngestStatus(bytes: Uint8Array): ContentIngestStatus {
  const r = Reader.create(bytes);
  return decodeContentIngestStatusFrom(r, bytes.length);
}

export interface ContentListStatusesRequest {
  readonly filters: readonly string[];
}
/** A ContentListStatusesRequest with every field that is not given at its zero value. */
export function newContentListStatusesRequest(init: Partial<ContentListStatusesRequest> = {}): ContentListStatusesRequest {
  return { filters: [], ...init };
}
export function encodeContentListStatusesRequestInto(m: ContentListStatusesRequest, w: Writer): Writer {
  for (const value of m.filters) w.uint32(10).string(value);
  return w;
}
export function encodeContentListStatusesRequest(m: ContentListStatusesRequest): Uint8Array {
  return encodeContentListStatusesRequestInto(m, Writer.create()).finish();
}
export function decodeContentListStatusesRequestFrom(r: Reader, length: number): ContentListStatusesRequest {
  const end = r.pos + length;
  const filters: string[] = [];
  const m: Mutable<ContentListStatusesRequest> = newContentListStatusesRequest({ filters });
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
/** @throws RangeError or Error when the bytes are not a ContentListStatusesRequest. */
export function decodeContentListStatusesRequest(bytes: Uint8Array): ContentListStatusesRequest {
  const r = Reader.create(bytes);
  return decodeContentListStatusesRequestFrom(r, bytes.length);
}

export interface ContentListStatusesResponse {
  readonly statuses: readonly ContentIngestStatus[];
}
/** A ContentListStatusesResponse with every field that is not given at its zero value. */
export function newContentListStatusesResponse(init: Partial<ContentListStatusesResponse> = {}): ContentListStatusesResponse {
  return { statuses: [], ...init };
}
export function encodeContentListStatusesResponseInto(m: ContentListStatusesResponse, w: Writer): Writer {
  for (const value of m.statuses) encodeContentIngestStatusInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeContentListStatusesResponse(m: ContentListStatusesResponse): Uint8Array {
  return encodeContentListStatusesResponseInto(m, Writer.create()).finish();
}
export function decodeContentListStatusesResponseFrom(r: Reader, length: number): ContentListStatusesResponse {
  const end = r.pos + length;
  const statuses: ContentIngestStatus[] = [];
  const m: Mutable<ContentListStatusesResponse> = newContentListStatusesResponse({ statuses });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        statuses.push(decodeContentIngestStatusFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentListStatusesResponse. */
export function decodeContentListStatusesResponse(bytes: Uint8Array): ContentListStatusesResponse {
  const r = Reader.create(bytes);
  return decodeContentListStatusesResponseFrom(r, bytes.length);
}

export type ContentWriteAction = "stat" | "write" | "commit";
export const ContentWriteActionNumber: Readonly<Record<ContentWriteAction, number>> = {
  stat: 0,
  write: 1,
  commit: 2,
};
function readContentWriteAction(number: number): ContentWriteAction {
  switch (number) {
    case 0:
      return "stat";
    case 1:
      return "write";
    case 2:
      return "commit";
    default:
      throw new RangeError(`unknown ContentWriteAction ${number} on the wire`);
  }
}

export interface ContentWriteRequest {
  readonly action: ContentWriteAction;
  readonly ref: string;
  readonly total: number;
  readonly expected: string;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly labels: Readonly<Record<string, string>>;
}
/** A ContentWriteRequest with every field that is not given at its zero value. */
export function newContentWriteRequest(init: Partial<ContentWriteRequest> = {}): ContentWriteRequest {
  return { action: "stat", ref: "", total: 0, expected: "", offset: 0, data: EMPTY, labels: {}, ...init };
}
export function encodeContentWriteRequestInto(m: ContentWriteRequest, w: Writer): Writer {
  if (m.action !== "stat") w.uint32(8).int32(ContentWriteActionNumber[m.action]);
  if (m.ref !== "") w.uint32(18).string(m.ref);
  if (m.total !== 0) w.uint32(24).int64(m.total);
  if (m.expected !== "") w.uint32(34).string(m.expected);
  if (m.offset !== 0) w.uint32(40).int64(m.offset);
  if (m.data.length > 0) w.uint32(50).bytes(m.data);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(58).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeContentWriteRequest(m: ContentWriteRequest): Uint8Array {
  return encodeContentWriteRequestInto(m, Writer.create()).finish();
}
export function decodeContentWriteRequestFrom(r: Reader, length: number): ContentWriteRequest {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<ContentWriteRequest> = newContentWriteRequest({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.action = readContentWriteAction(r.int32());
        break;
      case 2:
        m.ref = r.string();
        break;
      case 3:
        m.total = toNumber(r.int64());
        break;
      case 4:
        m.expected = r.string();
        break;
      case 5:
        m.offset = toNumber(r.int64());
        break;
      case 6:
        m.data = r.bytes();
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
        labels[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentWriteRequest. */
export function decodeContentWriteRequest(bytes: Uint8Array): ContentWriteRequest {
  const r = Reader.create(bytes);
  return decodeContentWriteRequestFrom(r, bytes.length);
}

export interface ContentWriteResponse {
  readonly action: ContentWriteAction;
  readonly startedAt?: Timestamp | undefined;
  readonly updatedAt?: Timestamp | undefined;
  readonly offset: number;
  readonly total: number;
  readonly digest: string;
}
/** A ContentWriteResponse with every field that is not given at its zero value. */
export function newContentWriteResponse(init: Partial<ContentWriteResponse> = {}): ContentWriteResponse {
  return { action: "stat", offset: 0, total: 0, digest: "", ...init };
}
export function encodeContentWriteResponseInto(m: ContentWriteResponse, w: Writer): Writer {
  if (m.action !== "stat") w.uint32(8).int32(ContentWriteActionNumber[m.action]);
  if (m.startedAt !== undefined) encodeTimestampInto(m.startedAt, w.uint32(18).fork()).ldelim();
  if (m.updatedAt !== undefined) encodeTimestampInto(m.updatedAt, w.uint32(26).fork()).ldelim();
  if (m.offset !== 0) w.uint32(32).int64(m.offset);
  if (m.total !== 0) w.uint32(40).int64(m.total);
  if (m.digest !== "") w.uint32(50).string(m.digest);
  return w;
}
export function encodeContentWriteResponse(m: ContentWriteResponse): Uint8Array {
  return encodeContentWriteResponseInto(m, Writer.create()).finish();
}
export function decodeContentWriteResponseFrom(r: Reader, length: number): ContentWriteResponse {
  const end = r.pos + length;

  const m: Mutable<ContentWriteResponse> = newContentWriteResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.action = readContentWriteAction(r.int32());
        break;
      case 2:
        m.startedAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 3:
        m.updatedAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 4:
        m.offset = toNumber(r.int64());
        break;
      case 5:
        m.total = toNumber(r.int64());
        break;
      case 6:
        m.digest = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ContentWriteResponse. */
export function decodeContentWriteResponse(bytes: Uint8Array): ContentWriteResponse {
  const r = Reader.create(bytes);
  return decodeContentWriteResponseFrom(r, bytes.length);
}

export interface ContentAbortRequest {
  readonly ref: string;
}
/** A ContentAbortRequest with every field that is not given at its zero value. */
export function newContentAbortRequest(init: Partial<ContentAbortRequest> = {}): ContentAbortRequest {
  return { ref: "", ...init };
}
export function encodeContentAbortRequestInto(m: ContentAbortRequest, w: Writer): Writer {
  if (m.ref !== "") w.uint32(10).string(m.ref);
  return w;
}
export function encodeContentAbortRequest(m: ContentAbortRequest): Uint8Array {
  return encodeContentAbortRequestInto(m, Writer.create()).finish();
}
export function decodeContentAbortRequestFrom(r: Reader, length: number): ContentAbortRequest {
  const end = r.pos + length;

  const m: Mutable<ContentAbortRequest> = newContentAbortRequest();
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
/** @throws RangeError or Error when the bytes are not a ContentAbortRequest. */
export function decodeContentAbortRequest(bytes: Uint8Array): ContentAbortRequest {
  const r = Reader.create(bytes);
  return decodeContentAbortRequestFrom(r, bytes.length);
}
