// Sockets that outlive the daemon: a process that does nothing else (`sleep`, half a megabyte) has them too. While no daemon runs,
// what tasks ask waits in them, and the next daemon takes copies of them and answers: a restart or an upgrade delays a name by a
// second or two, and loses none. A resolver whose question is lost waits for five seconds.
//
// A file tells which process that is and what it has. Where something does not fit (it is gone, another address is wanted) it is
// ended, and there are new sockets. Its program never changes, so an upgrade has nothing to replace.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import { type BoundSocket, bindSocket, closeSocket, copySocket, isBoundTo, type SocketKind } from "./socket-calls.ts";

export interface KeptSockets {
  /** The port of those of an earlier life; undefined: there are none. */
  readonly port: number | undefined;
  /**
   * For UDP and TCP on each of these IPv4 addresses: those of an earlier life, else new ones. They are the caller's to serve, or
   * to close.
   * @throws {SkepError} `unavailable`: they cannot be bound; the cause has the code.
   */
  open(addresses: readonly string[], port: number): Promise<readonly BoundSocket[]>;
  close(sockets: readonly BoundSocket[]): void;
  /** Nobody keeps them any more: what the caller has not closed is all there is. */
  end(): void;
}

/** Half of what the kernel then takes: some 10,000 questions, which is more than tasks can ask in two seconds (plan/name-limits.ts). */
const BUFFER_BYTES = 4 * 2 ** 20;
const KINDS: readonly SocketKind[] = ["udp", "tcp"];
/** In the keeper, after its standard input, output and error. */
const FIRST_FD = 3;
/** Seconds; about as long as sleep can count everywhere. */
const FOR_EVER = "2147483647";

interface Keeper {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: tells it from a later process with the same number. */
  readonly startTicks: string;
  /** In the order of its descriptors. */
  readonly sockets: readonly Omit<BoundSocket, "fd">[];
}

/** @param file where it is noted who keeps them; @param marker tells people whose keeper it is: SKEP_NAME_SERVER in its environment. */
export function createKeptSockets(file: string, marker: string, log: Log): KeptSockets {
  const end = (): void => {
    const keeper = readKeeper(file);
    if (keeper !== undefined && isAlive(keeper)) {
      try {
        process.kill(keeper.pid, "SIGKILL");
      } catch {
        // it went in between
      }
    }
    rmSync(file, { force: true });
  };

  return {
    get port() {
      const keeper = readKeeper(file);
      return keeper !== undefined && isAlive(keeper) ? keeper.sockets[0]?.port : undefined;
    },
    open: async (addresses, port) => {
      const wanted = addresses.flatMap((address) => KINDS.map((kind) => ({ kind, address, port })));
      const kept = copyAll(readKeeper(file), wanted, log);
      if (kept !== undefined) return kept;
      end();
      const made = bindAll(wanted);
      try {
        await startKeeper(file, marker, made);
      } catch (error) {
        // They serve without it; only a restart will be noticed.
        log.warn({ error: SkepError.from(error).message }, "nobody keeps the name server's sockets over a restart");
      }
      return made;
    },
    close: closeAll,
    end,
  };
}

/** Undefined: not all of them are there. */
function copyAll(
  keeper: Keeper | undefined,
  wanted: readonly Omit<BoundSocket, "fd">[],
  log: Log,
): readonly BoundSocket[] | undefined {
  if (keeper === undefined || !isAlive(keeper)) return undefined;
  const copies: BoundSocket[] = [];
  try {
    for (const socket of wanted) {
      const index = keeper.sockets.findIndex((kept) => isSame(kept, socket));
      if (index < 0) throw new SkepError("not_found", `nobody keeps ${socket.address}:${socket.port}`);
      const copy = { ...socket, fd: copySocket(keeper.pid, FIRST_FD + index) };
      copies.push(copy);
      if (!isBoundTo(copy.fd, socket.address, socket.port)) throw new SkepError("not_found", "another socket is kept");
    }
    return copies;
  } catch (error) {
    closeAll(copies);
    log.info({ error: SkepError.from(error).message }, "the name server's sockets are made anew");
    return undefined;
  }
}

const closeAll = (sockets: readonly BoundSocket[]): void => {
  for (const socket of sockets) closeSocket(socket);
};

const isSame = (a: Omit<BoundSocket, "fd">, b: Omit<BoundSocket, "fd">): boolean =>
  a.kind === b.kind && a.address === b.address && a.port === b.port;

function bindAll(wanted: readonly Omit<BoundSocket, "fd">[]): readonly BoundSocket[] {
  const made: BoundSocket[] = [];
  try {
    for (const { kind, address, port } of wanted) made.push(bindSocket(kind, address, port, BUFFER_BYTES));
    return made;
  } catch (error) {
    closeAll(made);
    throw error;
  }
}

async function startKeeper(file: string, marker: string, sockets: readonly BoundSocket[]): Promise<void> {
  const child = spawn("sleep", [FOR_EVER], {
    stdio: ["ignore", "ignore", "ignore", ...sockets.map(({ fd }) => fd)],
    detached: true, // what ends the daemon is not meant for it
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", SKEP_NAME_SERVER: marker },
  });
  child.unref();
  await once(child, "spawn");
  const startTicks = child.pid === undefined ? undefined : startTicksOf(child.pid);
  if (child.pid === undefined || startTicks === undefined) throw new SkepError("internal", "sleep ended at once");
  const kept = sockets.map(({ kind, address, port }) => ({ kind, address, port }));
  const keeper: Keeper = { pid: child.pid, startTicks, sockets: kept };
  try {
    writeFileSync(file, JSON.stringify(keeper));
  } catch (error) {
    child.kill("SIGKILL"); // nobody would find it
    throw error;
  }
}

function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const isAlive = ({ pid, startTicks }: Keeper): boolean => startTicksOf(pid) === startTicks;

/** Undefined: there is no such file, or it is not as this version writes it. */
function readKeeper(file: string): Keeper | undefined {
  try {
    const { pid, startTicks, sockets } = JSON.parse(readFileSync(file, "utf8")) as Partial<Keeper>;
    const fits = typeof pid === "number" && pid > 1 && typeof startTicks === "string" && Array.isArray(sockets);
    return fits ? { pid, startTicks, sockets } : undefined;
  } catch {
    return undefined;
  }
}
