// Containers over containerd: create, start, attach, wait, kill, remove, list.
//
// A container is a record in containerd (with its specification and snapshot), a folder on disk, and, once started, a task:
// shim, process, cgroups and named pipes. What exists is kept in a table here, filled from containerd when the daemon starts
// and kept true by events; so waiting and listing ask nobody. Operations on one container run one at a time. None of them is
// broken off in the middle when its caller goes away: half a start would leave something that nobody knows of.

import { ContainersService } from "../../../proto/gen/containerd_containers.ts";
import { newCreateTaskRequest, type TaskProcess, TasksService } from "../../../proto/gen/containerd_tasks.ts";
import type { Mount } from "../../../proto/gen/containerd_types.ts";
import type { Env } from "../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import { isId, type TaskId } from "../../../shared/model/ids.ts";
import type { ContainerConfig, ContainerExit, ContainerState, OutputSink, Runtime } from "../runtime.ts";
import { orAborted } from "./abort.ts";
import { oomKills, removeCgroup } from "./cgroups.ts";
import type { ContainerdClient } from "./client.ts";
import { startError } from "./errors.ts";
import { createExclusive } from "./exclusive.ts";
import { closeQuietly, type FifoStream, type Fifos, openAgainForReading, openForReading } from "./fifos.ts";
import type { Holder } from "./holder.ts";
import type { ImageStore } from "./image-store.ts";
import { flagsOf, type NewContainerOptions, newContainerRecord } from "./new-container.ts";
import { drainOutput, type Output, type OutputStream, openOutput } from "./output.ts";
import { signalNumber } from "./signals.ts";
import type { TaskEvents } from "./task-events.ts";
import { createTeardown, KILL_WAIT_MS, START_TIMEOUT_MS } from "./teardown.ts";
import { timestampMs } from "./timestamp.ts";

/** How a container ended that was running when its node lost power, or whose end nobody saw. */
const UNKNOWN_EXIT_CODE = 255;
/** How long a sink may take for the chunk in its hands when the daemon stops; after that the chunk is kept on disk. */
const CLOSE_WAIT_MS = 2_000;

const NEVER = new AbortController().signal;

export interface ContainersOptions extends NewContainerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly client: ContainerdClient;
  readonly images: Pick<ImageStore, "prepareRootfs" | "rootfsMounts" | "removeRootfs">;
  readonly fifos: Fifos;
  readonly holder: Holder;
}

export interface Containers extends TaskEvents, Omit<Runtime, "info" | "pull" | "loadImage"> {
  /** Fills the table from containerd and removes what belongs to no container. Once, before anything else. */
  readonly adopt: (signal: AbortSignal) => Promise<void>;
}

interface Tracked {
  readonly id: TaskId;
  readonly tty: boolean;
  readonly openStdin: boolean;
  mounts: readonly Mount[] | undefined;
  phase: "created" | "starting" | "running" | "exited";
  pid: number;
  oomSeen: boolean;
  exit: ContainerExit | undefined;
  /** Resolves with `exit`. */
  exited: PromiseWithResolvers<ContainerExit>;
  output: Output | undefined;
  /** Set once the exit is known and an output is connected: resolves when the sink has everything. */
  drained: Promise<void> | undefined;
}

