// Control groups that a power cut leaves behind: processes die with their namespace, directories do not.
import { readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";

const CGROUP_ROOT = "/sys/fs/cgroup";

function directoriesBelow(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [...directoriesBelow(join(dir, entry.name)), join(dir, entry.name)]);
  } catch {
    return [];
  }
}

/** Roots of all hierarchies: one on cgroup v2, one per controller on v1 and hybrid. */
function hierarchies(): string[] {
  const v2 = readFileSync("/proc/filesystems", "utf8").includes("cgroup2") && isFile(join(CGROUP_ROOT, "cgroup.procs"));
  if (v2) return [CGROUP_ROOT];
  return readdirSync(CGROUP_ROOT).map((name) => join(CGROUP_ROOT, name));
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** Removes `group` ("/skep-dev-x/node1") with all below it from every hierarchy. True when nothing of it is left. */
export function removeCgroup(group: string): boolean {
  let clean = true;
  for (const root of hierarchies()) {
    const top = join(root, group);
    for (const dir of [...directoriesBelow(top), top]) {
      try {
        rmdirSync(dir);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") clean = false;
      }
    }
  }
  return clean;
}
