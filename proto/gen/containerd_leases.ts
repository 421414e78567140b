// Generated from containerd/leases.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeEmpty, decodeTimestampFrom, encodeEmpty, encodeTimestampInto, type Empty, type Timestamp } from "./containerd_common.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const LeasesService = {
  create: {
    path: "/containerd.services.leases.v1.Leases/Create",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: LeaseCreateRequest): Buffer => asBuffer(encodeLeaseCreateRequest(m)),
    requestDeserialize: (b: Buffer): LeaseCreateRequest => decodeBounded(decodeLeaseCreateRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LeaseCreateResponse): Buffer => asBuffer(encodeLeaseCreateResponse(m)),
    responseDeserialize: decodeLeaseCreateResponse as (b: Buffer) => LeaseCreateResponse,
  },
  delete: {
    path: "/containerd.services.leases.v1.Leases/Delete",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: LeaseDeleteRequest): Buffer => asBuffer(encodeLeaseDeleteRequest(m)),
    requestDeserialize: (b: Buffer): LeaseDeleteRequest => decodeBounded(decodeLeaseDeleteRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    responseDeserialize: decodeEmpty as (b: Buffer) => Empty,
  },
  list: {
    path: "/containerd.services.leases.v1.Leases/List",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: LeaseListRequest): Buffer => asBuffer(encodeLeaseListRequest(m)),
    requestDeserialize: (b: Buffer): LeaseListRequest => decodeBounded(decodeLeaseListRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LeaseListResponse): Buffer => asBuffer(encodeLeaseListResponse(m)),
    responseDeserialize: decodeLeaseListResponse as (b: Buffer) => LeaseListResponse,
  },
} as const;

