import type { Mount } from "../../../proto/gen/objects.ts";
import { assertNever } from "../../../shared/errors.ts";
import { cleanPath, mountTargetProblem, pathProblem } from "../../../shared/model/container-values.ts";
import { FILE_MODE } from "../../../shared/model/ranges.ts";
import { checkNotNegative, checkRange, invalid, notYet, refuse } from "./problem.ts";

const PROPAGATIONS = ["", "private", "rprivate", "shared", "rshared", "slave", "rslave"];

/** @param mounts with their templates expanded. */
export function checkMounts(mounts: readonly Mount[]): void {
  const targets = new Set<string>();
  for (const mount of mounts) {
    const where = `mount ${mount.target || "without a target"}`;
    refuse(where, mountTargetProblem(mount.target));
    const target = cleanPath(mount.target);
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
      refuse(where, pathProblem(mount.source, "the source "));
      if (!PROPAGATIONS.includes(mount.bindOptions?.propagation ?? "")) {
        const legal = PROPAGATIONS.slice(1).join(", ");
        throw invalid(where, `propagation ${mount.bindOptions?.propagation} is none of ${legal}`);
      }
      return;
    case "tmpfs": {
      if (mount.source !== "") throw invalid(where, "a tmpfs mount has no source");
      const { sizeBytes = 0, mode = 0 } = mount.tmpfsOptions ?? {};
      if (mount.target !== "" && cleanPath(mount.target) === "/proc")
        throw invalid(where, "a tmpfs cannot be at /proc");
      checkNotNegative(where, { "tmpfs-size": sizeBytes });
      checkRange(`${where}: tmpfs-mode`, mode, FILE_MODE);
      return;
    }
    case "volume":
      throw notYet(`${where} of type volume`);
    default:
      assertNever(mount.type);
  }
}
