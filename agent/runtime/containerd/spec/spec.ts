// Composes the OCI specification of one container from its config and from what was found out before: its user, its files,
// its node. Pure; every rule sits in the file of its subject.
import { assertNever } from "../../../../shared/errors.ts";
import type { ContainerConfig, ContainerNetwork } from "../../runtime.ts";
import { capabilities, processCapabilities } from "./capabilities.ts";
import { environment } from "./environment.ts";
import { containerMounts, INIT_PATH, type MadeFiles } from "./mounts.ts";
import type { OciLinux, OciSpec } from "./oci.ts";
import { resources, rlimits } from "./resources.ts";
import { type Arch, seccompProfile } from "./seccomp.ts";
import { sysctls } from "./sysctls.ts";
import type { ResolvedUser } from "./user.ts";

/** What a specification needs to know of the machine. */
export interface NodeFacts {
  readonly arch: Arch;
  readonly cgroupVersion: 1 | 2;
  /** The kernel can limit swap. */
  readonly swapAccounting: boolean;
  /** Number of capabilities this kernel knows. */
  readonly capabilities: number;
  /** Our own hard limit of open files. */
  readonly nofileHard: number;
  readonly hostname: string;
  /** Differs after every boot of the machine. */
  readonly bootId: string;
}

const MASKED_PATHS = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

const READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What a specification needs to know of how its node keeps containers. */
export interface Keeping {
  /** cgroup above all containers: "/skep" */
  readonly cgroupParent: string;
  /** Empty: the host has no AppArmor. */
  readonly apparmorProfile: string;
}

/** Docker's default is the start of the container's id; a container on the node's network has the node's name. */
export function hostnameOf(config: ContainerConfig, node: NodeFacts): string {
  if (config.hostname !== "") return config.hostname;
  return config.network.kind === "host" ? node.hostname : config.id.slice(0, 12);
}

/** @throws {SkepError} `invalid_argument`: the config asks for what no container can have. */
export function containerSpec(
  config: ContainerConfig,
  user: ResolvedUser,
  files: MadeFiles,
  node: NodeFacts,
  { cgroupParent, apparmorProfile }: Keeping,
): OciSpec {
  const hostname = hostnameOf(config, node);
  const granted = capabilities(config.capabilityAdd, config.capabilityDrop, node.capabilities);
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: config.tty,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args: config.init ? [INIT_PATH, "--", ...config.args] : config.args,
      env: environment(config.env, { hostname, home: user.home, tty: config.tty }),
      cwd: config.workingDir === "" ? "/" : config.workingDir,
      capabilities: processCapabilities(granted, user.uid),
      rlimits: rlimits(config.ulimits, node.nofileHard),
      noNewPrivileges: false,
      ...(apparmorProfile === "" ? {} : { apparmorProfile }),
      oomScoreAdj: config.oomScoreAdj, // always written: else the shim's own protection would be inherited
    },
    root: { path: "rootfs", readonly: config.readOnlyRootfs },
    hostname,
    mounts: containerMounts(config.mounts, files, config.readOnlyRootfs),
    annotations: config.labels,
    linux: {
      // Without a path every namespace is new; runc brings loopback up in a new network namespace.
      namespaces: [
        { type: "mount" },
        { type: "pid" },
        { type: "ipc" },
        { type: "uts" },
        ...networkNamespace(config.network),
        ...(node.cgroupVersion === 2 ? [{ type: "cgroup" }] : []),
      ],
      cgroupsPath: `${cgroupParent}/${config.id}`,
      resources: resources(config.limits, config.reservations, node.swapAccounting),
      sysctl: sysctls(config.sysctls, config.network.kind),
      seccomp: seccompProfile(node.arch, granted),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
    },
  };
}

function networkNamespace(network: ContainerNetwork): OciLinux["namespaces"] {
  switch (network.kind) {
    case "host":
      return [];
    case "none":
      return [{ type: "network" }];
    case "path":
      return [{ type: "network", path: network.path }];
    default:
      return assertNever(network);
  }
}
