// Generated from containerd/diff.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeDescriptorFrom, decodeMountFrom, encodeDescriptorInto, encodeMountInto, type Descriptor, type Mount } from "./containerd_types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const DiffService = {
  apply: {
    path: "/containerd.services.diff.v1.Diff/Apply",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: DiffApplyRequest): Buffer => asBuffer(encodeDiffApplyRequest(m)),
    requestDeserialize: (b: Buffer): DiffApplyRequest => decodeBounded(decodeDiffApplyRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: DiffApplyResponse): Buffer => asBuffer(encodeDiffApplyResponse(m)),
    responseDeserialize: decodeDiffApplyResponse as (b: Buffer) => DiffApplyResponse,
  },
} as const;

export interface DiffApplyRequest {
  readonly diff?: Descriptor | undefined;
  readonly mounts: readonly Mount[];
}
/** A DiffApplyRequest with every field that is not given at its zero value. */
export function newDiffApplyRequest(init: Partial<DiffApplyRequest> = {}): DiffApplyRequest {
  return { mounts: [], ...init };
}
export function encodeDiffApplyRequestInto(m: DiffApplyRequest, w: Writer): Writer {
  if (m.diff !== undefined) encodeDescriptorInto(m.diff, w.uint32(10).fork()).ldelim();
  for (const value of m.mounts) encodeMountInto(value, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeDiffApplyRequest(m: DiffApplyRequest): Uint8Array {
  return encodeDiffApplyRequestInto(m, Writer.create()).finish();
}
export function decodeDiffApplyRequestFrom(r: Reader, length: number): DiffApplyRequest {
  const end = r.pos + length;
  const mounts: Mount[] = [];
  const m: Mutable<DiffApplyRequest> = newDiffApplyRequest({ mounts });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.diff = decodeDescriptorFrom(r, r.uint32());
        break;
      case 2:
        mounts.push(decodeMountFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DiffApplyRequest. */
export function decodeDiffApplyRequest(bytes: Uint8Array): DiffApplyRequest {
  const r = Reader.create(bytes);
  return decodeDiffApplyRequestFrom(r, bytes.length);
}

export interface DiffApplyResponse {
  /** Of the uncompressed layer. */
  readonly applied?: Descriptor | undefined;
}
/** A DiffApplyResponse with every field that is not given at its zero value. */
export function newDiffApplyResponse(init: Partial<DiffApplyResponse> = {}): DiffApplyResponse {
  return { ...init };
}
export function encodeDiffApplyResponseInto(m: DiffApplyResponse, w: Writer): Writer {
  if (m.applied !== undefined) encodeDescriptorInto(m.applied, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeDiffApplyResponse(m: DiffApplyResponse): Uint8Array {
  return encodeDiffApplyResponseInto(m, Writer.create()).finish();
}
export function decodeDiffApplyResponseFrom(r: Reader, length: number): DiffApplyResponse {
  const end = r.pos + length;

  const m: Mutable<DiffApplyResponse> = newDiffApplyResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.applied = decodeDescriptorFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DiffApplyResponse. */
export function decodeDiffApplyResponse(bytes: Uint8Array): DiffApplyResponse {
  const r = Reader.create(bytes);
  return decodeDiffApplyResponseFrom(r, bytes.length);
}
