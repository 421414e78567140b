// What the log needs of a file system, as promises. A file that is opened for writing is opened with O_DSYNC: a write that has
// returned is on the disk, one trip to the thread pool instead of two, and after a failed one the same write does all of it
// again (a repeated fsync would not: the system forgets what it failed to write).
import {
  closeSync,
  constants,
  existsSync,
  fsync,
  fsyncSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  rename,
  rmSync,
  writeSync,
  writev,
} from "node:fs";
import { dirname } from "node:path";
import { SkepError } from "../../../shared/errors.ts";

const CREATE_DURABLE = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC;
const OPEN_DURABLE = constants.O_RDWR | constants.O_DSYNC;
const MODE = 0o600;

export const openDurableSync = (path: string): number => openSync(path, OPEN_DURABLE);

export function createDurable(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, CREATE_DURABLE, MODE, (error, fd) => (error === null ? resolve(fd) : reject(error)));
  });
}

/** All of `parts`, one after the other, from `at` on; on the disk when it resolves. */
export function writeDurable(fd: number, parts: readonly Uint8Array[], at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    writev(fd, parts, at, (error, written) => {
      if (error !== null) reject(error);
      else if (written === total) resolve();
      else if (written === 0) reject(new SkepError("internal", "the disk takes no bytes"));
      // The disk took a part: what it says of the rest is why.
      else writeDurable(fd, after(parts, written), at + written).then(resolve, reject);
    });
  });
}

/** As above, at once. */
export function writeDurableSync(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}

function after(parts: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = written;
  for (const part of parts) {
    if (skip < part.length) rest.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return rest;
}

/** `from` takes `to`'s place at once and for good. Both are in `dir`. */
export async function moveDurable(from: string, to: string, dir: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    rename(from, to, (error) => (error === null ? resolve() : reject(error)));
  });
  await syncDir(dir);
}

/** What was made, renamed or removed in `dir` is so for good. */
export function syncDir(dir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    open(dir, "r", (error, fd) => {
      if (error !== null) reject(error);
      else {
        fsync(fd, (failed) => {
          closeQuietly(fd); // nobody could catch what it throws here
          if (failed === null) resolve();
          else reject(failed);
        });
      }
    });
  });
}

export function makeDir(dir: string): void {
  if (existsSync(dir)) return;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const parent = openSync(dirname(dir), "r");
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}

/** Names in `dir` that `pattern` matches, with the number in its first group, by that number. */
export function numbered(dir: string, pattern: RegExp): readonly { readonly name: string; readonly number: number }[] {
  return readdirSync(dir)
    .flatMap((name) => {
      const match = pattern.exec(name);
      return match === null ? [] : [{ name, number: Number(match[1]) }];
    })
    .sort((a, b) => a.number - b.number);
}

/** Nothing depends on it: what cannot be removed now is removed at the next start. */
export function discard(path: string): void {
  try {
    rmSync(path, { force: true, recursive: true });
  } catch {
    // see above
  }
}

export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // nothing was to be written any more
  }
}
