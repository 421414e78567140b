// Generated from containerd/types.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag } from "../wire.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** A mount as the snapshotter describes it and the shim performs it. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  /** Path inside the root filesystem; empty is its root. */
  readonly target: string;
  readonly options: readonly string[];
}
/** A Mount with every field that is not given at its zero value. */
export function newMount(init: Partial<Mount> = {}): Mount {
  return { type: "", source: "", target: "", options: [], ...init };
}
export function encodeMountInto(m: Mount, w: Writer): Writer {
  if (m.type !== "") w.uint32(10).string(m.type);
  if (m.source !== "") w.uint32(18).string(m.source);
  if (m.target !== "") w.uint32(26).string(m.target);
  for (const value of m.options) w.uint32(34).string(value);
  return w;
}
export function encodeMount(m: Mount): Uint8Array {
  return encodeMountInto(m, Writer.create()).finish();
}
export function decodeMountFrom(r: Reader, length: number): Mount {
  const end = r.pos + length;
  const options: string[] = [];
  const m: Mutable<Mount> = newMount({ options });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.type = r.string();
        break;
      case 2:
        m.source = r.string();
        break;
      case 3:
        m.target = r.string();
        break;
      case 4:
        options.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Mount. */
export function decodeMount(bytes: Uint8Array): Mount {
  const r = Reader.create(bytes);
  return decodeMountFrom(r, bytes.length);
}

/** Content by its digest, as OCI writes it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}
/** A Descriptor with every field that is not given at its zero value. */
export function newDescriptor(init: Partial<Descriptor> = {}): Descriptor {
  return { mediaType: "", digest: "", size: 0, annotations: {}, ...init };
}
export function encodeDescriptorInto(m: Descriptor, w: Writer): Writer {
  if (m.mediaType !== "") w.uint32(10).string(m.mediaType);
  if (m.digest !== "") w.uint32(18).string(m.digest);
  if (m.size !== 0) w.uint32(24).int64(m.size);
  for (const [key, value] of Object.entries(m.annotations)) {
    w.uint32(42).fork().uint32(10).string(key);
    w.uint32(18).string(value);
    w.ldelim();
  }
  return w;
}
export function encodeDescriptor(m: Descriptor): Uint8Array {
  return encodeDescriptorInto(m, Writer.create()).finish();
}
export function decodeDescriptorFrom(r: Reader, length: number): Descriptor {
  const end = r.pos + length;
  const annotations: Record<string, string> = {};
  const m: Mutable<Descriptor> = newDescriptor({ annotations });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.mediaType = r.string();
        break;
      case 2:
        m.digest = r.string();
        break;
      case 3:
        m.size = toNumber(r.int64());
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
        annotations[key] = value;
        break;
      }
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Descriptor. */
export function decodeDescriptor(bytes: Uint8Array): Descriptor {
  const r = Reader.create(bytes);
  return decodeDescriptorFrom(r, bytes.length);
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}
/** A Platform with every field that is not given at its zero value. */
export function newPlatform(init: Partial<Platform> = {}): Platform {
  return { os: "", architecture: "", variant: "", ...init };
}
export function encodePlatformInto(m: Platform, w: Writer): Writer {
  if (m.os !== "") w.uint32(10).string(m.os);
  if (m.architecture !== "") w.uint32(18).string(m.architecture);
  if (m.variant !== "") w.uint32(26).string(m.variant);
  return w;
}
export function encodePlatform(m: Platform): Uint8Array {
  return encodePlatformInto(m, Writer.create()).finish();
}
export function decodePlatformFrom(r: Reader, length: number): Platform {
  const end = r.pos + length;

  const m: Mutable<Platform> = newPlatform();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.os = r.string();
        break;
      case 2:
        m.architecture = r.string();
        break;
      case 3:
        m.variant = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Platform. */
export function decodePlatform(bytes: Uint8Array): Platform {
  const r = Reader.create(bytes);
  return decodePlatformFrom(r, bytes.length);
}
