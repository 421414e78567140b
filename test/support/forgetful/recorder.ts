// Records what this process asks of the file system below one folder, in order, and what of it has been flushed: power-cut.ts
// makes of that what the disk holds after a power cut at any moment. It stands between the program and Node, so it sees which
// flags a file is opened with and whether a flush was waited for. What it does not know how to model it refuses.
//
//   node --import …/recorder.ts program.ts      with FORGETFUL_ROOT (the folder) and FORGETFUL_JOURNAL (a file elsewhere)
import fs, { type PathLike } from "node:fs";
import { type FileHandle, open as openHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join, resolve } from "node:path";

export type Event =
  /** A file is there under a new number, empty. */
  | { readonly op: "create"; readonly id: number; readonly path: string }
  | {
      readonly op: "write";
      readonly id: number;
      readonly at: number;
      readonly flushed: boolean;
      readonly bytes: number;
    }
  | { readonly op: "truncate"; readonly id: number; readonly size: number }
  | { readonly op: "sync"; readonly id: number }
  | { readonly op: "mkdir"; readonly path: string }
  | { readonly op: "rename"; readonly from: string; readonly to: string }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "syncdir"; readonly path: string }
  /** Somebody was told that everything up to here is done. */
  | { readonly op: "ack"; readonly what: string };

const root = resolve(process.env["FORGETFUL_ROOT"] ?? "/nowhere");
const before = { ...fs };
const beforeAsync = { ...fs.promises };
const journal = before.openSync(process.env["FORGETFUL_JOURNAL"] ?? "/dev/null", "w");

function record(event: Event, data: Uint8Array = new Uint8Array(0)): void {
  before.writeSync(journal, `${JSON.stringify(event)}\n`);
  if (data.length > 0) before.writeSync(journal, data);
}

/** For the program: what it tells somebody. */
export const acknowledge = (what: string): void => record({ op: "ack", what });

// ---- what is where ----

interface OpenFile {
  readonly id: number;
  readonly flushes: boolean;
  readonly appends: boolean;
  at: number;
}
const ids = new Map<string, number>();
const sizes = new Map<number, number>();
const files = new Map<number, OpenFile>();
const dirs = new Map<number, string>();
let lastId = 0;

const ours = (path: unknown): string | undefined => {
  if (typeof path !== "string" && !(path instanceof Buffer)) return undefined;
  const full = resolve(path.toString());
  return full === root || full.startsWith(`${root}/`) ? full : undefined;
};

function create(path: string): number {
  const id = ++lastId;
  ids.set(path, id);
  sizes.set(id, 0);
  record({ op: "create", id, path });
  return id;
}

/** What a power cut before this one left is on the disk for good. */
function adopt(dir: string): void {
  for (const entry of before.readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      record({ op: "mkdir", path });
      adopt(path);
    } else {
      const bytes = before.readFileSync(path);
      wrote(create(path), bytes, 0, true);
    }
  }
  record({ op: "syncdir", path: dir });
}

function wrote(id: number, data: Uint8Array, at: number, flushed: boolean): void {
  sizes.set(id, Math.max(sizes.get(id) ?? 0, at + data.length));
  record({ op: "write", id, at, flushed, bytes: data.length }, data);
}

function opened(fd: number, path: PathLike, flags: string | number | undefined): number {
  forget(fd); // a handle closes without anybody being asked
  const full = ours(path);
  if (full === undefined) return fd;
  const { O_CREAT, O_TRUNC, O_DSYNC, O_SYNC, O_APPEND, O_RDWR, O_WRONLY } = fs.constants;
  const asNumber = typeof flags === "number" ? flags : FLAGS[flags ?? "r"];
  if (asNumber === undefined) throw new Error(`the flags ${flags} are not modelled`);
  if (before.fstatSync(fd).isDirectory()) {
    dirs.set(fd, full);
    return fd;
  }
  if ((asNumber & (O_RDWR | O_WRONLY)) === 0) return fd;
  const known = ids.get(full);
  if (known === undefined && (asNumber & O_CREAT) === 0) throw new Error(`${full} is open and unknown`);
  const id = known ?? create(full);
  if (known !== undefined && (asNumber & O_TRUNC) !== 0) truncated(id, 0);
  files.set(fd, {
    id,
    flushes: (asNumber & O_DSYNC) !== 0 || (asNumber & O_SYNC) === O_SYNC,
    appends: (asNumber & O_APPEND) !== 0,
    at: 0,
  });
  return fd;
}

