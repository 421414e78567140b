// Which daemon to speak to, and clear words when there is none. The order: --host, SKEP_HOST, this host's daemon, the one
// dev cluster that runs.
import { createConnection, type Socket } from "node:net";
import { SkepError } from "../shared/errors.ts";
import type { CliContext } from "./context.ts";
import { UsageError } from "./usage-error.ts";

const DEFAULT_SOCKET = "/run/skep/skep.sock";

export type Target =
  /** A socket the user named. */
  | { readonly kind: "socket"; readonly path: string; readonly source: string }
  /** A host of a dev cluster, "NAME/nodeN". */
  | { readonly kind: "dev"; readonly target: string; readonly source: string }
  /** Nothing named: the local daemon, else the dev cluster. */
  | { readonly kind: "default" };

/** Pure. `host` is the --host flag, which wins over SKEP_HOST. */
export function chooseTarget(host: string | undefined, vars: Readonly<Record<string, string | undefined>>): Target {
  const source = host === undefined ? "SKEP_HOST" : "--host";
  const value = host ?? vars["SKEP_HOST"] ?? "";
  if (value === "") return { kind: "default" };
  if (value.startsWith("unix://")) return { kind: "socket", path: value.slice("unix://".length), source };
  if (value.startsWith("/")) return { kind: "socket", path: value, source };
  if (value.startsWith("dev:")) {
    const target = value.slice("dev:".length);
    if (/^[^/]+\/node\d+$/.test(target)) return { kind: "dev", target, source };
    throw new UsageError(
      `${source} ${JSON.stringify(value)}: a dev cluster's host is written dev:NAME/nodeN, like dev:dev/node1`,
    );
  }
  throw new UsageError(
    `${source} ${JSON.stringify(value)} is not an address: write unix:///run/skep/skep.sock, or dev:NAME/nodeN for a host of a dev cluster`,
  );
}

export interface OpenSocket {
  readonly path: string;
  /** Connected. */
  readonly socket: Socket;
}

export async function findSocket(target: Target, context: CliContext): Promise<OpenSocket> {
  switch (target.kind) {
    case "socket":
      return await checked(target.path, context, `${target.source} names it`);
    case "dev": {
      const [path] = await context.findDevSockets(target.target);
      if (path !== undefined) return await checked(path, context, `it is the socket of dev:${target.target}`);
      throw new SkepError(
        "unavailable",
        `there is no dev cluster's host ${target.target} that runs: see \`skep dev ls\``,
      );
    }
    case "default": {
      const local = await tryConnect(DEFAULT_SOCKET);
      if (typeof local !== "string") return local;
      if (local === "EACCES" || local === "EPERM") throw unreachable(DEFAULT_SOCKET, local, context.isRoot, "");
      const sockets = await context.findDevSockets();
      const open = await firstThatAnswers(sockets);
      if (open !== undefined) return open;
      const [first] = sockets;
      if (first === undefined) throw unreachable(DEFAULT_SOCKET, local, context.isRoot, "");
      const why =
        sockets.length === 1
          ? "it is the one manager"
          : `none of ${sockets.length} managers answers; this one is the first`;
      return await checked(first, context, `${why} of the dev cluster that runs`);
    }
  }
}

/** Undefined: none does. */
async function firstThatAnswers(paths: readonly string[]): Promise<OpenSocket | undefined> {
  for (const path of paths) {
    const open = await tryConnect(path);
    if (typeof open !== "string") return open;
  }
  return undefined;
}

async function checked(path: string, context: CliContext, why: string): Promise<OpenSocket> {
  const open = await tryConnect(path);
  if (typeof open === "string") throw unreachable(path, open, context.isRoot, ` (${why})`);
  return open;
}

/** The socket, or the errno when nobody answers. */
function tryConnect(path: string): Promise<OpenSocket | string> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once("connect", () => resolve({ path, socket }));
    // Stays after the first: until the socket is somebody's, nobody else listens, and then its owner tells.
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Pure: the words for a socket that nobody answers at. */
export function unreachable(path: string, errno: string, isRoot: boolean, why: string): SkepError {
  switch (errno) {
    case "EACCES":
    case "EPERM":
      return new SkepError(
        "permission_denied",
        `permission denied while trying to connect to the skep daemon at ${path}${why}${isRoot ? "" : ": run this as root"}`,
      );
    case "ENOENT":
    case "ECONNREFUSED":
      return new SkepError(
        "unavailable",
        `cannot connect to the skep daemon at ${path}${why}. Is the daemon running? ` +
          "Start it with `skep daemon` (as root), or a whole cluster on this machine with `skep dev up`; SKEP_HOST names another socket.",
      );
    default:
      return new SkepError("unavailable", `cannot connect to the skep daemon at ${path}${why}: ${errno}`);
  }
}
