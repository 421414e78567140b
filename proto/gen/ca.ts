// Generated from skep/v1/ca.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import type { ClusterId, NodeId } from "../../shared/model/ids.ts";
import { NodeAvailabilityNumber, NodeRoleNumber, decodeNodeDescriptionFrom, encodeNodeDescriptionInto, readNodeAvailability, readNodeRole, type NodeAvailability, type NodeDescription, type NodeRole } from "./objects.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export interface GetRootCARequest {

}
/** A GetRootCARequest with every field that is not given at its zero value. */
export function newGetRootCARequest(init: Partial<GetRootCARequest> = {}): GetRootCARequest {
  return { ...init };
}
export function encodeGetRootCARequestInto(_m: GetRootCARequest, w: Writer): Writer {

  return w;
}
export function encodeGetRootCARequest(m: GetRootCARequest): Uint8Array {
  return encodeGetRootCARequestInto(m, Writer.create()).finish();
}
export function decodeGetRootCARequestFrom(r: Reader, length: number): GetRootCARequest {
  const end = r.pos + length;

  const m: Mutable<GetRootCARequest> = newGetRootCARequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GetRootCARequest. */
export function decodeGetRootCARequest(bytes: Uint8Array): GetRootCARequest {
  const r = Reader.create(bytes);
  return decodeGetRootCARequestFrom(r, bytes.length);
}

export interface GetRootCAResponse {
  /** PEM */
  readonly certificate: Uint8Array;
}
/** A GetRootCAResponse with every field that is not given at its zero value. */
export function newGetRootCAResponse(init: Partial<GetRootCAResponse> = {}): GetRootCAResponse {
  return { certificate: EMPTY, ...init };
}
export function encodeGetRootCAResponseInto(m: GetRootCAResponse, w: Writer): Writer {
  if (m.certificate.length > 0) w.uint32(10).bytes(m.certificate);
  return w;
}
export function encodeGetRootCAResponse(m: GetRootCAResponse): Uint8Array {
  return encodeGetRootCAResponseInto(m, Writer.create()).finish();
}
export function decodeGetRootCAResponseFrom(r: Reader, length: number): GetRootCAResponse {
  const end = r.pos + length;

  const m: Mutable<GetRootCAResponse> = newGetRootCAResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.certificate = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GetRootCAResponse. */
export function decodeGetRootCAResponse(bytes: Uint8Array): GetRootCAResponse {
  const r = Reader.create(bytes);
  return decodeGetRootCAResponseFrom(r, bytes.length);
}

export interface IssueCertificateRequest {
  /** PEM, PKCS#10 */
  readonly csr: Uint8Array;
  /** A join token; a node that renews uses its certificate instead. */
  readonly token: string;
  readonly availability: NodeAvailability;
  /** host:port where the node's daemon will answer. */
  readonly addr: string;
  readonly description?: NodeDescription | undefined;
}
/** A IssueCertificateRequest with every field that is not given at its zero value. */
export function newIssueCertificateRequest(init: Partial<IssueCertificateRequest> = {}): IssueCertificateRequest {
  return { csr: EMPTY, token: "", availability: "active", addr: "", ...init };
}
export function encodeIssueCertificateRequestInto(m: IssueCertificateRequest, w: Writer): Writer {
  if (m.csr.length > 0) w.uint32(10).bytes(m.csr);
  if (m.token !== "") w.uint32(18).string(m.token);
  if (m.availability !== "active") w.uint32(24).int32(NodeAvailabilityNumber[m.availability]);
  if (m.addr !== "") w.uint32(34).string(m.addr);
  if (m.description !== undefined) encodeNodeDescriptionInto(m.description, w.uint32(42).fork()).ldelim();
  return w;
}
export function encodeIssueCertificateRequest(m: IssueCertificateRequest): Uint8Array {
  return encodeIssueCertificateRequestInto(m, Writer.create()).finish();
}
export function decodeIssueCertificateRequestFrom(r: Reader, length: number): IssueCertificateRequest {
  const end = r.pos + length;

  const m: Mutable<IssueCertificateRequest> = newIssueCertificateRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.csr = r.bytes();
        break;
      case 2:
        m.token = r.string();
        break;
      case 3:
        m.availability = readNodeAvailability(r.int32());
        break;
      case 4:
        m.addr = r.string();
        break;
      case 5:
        m.description = decodeNodeDescriptionFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a IssueCertificateRequest. */
export function decodeIssueCertificateRequest(bytes: Uint8Array): IssueCertificateRequest {
  const r = Reader.create(bytes);
  return decodeIssueCertificateRequestFrom(r, bytes.length);
}

export interface IssueCertificateResponse {
  /** PEM chain */
  readonly certificate: Uint8Array;
  readonly nodeId: NodeId;
  readonly clusterId: ClusterId;
  readonly role: NodeRole;
  /** All managers, host:port. */
  readonly managers: readonly string[];
  /** PEM: what to trust from now on; empty from a manager of an older version. */
  readonly trustRoots: Uint8Array;
}
/** A IssueCertificateResponse with every field that is not given at its zero value. */
export function newIssueCertificateResponse(init: Partial<IssueCertificateResponse> = {}): IssueCertificateResponse {
  return { certificate: EMPTY, nodeId: "" as NodeId, clusterId: "" as ClusterId, role: "worker", managers: [], trustRoots: EMPTY, ...init };
}
export function encodeIssueCertificateResponseInto(m: IssueCertificateResponse, w: Writer): Writer {
  if (m.certificate.length > 0) w.uint32(10).bytes(m.certificate);
  if (m.nodeId !== "") w.uint32(18).string(m.nodeId);
  if (m.clusterId !== "") w.uint32(26).string(m.clusterId);
  if (m.role !== "worker") w.uint32(32).int32(NodeRoleNumber[m.role]);
  for (const value of m.managers) w.uint32(42).string(value);
  if (m.trustRoots.length > 0) w.uint32(50).bytes(m.trustRoots);
  return w;
}
export function encodeIssueCertificateResponse(m: IssueCertificateResponse): Uint8Array {
  return encodeIssueCertificateResponseInto(m, Writer.create()).finish();
}
export function decodeIssueCertificateResponseFrom(r: Reader, length: number): IssueCertificateResponse {
  const end = r.pos + length;
  const managers: string[] = [];
  const m: Mutable<IssueCertificateResponse> = newIssueCertificateResponse({ managers });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.certificate = r.bytes();
        break;
      case 2:
        m.nodeId = (r.string() as NodeId);
        break;
      case 3:
        m.clusterId = (r.string() as ClusterId);
        break;
      case 4:
        m.role = readNodeRole(r.int32());
        break;
      case 5:
        managers.push(r.string());
        break;
      case 6:
        m.trustRoots = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a IssueCertificateResponse. */
export function decodeIssueCertificateResponse(bytes: Uint8Array): IssueCertificateResponse {
  const r = Reader.create(bytes);
  return decodeIssueCertificateResponseFrom(r, bytes.length);
}

export interface LeaveClusterRequest {

}
/** A LeaveClusterRequest with every field that is not given at its zero value. */
export function newLeaveClusterRequest(init: Partial<LeaveClusterRequest> = {}): LeaveClusterRequest {
  return { ...init };
}
export function encodeLeaveClusterRequestInto(_m: LeaveClusterRequest, w: Writer): Writer {

  return w;
}
export function encodeLeaveClusterRequest(m: LeaveClusterRequest): Uint8Array {
  return encodeLeaveClusterRequestInto(m, Writer.create()).finish();
}
export function decodeLeaveClusterRequestFrom(r: Reader, length: number): LeaveClusterRequest {
  const end = r.pos + length;

  const m: Mutable<LeaveClusterRequest> = newLeaveClusterRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaveClusterRequest. */
export function decodeLeaveClusterRequest(bytes: Uint8Array): LeaveClusterRequest {
  const r = Reader.create(bytes);
  return decodeLeaveClusterRequestFrom(r, bytes.length);
}

export interface LeaveClusterResponse {

}
/** A LeaveClusterResponse with every field that is not given at its zero value. */
export function newLeaveClusterResponse(init: Partial<LeaveClusterResponse> = {}): LeaveClusterResponse {
  return { ...init };
}
export function encodeLeaveClusterResponseInto(_m: LeaveClusterResponse, w: Writer): Writer {

  return w;
}
export function encodeLeaveClusterResponse(m: LeaveClusterResponse): Uint8Array {
  return encodeLeaveClusterResponseInto(m, Writer.create()).finish();
}
export function decodeLeaveClusterResponseFrom(r: Reader, length: number): LeaveClusterResponse {
  const end = r.pos + length;

  const m: Mutable<LeaveClusterResponse> = newLeaveClusterResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaveClusterResponse. */
export function decodeLeaveClusterResponse(bytes: Uint8Array): LeaveClusterResponse {
  const r = Reader.create(bytes);
  return decodeLeaveClusterResponseFrom(r, bytes.length);
}

/** Answers callers without a certificate: the token is what they show. */
export const CAService = {
  getRootCA: {
    path: "/skep.v1.CA/GetRootCA",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: GetRootCARequest): Buffer => asBuffer(encodeGetRootCARequest(m)),
    requestDeserialize: (b: Buffer): GetRootCARequest => decodeBounded(decodeGetRootCARequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: GetRootCAResponse): Buffer => asBuffer(encodeGetRootCAResponse(m)),
    responseDeserialize: decodeGetRootCAResponse as (b: Buffer) => GetRootCAResponse,
  },
  issueCertificate: {
    path: "/skep.v1.CA/IssueCertificate",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: IssueCertificateRequest): Buffer => asBuffer(encodeIssueCertificateRequest(m)),
    requestDeserialize: (b: Buffer): IssueCertificateRequest => decodeBounded(decodeIssueCertificateRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: IssueCertificateResponse): Buffer => asBuffer(encodeIssueCertificateResponse(m)),
    responseDeserialize: decodeIssueCertificateResponse as (b: Buffer) => IssueCertificateResponse,
  },
  /** The calling node says goodbye: it is shown as disconnected, gets nothing new, and is a manager no more. */
  leaveCluster: {
    path: "/skep.v1.CA/LeaveCluster",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: LeaveClusterRequest): Buffer => asBuffer(encodeLeaveClusterRequest(m)),
    requestDeserialize: (b: Buffer): LeaveClusterRequest => decodeBounded(decodeLeaveClusterRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LeaveClusterResponse): Buffer => asBuffer(encodeLeaveClusterResponse(m)),
    responseDeserialize: decodeLeaveClusterResponse as (b: Buffer) => LeaveClusterResponse,
  },
} as const;
