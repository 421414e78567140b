// Named pipes between shims and the daemon. Node cannot make one, and a mkfifo process per container would cost more than
// the container's own start; so they are made in batches ahead of need and renamed into place.
import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SkepError } from "../../../shared/errors.ts";
import type { TaskId } from "../../../shared/model/ids.ts";

const BATCH = 48;
const REFILL_BELOW = 16;
const SPARE = "spare-";

export type FifoStream = "stdin" | "stdout" | "stderr";

export interface Fifos {
  /** Makes the named streams' pipes for a container, new ones also where old ones lie. */
  readonly place: (id: TaskId, streams: readonly FifoStream[]) => Promise<void>;
  readonly path: (id: TaskId, stream: FifoStream) => string;
  readonly remove: (id: TaskId) => Promise<void>;
}

function makeFifos(paths: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("mkfifo", ["-m", "0600", ...paths], (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new SkepError("internal", `cannot make named pipes: ${stderr.trim() || error.message}`));
    });
  });
}

/** @param dir a folder on a file system of this machine; made when missing */
export async function openFifos(dir: string): Promise<Fifos> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const name of await readdir(dir)) if (name.startsWith(SPARE)) await rm(join(dir, name), { force: true });
  let spares: string[] = [];
  let made = 0;
  let filling: Promise<void> | undefined;

  const fill = (): Promise<void> => {
    filling ??= (async () => {
      const paths = Array.from({ length: BATCH }, () => join(dir, `${SPARE}${made++}`));
      try {
        await makeFifos(paths);
        spares = [...spares, ...paths];
      } finally {
        filling = undefined;
      }
    })();
    return filling;
  };
  const take = async (): Promise<string> => {
    for (;;) {
      const spare = spares.pop();
      if (spares.length < REFILL_BELOW) fill().catch(() => undefined); // whoever finds none left waits for it and is told
      if (spare !== undefined) return spare;
      await fill();
    }
  };
  const path = (id: TaskId, stream: FifoStream): string => join(dir, `${id}.${stream}`);

  await fill();
  return {
    path,
    place: async (id, streams) => {
      for (const stream of streams) await rename(await take(), path(id, stream));
    },
    remove: async (id) => {
      for (const stream of ["stdin", "stdout", "stderr"] as const) await rm(path(id, stream), { force: true });
    },
  };
}

/** A descriptor for reading that does not wait for a writer; undefined when there is no such pipe. */
export function openForReading(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * The same for a pipe whose writers may be gone already. Linux tells a waiting reader of the end only when it has seen a
 * writer since it opened; so one is shown to it.
 */
export function openAgainForReading(path: string): number | undefined {
  const descriptor = openForReading(path);
  if (descriptor === undefined) return undefined;
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    closeQuietly(descriptor);
    throw error;
  }
  return descriptor;
}

export function closeQuietly(descriptor: number | undefined): void {
  if (descriptor === undefined) return;
  try {
    closeSync(descriptor);
  } catch {
    // closed before
  }
}
