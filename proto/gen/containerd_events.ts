// Generated from containerd/events.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeAnyFrom, decodeTimestampFrom, encodeAnyInto, encodeTimestampInto, type Any, type Timestamp } from "./containerd_common.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const EventsService = {
  /** Events from now on; nothing is replayed. */
  subscribe: {
    path: "/containerd.services.events.v1.Events/Subscribe",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: SubscribeRequest): Buffer => asBuffer(encodeSubscribeRequest(m)),
    requestDeserialize: (b: Buffer): SubscribeRequest => decodeBounded(decodeSubscribeRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: EventEnvelope): Buffer => asBuffer(encodeEventEnvelope(m)),
    responseDeserialize: decodeEventEnvelope as (b: Buffer) => EventEnvelope,
  },
} as const;

export interface SubscribeRequest {
  readonly filters: readonly string[];
}
/** A SubscribeRequest with every field that is not given at its zero value. */
export function newSubscribeRequest(init: Partial<SubscribeRequest> = {}): SubscribeRequest {
  return { filters: [], ...init };
}
export function encodeSubscribeRequestInto(m: SubscribeRequest, w: Writer): Writer {
  for (const value of m.filters) w.uint32(10).string(value);
  return w;
}
export function encodeSubscribeRequest(m: SubscribeRequest): Uint8Array {
  return encodeSubscribeRequestInto(m, Writer.create()).finish();
}
export function decodeSubscribeRequestFrom(r: Reader, length: number): SubscribeRequest {
  const end = r.pos + length;
  const filters: string[] = [];
  const m: Mutable<SubscribeRequest> = newSubscribeRequest({ filters });
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
/** @throws RangeError or Error when the bytes are not a SubscribeRequest. */
export function decodeSubscribeRequest(bytes: Uint8Array): SubscribeRequest {
  const r = Reader.create(bytes);
  return decodeSubscribeRequestFrom(r, bytes.length);
}

export interface EventEnvelope {
  readonly timestamp?: Timestamp | undefined;
  readonly namespace: string;
  readonly topic: string;
  readonly event?: Any | undefined;
}
/** A EventEnvelope with every field that is not given at its zero value. */
export function newEventEnvelope(init: Partial<EventEnvelope> = {}): EventEnvelope {
  return { namespace: "", topic: "", ...init };
}
export function encodeEventEnvelopeInto(m: EventEnvelope, w: Writer): Writer {
  if (m.timestamp !== undefined) encodeTimestampInto(m.timestamp, w.uint32(10).fork()).ldelim();
  if (m.namespace !== "") w.uint32(18).string(m.namespace);
  if (m.topic !== "") w.uint32(26).string(m.topic);
  if (m.event !== undefined) encodeAnyInto(m.event, w.uint32(34).fork()).ldelim();
  return w;
}
export function encodeEventEnvelope(m: EventEnvelope): Uint8Array {
  return encodeEventEnvelopeInto(m, Writer.create()).finish();
}
export function decodeEventEnvelopeFrom(r: Reader, length: number): EventEnvelope {
  const end = r.pos + length;

  const m: Mutable<EventEnvelope> = newEventEnvelope();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.timestamp = decodeTimestampFrom(r, r.uint32());
        break;
      case 2:
        m.namespace = r.string();
        break;
      case 3:
        m.topic = r.string();
        break;
      case 4:
        m.event = decodeAnyFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a EventEnvelope. */
export function decodeEventEnvelope(bytes: Uint8Array): EventEnvelope {
  const r = Reader.create(bytes);
  return decodeEventEnvelopeFrom(r, bytes.length);
}

export interface TaskExitEvent {
  readonly containerId: string;
  /** Equal to container_id for the main process. */
  readonly id: string;
  readonly pid: number;
  readonly exitStatus: number;
  readonly exitedAt?: Timestamp | undefined;
}
/** A TaskExitEvent with every field that is not given at its zero value. */
export function newTaskExitEvent(init: Partial<TaskExitEvent> = {}): TaskExitEvent {
  return { containerId: "", id: "", pid: 0, exitStatus: 0, ...init };
}
export function encodeTaskExitEventInto(m: TaskExitEvent, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  if (m.id !== "") w.uint32(18).string(m.id);
  if (m.pid !== 0) w.uint32(24).uint32(m.pid);
  if (m.exitStatus !== 0) w.uint32(32).uint32(m.exitStatus);
  if (m.exitedAt !== undefined) encodeTimestampInto(m.exitedAt, w.uint32(42).fork()).ldelim();
  return w;
}
export function encodeTaskExitEvent(m: TaskExitEvent): Uint8Array {
  return encodeTaskExitEventInto(m, Writer.create()).finish();
}
export function decodeTaskExitEventFrom(r: Reader, length: number): TaskExitEvent {
  const end = r.pos + length;

  const m: Mutable<TaskExitEvent> = newTaskExitEvent();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      case 2:
        m.id = r.string();
        break;
      case 3:
        m.pid = r.uint32();
        break;
      case 4:
        m.exitStatus = r.uint32();
        break;
      case 5:
        m.exitedAt = decodeTimestampFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskExitEvent. */
export function decodeTaskExitEvent(bytes: Uint8Array): TaskExitEvent {
  const r = Reader.create(bytes);
  return decodeTaskExitEventFrom(r, bytes.length);
}

export interface TaskOomEvent {
  readonly containerId: string;
}
/** A TaskOomEvent with every field that is not given at its zero value. */
export function newTaskOomEvent(init: Partial<TaskOomEvent> = {}): TaskOomEvent {
  return { containerId: "", ...init };
}
export function encodeTaskOomEventInto(m: TaskOomEvent, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  return w;
}
export function encodeTaskOomEvent(m: TaskOomEvent): Uint8Array {
  return encodeTaskOomEventInto(m, Writer.create()).finish();
}
export function decodeTaskOomEventFrom(r: Reader, length: number): TaskOomEvent {
  const end = r.pos + length;

  const m: Mutable<TaskOomEvent> = newTaskOomEvent();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskOomEvent. */
export function decodeTaskOomEvent(bytes: Uint8Array): TaskOomEvent {
  const r = Reader.create(bytes);
  return decodeTaskOomEventFrom(r, bytes.length);
}
