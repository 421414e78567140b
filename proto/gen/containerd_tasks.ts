// Generated from containerd/tasks.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import { decodeAnyFrom, decodeEmpty, decodeTimestampFrom, encodeAnyInto, encodeEmpty, encodeTimestampInto, type Any, type Empty, type Timestamp } from "./containerd_common.ts";
import { decodeMountFrom, encodeMountInto, type Mount } from "./containerd_types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export const TasksService = {
  create: {
    path: "/containerd.services.tasks.v1.Tasks/Create",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: CreateTaskRequest): Buffer => asBuffer(encodeCreateTaskRequest(m)),
    requestDeserialize: (b: Buffer): CreateTaskRequest => decodeBounded(decodeCreateTaskRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: CreateTaskResponse): Buffer => asBuffer(encodeCreateTaskResponse(m)),
    responseDeserialize: decodeCreateTaskResponse as (b: Buffer) => CreateTaskResponse,
  },
  start: {
    path: "/containerd.services.tasks.v1.Tasks/Start",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: StartTaskRequest): Buffer => asBuffer(encodeStartTaskRequest(m)),
    requestDeserialize: (b: Buffer): StartTaskRequest => decodeBounded(decodeStartTaskRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: StartTaskResponse): Buffer => asBuffer(encodeStartTaskResponse(m)),
    responseDeserialize: decodeStartTaskResponse as (b: Buffer) => StartTaskResponse,
  },
  delete: {
    path: "/containerd.services.tasks.v1.Tasks/Delete",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: DeleteTaskRequest): Buffer => asBuffer(encodeDeleteTaskRequest(m)),
    requestDeserialize: (b: Buffer): DeleteTaskRequest => decodeBounded(decodeDeleteTaskRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: DeleteTaskResponse): Buffer => asBuffer(encodeDeleteTaskResponse(m)),
    responseDeserialize: decodeDeleteTaskResponse as (b: Buffer) => DeleteTaskResponse,
  },
  get: {
    path: "/containerd.services.tasks.v1.Tasks/Get",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: GetTaskRequest): Buffer => asBuffer(encodeGetTaskRequest(m)),
    requestDeserialize: (b: Buffer): GetTaskRequest => decodeBounded(decodeGetTaskRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: GetTaskResponse): Buffer => asBuffer(encodeGetTaskResponse(m)),
    responseDeserialize: decodeGetTaskResponse as (b: Buffer) => GetTaskResponse,
  },
  list: {
    path: "/containerd.services.tasks.v1.Tasks/List",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: ListTasksRequest): Buffer => asBuffer(encodeListTasksRequest(m)),
    requestDeserialize: (b: Buffer): ListTasksRequest => decodeBounded(decodeListTasksRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ListTasksResponse): Buffer => asBuffer(encodeListTasksResponse(m)),
    responseDeserialize: decodeListTasksResponse as (b: Buffer) => ListTasksResponse,
  },
  kill: {
    path: "/containerd.services.tasks.v1.Tasks/Kill",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: KillTaskRequest): Buffer => asBuffer(encodeKillTaskRequest(m)),
    requestDeserialize: (b: Buffer): KillTaskRequest => decodeBounded(decodeKillTaskRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: Empty): Buffer => asBuffer(encodeEmpty(m)),
    responseDeserialize: decodeEmpty as (b: Buffer) => Empty,
  },
} as const;

