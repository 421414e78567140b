// The few system calls that Node does not offer and the network needs: network namespaces and netlink. Beside nftables.ts and
// dns/socket-calls.ts the only file that calls into C (with koffi); everything it is given and returns is plain.
//
// To enter a namespace moves the calling thread, netlink calls wait for the kernel's own locks, and C may end its process: this is
// used in a process of its own (apply/network-worker.ts), never in the daemon.
import { getSystemErrorMap } from "node:util";
import koffi from "koffi";

const CLONE_NEWNET = 0x4000_0000;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2_000_000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_SHARED = 1 << 20;
const MNT_DETACH = 2;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const MSG_TRUNC = 0x20;
const EINTR = 4;
const ENODEV = 19;
const EMSGSIZE = 90;

/** The kernel holds what it answers until it is read: a dump of 10,000 entries, or the acknowledgements of a large batch. */
const BUFFER_BYTES = 8 * 2 ** 20;
/** An answer comes at once or not at all; the kernel's lock may be held by somebody for some seconds. */
const ANSWER_LIMIT_S = 20;

const lib = koffi.load("libc.so.6");
const c = {
  socket: lib.func("int socket(int, int, int)"),
  setsockopt: lib.func("int setsockopt(int, int, int, const void*, uint32_t)"),
  connect: lib.func("int connect(int, const void*, uint32_t)"),
  send: lib.func("long send(int, const void*, size_t, int)"),
  recv: lib.func("long recv(int, void*, size_t, int)"),
  close: lib.func("int close(int)"),
  setns: lib.func("int setns(int, int)"),
  unshare: lib.func("int unshare(int)"),
  mount: lib.func("int mount(str, str, str, unsigned long, void*)"),
  umount2: lib.func("int umount2(str, int)"),
  indexOf: lib.func("unsigned int if_nametoindex(str)"),
  prctl: lib.func("int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)"),
};

/** Of a system call. `code` is the error's name, like ENOENT. */
export class SystemError extends Error {
  readonly code: string;

  constructor(what: string, errno: number, said = "") {
    const [code, meaning] = getSystemErrorMap().get(-errno) ?? [`error ${errno}`, ""];
    super(`${what}: ${[said, meaning].find((text) => text !== "") ?? ""} (${code})`);
    this.code = code;
  }
}

/** Of a SystemError, and of what Node's own file system throws. */
export const hasErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** @throws {SystemError} for a call that says less than 0. */
function must(what: string, result: number): number {
  if (result < 0) throw new SystemError(what, koffi.errno());
  return result;
}

/** The same for a call that a signal may break off before it did anything. */
function mustAtLast(what: string, call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0 || koffi.errno() !== EINTR) return must(what, result);
  }
}

export type Protocol = "route" | "netfilter";
const PROTOCOLS: Readonly<Record<Protocol, number>> = { route: 0, netfilter: 12 };

/** Family and three zeros: the kernel itself. */
const KERNEL = Buffer.from(new Uint32Array([0, 0, 0]).buffer);
new Uint16Array(KERNEL.buffer, KERNEL.byteOffset, 1)[0] = AF_NETLINK;

/** In the namespace that the thread is in, and it stays there. Nobody but the kernel can send to it. */
export function openNetlink(protocol: Protocol): number {
  const socket = must("netlink socket", c.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, PROTOCOLS[protocol]));
  // A container that may change its own network could answer in the kernel's place, or flood; connected, it is refused.
  if (c.connect(socket, KERNEL, KERNEL.length) < 0) {
    const error = new SystemError("netlink connect", koffi.errno());
    closeNow(socket);
    throw error;
  }
  const set = (level: number, option: number, value: readonly number[]): void => {
    const bytes = Buffer.from(
      value.length === 1 ? Int32Array.from(value).buffer : BigInt64Array.from(value, BigInt).buffer,
    );
    c.setsockopt(socket, level, option, bytes, bytes.length); // refused: works, only less well
  };
  set(SOL_SOCKET, SO_RCVBUFFORCE, [BUFFER_BYTES]);
  set(SOL_SOCKET, SO_SNDBUFFORCE, [BUFFER_BYTES]);
  set(SOL_SOCKET, SO_RCVTIMEO, [ANSWER_LIMIT_S, 0]);
  set(SOL_NETLINK, NETLINK_CAP_ACK, [1]);
  set(SOL_NETLINK, NETLINK_EXT_ACK, [1]);
  return socket;
}

export function send(socket: number, bytes: Uint8Array): void {
  mustAtLast("netlink send", () => c.send(socket, bytes, bytes.length, 0));
}

/** Into `buffer`; returns how many bytes. @throws {SystemError} EMSGSIZE: it does not fit, and what did not is lost. */
export function receive(socket: number, buffer: Uint8Array): number {
  const length = mustAtLast("netlink receive", () => c.recv(socket, buffer, buffer.length, MSG_TRUNC));
  if (length > buffer.length) throw new SystemError("netlink receive", EMSGSIZE);
  return length;
}

/** In the background: for a socket of netfilter the kernel may wait some ten milliseconds until all rules are gone. */
export function closeLater(socket: number): void {
  c.close.async(socket, () => undefined);
}

export const closeNow = (socket: number): void => void c.close(socket);

export function enterNamespace(file: number): void {
  must("setns", c.setns(file, CLONE_NEWNET));
}

/** The thread is in the new one afterwards. */
export function enterNewNamespace(): void {
  must("unshare", c.unshare(CLONE_NEWNET));
}

export function bindMount(source: string, target: string): void {
  must(`mount on ${target}`, c.mount(source, target, "none", MS_BIND, null));
}

/** So that a mount below `path` is seen in every mount namespace that has `path`. */
export function shareMounts(path: string): void {
  if (c.mount("", path, "none", MS_SHARED | MS_REC, null) === 0) return;
  must(`mount on ${path}`, c.mount(path, path, "none", MS_BIND | MS_REC, null));
  must(`share ${path}`, c.mount("", path, "none", MS_SHARED | MS_REC, null));
}

export function unmount(path: string): void {
  must(`unmount ${path}`, c.umount2(path, MNT_DETACH));
}

/** Of a link in the namespace that the thread is in; undefined: there is none of this name. @throws {SystemError} it cannot be asked. */
export function linkIndex(name: string): number | undefined {
  const index = c.indexOf(name);
  if (index !== 0) return index;
  const errno = koffi.errno();
  if (errno === ENODEV) return undefined;
  throw new SystemError(`link ${name}`, errno); // EMFILE: it takes a socket to ask
}

/** Has the kernel kill this process as soon as its parent is no more. Who is too late for it finds the channel to it closed. */
export const endWithParent = (): void => void must("prctl", c.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
