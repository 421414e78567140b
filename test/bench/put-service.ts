// The same call to either store: etcd's KV.Put, and a service of the same shape in front of a Raft member. So client, wire
// and codec are the same, and only what is behind them differs.
import type * as grpc from "@grpc/grpc-js";
import { Reader, Writer } from "protobufjs/minimal.js";
import type { GrpcServer } from "../../shared/rpc/grpc/server.ts";
import type { Method } from "../../shared/rpc/method.ts";
import { addService, type Handlers } from "../../shared/rpc/server.ts";

export const ETCD_PUT = "/etcdserverpb.KV/Put";
export const RAFT_PUT = "/skep.bench.KV/Put";

const asIs = (bytes: Buffer): Buffer => bytes;

/** etcdserverpb.PutRequest: key = 1, value = 2. */
export function putRequest(key: string, value: Uint8Array): Buffer {
  return Buffer.from(new Writer().uint32(10).string(key).uint32(18).bytes(value).finish());
}

function valueOfPut(request: Buffer): Uint8Array {
  const reader = Reader.create(request);
  let value = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 18) value = new Uint8Array(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return value;
}

/** Each put is answered when `propose` resolves. */
export function addPutService(server: GrpcServer, propose: (data: Uint8Array) => Promise<unknown>): void {
  const put: Method<Uint8Array, Buffer, false, false> = {
    path: RAFT_PUT,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value) => putRequest("", value),
    requestDeserialize: valueOfPut,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const handlers: Handlers<{ readonly put: typeof put }> = {
    put: async (value) => {
      await propose(value);
      return Buffer.alloc(0);
    },
  };
  addService(
    server,
    { put },
    handlers,
    () => ({ kind: "local" }),
    () => undefined,
  );
}

export function call(client: grpc.Client, path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<Buffer, Buffer>(path, asIs, asIs, request, (error, answer) => {
      if (error !== null || answer === undefined) reject(error ?? new Error("no answer"));
      else resolve(answer);
    });
  });
}

/** Whether the etcd that answers leads: etcdserverpb.StatusResponse, header.member_id against leader. */
export async function leadsEtcd(client: grpc.Client): Promise<boolean> {
  const reader = Reader.create(await call(client, "/etcdserverpb.Maintenance/Status", Buffer.alloc(0)));
  let [member, leader] = ["", "none"];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) {
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) {
        const inner = reader.uint32();
        if (inner === 16) member = String(reader.uint64());
        else reader.skipType(inner & 7);
      }
    } else if (tag === 32) leader = String(reader.uint64());
    else reader.skipType(tag & 7);
  }
  return leader !== "0" && member === leader;
}
