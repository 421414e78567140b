// Generated from containerd/version.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeEmpty, encodeEmpty, type Empty } from "./containerd_common.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const VersionService = {
  version: {
    path: "/containerd.services.version.v1.Version/Version",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    requestDeserialize: (b: Buffer): Empty => decodeBounded(decodeEmpty, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: VersionResponse): Buffer => asBuffer(encodeVersionResponse(m)),
    responseDeserialize: decodeVersionResponse as (b: Buffer) => VersionResponse,
  },
} as const;

export interface VersionResponse {
  readonly version: string;
  readonly revision: string;
}
/** A VersionResponse with every field that is not given at its zero value. */
export function newVersionResponse(init: Partial<VersionResponse> = {}): VersionResponse {
  return { version: "", revision: "", ...init };
}
export function encodeVersionResponseInto(m: VersionResponse, w: Writer): Writer {
  if (m.version !== "") w.uint32(10).string(m.version);
  if (m.revision !== "") w.uint32(18).string(m.revision);
  return w;
}
export function encodeVersionResponse(m: VersionResponse): Uint8Array {
  return encodeVersionResponseInto(m, Writer.create()).finish();
}
export function decodeVersionResponseFrom(r: Reader, length: number): VersionResponse {
  const end = r.pos + length;

  const m: Mutable<VersionResponse> = newVersionResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.version = r.string();
        break;
      case 2:
        m.revision = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a VersionResponse. */
export function decodeVersionResponse(bytes: Uint8Array): VersionResponse {
  const r = Reader.create(bytes);
  return decodeVersionResponseFrom(r, bytes.length);
}
