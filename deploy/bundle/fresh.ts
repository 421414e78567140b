// A checkout runs from a bundle of its sources (bundle.ts): half the start-up time of running them one by one, and less
// memory in a daemon. What must never happen is that somebody edits a file and the old code runs. So the bundle carries
// the size and time of every file it was made from, and looks at them all before it does anything, which takes about 1 ms.
// When one is another, the sources run as they are, until set-up or `skep dev up` makes the bundle anew: a command does not
// do that by itself, because a daemon that starts after a fault has no second to spare.
import { statSync } from "node:fs";
import { join } from "node:path";

/** Path below the checkout, time of the last change in milliseconds, size in bytes. */
export type Source = readonly [path: string, mtimeMs: number, bytes: number];

/** Undefined: there is no such file. */
export function lookAt(root: string, path: string): Source | undefined {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  return stats === undefined ? undefined : [path, stats.mtimeMs, stats.size];
}

export function unchanged(root: string, sources: readonly Source[]): boolean {
  return sources.every(([path, mtimeMs, bytes]) => {
    const now = lookAt(root, path);
    return now !== undefined && now[1] === mtimeMs && now[2] === bytes;
  });
}