const FLAGS: Readonly<Record<string, number>> = {
  r: fs.constants.O_RDONLY,
  "r+": fs.constants.O_RDWR,
  w: fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_TRUNC,
  wx: fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL,
  "w+": fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC,
  a: fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_APPEND,
  "a+": fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_APPEND,
};

function written(fd: number, data: Uint8Array, position: unknown): void {
  const file = files.get(fd);
  if (file === undefined) return;
  const positioned = typeof position === "number" || typeof position === "bigint";
  const at = positioned ? Number(position) : file.appends ? (sizes.get(file.id) ?? 0) : file.at;
  if (!positioned) file.at = at + data.length;
  wrote(file.id, data, at, file.flushes);
}

function truncated(id: number, size: number): void {
  sizes.set(id, size);
  record({ op: "truncate", id, size });
}

function synced(fd: number): void {
  const dir = dirs.get(fd);
  const file = files.get(fd);
  if (dir !== undefined) record({ op: "syncdir", path: dir });
  else if (file !== undefined) record({ op: "sync", id: file.id });
}

function renamed(from: PathLike, to: PathLike): void {
  const [source, target] = [ours(from), ours(to)];
  if (source === undefined || target === undefined) return;
  const id = ids.get(source);
  if (id === undefined) throw new Error(`renaming ${source} is not modelled: it is no file`);
  ids.delete(source);
  ids.set(target, id);
  record({ op: "rename", from: source, to: target });
}

function removed(path: PathLike): void {
  const full = ours(path);
  if (full === undefined) return;
  for (const one of [...ids.keys()]) if (one === full || one.startsWith(`${full}/`)) ids.delete(one);
  record({ op: "remove", path: full });
}

function madeDir(path: PathLike): void {
  const full = ours(path);
  if (full === undefined || full === root) return;
  madeDir(dirname(full));
  record({ op: "mkdir", path: full });
}

const wroteWhole = (path: PathLike, data: Uint8Array): void => {
  const full = ours(path);
  if (full === undefined) return;
  const known = ids.get(full);
  if (known !== undefined) truncated(known, 0);
  wrote(known ?? create(full), data, 0, false);
};

const bytesOf = (data: unknown): Uint8Array => {
  if (typeof data === "string") return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  throw new Error("only bytes and texts are modelled");
};
/** Of a write's parts, what was written. */
const taken = (parts: readonly unknown[], bytes: number): Uint8Array =>
  Buffer.concat(parts.map(bytesOf)).subarray(0, bytes);
/** As `write(fd, data, offset, length, position)` and `write(fd, text, position)` have it. */
function argumentsOfWrite(data: unknown, rest: readonly unknown[]): { data: Uint8Array; position: unknown } {
  if (typeof data === "string") return { data: bytesOf(data), position: rest[0] };
  const [offset, length, position] = rest;
  const bytes = bytesOf(data);
  if (typeof offset !== "number") return { data: bytes, position: undefined };
  return { data: bytes.subarray(offset, offset + (typeof length === "number" ? length : bytes.length)), position };
}

// ---- in between ----

type Any = readonly unknown[];
type Call = (...args: Any) => unknown;
// The one place that takes Node's functions for what they are called with: they have too many shapes to name.
const target = fs as unknown as Record<string, Call>;
const promised = fs.promises as unknown as Record<string, Call>;
const original = before as unknown as Record<string, Call>;
const originalAsync = beforeAsync as unknown as Record<string, Call>;

/** `done` is called when it has succeeded, before anybody hears of it. */
function watch(name: string, done: (result: unknown, args: Any) => void): void {
  const [sync, callback, promise] = [original[`${name}Sync`], original[name], originalAsync[name]];
  if (sync !== undefined) {
    target[`${name}Sync`] = (...args) => {
      const result = sync(...args);
      done(result, args);
      return result;
    };
  }
  if (callback !== undefined) {
    target[name] = (...args) => {
      const then = args.at(-1) as (error: unknown, ...results: Any) => void;
      return callback(...args.slice(0, -1), (error: unknown, ...results: Any) => {
        if (error === null || error === undefined) done(results[0], args.slice(0, -1));
        then(error, ...results);
      });
    };
  }
  if (promise !== undefined) {
    promised[name] = async (...args) => {
      const result = await promise(...args);
      done(result, args);
      return result;
    };
  }
}

