// Looks into the root file system of a container that does not run yet, as the container would see it: symbolic links are
// followed inside the root and never out of it. Several layers are looked at through an overlay in a mount namespace of a
// helper process, reached by /proc/PID/root: when the helper goes, however it goes, so does the mount.
import { spawn } from "node:child_process";
import type { Stats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { posix } from "node:path";
import type { Mount } from "../../../proto/gen/containerd_types.ts";
import { SkepError } from "../../../shared/errors.ts";

const MAX_LINKS = 40;

/** Where the layers of a fresh snapshot are, lowest last; its own writable layer is empty and left out. */
export function layersOf(mounts: readonly Mount[]): string[] {
  const [mount] = mounts;
  if (mount === undefined) return [];
  if (mount.type === "bind") return [mount.source];
  return optionOf(mount, "lowerdir")?.split(":") ?? [];
}

function optionOf(mount: Mount, name: string): string | undefined {
  return mount.options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** What a path of a root leads to. */
export interface Resolved {
  /** The names on the way, links followed, as far as they are there. */
  readonly present: readonly string[];
  /** What is there of `present`; undefined for the root itself. */
  readonly stats: Stats | undefined;
  /** The names after that, which are not there. A path through something that is no directory has its rest here, too. */
  readonly missing: readonly string[];
}

const namesOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/** @param path absolute, inside the root. Undefined: more than 40 links, which no path needs. */
export async function resolveInRoot(root: string, path: string): Promise<Resolved | undefined> {
  let pending = namesOf(path);
  let present: { readonly name: string; readonly stats: Stats }[] = [];
  let links = 0;
  const end = (missing: readonly string[]): Resolved => ({
    present: present.map(({ name }) => name),
    stats: present.at(-1)?.stats,
    missing,
  });
  for (;;) {
    const [part, ...rest] = pending;
    if (part === undefined) return end([]);
    if (part === "..") {
      present = present.slice(0, -1);
      pending = rest;
      continue;
    }
    if (present.at(-1)?.stats.isDirectory() === false) return end(pending);
    const here = posix.join(root, ...present.map(({ name }) => name), part);
    const stats = await lstat(here).catch(() => undefined);
    if (stats === undefined) return end(pending);
    if (!stats.isSymbolicLink()) {
      present = [...present, { name: part, stats }];
      pending = rest;
      continue;
    }
    links++;
    if (links > MAX_LINKS) return undefined;
    const target = await readlink(here);
    if (target.startsWith("/")) present = [];
    pending = [...namesOf(target), ...rest];
  }
}

/** Gives `use` the folder where the image's layers are to be seen as one. Read-only. Undefined without layers. */
export async function throughLayers<T>(
  mounts: readonly Mount[],
  use: (root: string) => Promise<T>,
): Promise<T | undefined> {
  const layers = layersOf(mounts);
  const [only] = layers;
  if (only === undefined) return undefined;
  return layers.length === 1 ? await use(only) : await throughOverlay(layers, ["ro"], use);
}

/** Gives `use` the folder of the container's own root file system: what is written there is the container's. */
export async function throughRootfs<T>(
  mounts: readonly Mount[],
  use: (root: string) => Promise<T>,
): Promise<T | undefined> {
  const [mount] = mounts;
  if (mount === undefined) return undefined;
  if (mount.type === "bind") return await use(mount.source);
  const options = mount.options.filter((option) => !option.startsWith("lowerdir="));
  return await throughOverlay(layersOf(mounts), options, use);
}

// Says "ready" once mounted and then waits until its input closes. /mnt is only the place; nothing is written there.
const HELPER = 'mount -t overlay -o "$1" overlay /mnt && echo ready && read -r _';

async function throughOverlay<T>(
  layers: readonly string[],
  options: readonly string[],
  use: (root: string) => Promise<T>,
): Promise<T> {
  // Many layers make a long option, longer than the kernel takes; from their common folder the paths are short.
  const folder = commonFolder(layers);
  const lower = layers.map((layer) => posix.relative(folder, layer)).join(":");
  const child = spawn(
    "unshare",
    ["-m", "--propagation", "private", "sh", "-c", HELPER, "sh", [...options, `lowerdir=${lower}`].join(",")],
    { cwd: folder, stdio: ["pipe", "pipe", "pipe"] },
  );
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  try {
    await new Promise<void>((resolve, reject) => {
      let words = "";
      const fail = (reason: string): void =>
        reject(new SkepError("internal", `cannot look into the image's layers: ${reason}`));
      child.stdout.once("data", () => resolve());
      child.stderr.on("data", (data: Buffer) => {
        if (words.length < 1000) words += data.toString();
      });
      child.once("error", (error) => fail(error.message));
      child.once("close", (code) => fail(words.trim() || `mount ended with status ${code}`));
    });
    return await use(`/proc/${child.pid}/root/mnt`);
  } finally {
    child.stdin.end();
    child.kill("SIGKILL");
    // One writable layer must not be mounted twice: the container's own mount comes next.
    await gone;
  }
}

function commonFolder(paths: readonly string[]): string {
  const [first = "/", ...others] = paths.map((path) => path.split("/").slice(0, -1));
  const parts = [...first];
  for (const other of others) {
    while (parts.length > 0 && parts.some((part, index) => part !== other[index])) parts.pop();
  }
  return parts.join("/") || "/";
}
