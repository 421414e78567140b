// Watching a container until it ends, through whatever happens to the runtime meanwhile.
import type { Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { withDeadline } from "../deadline.ts";
import { type ContainerView, retryDelayMs } from "./step.ts";
import type { WorkerContext } from "./worker-context.ts";

const LAST_OUTPUT_LIMIT_MS = 10_000;

/**
 * Resolves with the exit, or with `none` when the container is gone. A runtime that is away is asked until it answers.
 * @param attachFirst the daemon was restarted: its output must be connected again.
 * @throws `signal.reason` when aborted.
 */
export async function waitForExit(
  { runtime, outputs, env }: WorkerContext,
  log: Log,
  task: Task,
  attachFirst: boolean,
  signal: AbortSignal,
): Promise<ContainerView> {
  let attach = attachFirst;
  for (let failures = 1; ; failures++) {
    try {
      if (attach) await runtime.attach(task.id, outputs.open(task), signal);
      attach = false;
      return { kind: "exited", exit: await runtime.wait(task.id, signal) };
    } catch (error) {
      signal.throwIfAborted();
      if (SkepError.from(error).code === "not_found") return { kind: "none" };
      // The runtime is away; the container is not. Its output has to be connected again.
      attach = true;
      log.warn({ err: error, failures }, "cannot watch the container, trying again");
      await env.sleep(retryDelayMs(failures), signal);
    }
  }
}

/**
 * For a container that exited while no daemon was here: what it said is still to be read. How it ended is known already.
 * Never throws.
 */
export async function collectLastOutput(
  { runtime, outputs, env }: WorkerContext,
  log: Log,
  task: Task,
  signal: AbortSignal,
): Promise<void> {
  try {
    await withDeadline(env, signal, LAST_OUTPUT_LIMIT_MS, "read the last output", async (limit) => {
      await runtime.attach(task.id, outputs.open(task), limit);
      await runtime.wait(task.id, limit);
    });
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, "the last output of the task may be missing from its log");
  }
}
