// Writing a file that only its owner may read, whole or not at all, and looking at what really came to be on the disk.
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes `pieces` beside `path`, durably, reads it again, and puts it in place when `verify` does not throw. What was at
 * `path` before stays until then.
 */
export async function writeSecretFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  verify: (written: Uint8Array) => void,
): Promise<void> {
  const beside = `${path}.new`;
  await rm(beside, { force: true }); // its mode would stay
  const file = await open(beside, "wx", 0o600);
  try {
    try {
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    verify(await readFile(beside));
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
