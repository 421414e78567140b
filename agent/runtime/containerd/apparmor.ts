// Confines containers with AppArmor on hosts that have it on, as Docker does: all of them run under one profile, which denies
// what no container needs (kernel settings, mounting, other processes' memory). The profile is ours (skep-default) and is
// loaded into the kernel when it is not there: at the first container, and again when somebody unloaded it.
import { readFile } from "node:fs/promises";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { ToolRunner } from "../../network/apply/run.ts";

export const PROFILE_NAME = "skep-default";

/** "Y" where the kernel has AppArmor and it is on. */
const ENABLED_FILE = "/sys/module/apparmor/parameters/enabled";
/** One loaded profile a line: "skep-default (enforce)". */
const LOADED_FILE = "/sys/kernel/security/apparmor/profiles";

export interface AppArmorOptions {
  readonly tools: ToolRunner;
  readonly log: Log;
  /** For tests: reads one of the kernel's files, or fails as the file system does. */
  readonly read?: (path: string) => Promise<string>;
}

export interface AppArmor {
  /**
   * The profile that a new container runs under; empty where the host has no AppArmor.
   * @throws {SkepError} `failed_precondition`: AppArmor is on and the profile cannot be loaded. A container is not started
   * unconfined on a host whose owner expects confinement.
   */
  readonly profile: () => Promise<string>;
}

export function createAppArmor(options: AppArmorOptions): AppArmor {
  const { tools, log, read = (path) => readFile(path, "utf8") } = options;
  const readOr = (path: string): Promise<string> => read(path).catch(() => "");
  // AppArmor is turned on at boot only.
  const enabled = readOr(ENABLED_FILE).then((text) => text.startsWith("Y"));
  let loading: Promise<void> | undefined;

  // All containers that wait for it wait for one run, so none of their signals ends it; the tool has a time limit.
  const load = async (): Promise<void> => {
    const { code, stderr } = await tools
      .run(
        { command: "apparmor_parser", args: ["--replace", "--skip-cache"], input: profileText() },
        new AbortController().signal,
      )
      .catch((error: unknown) => ({ code: -1, stderr: SkepError.from(error).message }));
    if (code !== 0) {
      throw new SkepError(
        "failed_precondition",
        `AppArmor is on, but the profile ${PROFILE_NAME} cannot be loaded: ${stderr.trim() || `apparmor_parser ended with status ${code}`}; install the package apparmor on this node`,
      );
    }
    log.info({ profile: PROFILE_NAME }, "loaded the AppArmor profile for containers");
  };

  return {
    profile: async () => {
      if (!(await enabled)) return "";
      if (!isLoaded(await readOr(LOADED_FILE))) {
        loading ??= load().finally(() => {
          loading = undefined;
        });
        await loading;
      }
      return PROFILE_NAME;
    },
  };
}

const isLoaded = (profiles: string): boolean =>
  profiles.split("\n").some((line) => line.startsWith(`${PROFILE_NAME} (`));

/** The profile in AppArmor's language. What it denies is what Docker's default profile denies. */
export function profileText(): string {
  return `#include <tunables/global>

profile ${PROFILE_NAME} flags=(attach_disconnected,mediate_deleted) {
  #include <abstractions/base>

  network,
  capability,
  file,
  umount,

  # The host's own programs stop containers; containers signal and trace only one another.
  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (send,receive) peer=${PROFILE_NAME},
  ptrace (trace,read,tracedby,readby) peer=${PROFILE_NAME},

  # Files of /proc that are not a process's belong to the kernel.
  deny @{PROC}/* w,
  deny @{PROC}/[^1-9s]*/** w,
  # Settings of shared memory (kernel/shm*) are the container's own.
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,

  deny mount,

  # Of /sys only the container's cgroups may be changed.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;
}
