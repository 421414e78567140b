// The system calls for sockets that outlive this process, which Node does not offer: a socket made and bound in one step, with
// room for what comes while nobody reads, and a copy of a socket that another process has (pidfd_getfd, Linux 5.6). Each of them
// returns at once and tells a failure by a number: none can end or hold up the daemon.
import { getSystemErrorMap } from "node:util";
import koffi from "koffi";
import { SkepError } from "../../../shared/errors.ts";

const AF_INET = 2;
const TYPES = { tcp: 1, udp: 2 } as const;
const SOCK_NONBLOCK = 0o4_000;
const SOCK_CLOEXEC = 0o2_000_000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUFFORCE = 33;
const ADDRESS_BYTES = 16;
/** Connections that wait for somebody to take them. */
const BACKLOG = 256;
// The same numbers on every architecture.
const SYS_PIDFD_GETFD = 438;
const SYS_PIDFD_OPEN = 434;

const lib = koffi.load("libc.so.6");
const c = {
  socket: lib.func("int socket(int, int, int)"),
  bind: lib.func("int bind(int, const void*, uint32_t)"),
  listen: lib.func("int listen(int, int)"),
  setsockopt: lib.func("int setsockopt(int, int, int, const void*, uint32_t)"),
  getsockname: lib.func("int getsockname(int, void*, void*)"),
  close: lib.func("int close(int)"),
  syscall: lib.func("long syscall(long, long, long, long)"),
};

export type SocketKind = keyof typeof TYPES;

/** Of IPv4. */
export interface BoundSocket {
  readonly kind: SocketKind;
  readonly address: string;
  readonly port: number;
  readonly fd: number;
}

/** @throws {SkepError} `unavailable`, with Node's usual `code` in its cause. */
function must(what: string, result: number): number {
  if (result >= 0) return result;
  const errno = koffi.errno();
  const [code, meaning] = getSystemErrorMap().get(-errno) ?? [`error ${errno}`, ""];
  const cause = Object.assign(new Error(`${what}: ${meaning} (${code})`), { code });
  throw new SkepError("unavailable", cause.message, { cause });
}

function sockaddr(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  bytes.writeUInt16LE(AF_INET);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split(".").map(Number), 4);
  return bytes;
}

const int = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer);

/**
 * By TCP it listens: connections wait from then on. Nobody else can bind to the same address and port while any process has it.
 * @param bufferBytes room for what comes by UDP while nobody reads; less where this process may not have so much.
 * @throws {SkepError} `unavailable`: its cause has the code EADDRINUSE, EADDRNOTAVAIL …
 */
export function bindSocket(kind: SocketKind, address: string, port: number, bufferBytes: number): BoundSocket {
  const fd = must("socket", c.socket(AF_INET, TYPES[kind] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  try {
    // Connections of an earlier life that are not forgotten yet must not keep the port.
    if (kind === "tcp") c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int(1), 4);
    else c.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int(bufferBytes), 4);
    must(`bind ${address}:${port}`, c.bind(fd, sockaddr(address, port), ADDRESS_BYTES));
    if (kind === "tcp") must(`listen ${address}:${port}`, c.listen(fd, BACKLOG));
  } catch (error) {
    c.close(fd);
    throw error;
  }
  return { kind, address, port, fd };
}

/** A copy of a socket that process `pid` has. @throws {SkepError} `unavailable`: it is not there, or this process may not. */
export function copySocket(pid: number, fd: number): number {
  const process = must("pidfd_open", c.syscall(SYS_PIDFD_OPEN, pid, 0, 0));
  try {
    return must("pidfd_getfd", c.syscall(SYS_PIDFD_GETFD, process, fd, 0));
  } finally {
    c.close(process);
  }
}

export function isBoundTo(fd: number, address: string, port: number): boolean {
  const found = Buffer.alloc(ADDRESS_BYTES);
  return c.getsockname(fd, found, int(ADDRESS_BYTES)) === 0 && found.equals(sockaddr(address, port));
}

export const closeSocket = ({ fd }: Pick<BoundSocket, "fd">): void => void c.close(fd);
