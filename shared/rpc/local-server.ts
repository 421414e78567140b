// The local socket: whoever may open the file is root on this host, and needs no certificate. It is made in a folder that only
// root may enter and moved to its place with its mode set, so that there is no moment in which another could open it.
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import type { Env } from "../env/env.ts";
import { SkepError } from "../errors.ts";
import type { Caller } from "./grpc/call.ts";
import { GrpcServer } from "./grpc/server.ts";
import { MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";
import type { PeerResolver } from "./server.ts";

const SOCKET_MODE = 0o660;
const MAX_CONNECTIONS = 1_000;

export interface LocalServer {
  readonly grpc: GrpcServer;
  readonly resolvePeer: PeerResolver;
  /**
   * Takes the socket's path over from a daemon that died without removing it.
   * @throws {SkepError} `failed_precondition`: another daemon answers there, or the path cannot be made.
   */
  readonly listen: () => Promise<void>;
  readonly close: (graceMs: number) => Promise<void>;
}

/** Does anybody answer at this socket? */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Its queue is full: somebody has it who is busy.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EAGAIN"));
  });

export function createLocalServer(env: Env, path: string): LocalServer {
  const server = new GrpcServer({ env, maxReceiveBytes: MAX_MESSAGE_BYTES, maxSendBytes: MAX_ANSWER_BYTES });
  const caller: Caller = { getPeer: () => path, getAuthContext: () => ({}) };
  const listener = createServer((socket) => server.inject(socket, caller));
  listener.maxConnections = MAX_CONNECTIONS;
  listener.on("error", () => undefined); // of a connection that could not be taken; `listen` hears of its own

  const listen = async (): Promise<void> => {
    if (await answers(path)) {
      throw new SkepError("failed_precondition", `a skep daemon is already running: it answers at ${path}`);
    }
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      const closed = `${path}.new`;
      await rm(closed, { recursive: true, force: true });
      await mkdir(closed, { mode: 0o700 });
      try {
        const made = join(closed, "s");
        await new Promise<void>((resolve, reject) => {
          listener.once("error", reject);
          listener.listen(made, () => {
            listener.off("error", reject);
            resolve();
          });
        });
        await chmod(made, SOCKET_MODE);
        await rename(made, path); // also in place of one that a dead daemon left
      } finally {
        await rm(closed, { recursive: true, force: true });
      }
    } catch (cause) {
      throw new SkepError("failed_precondition", `cannot listen on ${path}: ${SkepError.from(cause).message}`, {
        cause,
      });
    }
  };

  const close = async (graceMs: number): Promise<void> => {
    listener.close();
    await server.close(graceMs);
    await rm(path, { force: true });
  };

  return { grpc: server, resolvePeer: () => ({ kind: "local" }), listen, close };
}
