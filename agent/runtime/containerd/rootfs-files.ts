// Reads /etc/passwd and /etc/group of an image, through the mounts of a root file system made from it. The answer is kept
// per image, so a service's containers pay for it once.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { posix } from "node:path";
import { SkepError } from "../../../shared/errors.ts";
import type { Rootfs } from "./image-store.ts";
import { resolveInRoot, throughLayers } from "./rootfs-view.ts";

export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_CACHED_IMAGES = 256;

export class AccountFilesCache {
  readonly #byImage = new Map<string, Promise<AccountFiles>>();

  /** @throws {SkepError} `internal`: the layers cannot be mounted. `invalid_argument`: an account file over 4 MiB. */
  read(rootfs: Rootfs): Promise<AccountFiles> {
    const known = this.#byImage.get(rootfs.chainId);
    if (known !== undefined) return known;
    const reading = throughLayers(rootfs.mounts, readBoth).then((files) => files ?? { passwd: "", group: "" });
    this.#byImage.set(rootfs.chainId, reading);
    reading.catch(() => this.#byImage.delete(rootfs.chainId));
    const oldest = this.#byImage.keys().next().value;
    if (this.#byImage.size > MAX_CACHED_IMAGES && oldest !== undefined) this.#byImage.delete(oldest);
    return reading;
  }
}

const readBoth = async (root: string): Promise<AccountFiles> => ({
  passwd: await readInRoot(root, "/etc/passwd"),
  group: await readInRoot(root, "/etc/group"),
});

/** The text of a regular file below `root`; empty when there is none. */
export async function readInRoot(root: string, path: string): Promise<string> {
  const found = await resolveInRoot(root, path);
  if (found === undefined || found.missing.length > 0 || found.stats?.isFile() !== true) return "";
  return await readBounded(posix.join(root, ...found.present), path);
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
