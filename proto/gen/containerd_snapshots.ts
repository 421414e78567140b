// Generated from containerd/snapshots.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeEmpty, decodeTimestampFrom, encodeEmpty, encodeTimestampInto, type Empty, type Timestamp } from "./containerd_common.ts";
import { decodeMountFrom, encodeMountInto, type Mount } from "./containerd_types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const SnapshotsService = {
  prepare: {
    path: "/containerd.services.snapshots.v1.Snapshots/Prepare",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: SnapshotPrepareRequest): Buffer => asBuffer(encodeSnapshotPrepareRequest(m)),
    requestDeserialize: (b: Buffer): SnapshotPrepareRequest => decodeBounded(decodeSnapshotPrepareRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: SnapshotPrepareResponse): Buffer => asBuffer(encodeSnapshotPrepareResponse(m)),
    responseDeserialize: decodeSnapshotPrepareResponse as (b: Buffer) => SnapshotPrepareResponse,
  },
  mounts: {
    path: "/containerd.services.snapshots.v1.Snapshots/Mounts",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: SnapshotMountsRequest): Buffer => asBuffer(encodeSnapshotMountsRequest(m)),
    requestDeserialize: (b: Buffer): SnapshotMountsRequest => decodeBounded(decodeSnapshotMountsRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: SnapshotMountsResponse): Buffer => asBuffer(encodeSnapshotMountsResponse(m)),
    responseDeserialize: decodeSnapshotMountsResponse as (b: Buffer) => SnapshotMountsResponse,
  },
  commit: {
    path: "/containerd.services.snapshots.v1.Snapshots/Commit",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: SnapshotCommitRequest): Buffer => asBuffer(encodeSnapshotCommitRequest(m)),
    requestDeserialize: (b: Buffer): SnapshotCommitRequest => decodeBounded(decodeSnapshotCommitRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    responseDeserialize: decodeEmpty as (b: Buffer) => Empty,
  },
  remove: {
    path: "/containerd.services.snapshots.v1.Snapshots/Remove",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: SnapshotRemoveRequest): Buffer => asBuffer(encodeSnapshotRemoveRequest(m)),
    requestDeserialize: (b: Buffer): SnapshotRemoveRequest => decodeBounded(decodeSnapshotRemoveRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    responseDeserialize: decodeEmpty as (b: Buffer) => Empty,
  },
  stat: {
    path: "/containerd.services.snapshots.v1.Snapshots/Stat",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: SnapshotStatRequest): Buffer => asBuffer(encodeSnapshotStatRequest(m)),
    requestDeserialize: (b: Buffer): SnapshotStatRequest => decodeBounded(decodeSnapshotStatRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: SnapshotStatResponse): Buffer => asBuffer(encodeSnapshotStatResponse(m)),
    responseDeserialize: decodeSnapshotStatResponse as (b: Buffer) => SnapshotStatResponse,
  },
  list: {
    path: "/containerd.services.snapshots.v1.Snapshots/List",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: SnapshotListRequest): Buffer => asBuffer(encodeSnapshotListRequest(m)),
    requestDeserialize: (b: Buffer): SnapshotListRequest => decodeBounded(decodeSnapshotListRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: SnapshotListResponse): Buffer => asBuffer(encodeSnapshotListResponse(m)),
    responseDeserialize: decodeSnapshotListResponse as (b: Buffer) => SnapshotListResponse,
  },
} as const;

export type SnapshotKind = "unknown" | "view" | "active" | "committed";
export const SnapshotKindNumber: Readonly<Record<SnapshotKind, number>> = {
  unknown: 0,
  view: 1,
  active: 2,
  committed: 3,
};
function readSnapshotKind(number: number): SnapshotKind {
  switch (number) {
    case 0:
      return "unknown";
    case 1:
      return "view";
    case 2:
      return "active";
    case 3:
      return "committed";
    default:
      throw new RangeError(`unknown SnapshotKind ${number} on the wire`);
  }
}

