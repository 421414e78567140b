// Brings the table of containers together with what containerd has: once when the daemon starts, and again whenever events may
// have been missed. One container that cannot be mended now is told in the log, and does not keep the others from being served.
import { ContainersService } from "../../../proto/gen/containerd_containers.ts";
import { type TaskProcess, TasksService } from "../../../proto/gen/containerd_tasks.ts";
import type { Env } from "../../../shared/env/env.ts";
import { isCode } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import { isId, type TaskId } from "../../../shared/model/ids.ts";
import type { ContainerExit } from "../runtime.ts";
import { removeCgroup } from "./cgroups.ts";
import type { ContainerdClient } from "./client.ts";
import type { ContainerFiles } from "./container-files.ts";
import type { Fifos } from "./fifos.ts";
import type { Holder } from "./holder.ts";
import { flagsOf } from "./new-container.ts";
import type { NodeFacts } from "./spec/spec.ts";
import type { Teardown } from "./teardown.ts";
import { timestampMs } from "./timestamp.ts";
import { outputStreams, type Tracked, type TrackedFlags, UNKNOWN_EXIT_CODE } from "./tracked.ts";

const NEVER = new AbortController().signal;

interface AdoptionOptions {
  readonly env: Env;
  readonly log: Log;
  readonly client: ContainerdClient;
  readonly files: ContainerFiles;
  readonly fifos: Fifos;
  readonly holder: Holder;
  readonly facts: NodeFacts;
}

interface Table extends Pick<Teardown, "deleteTask" | "discard"> {
  readonly table: ReadonlyMap<TaskId, Tracked>;
  readonly track: (id: TaskId, flags: TrackedFlags) => Tracked;
  readonly observeExit: (
    tracked: Tracked,
    exitCode: number,
    exitedAtMs: number,
    unseen?: ContainerExit["unseen"],
  ) => Promise<void>;
  readonly cgroupOf: (id: TaskId) => string;
}

interface Adoption {
  readonly adopt: (signal: AbortSignal) => Promise<void>;
  readonly onResync: () => Promise<void>;
}

export function createAdoption(
  { env, log, client, files, fifos, holder, facts }: AdoptionOptions,
  { table, track, observeExit, cgroupOf, deleteTask, discard }: Table,
): Adoption {
  const tasksById = async (signal: AbortSignal): Promise<Map<string, TaskProcess>> => {
    const { tasks } = await client.call(TasksService.list, { filter: "" }, signal);
    return new Map(tasks.map((task) => [task.id === "" ? task.containerId : task.id, task]));
  };
  const orLater = (id: TaskId, work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.warn({ task: id, error: String(error) }, "what is left of it stays for now"));

  const adoptOne = async (tracked: Tracked, bootId: string, task: TaskProcess | undefined): Promise<void> => {
    const { id } = tracked;
    const exit = await files.readExit(id);
    if (exit !== undefined) {
      Object.assign(tracked, { phase: "exited", isReported: true, exit, drained: Promise.resolve() });
      tracked.exited.resolve(exit);
      if (task !== undefined) await orLater(id, deleteTask(id)); // its output was taken before its exit was written down
    } else if (task === undefined) {
      const rebooted = bootId !== facts.bootId;
      const wasRunning = rebooted || (await files.wasStarted(id));
      if (wasRunning) {
        tracked.phase = "running";
        await observeExit(tracked, UNKNOWN_EXIT_CODE, env.wallMs(), rebooted ? "rebooted" : "vanished");
      }
    } else if (task.status === "created" || task.status === "unknown") {
      // A start that was cut off: it begins again.
      await orLater(
        id,
        deleteTask(id).then(() => files.markStarted(id, false)),
      );
    } else {
      tracked.phase = "running";
      tracked.pid = task.pid;
      for (const stream of outputStreams(tracked)) holder.hold(fifos.path(id, stream));
      if (task.status === "stopped") await observeExit(tracked, task.exitStatus, timestampMs(task.exitedAt));
    }
  };

  const adopt = async (signal: AbortSignal): Promise<void> => {
    const [{ containers }, tasks, folders] = await Promise.all([
      client.call(ContainersService.list, { filters: [] }, signal),
      tasksById(signal),
      files.list(),
    ]);
    for (const container of containers) {
      if (!isId(container.id)) continue;
      const flags = flagsOf(container);
      await adoptOne(track(container.id as TaskId, flags), flags.bootId, tasks.get(container.id));
    }
    await holder.replaceOld();
    const strays = new Set(
      [...folders, ...tasks.keys()].filter((id): id is TaskId => isId(id) && !table.has(id as TaskId)),
    );
    for (const id of strays) {
      log.info({ task: id }, "removing what a crash left of a container");
      await orLater(id, discard(id));
    }
  };

  const onResync = async (): Promise<void> => {
    const running = [...table.values()].filter(({ phase, isReported }) => phase === "running" && !isReported);
    if (running.length === 0) return;
    const tasks = await tasksById(NEVER);
    for (const tracked of running) {
      const task = tasks.get(tracked.id);
      if (task?.status === "stopped") await observeExit(tracked, task.exitStatus, timestampMs(task.exitedAt));
      else if (task === undefined && (await isLost(tracked.id))) {
        await removeCgroup(env, cgroupOf(tracked.id), facts.cgroupVersion, NEVER); // no shim, so nobody else ends it
        await observeExit(tracked, UNKNOWN_EXIT_CODE, env.wallMs(), "vanished");
      }
    }
  };

  /** A list leaves out a task whose shim is slow to answer; only containerd's word that there is none counts. */
  const isLost = (id: TaskId): Promise<boolean> =>
    client.call(TasksService.get, { containerId: id, execId: "" }, NEVER, { patienceMs: 0 }).then(
      () => false,
      (error: unknown) => isCode(error, "not_found"),
    );

  return { adopt, onResync };
}
