// One port without TLS, as a node's is with it: gRPC and managers' Raft streams, told apart by how they begin. For tests and
// benches of Raft members.
import { connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { GrpcServer } from "../../shared/rpc/grpc/server.ts";

const HTTP2_BEGINS = "PRI ";

export interface PlainPort {
  readonly port: number;
  /** Cuts every connection. */
  readonly close: () => void;
}

export function listenPlain(
  server: GrpcServer,
  port: number,
  acceptRaft: (socket: Duplex) => void,
): Promise<PlainPort> {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    socket.once("data", (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      if (first.toString("latin1", 0, HTTP2_BEGINS.length) === HTTP2_BEGINS) {
        server.inject(socket, { getPeer: () => String(socket.remoteAddress), getAuthContext: () => ({}) });
      } else {
        acceptRaft(socket);
        socket.resume();
      }
    });
  });
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(port, "127.0.0.1", () => {
      const address = listener.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      const close = (): void => {
        listener.close();
        server.destroy();
        for (const socket of sockets) socket.destroy();
      };
      resolve({ port: address.port, close });
    });
  });
}

export function connectPlain(addr: string, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const [host = "", port = ""] = addr.split(":");
    const socket = connect({ host, port: Number(port), noDelay: true, signal });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
