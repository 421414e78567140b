// Containers over containerd: create, start, attach, wait, kill, remove, list.
//
// A container is a record in containerd (with its specification and snapshot), a folder on disk, and, once started, a task:
// shim, process, cgroups and named pipes. What exists is kept in a table here, filled from containerd when the daemon starts
// and kept true by events; so waiting and listing ask nobody. Operations on one container run one at a time. None of them is
// broken off in the middle when its caller goes away: half a start would leave something that nobody knows of.

import { ContainersService } from "../../../proto/gen/containerd_containers.ts";
import { newCreateTaskRequest, TasksService } from "../../../proto/gen/containerd_tasks.ts";
import type { Env } from "../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { signalNumber } from "../../../shared/model/signals.ts";
import { orAborted } from "../../abort.ts";
import type { ContainerConfig, ContainerExit, ContainerState, OutputSink, Runtime } from "../runtime.ts";
import { createAdoption } from "./adopt.ts";
import { oomKills } from "./cgroups.ts";
import type { ContainerdClient } from "./client.ts";
import { startError } from "./errors.ts";
import { createExclusive } from "./exclusive.ts";
import { closeQuietly, type FifoStream, type Fifos, openAgainForReading, openForReading } from "./fifos.ts";
import type { Holder } from "./holder.ts";
import type { ImageStore } from "./image-store.ts";
import { type NewContainerOptions, newContainerRecord } from "./new-container.ts";
import { drainOutput, type Output, type OutputStream, openOutput } from "./output.ts";
import type { TaskEvents } from "./task-events.ts";
import { createTeardown, KILL_WAIT_MS, START_TIMEOUT_MS } from "./teardown.ts";
import { newTracked, outputStreams, type Tracked, type TrackedFlags, UNKNOWN_EXIT_CODE } from "./tracked.ts";

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

export function createContainers(options: ContainersOptions): Containers {
  const { env, log, client, images, files, fifos, holder, facts } = options;
  const table = new Map<TaskId, Tracked>();
  const exclusive = createExclusive<TaskId>();
  let closed = false;

  const cgroupOf = (id: TaskId): string => `${options.cgroupParent}/${id}`;
  const { signalTask, deleteTask, releaseFifos, discard } = createTeardown(options, cgroupOf);

  const track = (id: TaskId, flags: TrackedFlags): Tracked => {
    const tracked = newTracked(id, flags);
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
    if (tracked.isReported || (tracked.phase !== "running" && tracked.phase !== "starting")) return;
    tracked.isReported = true;
    const { exited } = tracked;
    const atMs = exitedAtMs > 0 ? exitedAtMs : env.wallMs();
    const kills = exitCode === 0 ? 0 : await oomKills(cgroupOf(tracked.id), facts.cgroupVersion);
    if (tracked.exited !== exited) return; // that start failed and was taken back meanwhile
    const oomKilled = exitCode !== 0 && (kills > 0 || tracked.oomSeen);
    tracked.exit = { exitCode, exitedAtMs: atMs, oomKilled, ...(unseen === undefined ? {} : { unseen }) };
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
    try {
      for (const stream of outputStreams(tracked)) {
        const descriptor = open(fifos.path(tracked.id, stream));
        if (descriptor !== undefined) descriptors.set(stream, descriptor);
      }
    } catch (error) {
      for (const descriptor of descriptors.values()) closeQuietly(descriptor);
      throw error;
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
    Object.assign(tracked, newTracked(tracked.id, tracked), { mounts: tracked.mounts });
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

  const { adopt, onResync } = createAdoption(options, { table, track, observeExit, cgroupOf, deleteTask, discard });

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
