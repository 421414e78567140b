// The mounts of a container: the kernel's file systems as Docker gives them, the files of /etc made for it, and what the
// service asks for. A mount of the service replaces ours at the same place.
import { posix } from "node:path";
import { SkepError } from "../../../../shared/errors.ts";
import type { ContainerMount } from "../../runtime.ts";
import type { OciMount } from "./oci.ts";

const SHM_BYTES = 64 * 1024 * 1024;

const SYSTEM: readonly OciMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${SHM_BYTES}`],
  },
];

const PROPAGATIONS = new Set(["private", "rprivate", "shared", "rshared", "slave", "rslave"]);

export interface MadeFiles {
  /** Paths on the node of the files made for this container. */
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
  /** Path on the node of the init program, when one is wanted. */
  readonly init?: string | undefined;
}

export const INIT_PATH = "/sbin/docker-init";

/** @throws {SkepError} `invalid_argument`: a target that is no absolute path, or twice the same; unknown propagation. */
export function containerMounts(
  wanted: readonly ContainerMount[],
  files: MadeFiles,
  readOnlyRootfs: boolean,
): OciMount[] {
  const asked = new Map<string, OciMount>();
  for (const mount of wanted) {
    const translated = translate(mount);
    if (asked.has(translated.destination)) {
      throw new SkepError("invalid_argument", `duplicate mount point: ${translated.destination}`);
    }
    asked.set(translated.destination, translated);
  }
  const bind = (source: string, destination: string): OciMount => ({
    destination,
    type: "bind",
    source,
    options: ["rbind", "rprivate", ...(readOnlyRootfs ? ["ro"] : [])],
  });
  const made = [
    bind(files.resolvConf, "/etc/resolv.conf"),
    bind(files.hostname, "/etc/hostname"),
    bind(files.hosts, "/etc/hosts"),
    ...(files.init === undefined
      ? []
      : [{ destination: INIT_PATH, type: "bind", source: files.init, options: ["bind", "rprivate", "ro"] }]),
  ];
  const replaced = (destination: string): boolean =>
    asked.has(destination) || (asked.has("/dev") && destination.startsWith("/dev/"));
  const ours = (mounts: readonly OciMount[]): OciMount[] => mounts.filter((mount) => !replaced(mount.destination));
  // A parent is mounted before what lies under it, else it would hide it. The sort is stable.
  return [...ours(SYSTEM), ...byDepth([...ours(made), ...asked.values()])];
}

const depth = (path: string): number => path.split("/").filter((part) => part !== "").length;
const byDepth = (mounts: readonly OciMount[]): OciMount[] =>
  mounts.toSorted((a, b) => depth(a.destination) - depth(b.destination));

function translate(mount: ContainerMount): OciMount {
  const wrong = (reason: string): never => {
    throw new SkepError("invalid_argument", `invalid mount config for type "${mount.type}": ${reason}`);
  };
  if (!posix.isAbsolute(mount.target)) wrong(`invalid mount path: '${mount.target}' mount path must be absolute`);
  const destination = posix.normalize(mount.target).replace(/(?<=.)\/$/, "");
  if (destination === "/") wrong("invalid specification: destination can't be '/'");
  const access = mount.readOnly ? ["ro"] : [];
  if (mount.type === "tmpfs") {
    const options = ["noexec", "nosuid", "nodev", ...access];
    if (mount.sizeBytes > 0) options.push(`size=${mount.sizeBytes}`);
    if (mount.mode > 0) options.push(`mode=${mount.mode.toString(8)}`);
    return { destination, type: "tmpfs", source: "tmpfs", options };
  }
  if (!posix.isAbsolute(mount.source)) wrong(`invalid mount path: '${mount.source}' mount path must be absolute`);
  const propagation = mount.propagation === "" ? "rprivate" : mount.propagation;
  if (!PROPAGATIONS.has(propagation)) wrong(`invalid propagation mode: ${propagation}`);
  return { destination, type: "bind", source: mount.source, options: ["rbind", propagation, ...access] };
}
