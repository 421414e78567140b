// Disks of their own for the hosts of a dev cluster. They are mounted on the machine and not in the host, so that they outlive a
// power cut; `down` unmounts them.
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { SkepError } from "../../shared/errors.ts";
import { run, tryRun } from "./exec.ts";

export type DiskKind = "memory" | "image";

/** At `dir`, which is made when missing. An image lies beside it until it is mounted, and is gone with the last mount. */
export async function makeDisk(dir: string, megabytes: number, kind: DiskKind): Promise<void> {
  mkdirSync(dir, { recursive: true });
  switch (kind) {
    case "memory":
      await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0755`, "skep-dev-disk", dir]);
      break;
    case "image": {
      const image = `${dir}.img`;
      try {
        writeFileSync(image, "");
        truncateSync(image, megabytes << 20);
        // No journal of more than a little, and no blocks kept for root: it is to be small, and to fill up for all.
        await run("mkfs.ext4", ["-q", "-m", "0", "-J", "size=4", "-F", image]);
        await run("mount", ["-o", "loop", image, dir]);
      } finally {
        rmSync(image, { force: true });
      }
    }
  }
}

/**
 * Every write to the disk at `dir` waits from now on, and so does who waits for one: not even SIGKILL ends it before `thaw`.
 * @throws {SkepError} when it is no disk that can be frozen.
 */
export async function freeze(dir: string): Promise<void> {
  const isOwn = mounts().some(([, target, type]) => target === dir && type === "ext4");
  // Else it would be the machine's own disk that freezes.
  if (!isOwn) throw new SkepError("failed_precondition", `${dir} is no disk of its own that can be frozen`);
  await run("fsfreeze", ["-f", dir]);
}

/** No error when it is not frozen. */
export const thaw = (dir: string): Promise<unknown> => tryRun("fsfreeze", ["-u", dir]);

const mounts = (): string[][] =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));

/** Mounts below `dir`, innermost first. */
const mountsBelow = (dir: string): string[] =>
  mounts()
    .map(([, target = ""]) => target)
    .filter((target) => target.startsWith(`${dir}/`))
    .reverse();

/** Before anything is killed: what waits for a frozen disk cannot be. */
export async function thawBelow(dir: string): Promise<void> {
  for (const target of mountsBelow(dir)) await thaw(target);
}

/** The hosts' own mounts went with their namespaces. */
export async function unmountBelow(dir: string): Promise<void> {
  for (const target of mountsBelow(dir)) await tryRun("umount", ["-l", target]);
}