export interface CreateTaskRequest {
  readonly containerId: string;
  /** What the shim mounts as the root filesystem before the runtime runs. */
  readonly rootfs: readonly Mount[];
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
  readonly options?: Any | undefined;
}
/** A CreateTaskRequest with every field that is not given at its zero value. */
export function newCreateTaskRequest(init: Partial<CreateTaskRequest> = {}): CreateTaskRequest {
  return { containerId: "", rootfs: [], stdin: "", stdout: "", stderr: "", terminal: false, ...init };
}
export function encodeCreateTaskRequestInto(m: CreateTaskRequest, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  for (const value of m.rootfs) encodeMountInto(value, w.uint32(26).fork()).ldelim();
  if (m.stdin !== "") w.uint32(34).string(m.stdin);
  if (m.stdout !== "") w.uint32(42).string(m.stdout);
  if (m.stderr !== "") w.uint32(50).string(m.stderr);
  if (m.terminal !== false) w.uint32(56).bool(m.terminal);
  if (m.options !== undefined) encodeAnyInto(m.options, w.uint32(74).fork()).ldelim();
  return w;
}
export function encodeCreateTaskRequest(m: CreateTaskRequest): Uint8Array {
  return encodeCreateTaskRequestInto(m, Writer.create()).finish();
}
export function decodeCreateTaskRequestFrom(r: Reader, length: number): CreateTaskRequest {
  const end = r.pos + length;
  const rootfs: Mount[] = [];
  const m: Mutable<CreateTaskRequest> = newCreateTaskRequest({ rootfs });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      case 3:
        rootfs.push(decodeMountFrom(r, r.uint32()));
        break;
      case 4:
        m.stdin = r.string();
        break;
      case 5:
        m.stdout = r.string();
        break;
      case 6:
        m.stderr = r.string();
        break;
      case 7:
        m.terminal = r.bool();
        break;
      case 9:
        m.options = decodeAnyFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a CreateTaskRequest. */
export function decodeCreateTaskRequest(bytes: Uint8Array): CreateTaskRequest {
  const r = Reader.create(bytes);
  return decodeCreateTaskRequestFrom(r, bytes.length);
}

export interface CreateTaskResponse {
  readonly containerId: string;
  readonly pid: number;
}
/** A CreateTaskResponse with every field that is not given at its zero value. */
export function newCreateTaskResponse(init: Partial<CreateTaskResponse> = {}): CreateTaskResponse {
  return { containerId: "", pid: 0, ...init };
}
export function encodeCreateTaskResponseInto(m: CreateTaskResponse, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  if (m.pid !== 0) w.uint32(16).uint32(m.pid);
  return w;
}
export function encodeCreateTaskResponse(m: CreateTaskResponse): Uint8Array {
  return encodeCreateTaskResponseInto(m, Writer.create()).finish();
}
export function decodeCreateTaskResponseFrom(r: Reader, length: number): CreateTaskResponse {
  const end = r.pos + length;

  const m: Mutable<CreateTaskResponse> = newCreateTaskResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      case 2:
        m.pid = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a CreateTaskResponse. */
export function decodeCreateTaskResponse(bytes: Uint8Array): CreateTaskResponse {
  const r = Reader.create(bytes);
  return decodeCreateTaskResponseFrom(r, bytes.length);
}

export interface StartTaskRequest {
  readonly containerId: string;
  readonly execId: string;
}
/** A StartTaskRequest with every field that is not given at its zero value. */
export function newStartTaskRequest(init: Partial<StartTaskRequest> = {}): StartTaskRequest {
  return { containerId: "", execId: "", ...init };
}
export function encodeStartTaskRequestInto(m: StartTaskRequest, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  if (m.execId !== "") w.uint32(18).string(m.execId);
  return w;
}
export function encodeStartTaskRequest(m: StartTaskRequest): Uint8Array {
  return encodeStartTaskRequestInto(m, Writer.create()).finish();
}
export function decodeStartTaskRequestFrom(r: Reader, length: number): StartTaskRequest {
  const end = r.pos + length;

  const m: Mutable<StartTaskRequest> = newStartTaskRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      case 2:
        m.execId = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StartTaskRequest. */
export function decodeStartTaskRequest(bytes: Uint8Array): StartTaskRequest {
  const r = Reader.create(bytes);
  return decodeStartTaskRequestFrom(r, bytes.length);
}

export interface StartTaskResponse {
  readonly pid: number;
}
/** A StartTaskResponse with every field that is not given at its zero value. */
export function newStartTaskResponse(init: Partial<StartTaskResponse> = {}): StartTaskResponse {
  return { pid: 0, ...init };
}
export function encodeStartTaskResponseInto(m: StartTaskResponse, w: Writer): Writer {
  if (m.pid !== 0) w.uint32(8).uint32(m.pid);
  return w;
}
export function encodeStartTaskResponse(m: StartTaskResponse): Uint8Array {
  return encodeStartTaskResponseInto(m, Writer.create()).finish();
}
export function decodeStartTaskResponseFrom(r: Reader, length: number): StartTaskResponse {
  const end = r.pos + length;

  const m: Mutable<StartTaskResponse> = newStartTaskResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.pid = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StartTaskResponse. */
export function decodeStartTaskResponse(bytes: Uint8Array): StartTaskResponse {
  const r = Reader.create(bytes);
  return decodeStartTaskResponseFrom(r, bytes.length);
}

export interface DeleteTaskRequest {
  readonly containerId: string;
}
/** A DeleteTaskRequest with every field that is not given at its zero value. */
export function newDeleteTaskRequest(init: Partial<DeleteTaskRequest> = {}): DeleteTaskRequest {
  return { containerId: "", ...init };
}
export function encodeDeleteTaskRequestInto(m: DeleteTaskRequest, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  return w;
}
export function encodeDeleteTaskRequest(m: DeleteTaskRequest): Uint8Array {
  return encodeDeleteTaskRequestInto(m, Writer.create()).finish();
}
export function decodeDeleteTaskRequestFrom(r: Reader, length: number): DeleteTaskRequest {
  const end = r.pos + length;

  const m: Mutable<DeleteTaskRequest> = newDeleteTaskRequest();
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
/** @throws RangeError or Error when the bytes are not a DeleteTaskRequest. */
export function decodeDeleteTaskRequest(bytes: Uint8Array): DeleteTaskRequest {
  const r = Reader.create(bytes);
  return decodeDeleteTaskRequestFrom(r, bytes.length);
}

export interface DeleteTaskResponse {
  readonly id: string;
  readonly pid: number;
  readonly exitStatus: number;
  readonly exitedAt?: Timestamp | undefined;
}
/** A DeleteTaskResponse with every field that is not given at its zero value. */
export function newDeleteTaskResponse(init: Partial<DeleteTaskResponse> = {}): DeleteTaskResponse {
  return { id: "", pid: 0, exitStatus: 0, ...init };
}
export function encodeDeleteTaskResponseInto(m: DeleteTaskResponse, w: Writer): Writer {
  if (m.id !== "") w.uint32(10).string(m.id);
  if (m.pid !== 0) w.uint32(16).uint32(m.pid);
  if (m.exitStatus !== 0) w.uint32(24).uint32(m.exitStatus);
  if (m.exitedAt !== undefined) encodeTimestampInto(m.exitedAt, w.uint32(34).fork()).ldelim();
  return w;
}
export function encodeDeleteTaskResponse(m: DeleteTaskResponse): Uint8Array {
  return encodeDeleteTaskResponseInto(m, Writer.create()).finish();
}
export function decodeDeleteTaskResponseFrom(r: Reader, length: number): DeleteTaskResponse {
  const end = r.pos + length;

  const m: Mutable<DeleteTaskResponse> = newDeleteTaskResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.id = r.string();
        break;
      case 2:
        m.pid = r.uint32();
        break;
      case 3:
        m.exitStatus = r.uint32();
        break;
      case 4:
        m.exitedAt = decodeTimestampFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DeleteTaskResponse. */
export function decodeDeleteTaskResponse(bytes: Uint8Array): DeleteTaskResponse {
  const r = Reader.create(bytes);
  return decodeDeleteTaskResponseFrom(r, bytes.length);
}

export interface GetTaskRequest {
  readonly containerId: string;
  readonly execId: string;
}
/** A GetTaskRequest with every field that is not given at its zero value. */
export function newGetTaskRequest(init: Partial<GetTaskRequest> = {}): GetTaskRequest {
  return { containerId: "", execId: "", ...init };
}
export function encodeGetTaskRequestInto(m: GetTaskRequest, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  if (m.execId !== "") w.uint32(18).string(m.execId);
  return w;
}
export function encodeGetTaskRequest(m: GetTaskRequest): Uint8Array {
  return encodeGetTaskRequestInto(m, Writer.create()).finish();
}
export function decodeGetTaskRequestFrom(r: Reader, length: number): GetTaskRequest {
  const end = r.pos + length;

  const m: Mutable<GetTaskRequest> = newGetTaskRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      case 2:
        m.execId = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GetTaskRequest. */
export function decodeGetTaskRequest(bytes: Uint8Array): GetTaskRequest {
  const r = Reader.create(bytes);
  return decodeGetTaskRequestFrom(r, bytes.length);
}

export interface GetTaskResponse {
  readonly process?: TaskProcess | undefined;
}
/** A GetTaskResponse with every field that is not given at its zero value. */
export function newGetTaskResponse(init: Partial<GetTaskResponse> = {}): GetTaskResponse {
  return { ...init };
}
export function encodeGetTaskResponseInto(m: GetTaskResponse, w: Writer): Writer {
  if (m.process !== undefined) encodeTaskProcessInto(m.process, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeGetTaskResponse(m: GetTaskResponse): Uint8Array {
  return encodeGetTaskResponseInto(m, Writer.create()).finish();
}
export function decodeGetTaskResponseFrom(r: Reader, length: number): GetTaskResponse {
  const end = r.pos + length;

  const m: Mutable<GetTaskResponse> = newGetTaskResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.process = decodeTaskProcessFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a GetTaskResponse. */
export function decodeGetTaskResponse(bytes: Uint8Array): GetTaskResponse {
  const r = Reader.create(bytes);
  return decodeGetTaskResponseFrom(r, bytes.length);
}

export interface ListTasksRequest {
  readonly filter: string;
}
/** A ListTasksRequest with every field that is not given at its zero value. */
export function newListTasksRequest(init: Partial<ListTasksRequest> = {}): ListTasksRequest {
  return { filter: "", ...init };
}
export function encodeListTasksRequestInto(m: ListTasksRequest, w: Writer): Writer {
  if (m.filter !== "") w.uint32(10).string(m.filter);
  return w;
}
export function encodeListTasksRequest(m: ListTasksRequest): Uint8Array {
  return encodeListTasksRequestInto(m, Writer.create()).finish();
}
export function decodeListTasksRequestFrom(r: Reader, length: number): ListTasksRequest {
  const end = r.pos + length;

  const m: Mutable<ListTasksRequest> = newListTasksRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.filter = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListTasksRequest. */
export function decodeListTasksRequest(bytes: Uint8Array): ListTasksRequest {
  const r = Reader.create(bytes);
  return decodeListTasksRequestFrom(r, bytes.length);
}

export interface ListTasksResponse {
  readonly tasks: readonly TaskProcess[];
}
/** A ListTasksResponse with every field that is not given at its zero value. */
export function newListTasksResponse(init: Partial<ListTasksResponse> = {}): ListTasksResponse {
  return { tasks: [], ...init };
}
export function encodeListTasksResponseInto(m: ListTasksResponse, w: Writer): Writer {
  for (const value of m.tasks) encodeTaskProcessInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeListTasksResponse(m: ListTasksResponse): Uint8Array {
  return encodeListTasksResponseInto(m, Writer.create()).finish();
}
export function decodeListTasksResponseFrom(r: Reader, length: number): ListTasksResponse {
  const end = r.pos + length;
  const tasks: TaskProcess[] = [];
  const m: Mutable<ListTasksResponse> = newListTasksResponse({ tasks });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        tasks.push(decodeTaskProcessFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ListTasksResponse. */
export function decodeListTasksResponse(bytes: Uint8Array): ListTasksResponse {
  const r = Reader.create(bytes);
  return decodeListTasksResponseFrom(r, bytes.length);
}

export interface KillTaskRequest {
  readonly containerId: string;
  readonly execId: string;
  readonly signal: number;
  readonly all: boolean;
}
/** A KillTaskRequest with every field that is not given at its zero value. */
export function newKillTaskRequest(init: Partial<KillTaskRequest> = {}): KillTaskRequest {
  return { containerId: "", execId: "", signal: 0, all: false, ...init };
}
export function encodeKillTaskRequestInto(m: KillTaskRequest, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  if (m.execId !== "") w.uint32(18).string(m.execId);
  if (m.signal !== 0) w.uint32(24).uint32(m.signal);
  if (m.all !== false) w.uint32(32).bool(m.all);
  return w;
}
export function encodeKillTaskRequest(m: KillTaskRequest): Uint8Array {
  return encodeKillTaskRequestInto(m, Writer.create()).finish();
}
export function decodeKillTaskRequestFrom(r: Reader, length: number): KillTaskRequest {
  const end = r.pos + length;

  const m: Mutable<KillTaskRequest> = newKillTaskRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.containerId = r.string();
        break;
      case 2:
        m.execId = r.string();
        break;
      case 3:
        m.signal = r.uint32();
        break;
      case 4:
        m.all = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a KillTaskRequest. */
export function decodeKillTaskRequest(bytes: Uint8Array): KillTaskRequest {
  const r = Reader.create(bytes);
  return decodeKillTaskRequestFrom(r, bytes.length);
}

export type TaskProcessStatus = "unknown" | "created" | "running" | "stopped" | "paused" | "pausing";
export const TaskProcessStatusNumber: Readonly<Record<TaskProcessStatus, number>> = {
  unknown: 0,
  created: 1,
  running: 2,
  stopped: 3,
  paused: 4,
  pausing: 5,
};
function readTaskProcessStatus(number: number): TaskProcessStatus {
  switch (number) {
    case 0:
      return "unknown";
    case 1:
      return "created";
    case 2:
      return "running";
    case 3:
      return "stopped";
    case 4:
      return "paused";
    case 5:
      return "pausing";
    default:
      throw new RangeError(`unknown TaskProcessStatus ${number} on the wire`);
  }
}

/** containerd.v1.types.Process */
export interface TaskProcess {
  /** Empty in the answer to List: there, `id` names the container. */
  readonly containerId: string;
  readonly id: string;
  readonly pid: number;
  readonly status: TaskProcessStatus;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
  readonly exitStatus: number;
  readonly exitedAt?: Timestamp | undefined;
}
/** A TaskProcess with every field that is not given at its zero value. */
export function newTaskProcess(init: Partial<TaskProcess> = {}): TaskProcess {
  return { containerId: "", id: "", pid: 0, status: "unknown", stdin: "", stdout: "", stderr: "", terminal: false, exitStatus: 0, ...init };
}
export function encodeTaskProcessInto(m: TaskProcess, w: Writer): Writer {
  if (m.containerId !== "") w.uint32(10).string(m.containerId);
  if (m.id !== "") w.uint32(18).string(m.id);
  if (m.pid !== 0) w.uint32(24).uint32(m.pid);
  if (m.status !== "unknown") w.uint32(32).int32(TaskProcessStatusNumber[m.status]);
  if (m.stdin !== "") w.uint32(42).string(m.stdin);
  if (m.stdout !== "") w.uint32(50).string(m.stdout);
  if (m.stderr !== "") w.uint32(58).string(m.stderr);
  if (m.terminal !== false) w.uint32(64).bool(m.terminal);
  if (m.exitStatus !== 0) w.uint32(72).uint32(m.exitStatus);
  if (m.exitedAt !== undefined) encodeTimestampInto(m.exitedAt, w.uint32(82).fork()).ldelim();
  return w;
}
export function encodeTaskProcess(m: TaskProcess): Uint8Array {
  return encodeTaskProcessInto(m, Writer.create()).finish();
}
export function decodeTaskProcessFrom(r: Reader, length: number): TaskProcess {
  const end = r.pos + length;

  const m: Mutable<TaskProcess> = newTaskProcess();
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
        m.status = readTaskProcessStatus(r.int32());
        break;
      case 5:
        m.stdin = r.string();
        break;
      case 6:
        m.stdout = r.string();
        break;
      case 7:
        m.stderr = r.string();
        break;
      case 8:
        m.terminal = r.bool();
        break;
      case 9:
        m.exitStatus = r.uint32();
        break;
      case 10:
        m.exitedAt = decodeTimestampFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskProcess. */
export function decodeTaskProcess(bytes: Uint8Array): TaskProcess {
  const r = Reader.create(bytes);
  return decodeTaskProcessFrom(r, bytes.length);
}

/** containerd.runc.v1.Options */
export interface RuncOptions {
  readonly shimCgroup: string;
  readonly binaryName: string;
  /** Where runc keeps its state. */
  readonly root: string;
}
/** A RuncOptions with every field that is not given at its zero value. */
export function newRuncOptions(init: Partial<RuncOptions> = {}): RuncOptions {
  return { shimCgroup: "", binaryName: "", root: "", ...init };
}
export function encodeRuncOptionsInto(m: RuncOptions, w: Writer): Writer {
  if (m.shimCgroup !== "") w.uint32(26).string(m.shimCgroup);
  if (m.binaryName !== "") w.uint32(50).string(m.binaryName);
  if (m.root !== "") w.uint32(58).string(m.root);
  return w;
}
export function encodeRuncOptions(m: RuncOptions): Uint8Array {
  return encodeRuncOptionsInto(m, Writer.create()).finish();
}
export function decodeRuncOptionsFrom(r: Reader, length: number): RuncOptions {
  const end = r.pos + length;

  const m: Mutable<RuncOptions> = newRuncOptions();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 3:
        m.shimCgroup = r.string();
        break;
      case 6:
        m.binaryName = r.string();
        break;
      case 7:
        m.root = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RuncOptions. */
export function decodeRuncOptions(bytes: Uint8Array): RuncOptions {
  const r = Reader.create(bytes);
  return decodeRuncOptionsFrom(r, bytes.length);
}