export interface Lease {
  readonly id: string;
  readonly createdAt?: Timestamp | undefined;
  readonly labels: Readonly<Record<string, string>>;
}
/** A Lease with every field that is not given at its zero value. */
export function newLease(init: Partial<Lease> = {}): Lease {
  return { id: "", labels: {}, ...init };
}
export function encodeLeaseInto(m: Lease, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.createdAt !== undefined) encodeTimestampInto(m.createdAt, w.uint32(18).fork()).ldelim();
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(26).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeLease(m: Lease): Uint8Array {
  return encodeLeaseInto(m, Writer.create()).finish();
}
export function decodeLeaseFrom(r: Reader, length: number): Lease {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<Lease> = newLease({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = r.string();
        break;
      case 2:
        m.createdAt = decodeTimestampFrom(r, r.uint32());
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
        labels[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Lease. */
export function decodeLease(bytes: Uint8Array): Lease {
  const r = Reader.create(bytes);
  return decodeLeaseFrom(r, bytes.length);
}

export interface LeaseCreateRequest {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}
/** A LeaseCreateRequest with every field that is not given at its zero value. */
export function newLeaseCreateRequest(init: Partial<LeaseCreateRequest> = {}): LeaseCreateRequest {
  return { id: "", labels: {}, ...init };
}
export function encodeLeaseCreateRequestInto(m: LeaseCreateRequest, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(26).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeLeaseCreateRequest(m: LeaseCreateRequest): Uint8Array {
  return encodeLeaseCreateRequestInto(m, Writer.create()).finish();
}
export function decodeLeaseCreateRequestFrom(r: Reader, length: number): LeaseCreateRequest {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<LeaseCreateRequest> = newLeaseCreateRequest({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = r.string();
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
        labels[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaseCreateRequest. */
export function decodeLeaseCreateRequest(bytes: Uint8Array): LeaseCreateRequest {
  const r = Reader.create(bytes);
  return decodeLeaseCreateRequestFrom(r, bytes.length);
}

export interface LeaseCreateResponse {
  readonly lease?: Lease | undefined;
}
/** A LeaseCreateResponse with every field that is not given at its zero value. */
export function newLeaseCreateResponse(init: Partial<LeaseCreateResponse> = {}): LeaseCreateResponse {
  return { ...init };
}
export function encodeLeaseCreateResponseInto(m: LeaseCreateResponse, w: Writer): Writer {
  if (m.lease !== undefined) encodeLeaseInto(m.lease, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeLeaseCreateResponse(m: LeaseCreateResponse): Uint8Array {
  return encodeLeaseCreateResponseInto(m, Writer.create()).finish();
}
export function decodeLeaseCreateResponseFrom(r: Reader, length: number): LeaseCreateResponse {
  const end = r.pos + length;

  const m: Mutable<LeaseCreateResponse> = newLeaseCreateResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.lease = decodeLeaseFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaseCreateResponse. */
export function decodeLeaseCreateResponse(bytes: Uint8Array): LeaseCreateResponse {
  const r = Reader.create(bytes);
  return decodeLeaseCreateResponseFrom(r, bytes.length);
}

export interface LeaseDeleteRequest {
  readonly id: string;
  readonly sync: boolean;
}
/** A LeaseDeleteRequest with every field that is not given at its zero value. */
export function newLeaseDeleteRequest(init: Partial<LeaseDeleteRequest> = {}): LeaseDeleteRequest {
  return { id: "", sync: false, ...init };
}
export function encodeLeaseDeleteRequestInto(m: LeaseDeleteRequest, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.sync !== false) w.uint32(16).bool(m.sync);
  return w;
}
export function encodeLeaseDeleteRequest(m: LeaseDeleteRequest): Uint8Array {
  return encodeLeaseDeleteRequestInto(m, Writer.create()).finish();
}
export function decodeLeaseDeleteRequestFrom(r: Reader, length: number): LeaseDeleteRequest {
  const end = r.pos + length;

  const m: Mutable<LeaseDeleteRequest> = newLeaseDeleteRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = r.string();
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
/** @throws RangeError or Error when the bytes are not a LeaseDeleteRequest. */
export function decodeLeaseDeleteRequest(bytes: Uint8Array): LeaseDeleteRequest {
  const r = Reader.create(bytes);
  return decodeLeaseDeleteRequestFrom(r, bytes.length);
}

export interface LeaseListRequest {
  readonly filters: readonly string[];
}
/** A LeaseListRequest with every field that is not given at its zero value. */
export function newLeaseListRequest(init: Partial<LeaseListRequest> = {}): LeaseListRequest {
  return { filters: [], ...init };
}
export function encodeLeaseListRequestInto(m: LeaseListRequest, w: Writer): Writer {
  for (const value of m.filters) w.uint32(10).string(value);
  return w;
}
export function encodeLeaseListRequest(m: LeaseListRequest): Uint8Array {
  return encodeLeaseListRequestInto(m, Writer.create()).finish();
}
export function decodeLeaseListRequestFrom(r: Reader, length: number): LeaseListRequest {
  const end = r.pos + length;
  const filters: string[] = [];
  const m: Mutable<LeaseListRequest> = newLeaseListRequest({ filters });
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
/** @throws RangeError or Error when the bytes are not a LeaseListRequest. */
export function decodeLeaseListRequest(bytes: Uint8Array): LeaseListRequest {
  const r = Reader.create(bytes);
  return decodeLeaseListRequestFrom(r, bytes.length);
}

export interface LeaseListResponse {
  readonly leases: readonly Lease[];
}
/** A LeaseListResponse with every field that is not given at its zero value. */
export function newLeaseListResponse(init: Partial<LeaseListResponse> = {}): LeaseListResponse {
  return { leases: [], ...init };
}
export function encodeLeaseListResponseInto(m: LeaseListResponse, w: Writer): Writer {
  for (const value of m.leases) encodeLeaseInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeLeaseListResponse(m: LeaseListResponse): Uint8Array {
  return encodeLeaseListResponseInto(m, Writer.create()).finish();
}
export function decodeLeaseListResponseFrom(r: Reader, length: number): LeaseListResponse {
  const end = r.pos + length;
  const leases: Lease[] = [];
  const m: Mutable<LeaseListResponse> = newLeaseListResponse({ leases });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        leases.push(decodeLeaseFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaseListResponse. */
export function decodeLeaseListResponse(bytes: Uint8Array): LeaseListResponse {
  const r = Reader.create(bytes);
  return decodeLeaseListResponseFrom(r, bytes.length);
}
