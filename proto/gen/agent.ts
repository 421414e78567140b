// Generated from skep/v1/agent.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import { decodeLogOptionsFrom, decodeLogsResponse, encodeLogOptionsInto, encodeLogsResponse, type LogOptions, type LogsResponse } from "./control.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export interface TaskLogsRequest {
  readonly taskIds: readonly TaskId[];
  readonly options?: LogOptions | undefined;
}
/** A TaskLogsRequest with every field that is not given at its zero value. */
export function newTaskLogsRequest(init: Partial<TaskLogsRequest> = {}): TaskLogsRequest {
  return { taskIds: [], ...init };
}
export function encodeTaskLogsRequestInto(m: TaskLogsRequest, w: Writer): Writer {
  for (const value of m.taskIds) w.uint32(10).string(value);
  if (m.options !== undefined) encodeLogOptionsInto(m.options, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeTaskLogsRequest(m: TaskLogsRequest): Uint8Array {
  return encodeTaskLogsRequestInto(m, Writer.create()).finish();
}
export function decodeTaskLogsRequestFrom(r: Reader, length: number): TaskLogsRequest {
  const end = r.pos + length;
  const taskIds: TaskId[] = [];
  const m: Mutable<TaskLogsRequest> = newTaskLogsRequest({ taskIds });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        taskIds.push((r.string() as TaskId));
        break;
      case 2:
        m.options = decodeLogOptionsFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskLogsRequest. */
export function decodeTaskLogsRequest(bytes: Uint8Array): TaskLogsRequest {
  const r = Reader.create(bytes);
  return decodeTaskLogsRequestFrom(r, bytes.length);
}

/** Served by every node to managers. */
export const AgentService = {
  taskLogs: {
    path: "/skep.v1.Agent/TaskLogs",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: TaskLogsRequest): Buffer => asBuffer(encodeTaskLogsRequest(m)),
    requestDeserialize: (b: Buffer): TaskLogsRequest => decodeBounded(decodeTaskLogsRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LogsResponse): Buffer => asBuffer(encodeLogsResponse(m)),
    responseDeserialize: (b: Buffer): LogsResponse => decodeBounded(decodeLogsResponse, b, 200000),
  },
} as const;