export function createContainers(options: ContainersOptions): Containers {
  const { env, log, client, images, files, fifos, holder, facts } = options;
  const table = new Map<TaskId, Tracked>();
  const exclusive = createExclusive<TaskId>();
  let closed = false;

  const cgroupOf = (id: TaskId): string => `${options.cgroupParent}/${id}`;
  const { signalTask, deleteTask, releaseFifos, discard } = createTeardown(options, cgroupOf);

  const track = (id: TaskId, flags: { readonly tty: boolean; readonly openStdin: boolean }): Tracked => {
    const tracked: Tracked = {
      id,
      ...flags,
      mounts: undefined,
      phase: "created",
      pid: 0,
      oomSeen: false,
      exit: undefined,
      exited: Promise.withResolvers(),
      output: undefined,
      drained: undefined,
    };
    table.set(id, tracked);
    return tracked;
  };

  const known = (id: TaskId): Tracked => {
    const tracked = table.get(id);
    if (tracked === undefined) throw new SkepError("not_found", `no container ${id} on this node`);
    return tracked;
  };

  // ------------------------------------------------------------------------------------------------------------ exit

  /** The first report of an exit counts. */
  const observeExit = async (
    tracked: Tracked,
    exitCode: number,
    exitedAtMs: number,
    unseen?: ContainerExit["unseen"],
  ): Promise<void> => {
    if (tracked.exit !== undefined || (tracked.phase !== "running" && tracked.phase !== "starting")) return;
    const { exited } = tracked;
    const exit = {
      exitCode,
      exitedAtMs: exitedAtMs > 0 ? exitedAtMs : env.wallMs(),
      oomKilled: false,
      ...(unseen === undefined ? {} : { unseen }),
    };
    tracked.exit = exit; // from here on nobody else reports
    const kills = exitCode === 0 ? 0 : await oomKills(cgroupOf(tracked.id), facts.cgroupVersion);
    if (tracked.exited !== exited) return; // that start failed and was taken back meanwhile
    tracked.exit = { ...exit, oomKilled: exitCode !== 0 && (kills > 0 || tracked.oomSeen) };
    if (tracked.phase === "running") settleExit(tracked);
  };

  const settleExit = (tracked: Tracked): void => {
    if (tracked.exit === undefined) return;
    tracked.phase = "exited";
    tracked.exited.resolve(tracked.exit);
    if (tracked.output !== undefined) drainAndRelease(tracked, tracked.output);
  };

  /** Once the process has exited: its output to the end, its exit to disk, and then its shim and pipes are not needed. */
  const drainAndRelease = (tracked: Tracked, output: Output): void => {
    tracked.drained ??= drainOutput(output, env);
    const release = async (): Promise<void> => {
      await tracked.drained;
      if (closed || table.get(tracked.id) !== tracked || tracked.exit === undefined) return;
      await files.writeExit(tracked.id, tracked.exit);
      await exclusive(tracked.id, async () => {
        if (closed || table.get(tracked.id) !== tracked) return;
        await deleteTask(tracked.id);
        await releaseFifos(tracked.id);
      });
    };
    release().catch((error: unknown) =>
      log.debug({ task: tracked.id, error: String(error) }, "an exited task stays until its container is removed"),
    );
  };

  // ---------------------------------------------------------------------------------------------------------- create

  const create = (config: ContainerConfig, signal: AbortSignal): Promise<void> =>
    exclusive(config.id, async () => {
      signal.throwIfAborted();
      if (table.has(config.id)) return;
      try {
        const { container, mounts } = await newContainerRecord(options, config, signal);
        await client.call(ContainersService.create, { container }, signal).catch((error: unknown) => {
          if (!isCode(error, "already_exists")) throw error; // an attempt whose answer was lost
        });
        track(config.id, config).mounts = mounts;
      } catch (error) {
        await discard(config.id).catch((left: unknown) =>
          log.warn({ task: config.id, error: String(left) }, "a container that could not be created left something"),
        );
        throw error;
      }
    });

  // ----------------------------------------------------------------------------------------------------------- start

  const openDescriptors = (tracked: Tracked, open: typeof openForReading): Map<OutputStream, number> => {
    const descriptors = new Map<OutputStream, number>();
    for (const stream of outputStreams(tracked)) {
      const descriptor = open(fifos.path(tracked.id, stream));
      if (descriptor !== undefined) descriptors.set(stream, descriptor);
    }
    return descriptors;
  };

  const connect = (
    tracked: Tracked,
    descriptors: ReadonlyMap<OutputStream, number>,
    sink: OutputSink,
    kept: ReadonlyMap<OutputStream, Uint8Array> = new Map(),
  ): void => {
    tracked.output = openOutput({
      descriptors,
      kept,
      onKeptTaken: (stream) => {
        files.dropOutput(tracked.id, stream).catch(() => undefined); // it would come twice, no worse
      },
      sink,
      nowMs: env.nowMs,
      onSinkError: (error) => log.error({ task: tracked.id, error: String(error) }, "output could not be kept"),
    });
    for (const stream of descriptors.keys()) holder.hold(fifos.path(tracked.id, stream));
  };

  const launch = async (tracked: Tracked, sink: OutputSink): Promise<number> => {
    const { id, tty } = tracked;
    const streams: FifoStream[] = [...outputStreams(tracked), ...(tracked.openStdin ? (["stdin"] as const) : [])];
    const [mounts] = await Promise.all([
      tracked.mounts ?? images.rootfsMounts(id, NEVER),
      fifos.place(id, streams),
      files.markStarted(id, true),
    ]);
    // Our ends are open before the shim opens its own, which waits for a reader; nothing is read until the shim writes,
    // since a pipe without a writer looks like one that has ended.
    const descriptors = openDescriptors(tracked, openForReading);
    const path = (stream: FifoStream): string => (streams.includes(stream) ? fifos.path(id, stream) : "");
    try {
      await client.call(
        TasksService.create,
        newCreateTaskRequest({
          containerId: id,
          rootfs: mounts,
          stdin: path("stdin"), // never written to: whoever reads it waits, as with an open terminal
          stdout: path("stdout"),
          stderr: path("stderr"),
          terminal: tty,
        }),
        NEVER,
        { timeoutMs: START_TIMEOUT_MS },
      );
    } catch (error) {
      for (const descriptor of descriptors.values()) closeQuietly(descriptor);
      throw error;
    }
    connect(tracked, descriptors, sink);
    const { pid } = await client.call(TasksService.start, { containerId: id, execId: "" }, NEVER, {
      timeoutMs: START_TIMEOUT_MS,
    });
    return pid;
  };

  const start = (id: TaskId, sink: OutputSink, signal: AbortSignal): Promise<{ readonly pid: number }> =>
    exclusive(id, async () => {
      signal.throwIfAborted();
      const tracked = known(id);
      if (tracked.phase !== "created") return { pid: tracked.pid };
      tracked.phase = "starting";
      try {
        tracked.pid = await launch(tracked, sink);
      } catch (error) {
        await takeBack(tracked);
        throw startError(error);
      }
      tracked.phase = "running";
      settleExit(tracked); // it may have been very short
      return { pid: tracked.pid };
    });

  /** After a start that failed: as it was before, so that it may be tried again or removed. */
  const takeBack = async (tracked: Tracked): Promise<void> => {
    const { output } = tracked;
    Object.assign(tracked, { phase: "created", exit: undefined, exited: Promise.withResolvers(), output: undefined });
    tracked.oomSeen = false;
    await output?.close();
    await deleteTask(tracked.id).catch((error: unknown) =>
      log.debug({ task: tracked.id, error: String(error) }, "what a failed start left stays until removal"),
    );
    await files.markStarted(tracked.id, false);
    await releaseFifos(tracked.id);
  };

  const attach = (id: TaskId, sink: OutputSink, signal: AbortSignal): Promise<void> =>
    exclusive(id, async () => {
      signal.throwIfAborted();
      const tracked = known(id);
      if (tracked.phase === "created" || tracked.drained !== undefined) return; // no output yet, or all of it taken
      await tracked.output?.close();
      connect(tracked, openDescriptors(tracked, openAgainForReading), sink, await files.keptOutput(id));
      if (tracked.phase === "exited") settleExit(tracked);
    });

  const wait = async (id: TaskId, signal: AbortSignal): Promise<ContainerExit> => {
    const tracked = known(id);
    const exit = await orAborted(tracked.exited.promise, signal);
    if (tracked.drained !== undefined) await orAborted(tracked.drained, signal);
    if (closed) throw new SkepError("canceled", "the runtime was closed; the container's output goes on with the next");
    return exit;
  };

  // ---------------------------------------------------------------------------------------------------- kill, remove

  const kill = async (id: TaskId, signalName: string, signal: AbortSignal): Promise<void> => {
    const number = signalNumber(signalName);
    await exclusive(id, async () => {
      signal.throwIfAborted();
      const tracked = table.get(id);
      if (tracked?.phase === "running" && tracked.exit === undefined) await signalTask(id, number);
    });
  };

  const remove = (id: TaskId, signal: AbortSignal): Promise<void> =>
    exclusive(id, async () => {
      signal.throwIfAborted();
      const tracked = table.get(id);
      if (tracked === undefined) return;
      if (tracked.phase === "running" && tracked.exit === undefined) {
        await signalTask(id, signalNumber("SIGKILL"));
        await waitBounded(tracked.exited.promise, KILL_WAIT_MS);
      }
      await tracked.output?.close();
      await discard(id);
      table.delete(id);
      const gone = { exitCode: UNKNOWN_EXIT_CODE, exitedAtMs: env.wallMs(), oomKilled: false };
      tracked.exited.resolve(gone); // for whoever still waits: it was removed before it ran
    });

  const waitBounded = async (promise: Promise<unknown>, ms: number): Promise<void> => {
    const stop = new AbortController();
    await Promise.race([promise, env.sleep(ms, stop.signal).catch(() => undefined)]);
    stop.abort();
  };

  // ----------------------------------------------------------------------------------------------------------- adopt

  const tasksById = async (signal: AbortSignal): Promise<Map<string, TaskProcess>> => {
    const { tasks } = await client.call(TasksService.list, { filter: "" }, signal);
    return new Map(tasks.map((task) => [task.id === "" ? task.containerId : task.id, task]));
  };

  const adopt = async (signal: AbortSignal): Promise<void> => {
    const [{ containers }, tasks, folders] = await Promise.all([
      client.call(ContainersService.list, { filters: [] }, signal),
      tasksById(signal),
      files.list(),
    ]);
    const ours = containers.filter((container) => isId(container.id));
    for (const container of ours) {
      const id = container.id as TaskId;
      const flags = flagsOf(container);
      const tracked = track(id, flags);
      const exit = await files.readExit(id);
      const task = tasks.get(id);
      if (exit !== undefined) {
        Object.assign(tracked, { phase: "exited", exit, drained: Promise.resolve() });
        tracked.exited.resolve(exit);
        if (task !== undefined) await deleteTask(id); // its output was taken before its exit was written down
      } else if (task === undefined) {
        const rebooted = flags.bootId !== facts.bootId;
        const wasRunning = rebooted || (await files.wasStarted(id));
        if (wasRunning) {
          tracked.phase = "running";
          await observeExit(tracked, UNKNOWN_EXIT_CODE, env.wallMs(), rebooted ? "rebooted" : "vanished");
        }
      } else if (task.status === "created" || task.status === "unknown") {
        await deleteTask(id); // a start that was cut off: it begins again
        await files.markStarted(id, false);
      } else {
        tracked.phase = "running";
        tracked.pid = task.pid;
        for (const stream of outputStreams(tracked)) holder.hold(fifos.path(id, stream));
        if (task.status === "stopped") await observeExit(tracked, task.exitStatus, timestampMs(task.exitedAt));
      }
    }
    await holder.replaceOld();
    const strays = new Set(
      [...folders, ...tasks.keys()].filter((id): id is TaskId => isId(id) && !table.has(id as TaskId)),
    );
    for (const id of strays) {
      log.info({ task: id }, "removing what a crash left of a container");
      await discard(id).catch((error: unknown) => log.warn({ task: id, error: String(error) }, "cannot remove it yet"));
    }
  };

  const onResync = async (): Promise<void> => {
    const running = [...table.values()].filter(({ phase, exit }) => phase === "running" && exit === undefined);
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

  // ----------------------------------------------------------------------------------------------------------- other

  const stateOf = ({ id, phase, pid, exit }: Tracked): ContainerState => {
    if (phase === "created" || phase === "starting") return { id, state: "created" };
    return exit === undefined ? { id, state: "running", pid } : { id, state: "exited", exit };
  };

  return {
    adopt,
    create,
    start,
    attach,
    wait,
    kill,
    remove,
    list: async () => [...table.values()].map(stateOf),
    onExit: ({ id, exitCode, exitedAtMs }) => {
      const tracked = table.get(id as TaskId);
      if (tracked !== undefined) observeExit(tracked, exitCode, exitedAtMs).catch(() => undefined);
    },
    onOom: (id) => {
      const tracked = table.get(id as TaskId);
      if (tracked !== undefined) tracked.oomSeen = true;
    },
    onResync,
    close: async () => {
      closed = true;
      const connected = [...table.values()].filter((tracked) => tracked.output !== undefined);
      await waitBounded(Promise.all(connected.map(({ output }) => output?.close())), CLOSE_WAIT_MS);
      for (const { id, output } of connected) {
        for (const [stream, data] of output?.abandon() ?? []) await files.keepOutput(id, stream, data);
      }
    },
  };
}

const outputStreams = ({ tty }: { readonly tty: boolean }): readonly OutputStream[] =>
  tty ? ["stdout"] : ["stdout", "stderr"];