export interface SnapshotInfo {
  readonly name: string;
  readonly parent: string;
  readonly kind: SnapshotKind;
  readonly createdAt?: Timestamp | undefined;
  readonly updatedAt?: Timestamp | undefined;
  readonly labels: Readonly<Record<string, string>>;
}
/** A SnapshotInfo with every field that is not given at its zero value. */
export function newSnapshotInfo(init: Partial<SnapshotInfo> = {}): SnapshotInfo {
  return { name: "", parent: "", kind: "unknown", labels: {}, ...init };
}
export function encodeSnapshotInfoInto(m: SnapshotInfo, w: Writer): Writer {
  if (m.name !== "") w.uint32(10).string(m.name);
  if (m.parent !== "") w.uint32(18).string(m.parent);
  if (m.kind !== "unknown") w.uint32(24).int32(SnapshotKindNumber[m.kind]);
  if (m.createdAt !== undefined) encodeTimestampInto(m.createdAt, w.uint32(34).fork()).ldelim();
  if (m.updatedAt !== undefined) encodeTimestampInto(m.updatedAt, w.uint32(42).fork()).ldelim();
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(50).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeSnapshotInfo(m: SnapshotInfo): Uint8Array {
  return encodeSnapshotInfoInto(m, Writer.create()).finish();
}
export function decodeSnapshotInfoFrom(r: Reader, length: number): SnapshotInfo {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<SnapshotInfo> = newSnapshotInfo({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.name = r.string();
        break;
      case 2:
        m.parent = r.string();
        break;
      case 3:
        m.kind = readSnapshotKind(r.int32());
        break;
      case 4:
        m.createdAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 5:
        m.updatedAt = decodeTimestampFrom(r, r.uint32());
        break;
      case 6: {
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
/** @throws RangeError or Error when the bytes are not a SnapshotInfo. */
export function decodeSnapshotInfo(bytes: Uint8Array): SnapshotInfo {
  const r = Reader.create(bytes);
  return decodeSnapshotInfoFrom(r, bytes.length);
}

export interface SnapshotPrepareRequest {
  readonly snapshotter: string;
  readonly key: string;
  readonly parent: string;
  readonly labels: Readonly<Record<string, string>>;
}
/** A SnapshotPrepareRequest with every field that is not given at its zero value. */
export function newSnapshotPrepareRequest(init: Partial<SnapshotPrepareRequest> = {}): SnapshotPrepareRequest {
  return { snapshotter: "", key: "", parent: "", labels: {}, ...init };
}
export function encodeSnapshotPrepareRequestInto(m: SnapshotPrepareRequest, w: Writer): Writer {
  if (m.snapshotter !== "") w.uint32(10).string(m.snapshotter);
  if (m.key !== "") w.uint32(18).string(m.key);
  if (m.parent !== "") w.uint32(26).string(m.parent);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(34).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeSnapshotPrepareRequest(m: SnapshotPrepareRequest): Uint8Array {
  return encodeSnapshotPrepareRequestInto(m, Writer.create()).finish();
}
export function decodeSnapshotPrepareRequestFrom(r: Reader, length: number): SnapshotPrepareRequest {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<SnapshotPrepareRequest> = newSnapshotPrepareRequest({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.snapshotter = r.string();
        break;
      case 2:
        m.key = r.string();
        break;
      case 3:
        m.parent = r.string();
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
        labels[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotPrepareRequest. */
export function decodeSnapshotPrepareRequest(bytes: Uint8Array): SnapshotPrepareRequest {
  const r = Reader.create(bytes);
  return decodeSnapshotPrepareRequestFrom(r, bytes.length);
}

export interface SnapshotPrepareResponse {
  readonly mounts: readonly Mount[];
}
/** A SnapshotPrepareResponse with every field that is not given at its zero value. */
export function newSnapshotPrepareResponse(init: Partial<SnapshotPrepareResponse> = {}): SnapshotPrepareResponse {
  return { mounts: [], ...init };
}
export function encodeSnapshotPrepareResponseInto(m: SnapshotPrepareResponse, w: Writer): Writer {
  for (const value of m.mounts) encodeMountInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeSnapshotPrepareResponse(m: SnapshotPrepareResponse): Uint8Array {
  return encodeSnapshotPrepareResponseInto(m, Writer.create()).finish();
}
export function decodeSnapshotPrepareResponseFrom(r: Reader, length: number): SnapshotPrepareResponse {
  const end = r.pos + length;
  const mounts: Mount[] = [];
  const m: Mutable<SnapshotPrepareResponse> = newSnapshotPrepareResponse({ mounts });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        mounts.push(decodeMountFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotPrepareResponse. */
export function decodeSnapshotPrepareResponse(bytes: Uint8Array): SnapshotPrepareResponse {
  const r = Reader.create(bytes);
  return decodeSnapshotPrepareResponseFrom(r, bytes.length);
}

export interface SnapshotMountsRequest {
  readonly snapshotter: string;
  readonly key: string;
}
/** A SnapshotMountsRequest with every field that is not given at its zero value. */
export function newSnapshotMountsRequest(init: Partial<SnapshotMountsRequest> = {}): SnapshotMountsRequest {
  return { snapshotter: "", key: "", ...init };
}
export function encodeSnapshotMountsRequestInto(m: SnapshotMountsRequest, w: Writer): Writer {
  if (m.snapshotter !== "") w.uint32(10).string(m.snapshotter);
  if (m.key !== "") w.uint32(18).string(m.key);
  return w;
}
export function encodeSnapshotMountsRequest(m: SnapshotMountsRequest): Uint8Array {
  return encodeSnapshotMountsRequestInto(m, Writer.create()).finish();
}
export function decodeSnapshotMountsRequestFrom(r: Reader, length: number): SnapshotMountsRequest {
  const end = r.pos + length;

  const m: Mutable<SnapshotMountsRequest> = newSnapshotMountsRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.snapshotter = r.string();
        break;
      case 2:
        m.key = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotMountsRequest. */
export function decodeSnapshotMountsRequest(bytes: Uint8Array): SnapshotMountsRequest {
  const r = Reader.create(bytes);
  return decodeSnapshotMountsRequestFrom(r, bytes.length);
}

export interface SnapshotMountsResponse {
  readonly mounts: readonly Mount[];
}
/** A SnapshotMountsResponse with every field that is not given at its zero value. */
export function newSnapshotMountsResponse(init: Partial<SnapshotMountsResponse> = {}): SnapshotMountsResponse {
  return { mounts: [], ...init };
}
export function encodeSnapshotMountsResponseInto(m: SnapshotMountsResponse, w: Writer): Writer {
  for (const value of m.mounts) encodeMountInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeSnapshotMountsResponse(m: SnapshotMountsResponse): Uint8Array {
  return encodeSnapshotMountsResponseInto(m, Writer.create()).finish();
}
export function decodeSnapshotMountsResponseFrom(r: Reader, length: number): SnapshotMountsResponse {
  const end = r.pos + length;
  const mounts: Mount[] = [];
  const m: Mutable<SnapshotMountsResponse> = newSnapshotMountsResponse({ mounts });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        mounts.push(decodeMountFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotMountsResponse. */
export function decodeSnapshotMountsResponse(bytes: Uint8Array): SnapshotMountsResponse {
  const r = Reader.create(bytes);
  return decodeSnapshotMountsResponseFrom(r, bytes.length);
}

export interface SnapshotCommitRequest {
  readonly snapshotter: string;
  readonly name: string;
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
}
/** A SnapshotCommitRequest with every field that is not given at its zero value. */
export function newSnapshotCommitRequest(init: Partial<SnapshotCommitRequest> = {}): SnapshotCommitRequest {
  return { snapshotter: "", name: "", key: "", labels: {}, ...init };
}
export function encodeSnapshotCommitRequestInto(m: SnapshotCommitRequest, w: Writer): Writer {
  if (m.snapshotter !== "") w.uint32(10).string(m.snapshotter);
  if (m.name !== "") w.uint32(18).string(m.name);
  if (m.key !== "") w.uint32(26).string(m.key);
  for (const [key, value] of Object.entries(m.labels)) {
    w.uint32(34).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeSnapshotCommitRequest(m: SnapshotCommitRequest): Uint8Array {
  return encodeSnapshotCommitRequestInto(m, Writer.create()).finish();
}
export function decodeSnapshotCommitRequestFrom(r: Reader, length: number): SnapshotCommitRequest {
  const end = r.pos + length;
  const labels: Record<string, string> = {};
  const m: Mutable<SnapshotCommitRequest> = newSnapshotCommitRequest({ labels });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.snapshotter = r.string();
        break;
      case 2:
        m.name = r.string();
        break;
      case 3:
        m.key = r.string();
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
        labels[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotCommitRequest. */
export function decodeSnapshotCommitRequest(bytes: Uint8Array): SnapshotCommitRequest {
  const r = Reader.create(bytes);
  return decodeSnapshotCommitRequestFrom(r, bytes.length);
}

export interface SnapshotRemoveRequest {
  readonly snapshotter: string;
  readonly key: string;
}
/** A SnapshotRemoveRequest with every field that is not given at its zero value. */
export function newSnapshotRemoveRequest(init: Partial<SnapshotRemoveRequest> = {}): SnapshotRemoveRequest {
  return { snapshotter: "", key: "", ...init };
}
export function encodeSnapshotRemoveRequestInto(m: SnapshotRemoveRequest, w: Writer): Writer {
  if (m.snapshotter !== "") w.uint32(10).string(m.snapshotter);
  if (m.key !== "") w.uint32(18).string(m.key);
  return w;
}
export function encodeSnapshotRemoveRequest(m: SnapshotRemoveRequest): Uint8Array {
  return encodeSnapshotRemoveRequestInto(m, Writer.create()).finish();
}
export function decodeSnapshotRemoveRequestFrom(r: Reader, length: number): SnapshotRemoveRequest {
  const end = r.pos + length;

  const m: Mutable<SnapshotRemoveRequest> = newSnapshotRemoveRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.snapshotter = r.string();
        break;
      case 2:
        m.key = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotRemoveRequest. */
export function decodeSnapshotRemoveRequest(bytes: Uint8Array): SnapshotRemoveRequest {
  const r = Reader.create(bytes);
  return decodeSnapshotRemoveRequestFrom(r, bytes.length);
}

export interface SnapshotStatRequest {
  readonly snapshotter: string;
  readonly key: string;
}
/** A SnapshotStatRequest with every field that is not given at its zero value. */
export function newSnapshotStatRequest(init: Partial<SnapshotStatRequest> = {}): SnapshotStatRequest {
  return { snapshotter: "", key: "", ...init };
}
export function encodeSnapshotStatRequestInto(m: SnapshotStatRequest, w: Writer): Writer {
  if (m.snapshotter !== "") w.uint32(10).string(m.snapshotter);
  if (m.key !== "") w.uint32(18).string(m.key);
  return w;
}
export function encodeSnapshotStatRequest(m: SnapshotStatRequest): Uint8Array {
  return encodeSnapshotStatRequestInto(m, Writer.create()).finish();
}
export function decodeSnapshotStatRequestFrom(r: Reader, length: number): SnapshotStatRequest {
  const end = r.pos + length;

  const m: Mutable<SnapshotStatRequest> = newSnapshotStatRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.snapshotter = r.string();
        break;
      case 2:
        m.key = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotStatRequest. */
export function decodeSnapshotStatRequest(bytes: Uint8Array): SnapshotStatRequest {
  const r = Reader.create(bytes);
  return decodeSnapshotStatRequestFrom(r, bytes.length);
}

export interface SnapshotStatResponse {
  readonly info?: SnapshotInfo | undefined;
}
/** A SnapshotStatResponse with every field that is not given at its zero value. */
export function newSnapshotStatResponse(init: Partial<SnapshotStatResponse> = {}): SnapshotStatResponse {
  return { ...init };
}
export function encodeSnapshotStatResponseInto(m: SnapshotStatResponse, w: Writer): Writer {
  if (m.info !== undefined) encodeSnapshotInfoInto(m.info, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeSnapshotStatResponse(m: SnapshotStatResponse): Uint8Array {
  return encodeSnapshotStatResponseInto(m, Writer.create()).finish();
}
export function decodeSnapshotStatResponseFrom(r: Reader, length: number): SnapshotStatResponse {
  const end = r.pos + length;

  const m: Mutable<SnapshotStatResponse> = newSnapshotStatResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.info = decodeSnapshotInfoFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotStatResponse. */
export function decodeSnapshotStatResponse(bytes: Uint8Array): SnapshotStatResponse {
  const r = Reader.create(bytes);
  return decodeSnapshotStatResponseFrom(r, bytes.length);
}

export interface SnapshotListRequest {
  readonly snapshotter: string;
  readonly filters: readonly string[];
}
/** A SnapshotListRequest with every field that is not given at its zero value. */
export function newSnapshotListRequest(init: Partial<SnapshotListRequest> = {}): SnapshotListRequest {
  return { snapshotter: "", filters: [], ...init };
}
export function encodeSnapshotListRequestInto(m: SnapshotListRequest, w: Writer): Writer {
  if (m.snapshotter !== "") w.uint32(10).string(m.snapshotter);
  for (const value of m.filters) w.uint32(18).string(value);
  return w;
}
export function encodeSnapshotListRequest(m: SnapshotListRequest): Uint8Array {
  return encodeSnapshotListRequestInto(m, Writer.create()).finish();
}
export function decodeSnapshotListRequestFrom(r: Reader, length: number): SnapshotListRequest {
  const end = r.pos + length;
  const filters: string[] = [];
  const m: Mutable<SnapshotListRequest> = newSnapshotListRequest({ filters });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.snapshotter = r.string();
        break;
      case 2:
        filters.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotListRequest. */
export function decodeSnapshotListRequest(bytes: Uint8Array): SnapshotListRequest {
  const r = Reader.create(bytes);
  return decodeSnapshotListRequestFrom(r, bytes.length);
}

export interface SnapshotListResponse {
  readonly info: readonly SnapshotInfo[];
}
/** A SnapshotListResponse with every field that is not given at its zero value. */
export function newSnapshotListResponse(init: Partial<SnapshotListResponse> = {}): SnapshotListResponse {
  return { info: [], ...init };
}
export function encodeSnapshotListResponseInto(m: SnapshotListResponse, w: Writer): Writer {
  for (const value of m.info) encodeSnapshotInfoInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeSnapshotListResponse(m: SnapshotListResponse): Uint8Array {
  return encodeSnapshotListResponseInto(m, Writer.create()).finish();
}
export function decodeSnapshotListResponseFrom(r: Reader, length: number): SnapshotListResponse {
  const end = r.pos + length;
  const info: SnapshotInfo[] = [];
  const m: Mutable<SnapshotListResponse> = newSnapshotListResponse({ info });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        info.push(decodeSnapshotInfoFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SnapshotListResponse. */
export function decodeSnapshotListResponse(bytes: Uint8Array): SnapshotListResponse {
  const r = Reader.create(bytes);
  return decodeSnapshotListResponseFrom(r, bytes.length);
}
