// Network namespaces as names under /run/netns, where `ip netns` keeps them too, and the connections into them. The thread
// goes into a namespace only for the time of one call, and is back in the node's afterwards. Should it not come back, it is of no
// more use: nothing is entered or opened from there, and the process is to end (worker.ts).
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { SkepError } from "../../../shared/errors.ts";
import { NAMESPACES_FOLDER, NODE, namespacePath } from "../plan/names.ts";
import { Connection } from "./connection.ts";
import {
  bindMount,
  enterNamespace,
  enterNewNamespace,
  hasErrno,
  linkIndex,
  type Protocol,
  SystemError,
  shareMounts,
  unmount,
} from "./libc.ts";

const OWN = "/proc/thread-self/ns/net";

interface Room {
  readonly file: number;
  readonly connections: Map<Protocol, Connection>;
}

export class Namespaces {
  readonly #home: number;
  /** Where NODE is, when it is not where the thread began: only in tests. */
  readonly #nodePath: string | undefined;
  readonly #rooms = new Map<string, Room>();
  readonly #enter: (file: number) => void;
  #shared = false;
  #isLost = false;

  constructor(nodePath: string | undefined, enter = enterNamespace) {
    this.#home = openSync(OWN, "r");
    this.#nodePath = nodePath;
    this.#enter = enter;
  }

  /** The thread could not leave a namespace. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether a namespace is behind the name: a file alone is what is left when somebody died while he made one. */
  has(name: string): boolean {
    try {
      this.within(name, () => undefined);
      return true;
    } catch (error) {
      this.#close(name);
      if (hasErrno(error, "ENOENT") || hasErrno(error, "EINVAL")) return false;
      throw error;
    }
  }

  /** Does nothing when it is there. @throws {SystemError} */
  add(name: string): void {
    if (this.has(name)) return;
    const path = namespacePath(name);
    mkdirSync(NAMESPACES_FOLDER, { recursive: true });
    if (!this.#shared) shareMounts(NAMESPACES_FOLDER);
    this.#shared = true;
    writeFileSync(path, "", { mode: 0o444 });
    try {
      enterNewNamespace();
      bindMount(OWN, path);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      this.#goHome();
    }
  }

  /** Does nothing when it is gone. The namespace itself goes with the last process and socket in it. */
  remove(name: string): void {
    this.#close(name);
    const path = namespacePath(name);
    try {
      unmount(path);
    } catch (error) {
      if (!hasErrno(error, "ENOENT") && !hasErrno(error, "EINVAL")) throw error;
    }
    rmSync(path, { force: true });
  }

  /** `work` must be over when it returns: the thread is then back where it was. */
  within<T>(name: string, work: () => T): T {
    this.#enter(this.#room(name).file);
    try {
      return work();
    } finally {
      this.#goHome();
    }
  }

  #goHome(): void {
    try {
      this.#enter(this.#home);
    } catch (cause) {
      this.#isLost = true;
      throw new SkepError("internal", LOST, { cause });
    }
  }

  /** Open until closeAll. @throws {SystemError} */
  connection(name: string, protocol: Protocol): Connection {
    const { connections } = this.#room(name);
    const known = connections.get(protocol);
    if (known !== undefined && !known.isSpoiled) return known;
    connections.delete(protocol);
    known?.close();
    const made = this.within(name, () => new Connection(protocol));
    connections.set(protocol, made);
    return made;
  }

  /** The open file of a namespace, by which the kernel is told to move a link there. */
  fileOf(name: string): number {
    return this.#room(name).file;
  }

  /** @throws {SystemError} ENODEV */
  linkIndex(namespace: string, link: string): number {
    const index = this.within(namespace, () => linkIndex(link));
    if (index === undefined) throw new SystemError(`link ${link}`, ENODEV);
    return index;
  }

  /** A connection holds its namespace: none is kept between two pieces of work. */
  closeAll(): void {
    for (const name of [...this.#rooms.keys()]) this.#close(name);
  }

  #room(name: string): Room {
    if (this.#isLost) throw new SkepError("internal", LOST);
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    const path = name === NODE ? (this.#nodePath ?? OWN) : namespacePath(name);
    const room = { file: openSync(path, "r"), connections: new Map<Protocol, Connection>() };
    this.#rooms.set(name, room);
    return room;
  }

  #close(name: string): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    this.#rooms.delete(name);
    for (const connection of room.connections.values()) connection.close();
    closeSync(room.file);
  }
}

const ENODEV = 19;
const LOST = "the thread cannot leave the namespace it went into";
