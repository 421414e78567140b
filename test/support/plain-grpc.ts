// Calls served without TLS, to anyone: a port on loopback, or a socket's path.
import { createServer, type Socket } from "node:net";
import { realEnv } from "../../shared/env/real-env.ts";
import { GrpcServer } from "../../shared/rpc/grpc/server.ts";
import { MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES } from "../../shared/rpc/limits.ts";

export interface PlainGrpc {
  /** 0 where it listens at a path. */
  readonly port: number;
  /** Cuts every connection. */
  readonly stop: () => void;
}

/** @param where a port (0: one that is free), or a path. @param add puts services on it. */
export function listenGrpc(where: number | string, add: (server: GrpcServer) => void): Promise<PlainGrpc> {
  const server = new GrpcServer({ env: realEnv, maxReceiveBytes: MAX_MESSAGE_BYTES, maxSendBytes: MAX_ANSWER_BYTES });
  add(server);
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    server.inject(socket, { getPeer: () => "test", getAuthContext: () => ({}) });
  });
  const stop = (): void => {
    listener.close();
    server.destroy();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(typeof where === "string" ? { path: where } : { port: where, host: "127.0.0.1" }, () => {
      const address = listener.address();
      resolve({ port: address !== null && typeof address === "object" ? address.port : 0, stop });
    });
  });
}
