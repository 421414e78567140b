// What this daemon knows of one container. Filled from containerd when the daemon starts, and kept true by events.
import type { Mount } from "../../../proto/gen/containerd_types.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import type { ContainerExit } from "../runtime.ts";
import type { Output, OutputStream } from "./output.ts";

/** How a container ended that was running when its node lost power, or whose end nobody saw. */
export const UNKNOWN_EXIT_CODE = 255;

export interface TrackedFlags {
  readonly tty: boolean;
  readonly openStdin: boolean;
}

export interface Tracked extends TrackedFlags {
  readonly id: TaskId;
  mounts: readonly Mount[] | undefined;
  phase: "created" | "starting" | "running" | "exited";
  pid: number;
  oomSeen: boolean;
  /** Somebody has told of the exit: what others say of it does not count. */
  isReported: boolean;
  exit: ContainerExit | undefined;
  /** Resolves with `exit`. */
  exited: PromiseWithResolvers<ContainerExit>;
  output: Output | undefined;
  /** Set once the exit is known and an output is connected: resolves when the sink has everything. */
  drained: Promise<void> | undefined;
}

export const newTracked = (id: TaskId, { tty, openStdin }: TrackedFlags): Tracked => ({
  id,
  tty,
  openStdin,
  mounts: undefined,
  phase: "created",
  pid: 0,
  oomSeen: false,
  isReported: false,
  exit: undefined,
  exited: Promise.withResolvers(),
  output: undefined,
  drained: undefined,
});

export const outputStreams = ({ tty }: Pick<TrackedFlags, "tty">): readonly OutputStream[] =>
  tty ? ["stdout"] : ["stdout", "stderr"];
