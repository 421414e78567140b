// A task's log is a folder of numbered files, the highest number being written. Numbers are never used again, so a reader
// always knows where it is, also after older files were dropped.
import { readdir } from "node:fs/promises";
import { join } from "node:path";

export const segmentPath = (dir: string, number: number): string => join(dir, `${String(number).padStart(8, "0")}.log`);

/** The numbers of the files there are, ascending; none when the folder is not there. */
export async function listSegments(dir: string): Promise<number[]> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => /^\d{8,}\.log$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}
