// Takes a container away, part by part. Every step is a repeat where there is nothing left, so that it serves after a clean
// exit, a failed start and a crash alike.
import { ContainersService } from "../../../proto/gen/containerd_containers.ts";
import { TasksService } from "../../../proto/gen/containerd_tasks.ts";
import type { Env } from "../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { signalNumber } from "../../../shared/model/signals.ts";
import { removeCgroup } from "./cgroups.ts";
import type { ContainerdClient } from "./client.ts";
import type { ContainerFiles } from "./container-files.ts";
import type { Fifos } from "./fifos.ts";
import type { Holder } from "./holder.ts";
import type { ImageStore } from "./image-store.ts";
import type { NodeFacts } from "./spec/spec.ts";

export const START_TIMEOUT_MS = 120_000;
export const KILL_WAIT_MS = 10_000;

const NEVER = new AbortController().signal;

export interface TeardownOptions {
  readonly env: Env;
  readonly client: ContainerdClient;
  readonly images: Pick<ImageStore, "removeRootfs">;
  readonly files: ContainerFiles;
  readonly fifos: Fifos;
  readonly holder: Holder;
  readonly facts: NodeFacts;
}

export interface Teardown {
  /** No error when it does not run. */
  readonly signalTask: (id: TaskId, number: number) => Promise<void>;
  /** Ends the task if there is one, and with it process, shim, cgroups and the mount of its root. */
  readonly deleteTask: (id: TaskId) => Promise<void>;
  readonly releaseFifos: (id: TaskId) => Promise<void>;
  /** Everything that may exist of a container, known or not, in the order in which one part needs the other. */
  readonly discard: (id: TaskId) => Promise<void>;
}

export function createTeardown(options: TeardownOptions, cgroupOf: (id: TaskId) => string): Teardown {
  const { env, client, images, files, fifos, holder, facts } = options;

  const signalTask = async (id: TaskId, number: number): Promise<void> => {
    await client
      .call(TasksService.kill, { containerId: id, execId: "", signal: number, all: false }, NEVER)
      .catch((error: unknown) => {
        if (isCode(error, "not_found") || /process already finished|not running/.test(String(error))) return;
        throw error;
      });
  };

  const deleteTask = async (id: TaskId): Promise<void> => {
    const deadlineMs = env.nowMs() + KILL_WAIT_MS;
    for (let delayMs = 2; ; delayMs = Math.min(delayMs * 2, 200)) {
      const problem = await client
        .call(TasksService.delete, { containerId: id }, NEVER, { timeoutMs: START_TIMEOUT_MS })
        .then(
          () => undefined,
          (error: unknown) => SkepError.from(error),
        );
      if (problem === undefined || problem.code === "not_found") break;
      if (problem.code === "unavailable" || env.nowMs() > deadlineMs) throw problem;
      await signalTask(id, signalNumber("SIGKILL")).catch(() => undefined); // the next delete tells
      await env.sleep(delayMs, NEVER);
    }
    await removeCgroup(env, cgroupOf(id), facts.cgroupVersion, NEVER);
  };

  const releaseFifos = async (id: TaskId): Promise<void> => {
    for (const stream of ["stdout", "stderr"] as const) holder.drop(fifos.path(id, stream));
    await fifos.remove(id);
  };

  const discard = async (id: TaskId): Promise<void> => {
    await deleteTask(id);
    await client.call(ContainersService.delete, { id }, NEVER).catch((error: unknown) => {
      if (!isCode(error, "not_found")) throw error;
    });
    await images.removeRootfs(id, NEVER);
    await releaseFifos(id);
    await files.remove(id);
  };

  return { signalTask, deleteTask, releaseFifos, discard };
}
