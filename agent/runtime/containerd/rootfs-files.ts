// Reads /etc/passwd and /etc/group of an image, through the mounts of a root file system made from it. Symbolic links are
// followed as the container would: inside the root and never out of it. Several layers are looked at through a read-only
// overlay in a mount namespace of a helper process, reached by /proc/PID/root: when the helper goes, however it goes, so
// does the mount. The answer is kept per image, so a service's containers pay for it once.
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { posix } from "node:path";
import type { Mount } from "../../../proto/gen/containerd_types.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Rootfs } from "./image-store.ts";

export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

const MAX_LINKS = 40;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_CACHED_IMAGES = 256;

export class AccountFilesCache {
  readonly #byImage = new Map<string, Promise<AccountFiles>>();

  /** @throws {SkepError} `internal`: the layers cannot be mounted. `invalid_argument`: an account file over 4 MiB. */
  read(rootfs: Rootfs): Promise<AccountFiles> {
    const known = this.#byImage.get(rootfs.chainId);
    if (known !== undefined) return known;
    const reading = readAccountFiles(rootfs.mounts);
    this.#byImage.set(rootfs.chainId, reading);
    reading.catch(() => this.#byImage.delete(rootfs.chainId));
    const oldest = this.#byImage.keys().next().value;
    if (this.#byImage.size > MAX_CACHED_IMAGES && oldest !== undefined) this.#byImage.delete(oldest);
    return reading;
  }
}

/** Where the layers of a fresh snapshot are, lowest last; its own writable layer is empty and left out. */
export function layersOf(mounts: readonly Mount[]): string[] {
  const [mount] = mounts;
  if (mount === undefined) return [];
  if (mount.type === "bind") return [mount.source];
  const lower = mount.options.find((option) => option.startsWith("lowerdir="));
  return lower === undefined ? [] : lower.slice("lowerdir=".length).split(":");
}

async function readAccountFiles(mounts: readonly Mount[]): Promise<AccountFiles> {
  const layers = layersOf(mounts);
  const [only] = layers;
  if (only === undefined) return { passwd: "", group: "" };
  if (layers.length === 1) return await readBoth(only);
  return await throughOverlay(layers, readBoth);
}

const readBoth = async (root: string): Promise<AccountFiles> => ({
  passwd: await readInRoot(root, "/etc/passwd"),
  group: await readInRoot(root, "/etc/group"),
});

/** The text of a regular file below `root`; empty when there is none. */
export async function readInRoot(root: string, path: string): Promise<string> {
  let pending = path.split("/").filter((part) => part !== "");
  let done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const [part = "", ...rest] = pending;
    pending = rest;
    if (part === ".") continue;
    if (part === "..") {
      done = done.slice(0, -1);
      continue;
    }
    const here = posix.join(root, ...done, part);
    const stats = await lstat(here).catch(() => undefined);
    if (stats === undefined) return "";
    if (stats.isSymbolicLink()) {
      links++;
      if (links > MAX_LINKS) return "";
      const target = await readlink(here);
      if (target.startsWith("/")) done = [];
      pending = [...target.split("/").filter((piece) => piece !== ""), ...pending];
      continue;
    }
    if (pending.length > 0 ? !stats.isDirectory() : !stats.isFile()) return "";
    done = [...done, part];
  }
  return await readBounded(posix.join(root, ...done), path);
}

async function readBounded(file: string, name: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) {
      throw new SkepError("invalid_argument", `the image's ${name} is larger than ${MAX_FILE_BYTES} bytes`);
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

// Says "ready" once mounted and then waits until its input closes. /mnt is only the place; nothing is written there.
const HELPER = 'mount -t overlay -o "ro,lowerdir=$1" overlay /mnt && echo ready && read -r _';

async function throughOverlay<T>(layers: readonly string[], use: (root: string) => Promise<T>): Promise<T> {
  // Many layers make a long option, longer than the kernel takes; from their common folder the paths are short.
  const folder = commonFolder(layers);
  const lower = layers.map((layer) => posix.relative(folder, layer)).join(":");
  const child = spawn("unshare", ["-m", "--propagation", "private", "sh", "-c", HELPER, "sh", lower], {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
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
