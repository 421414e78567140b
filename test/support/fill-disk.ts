// A file that takes all the space there is on a small disk.
import { closeSync, openSync, writeSync } from "node:fs";

/** Writes `path` until not one byte more fits. */
export function fillDisk(path: string): void {
  const file = openSync(path, "w");
  try {
    for (let bytes = 1 << 20; bytes >= 1; bytes = Math.floor(bytes / 2)) {
      const block = new Uint8Array(bytes).fill(1);
      try {
        for (;;) writeSync(file, block);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}
