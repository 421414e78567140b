// Directories of a container that must be right before it starts, because runc makes them otherwise than was asked for:
//
// - a tmpfs over a directory that the image has gets that directory's mode from runc 1.1, whatever mode was asked for. So
//   the directory below it, which nobody sees, is given the mode first;
// - a working directory that is not there is made by runc as root's, also for another user, who then cannot write to it.
//   So it is made here, for that user.
//
// What an image has at a path is looked up once per image; where all is as it should be, nothing is done.
import { chmod, chown, mkdir } from "node:fs/promises";
import { posix } from "node:path";
import type { ContainerConfig } from "../runtime.ts";
import type { Rootfs } from "./image-store.ts";
import { resolveInRoot, throughLayers, throughRootfs } from "./rootfs-view.ts";

/** One directory of the root file system as it should be. */
export type WantedDir =
  /** Where the directory is there, it has this mode. */
  | { readonly kind: "mode"; readonly path: string; readonly mode: number }
  /** It is there; what has to be made on the way is this user's. */
  | { readonly kind: "owned"; readonly path: string; readonly uid: number; readonly gid: number };

const PERMISSIONS = 0o7777;
const MADE_MODE = 0o755;
const MAX_CACHED_PATHS = 1_024;

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
const clean = (path: string): string => posix.normalize(`/${path}`).replace(/(?<=.)\/$/, "");

/** Pure. What lies below a mount of the service is not in the root file system, and is left alone. */
export function wantedDirs(
  config: Pick<ContainerConfig, "mounts" | "workingDir">,
  user: { readonly uid: number; readonly gid: number },
): WantedDir[] {
  const targets = config.mounts.map(({ target }) => clean(target));
  const modes = config.mounts.flatMap((mount): WantedDir[] => {
    const path = clean(mount.target);
    if (mount.type !== "tmpfs" || mount.mode === 0) return [];
    const hidden = targets.some((target) => target !== path && isWithin(path, target));
    return hidden ? [] : [{ kind: "mode", path, mode: mount.mode & PERMISSIONS }];
  });
  const path = clean(config.workingDir);
  const isRoots = user.uid === 0 && user.gid === 0;
  if (path === "/" || isRoots || targets.some((target) => isWithin(path, target))) return modes;
  return [...modes, { kind: "owned", path, uid: user.uid, gid: user.gid }];
}

/** What the image has at a path: the mode of a directory, "missing", or "other" (a file, a link that leads nowhere). */
type Found = { readonly kind: "directory"; readonly mode: number } | { readonly kind: "missing" | "other" };

async function look(root: string, path: string): Promise<Found> {
  const found = await resolveInRoot(root, path);
  if (found === undefined) return { kind: "other" };
  const { stats, missing } = found;
  if (stats !== undefined && !stats.isDirectory()) return { kind: "other" };
  if (missing.includes("..")) return { kind: "other" };
  if (missing.length > 0) return { kind: "missing" };
  return { kind: "directory", mode: (stats?.mode ?? MADE_MODE) & PERMISSIONS };
}

const isRight = (dir: WantedDir, found: Found): boolean => {
  switch (dir.kind) {
    case "mode":
      return found.kind !== "directory" || found.mode === dir.mode;
    case "owned":
      return found.kind !== "missing";
  }
};

/** Brings directories of one new container's root file system into order. Safe to repeat; one for all containers. */
export class RootfsDirs {
  readonly #found = new Map<string, Found>();

  /** @throws {SkepError} `internal`: the layers cannot be mounted. @throws the file system's error, a full disk for one. */
  async prepare(rootfs: Rootfs, wanted: readonly WantedDir[]): Promise<void> {
    const key = (dir: WantedDir): string => `${rootfs.chainId} ${dir.path}`;
    const unknown = wanted.filter((dir) => !this.#found.has(key(dir)));
    if (unknown.length > 0) {
      await throughLayers(rootfs.mounts, async (root) => {
        for (const dir of unknown) this.#keep(key(dir), await look(root, dir.path));
      });
    }
    const wrong = wanted.filter((dir) => !isRight(dir, this.#found.get(key(dir)) ?? { kind: "other" }));
    if (wrong.length === 0) return;
    await throughRootfs(rootfs.mounts, async (root) => {
      for (const dir of wrong) await mend(root, dir);
    });
  }

  #keep(key: string, found: Found): void {
    this.#found.set(key, found);
    const oldest = this.#found.keys().next().value;
    if (this.#found.size > MAX_CACHED_PATHS && oldest !== undefined) this.#found.delete(oldest);
  }
}

/** `root` is written to by nobody else yet, so what was resolved stays so. */
export async function mend(root: string, dir: WantedDir): Promise<void> {
  const found = await resolveInRoot(root, dir.path);
  if (found === undefined || found.missing.includes("..") || found.stats?.isDirectory() === false) return;
  let at = posix.join(root, ...found.present);
  if (dir.kind === "mode") {
    if (found.missing.length === 0) await chmod(at, dir.mode);
    return;
  }
  for (const name of found.missing) {
    at = posix.join(at, name);
    await mkdir(at, { mode: MADE_MODE });
    await chown(at, dir.uid, dir.gid);
  }
}
