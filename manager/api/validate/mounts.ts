import type { Mount } from "../../../proto/gen/objects.ts";
import { assertNever } from "../../../shared/errors.ts";
import { checkNotNegative, invalid, notYet } from "./problem.ts";

const PROPAGATIONS = ["", "private", "rprivate", "shared", "rshared", "slave", "rslave"];

const isAbsolute = (path: string): boolean => path.startsWith("/");

/** "/data/", "/x/../data" and "/data" are one target. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** @param mounts with their templates expanded. */
export function checkMounts(mounts: readonly Mount[]): void {
  const targets = new Set<string>();
  for (const mount of mounts) {
    const where = `mount ${mount.target || "without a target"}`;
    if (mount.target === "") throw invalid("mount", "the target is missing");
    if (!isAbsolute(mount.target)) throw invalid(where, "the target must be an absolute path");
    const target = cleanPath(mount.target);
    if (target === "/") throw invalid(where, "the target must not be /");
    if (targets.has(target)) throw invalid(where, "two mounts have this target");
    targets.add(target);
    checkSource(where, mount);
  }
}

function checkSource(where: string, mount: Mount): void {
  if (mount.type !== "bind" && mount.bindOptions !== undefined)
    throw invalid(where, "bind options are for bind mounts");
  if (mount.type !== "tmpfs" && mount.tmpfsOptions !== undefined)
    throw invalid(where, "tmpfs options are for tmpfs mounts");
  switch (mount.type) {
    case "bind":
      if (mount.source === "") throw invalid(where, "a bind mount needs a source");
      if (!isAbsolute(mount.source)) throw invalid(where, `the source ${mount.source} must be an absolute path`);
      if (!PROPAGATIONS.includes(mount.bindOptions?.propagation ?? "")) {
        const legal = PROPAGATIONS.slice(1).join(", ");
        throw invalid(where, `propagation ${mount.bindOptions?.propagation} is none of ${legal}`);
      }
      return;
    case "tmpfs": {
      if (mount.source !== "") throw invalid(where, "a tmpfs mount has no source");
      const { sizeBytes, mode } = mount.tmpfsOptions ?? {};
      checkNotNegative(where, { "the size": sizeBytes, "the mode": mode });
      if ((mode ?? 0) > 0o7777) throw invalid(where, "the mode is at most 7777, octal");
      return;
    }
    case "volume":
      throw notYet(`${where} of type volume`);
    default:
      assertNever(mount.type);
  }
}
