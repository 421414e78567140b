// Image platforms against node platforms. Kernels, Node and Docker spell the same processor in different ways.
import type { Platform } from "../../proto/gen/objects.ts";
import { normalizeArchitecture } from "../../shared/model/constraints.ts";

const OTHER_SPELLINGS: Readonly<Record<string, string>> = { x64: "amd64", "x86-64": "amd64", i386: "386", i686: "386" };

function architecture(name: string): string {
  const normal = normalizeArchitecture(name);
  return OTHER_SPELLINGS[normal] ?? normal;
}

/** No platforms: runs everywhere. An empty field of a platform fits everything. */
export function platformMatches(platforms: readonly Platform[], node: Platform | undefined): boolean {
  if (platforms.length === 0) return true;
  if (node === undefined) return false;
  const os = node.os.toLowerCase();
  const arch = architecture(node.architecture);
  return platforms.some(
    (platform) =>
      (platform.os === "" || platform.os.toLowerCase() === os) &&
      (platform.architecture === "" || architecture(platform.architecture) === arch),
  );
}