watch("open", (result, [path, flags]) => {
  const fd = typeof result === "number" ? result : (result as FileHandle).fd;
  opened(fd, path as PathLike, flags as string | number | undefined);
});
watch("write", (result, [fd, data, ...rest]) => {
  const call = argumentsOfWrite(data, rest);
  written(fd as number, call.data.subarray(0, result as number), call.position);
});
watch("writev", (result, [fd, parts, position]) =>
  written(fd as number, taken(parts as Any, result as number), position),
);
watch("ftruncate", (_, [fd, size]) => {
  const file = files.get(fd as number);
  if (file !== undefined) truncated(file.id, Number(size ?? 0));
});
watch("fsync", (_, [fd]) => synced(fd as number));
watch("fdatasync", (_, [fd]) => synced(fd as number));
watch("rename", (_, [from, to]) => renamed(from as PathLike, to as PathLike));
watch("rm", (_, [path]) => removed(path as PathLike));
watch("unlink", (_, [path]) => removed(path as PathLike));
watch("rmdir", (_, [path]) => removed(path as PathLike));
watch("mkdir", (_, [path]) => madeDir(path as PathLike));
target["closeSync"] = (...args) => {
  forget(args[0] as number);
  return original["closeSync"]?.(...args);
};
target["close"] = (...args) => {
  forget(args[0] as number);
  return original["close"]?.(...args);
};
function forget(fd: number): void {
  files.delete(fd);
  dirs.delete(fd);
}
promised["writeFile"] = async (...args) => {
  const [to, data] = args;
  const result = await originalAsync["writeFile"]?.(...args);
  if (typeof to === "string" || to instanceof Buffer) wroteWhole(to, bytesOf(data));
  return result;
};
for (const name of ["truncate", "link", "symlink", "copyFile", "cp", "appendFile", "mkdtemp"]) refuse(name);
refuse("writeFile", ["Sync", ""]);

/** @param of the forms that are not modelled. */
function refuse(name: string, of: readonly ("Sync" | "" | "promise")[] = ["Sync", "", "promise"]): void {
  for (const form of of) {
    const [from, to] = form === "promise" ? [originalAsync, promised] : [original, target];
    const key = form === "Sync" ? `${name}Sync` : name;
    const call = from[key];
    if (call === undefined) continue;
    to[key] = (...args) => {
      if (args.some((arg) => ours(arg) !== undefined)) throw new Error(`${key} is not modelled`);
      return call(...args);
    };
  }
}

// What an open file is asked for. Its class is found on one of them.
const handle = await openHandle(import.meta.filename, "r");
const proto = Object.getPrototypeOf(handle) as Record<string, Call>;
await handle.close();
type Done = (fd: number, result: { bytesWritten?: number } | undefined, args: Any) => void;
function watchHandle(name: string, done: Done): void {
  const call = proto[name];
  if (call === undefined) throw new Error(`no ${name}`);
  proto[name] = async function (this: FileHandle, ...args: Any) {
    const { fd } = this;
    const result = await Reflect.apply(call, this, args);
    done(fd, result as { bytesWritten?: number } | undefined, args);
    return result;
  };
}
watchHandle("write", (fd, result, [data, ...rest]) => {
  const call = argumentsOfWrite(data, rest);
  written(fd, call.data.subarray(0, result?.bytesWritten), call.position);
});
watchHandle("writev", (fd, result, [parts, position]) =>
  written(fd, taken(parts as Any, result?.bytesWritten ?? 0), position),
);
watchHandle("writeFile", (fd, _, [data]) => written(fd, bytesOf(data), undefined));
watchHandle("appendFile", (fd, _, [data]) => written(fd, bytesOf(data), undefined));
watchHandle("sync", (fd) => synced(fd));
watchHandle("datasync", (fd) => synced(fd));
watchHandle("truncate", (fd, _, [size]) => {
  const file = files.get(fd);
  if (file !== undefined) truncated(file.id, Number(size ?? 0));
});

syncBuiltinESMExports();
adopt(root);
